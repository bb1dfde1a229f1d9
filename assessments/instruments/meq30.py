"""MEQ30: 30 self-rated items of mystical experience; four parts and whether complete."""

from collections.abc import Mapping

from assessments.instruments.base import (
    Instrument,
    Provenance,
    Responses,
    Score,
    Scores,
)
from assessments.instruments.counting import all_of, missing_of, observed_of
from assessments.instruments.lists import codes_of, numbered, worded

COMPLETE = 0.6  # of the maximum, on each part
MOST = 5
EXTENT = worded("meq30_extent", *(str(value) for value in range(MOST + 1)))
# Which items belong to which part follows general knowledge of the form: unverified.
PARTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "mystical": (
        "Mystical",
        codes_of("meq", (4, 5, 6, 9, 14, 15, 16, 18, 20, 21, 23, 24, 25, 26, 28)),
    ),
    "mood": ("Positive mood", codes_of("meq", (2, 8, 12, 17, 27, 30))),
    "transcendence": (
        "Transcendence of time and space",
        codes_of("meq", (1, 7, 11, 13, 19, 22)),
    ),
    "ineffability": ("Ineffability", codes_of("meq", (3, 10, 29))),
}
_PART = {code: name for name, (_, codes) in PARTS.items() for code in codes}
LABELS = tuple(f"Item {number}, {_PART[f'meq{number:02}']}" for number in range(1, 31))
ITEMS = numbered("meq", EXTENT, LABELS, testcd="MEQ30", test="MEQ30")


def _share(codes: tuple[str, ...], responses: Responses) -> float | None:
    if missing_of(codes, responses):
        return None
    return observed_of(codes, responses) / (MOST * len(codes))


def _reaches(codes: tuple[str, ...], responses: Responses) -> bool | None:
    """Three-valued: missing answers may be anything from none to the most."""
    enough = COMPLETE * MOST * len(codes)
    least = observed_of(codes, responses)
    if least >= enough:
        return True
    possible = least + MOST * len(missing_of(codes, responses))
    return None if possible >= enough else False


def score_meq30(responses: Responses) -> Scores:
    """Shares of the maximum, 0-1, and whether each part reaches 60 per cent."""
    scores: Scores = {
        name: _share(codes, responses) for name, (_, codes) in PARTS.items()
    }
    scores["complete"] = all_of(
        _reaches(codes, responses) for _, codes in PARTS.values()
    )
    return scores


MEQ30 = Instrument(
    code="meq30",
    version="2015",
    title="Mystical Experience Questionnaire, 30 items",
    short_title="MEQ30",
    completed_by="participant",
    domain="QS",
    category="MEQ30",
    license="For research; terms unverified. Items by number and part, without wording.",
    items=ITEMS,
    scores=(
        *(
            Score(name, label, 0, 1, provenance=Provenance.UNVERIFIED)
            for name, (label, _) in PARTS.items()
        ),
        Score("complete", "Complete mystical experience", kind="yes_no"),
    ),
    scoring=score_meq30,
    recall=("session",),
)
