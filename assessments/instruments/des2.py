"""DES-II: 28 self-rated items of dissociation in per cent; the mean and its parts."""

from collections.abc import Mapping

from assessments.instruments.base import (
    Instrument,
    Option,
    Provenance,
    Responses,
    Scale,
    Score,
    Scores,
)
from assessments.instruments.counting import missing_of, observed_of
from assessments.instruments.lists import codes_of, numbered

ANSWERED_AT_LEAST = 25  # of 28; unverified
SCREENS_FROM = 30  # the mean; few of those above it have the disorder it screens for
PER_CENT = Scale(
    "des2_per_cent",
    tuple(Option(value, f"{value} %") for value in range(0, 101, 10)),
)
LABELS = (
    *("Journey not recalled", "Missed what was said", "In a place, not knowing how"),
    *("Clothes not recalled", "Unknown belongings", "Called by another name"),
    *("Watching oneself", "Friends not recognized", "Events of life not recalled"),
    *(
        "Accused of lying",
        "Mirror not recognized",
        "World not real",
        "Body not one's own",
    ),
    *("Reliving the past", "Dreamed or happened", "Known place strange"),
    *(
        "Absorbed in a story",
        "Fantasy seems real",
        "Ignoring pain",
        "Staring into space",
    ),
    *("Talking to oneself", "As two people", "Unusually easy at times"),
    *("Done or only thought of", "Acts not recalled", "Own notes not recalled"),
    *("Voices in the head", "World as through fog"),
)
ITEMS = numbered("des", PER_CENT, LABELS, testcd="DES2", test="DES2")
CODES = tuple(item.code for item in ITEMS)
# Which items belong to which part follows general knowledge of the scale: unverified.
PARTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "amnesia": ("Amnesia", codes_of("des", (3, 4, 5, 6, 8, 10, 25, 26))),
    "absorption": ("Absorption", codes_of("des", (2, 14, 15, 16, 17, 18, 20, 22, 23))),
    "depersonalization": (
        "Depersonalization and derealization",
        codes_of("des", (7, 11, 12, 13, 27, 28)),
    ),
    "taxon": ("Taxon", codes_of("des", (3, 5, 7, 8, 12, 13, 22, 27))),
}


def _mean(codes: tuple[str, ...], responses: Responses, *, of: int) -> float | None:
    answered = len(codes) - len(missing_of(codes, responses))
    return observed_of(codes, responses) / answered if answered >= of else None


def score_des2(responses: Responses) -> Scores:
    """Means 0-100; the whole of at least 25 answers, a part of all of its own."""
    mean = _mean(CODES, responses, of=ANSWERED_AT_LEAST)
    scores: Scores = {
        "mean": mean,
        "screens_positive": None if mean is None else mean >= SCREENS_FROM,
    }
    for name, (_, codes) in PARTS.items():
        scores[name] = _mean(codes, responses, of=len(codes))
    return scores


DES2 = Instrument(
    code="des2",
    version="1993",
    title="Dissociative Experiences Scale, second edition",
    short_title="DES-II",
    completed_by="participant",
    domain="QS",
    category="DES-II",
    license=(
        "Described as free of copyright by its authors, to be confirmed; own short "
        "labels are used here."
    ),
    items=ITEMS,
    scores=(
        Score("mean", "Mean", 0, 100, cdisc=("DES2MEAN", "DES2-Mean")),
        Score(
            "screens_positive",
            "Screens positive (mean of 30 or more)",
            kind="yes_no",
            note="A screen and no diagnosis; some count from above 30.",
        ),
        *(
            Score(name, label, 0, 100, provenance=Provenance.UNVERIFIED)
            for name, (label, _) in PARTS.items()
        ),
    ),
    scoring=score_des2,
    notes=(
        "Another threshold than a mean of 30 is protocol data.",
        "That 25 of 28 answers suffice, and the parts, are unverified.",
    ),
)
