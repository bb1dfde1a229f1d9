"""Instruments whose owners allow no wording: GAF, PDS, IES-R, as numbered fields."""

from collections.abc import Mapping

from assessments.instruments.base import (
    Instrument,
    Item,
    Provenance,
    Responses,
    Scale,
    Score,
    Scores,
)
from assessments.instruments.lists import codes_of, numbered, sum_scores, sums, worded

FUNCTION = Scale("gaf_0_100", least=0, most=100)
NO_INFORMATION = 0


def _score_gaf(responses: Responses) -> Scores:
    """The rating 1-100; 0 says that there was not enough to go by, which is no score."""
    rating = responses.get("gaf01")
    return {"gaf": None if rating == NO_INFORMATION else rating}


GAF = Instrument(
    code="gaf",
    version="2000",
    title="Global Assessment of Functioning",
    short_title="GAF",
    completed_by="site_clinician",
    domain="QS",
    category="GAF",
    license="American Psychiatric Association; permission refused. The number only.",
    items=(
        Item(
            "gaf01",
            "Functioning",
            FUNCTION,
            number="1",
            cdisc=("GAF01", "GAF-Functioning"),
        ),
    ),
    scores=(Score("gaf", "Functioning", 1, 100),),
    scoring=_score_gaf,
    recall=("past week", "past month", "past year"),
    notes=("0 is an answer and no score: not enough information to rate.",),
)

_PDS_ITEMS = numbered(
    "pds",
    worded("pds_0_3", "0", "1", "2", "3"),
    [f"Symptom {number}" for number in range(1, 18)],
    testcd="PDS",
    test="PDS",
)
_PDS = {"total": ("Symptom severity", tuple(item.code for item in _PDS_ITEMS))}
PDS = Instrument(
    code="pds",
    version="1997",
    title="Posttraumatic Stress Diagnostic Scale, symptoms",
    short_title="PDS",
    completed_by="participant",
    domain="QS",
    category="PDS",
    license="Commercial. Numbered fields only.",
    items=_PDS_ITEMS,
    scores=sum_scores(_PDS, most=3),
    scoring=sums(_PDS),
    recall=("past month",),
    notes=("Of the 49 items, the 17 of symptoms, which make the severity.",),
)

# Which items belong to which part follows general knowledge of the scale: unverified.
_IESR_PARTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "intrusion": ("Intrusion", codes_of("iesr", (1, 2, 3, 6, 9, 14, 16, 20))),
    "avoidance": ("Avoidance", codes_of("iesr", (5, 7, 8, 11, 12, 13, 17, 22))),
    "hyperarousal": ("Hyperarousal", codes_of("iesr", (4, 10, 15, 18, 19, 21))),
}
_IESR_ITEMS = numbered(
    "iesr",
    worded("iesr_0_4", "0", "1", "2", "3", "4"),
    [f"Item {number}" for number in range(1, 23)],
    testcd="IESR",
    test="IESR",
)
_IESR_TOTAL = ("Total", tuple(item.code for item in _IESR_ITEMS))
IESR = Instrument(
    code="iesr",
    version="1997",
    title="Impact of Event Scale, revised",
    short_title="IES-R",
    completed_by="participant",
    domain="QS",
    category="IES-R",
    license="Its author declined use in open source. Numbered fields only.",
    items=_IESR_ITEMS,
    scores=(
        *sum_scores({"total": _IESR_TOTAL}, most=4),
        *sum_scores(_IESR_PARTS, most=4, provenance=Provenance.UNVERIFIED),
    ),
    scoring=sums({"total": _IESR_TOTAL, **_IESR_PARTS}),
    recall=("past week",),
)
