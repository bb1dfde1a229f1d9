"""AUDIT and DUDIT: ten and eleven items on the use of alcohol and of other drugs."""

from collections.abc import Sequence

from assessments.instruments.base import Instrument, Item, Option, Scale, Score
from assessments.instruments.lists import sums

_FREQUENCY = (
    "Never",
    "Monthly or less",
    "2 to 4 a month",
    "2 to 3 a week",
    "4+ a week",
)
_OFTEN = ("Never", "Less than monthly", "Monthly", "Weekly", "Daily or almost")
_LATER = (
    Option(0, "No"),
    Option(2, "Not in the past year"),
    Option(4, "In the past year"),
)


def _scale(code: str, words: Sequence[str]) -> Scale:
    return Scale(code, tuple(Option(value, word) for value, word in enumerate(words)))


_HOW_OFTEN = _scale("use_how_often", _FREQUENCY)
_SINCE = _scale("use_since", _OFTEN)
_EVER = Scale("use_ever", _LATER)
_DRINKS = _scale("audit_drinks", ("1 or 2", "3 or 4", "5 or 6", "7 to 9", "10 or more"))
_TIMES = _scale("dudit_times", ("None", "1 or 2", "3 or 4", "5 or 6", "7 or more"))

# Own label, scale, and TEST of CDISC codelist AUDIT-SR (SDTM CT 2024-03-29).
_AUDIT = (
    ("How often", _HOW_OFTEN, "How Often Drink Alcohol"),
    ("Drinks a day", _DRINKS, "Alcohol Drinks on a Typical Day"),
    ("Six or more", _SINCE, "Six or More Drinks One Occasion"),
    ("Could not stop", _SINCE, "Not Able Stop Drinking Once Start"),
    ("Failed expectations", _SINCE, "Failed to Do as Expected"),
    ("Drink in the morning", _SINCE, "Need Drink Morning After Drinking"),
    ("Guilt", _SINCE, "Feeling of Guilt or Remorse"),
    ("Not recalled", _SINCE, "Unable to Remember What Happened"),
    ("Somebody injured", _EVER, "Injured Because of Your Drinking"),
    ("Advice to cut down", _EVER, "Suggested to Cut Down"),
)
_DUDIT = (
    ("How often", _HOW_OFTEN),
    ("More than one drug", _HOW_OFTEN),
    ("Times a day", _TIMES),
    ("Strongly influenced", _SINCE),
    ("Longing", _SINCE),
    ("Could not stop", _SINCE),
    ("Neglect", _SINCE),
    ("Drug in the morning", _SINCE),
    ("Guilt", _SINCE),
    ("Somebody hurt", _EVER),
    ("Advice to stop", _EVER),
)

_AUDIT_ITEMS = tuple(
    Item(
        f"audit{number:02}",
        label,
        scale,
        number=str(number),
        cdisc=(f"ADT01{number:02}", f"ADT01-{test}"),
    )
    for number, (label, scale, test) in enumerate(_AUDIT, 1)
)
_DUDIT_ITEMS = tuple(
    Item(
        f"dudit{number:02}",
        label,
        scale,
        number=str(number),
        cdisc=(f"DUDIT{number:02}", f"DUDIT-{label}"),
    )
    for number, (label, scale) in enumerate(_DUDIT, 1)
)

AUDIT = Instrument(
    code="audit",
    version="2001",
    title="Alcohol Use Disorders Identification Test",
    short_title="AUDIT",
    completed_by="participant",
    domain="QS",
    category="AUDIT-SR",
    license=(
        "WHO; may be reproduced but not sold or used commercially. Own short labels; "
        "the words of the answers are unverified."
    ),
    items=_AUDIT_ITEMS,
    scores=(Score("total", "Total", 0, 40, cdisc=("ADT0111", "ADT01-Total")),),
    scoring=sums({"total": ("Total", tuple(item.code for item in _AUDIT_ITEMS))}),
    recall=("past year",),
    notes=("Zones of the total (8, 16, 20) are protocol data.",),
)
DUDIT = Instrument(
    code="dudit",
    version="2003",
    title="Drug Use Disorders Identification Test",
    short_title="DUDIT",
    completed_by="participant",
    domain="QS",
    category="DUDIT",
    license=(
        "Karolinska Institutet; said to be free, unverified. Own short labels; the words "
        "of the answers are unverified."
    ),
    items=_DUDIT_ITEMS,
    scores=(Score("total", "Total", 0, 44, cdisc=("DUDITTOT", "DUDIT-Total")),),
    scoring=sums({"total": ("Total", tuple(item.code for item in _DUDIT_ITEMS))}),
    recall=("past year",),
    notes=("Cut points (6 for men, 2 for women, 25) are protocol data.",),
)
