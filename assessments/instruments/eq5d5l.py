"""EQ-5D-5L: a health profile of five digits and a scale from 0 to 100; no value set."""

from assessments.instruments.base import (
    Instrument,
    Item,
    Option,
    Responses,
    Scale,
    Score,
    Scores,
)

LEVEL = Scale("eq5d_level", tuple(Option(level, str(level)) for level in range(1, 6)))
HEALTH = Scale("eq5d_vas", least=0, most=100)
# Own label, and TEST of the CDISC codelist (SDTM CT 2024-03-29).
_LABELS = (
    ("Mobility", "Mobility"),
    ("Self-care", "Self-Care"),
    ("Usual activities", "Usual Activities"),
    ("Pain", "Pain/Discomfort"),
    ("Anxiety or depression", "Anxiety/Depression"),
)
PROFILE = tuple(
    Item(
        f"eq5d{number:02}",
        label,
        LEVEL,
        number=str(number),
        cdisc=(f"EQ5D02{number:02}", f"EQ5D02-{test}"),
    )
    for number, (label, test) in enumerate(_LABELS, 1)
)
VAS = Item(
    "eq5d06",
    "Health today",
    HEALTH,
    number="6",
    cdisc=("EQ5D0206", "EQ5D02-EQ VAS Score"),
)


def score_eq5d5l(responses: Responses) -> Scores:
    """The profile as a number of five digits, 11111 the best; None with one missing."""
    levels = [responses.get(item.code) for item in PROFILE]
    profile = None if None in levels else int("".join(map(str, levels)))
    return {"profile": profile, "vas": responses.get(VAS.code)}


EQ5D5L = Instrument(
    code="eq5d5l",
    version="2009",
    title="EQ-5D-5L",
    short_title="EQ-5D-5L",
    completed_by="participant",
    domain="QS",
    category="EQ-5D-5L",
    license="EuroQol; nothing in digital form without its consent. Fields only.",
    items=(*PROFILE, VAS),
    scores=(
        Score("profile", "Health profile", 11111, 55555),
        Score("vas", "Health today", 0, 100),
    ),
    scoring=score_eq5d5l,
    recall=("today",),
    notes=("The index needs the value set of a country, which is not shipped.",),
)
