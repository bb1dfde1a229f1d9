"""ITQ: PTSD and complex PTSD of ICD-11, self-rated; one diagnosis at most."""

from collections.abc import Mapping

from assessments.instruments.base import (
    Instrument,
    Item,
    Responses,
    Score,
    Scores,
)
from assessments.instruments.counting import all_of, at_least, missing_of, total_of
from assessments.instruments.lists import codes_of, numbered, worded

PRESENT = 2  # An item is endorsed from here.
EXTENT = worded(
    "itq_extent", "Not at all", "A little bit", "Moderately", "Quite a bit", "Extremely"
)
_PTSD = (
    *("Upsetting dreams", "As if it were here", "Avoids inner reminders"),
    *("Avoids outer reminders", "On guard", "Easily startled"),
    *("Impaired: relations", "Impaired: work", "Impaired: other parts"),
)
_SELF = (
    *("Slow to calm down", "Numb", "Feels a failure", "Feels worthless"),
    *("Distant from people", "Hard to stay close"),
    *("Impaired by these: relations", "Impaired by these: work"),
    "Impaired by these: other parts",
)
ITEMS: tuple[Item, ...] = numbered(
    "itq",
    EXTENT,
    (*_PTSD, *_SELF),
    testcd="ITQ",
    test="ITQ",
    sections={
        "PTSD": range(1, 10),
        "Disturbances in self-organization": range(10, 19),
    },
)
CLUSTERS: Mapping[str, tuple[str, ...]] = {
    "reexperiencing": codes_of("itq", (1, 2)),
    "avoidance": codes_of("itq", (3, 4)),
    "threat": codes_of("itq", (5, 6)),
}
SELF_CLUSTERS: Mapping[str, tuple[str, ...]] = {
    "affect": codes_of("itq", (10, 11)),
    "self_concept": codes_of("itq", (12, 13)),
    "relationships": codes_of("itq", (14, 15)),
}
IMPAIRED, SELF_IMPAIRED = codes_of("itq", (7, 8, 9)), codes_of("itq", (16, 17, 18))


def _endorsed(codes: tuple[str, ...], responses: Responses) -> bool | None:
    certain = sum((responses.get(code) or 0) >= PRESENT for code in codes)
    possible = certain + len(missing_of(codes, responses))
    return at_least(1, certain=certain, possible=possible)


def _not(value: bool | None) -> bool | None:  # noqa: FBT001 - Kleene's "not"
    return None if value is None else not value


def score_itq(responses: Responses) -> Scores:
    """Both criteria and the one diagnosis, three-valued; sums 0-24 of the symptoms."""
    trauma = all_of(
        _endorsed(codes, responses) for codes in (*CLUSTERS.values(), IMPAIRED)
    )
    self_organization = all_of(
        _endorsed(codes, responses)
        for codes in (*SELF_CLUSTERS.values(), SELF_IMPAIRED)
    )
    return {
        "ptsd_total": total_of(codes_of("itq", range(1, 7)), responses),
        "dso_total": total_of(codes_of("itq", range(10, 16)), responses),
        "ptsd": all_of((trauma, _not(self_organization))),
        "cptsd": all_of((trauma, self_organization)),
    }


ITQ = Instrument(
    code="itq",
    version="2018",
    title="International Trauma Questionnaire",
    short_title="ITQ",
    completed_by="participant",
    domain="QS",
    category="ITQ",
    license="Said to be free, unverified. Own short labels only.",
    items=ITEMS,
    scores=(
        Score("ptsd_total", "PTSD symptoms", 0, 24),
        Score("dso_total", "Disturbances in self-organization", 0, 24),
        Score("ptsd", "PTSD (ICD-11)", kind="yes_no"),
        Score("cptsd", "Complex PTSD (ICD-11)", kind="yes_no"),
    ),
    scoring=score_itq,
    recall=("past month",),
    notes=("Whoever meets complex PTSD is not counted under PTSD.",),
)
