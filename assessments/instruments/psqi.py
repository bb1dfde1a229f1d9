"""PSQI: sleep of the past month from 24 fields; seven components and their sum."""

from assessments.instruments.base import (
    Instrument,
    Item,
    Provenance,
    Responses,
    Scale,
    Score,
    Scores,
)
from assessments.instruments.counting import total_of
from assessments.instruments.lists import worded

HOUR = Scale("psqi_hour", least=0, most=23, unit="h")
MINUTE = Scale("psqi_minute", least=0, most=59, unit="min")
LATENCY = Scale("psqi_latency", least=0, most=720, unit="min")
SLEEP = Scale("psqi_sleep", least=0, most=23, unit="h")
HOW_OFTEN = worded(
    "psqi_how_often",
    "Not in the month",
    "Less than weekly",
    "1 or 2 a week",
    "3+ a week",
)
QUALITY = worded("psqi_quality", "Very good", "Fairly good", "Fairly bad", "Very bad")
PROBLEM = worded("psqi_problem", "None", "Slight", "Some", "Big")

_TIMES = (
    ("psqi01h", "To bed: hour", HOUR, "1"),
    ("psqi01m", "To bed: minute", MINUTE, "1"),
    ("psqi02", "Until asleep", LATENCY, "2"),
    ("psqi03h", "Up: hour", HOUR, "3"),
    ("psqi03m", "Up: minute", MINUTE, "3"),
    ("psqi04h", "Asleep: hours", SLEEP, "4"),
    ("psqi04m", "Asleep: minutes", MINUTE, "4"),
)
_TROUBLES = (
    *("Not asleep in half an hour", "Woke in the night", "Bathroom", "Breathing"),
    *("Coughing or snoring", "Cold", "Heat", "Bad dreams", "Pain", "Other"),
)
_REST = (
    ("psqi06", "Quality", QUALITY, "6"),
    ("psqi07", "Medicine for sleep", HOW_OFTEN, "7"),
    ("psqi08", "Staying awake", HOW_OFTEN, "8"),
    ("psqi09", "Getting things done", PROBLEM, "9"),
)
TROUBLES = tuple(f"psqi05{letter}" for letter in "abcdefghij")
OTHER = TROUBLES[-1]


def _item(code: str, label: str, scale: Scale, *, number: str) -> Item:
    term = code.upper()
    return Item(
        code,
        label,
        scale,
        number=number,
        required=code != OTHER,
        cdisc=(term, f"PSQI-{label}"),
    )


ITEMS = (
    *(
        _item(code, label, scale, number=number)
        for code, label, scale, number in _TIMES
    ),
    *(
        _item(code, label, HOW_OFTEN, number=f"5{code[-1]}")
        for code, label in zip(TROUBLES, _TROUBLES, strict=True)
    ),
    *(_item(code, label, scale, number=number) for code, label, scale, number in _REST),
)
COMPONENTS = (
    ("quality", "Quality"),
    ("latency", "Latency"),
    ("duration", "Duration"),
    ("efficiency", "Efficiency"),
    ("disturbance", "Disturbances"),
    ("medication", "Medication"),
    ("dysfunction", "Dysfunction by day"),
)


def _graded(value: float | None, *bounds: float) -> int | None:
    """0 up to the first bound, 1 up to the second, 2 up to the third, 3 beyond."""
    if value is None:
        return None
    return sum(value > bound for bound in bounds)


def _minutes(hours: str, minutes: str, responses: Responses) -> int | None:
    hour, minute = responses.get(hours), responses.get(minutes)
    return None if hour is None or minute is None else 60 * hour + minute


def _pair(first: int | None, second: int | None) -> int | None:
    """The grade 0-3 of two answers of 0-3 together: 0, 1-2, 3-4, 5-6."""
    if first is None or second is None:
        return None
    return _graded(first + second, 0, 2, 4)


def _duration(responses: Responses) -> int | None:
    asleep = _minutes("psqi04h", "psqi04m", responses)
    return None if asleep is None else _graded(-asleep, -7 * 60 - 1, -6 * 60, -5 * 60)


def _efficiency(responses: Responses) -> int | None:
    """Hours asleep of hours in bed: over 85, 75 to 84, 65 to 74, less, in per cent."""
    down = _minutes("psqi01h", "psqi01m", responses)
    up = _minutes("psqi03h", "psqi03m", responses)
    asleep = _minutes("psqi04h", "psqi04m", responses)
    if down is None or up is None or asleep is None:
        return None
    in_bed = (up - down) % (24 * 60)
    # Up and to bed at one time, or more sleep than time in bed: mistyped, not graded.
    if in_bed == 0 or asleep > in_bed:
        return None
    return _graded(-asleep / in_bed, -0.85, -0.75, -0.65)


def _disturbance(responses: Responses) -> int | None:
    """Without the first, which is of latency; the last asks of whatever else there was."""
    troubles = {**responses, OTHER: responses.get(OTHER) or 0}
    return _graded(total_of(TROUBLES[1:], troubles), 0, 9, 18)


def score_psqi(responses: Responses) -> Scores:
    """Components 0-3 and their sum 0-21; None where an answer of theirs is missing."""
    latency = _graded(responses.get("psqi02"), 15, 30, 60)
    scores: dict[str, int | None] = {
        "quality": responses.get("psqi06"),
        "latency": _pair(latency, responses.get(TROUBLES[0])),
        "duration": _duration(responses),
        "efficiency": _efficiency(responses),
        "disturbance": _disturbance(responses),
        "medication": responses.get("psqi07"),
        "dysfunction": _pair(responses.get("psqi08"), responses.get("psqi09")),
    }
    return {**scores, "total": total_of(tuple(scores), scores)}


PSQI = Instrument(
    code="psqi",
    version="1989",
    title="Pittsburgh Sleep Quality Index",
    short_title="PSQI",
    completed_by="participant",
    domain="QS",
    category="PSQI",
    license=(
        "University of Pittsburgh; permission is needed. Fields and own short labels."
    ),
    items=ITEMS,
    scores=(
        *(
            Score(code, label, 0, 3, provenance=Provenance.UNVERIFIED)
            for code, label in COMPONENTS
        ),
        Score("total", "Global score", 0, 21, cdisc=("PSQITOT", "PSQI-Global Score")),
    ),
    scoring=score_psqi,
    recall=("past month",),
    notes=(
        "How answers become components is general knowledge of the index: unverified.",
        "The bed partner's five items are not scored and not asked.",
    ),
)
