"""C-SSRS since last contact: structure, derived endpoints and how urgent it is."""

from enum import IntEnum

from assessments.instruments.base import (
    Instrument,
    Item,
    Option,
    Provenance,
    Responses,
    Scale,
    Score,
    Scores,
)
from assessments.instruments.counting import NO, YES, total_of

YES_NO = Scale("yes_no", (Option(0, "No"), Option(1, "Yes")))
FROM_ONE = Scale("cssrs_intensity_1_5", least=1, most=5)
FROM_ZERO = Scale("cssrs_intensity_0_5", least=0, most=5)
HOW_MANY = Scale("cssrs_number", least=0, most=999)
ACTUAL_LETHALITY = Scale("cssrs_lethality_0_5", least=0, most=5)
POTENTIAL_LETHALITY = Scale("cssrs_lethality_0_2", least=0, most=2)

IDEATION = tuple(f"cssrs{number:02}" for number in range(1, 6))
INTENSITY = tuple(f"cssrs{number:02}" for number in range(7, 12))
ACTUAL, INTERRUPTED, ABORTED = "cssrs12", "cssrs15", "cssrs17"
PREPARATORY, COMPLETED = "cssrs19", "cssrs21"
BEHAVIOR = (ACTUAL, INTERRUPTED, ABORTED, PREPARATORY, COMPLETED)
SELF_INJURY = "cssrs14"
SERIOUS_FROM = 4  # Ideation with some intent, or plan and intent.


class Urgency(IntEnum):
    """What an answer calls for; the level below immediate is derived, not sourced."""

    NONE = 0
    NOTE = 1
    SAME_DAY_REVIEW = 2
    IMMEDIATE = 3


URGENCY_WORDS = {
    Urgency.NONE: "Nothing reported",
    Urgency.NOTE: "Note for the clinician",
    Urgency.SAME_DAY_REVIEW: "Review by a clinician today",
    Urgency.IMMEDIATE: "Immediate escalation; a clinician makes contact today",
}

_IDEATION, _INTENSITY, _BEHAVIOR = "Ideation", "Intensity of ideation", "Behavior"
_SKIPPED = (IDEATION[1], YES)

# Code, short label, scale, section, TESTCD, TEST (codelists C103461 and C103460).
_ALWAYS = (
    ("cssrs01", "Wish to be dead", "CSS0201", "CSS02-Wish to be Dead"),
    (
        "cssrs02",
        "Non-specific active thoughts",
        "CSS0202",
        "CSS02-Non-Specific Suicidal Thought",
    ),
)
_AFTER_SECOND = (
    (
        "cssrs03",
        "With method, no intent",
        "CSS0203",
        "CSS02-Suicidal Ideation-No Intent",
    ),
    (
        "cssrs04",
        "Some intent, no plan",
        "CSS0204",
        "CSS02-Ideation With Intent, No Plan",
    ),
    (
        "cssrs05",
        "Plan and intent",
        "CSS0205",
        "CSS02-Ideation With Plan/Intent",
    ),
)
_INTENSITIES = (
    ("cssrs07", "Frequency", FROM_ONE, "CSS0207", "Frequency"),
    ("cssrs08", "Duration", FROM_ONE, "CSS0208", "Duration"),
    ("cssrs09", "Controllability", FROM_ZERO, "CSS0209", "Control"),
    ("cssrs10", "Deterrents", FROM_ZERO, "CSS0210", "Deterrents"),
    ("cssrs11", "Reasons", FROM_ZERO, "CSS0211", "Reasons"),
)
_BEHAVIORS = (
    (ACTUAL, "Actual attempt", "CSS0212", "CSS02-Actual Attempt"),
    (
        SELF_INJURY,
        "Non-suicidal self-injury",
        "CSS0214",
        "CSS02-Non-suicidal Self-injurious Behav",
    ),
    (INTERRUPTED, "Interrupted attempt", "CSS0215", "CSS02-Interrupted Attempt"),
    (ABORTED, "Aborted attempt", "CSS0217", "CSS02-Aborted Attempt"),
    (
        PREPARATORY,
        "Preparatory acts",
        "CSS0219",
        "CSS02-Preparatory Acts/Behavior",
    ),
    (COMPLETED, "Completed suicide", "CSS0221", "CSS02-Suicide"),
)
_NUMBERS = (
    (
        "cssrs13",
        "Number of actual attempts",
        ACTUAL,
        "CSS0213",
        "CSS02-Number of Actual Attempts",
    ),
    (
        "cssrs16",
        "Number of interrupted attempts",
        INTERRUPTED,
        "CSS0216",
        "CSS02-Number of Interrupted Attempts",
    ),
    (
        "cssrs18",
        "Number of aborted attempts",
        ABORTED,
        "CSS0218",
        "CSS02-Number of Aborted Attempts",
    ),
)


def _optional(
    code: str,
    label: str,
    scale: Scale,
    *,
    section: str,
    cdisc: tuple[str, str],
    asked_when: tuple[str, int] | None = None,
    asked_after: tuple[tuple[str, int], ...] = (),
) -> Item:
    return Item(
        code,
        label,
        scale,
        number=code.removeprefix("cssrs").lstrip("0"),
        section=section,
        required=False,
        is_counted=section == _INTENSITY,
        asked_when=asked_when,
        asked_after=asked_after,
        cdisc=cdisc,
    )


def _yes_no(code: str, label: str, *, section: str, cdisc: tuple[str, str]) -> Item:
    return Item(
        code,
        label,
        YES_NO,
        number=code.removeprefix("cssrs").lstrip("0"),
        section=section,
        asked_when=_SKIPPED if code in IDEATION[2:] else None,
        cdisc=cdisc,
    )


ITEMS = (
    *(
        _yes_no(code, label, section=_IDEATION, cdisc=(testcd, test))
        for code, label, testcd, test in (*_ALWAYS, *_AFTER_SECOND)
    ),
    *(
        _optional(
            code,
            label,
            scale,
            section=_INTENSITY,
            cdisc=(testcd, f"CSS02-Most Severe Ideation, {test}"),
            asked_after=tuple((each, YES) for each in IDEATION),
        )
        for code, label, scale, testcd, test in _INTENSITIES
    ),
    *(
        _yes_no(code, label, section=_BEHAVIOR, cdisc=(testcd, test))
        for code, label, testcd, test in _BEHAVIORS
    ),
    *(
        _optional(
            code,
            label,
            HOW_MANY,
            section=_BEHAVIOR,
            cdisc=(testcd, test),
            asked_when=(after, YES),
        )
        for code, label, after, testcd, test in _NUMBERS
    ),
    _optional(
        "cssrs22b",
        "Lethality, actual",
        ACTUAL_LETHALITY,
        section=_BEHAVIOR,
        cdisc=("CSS0222B", "CSS02-Most Lethal Attempt Damage"),
        asked_when=(ACTUAL, YES),
    ),
    _optional(
        "cssrs22c",
        "Lethality, potential",
        POTENTIAL_LETHALITY,
        section=_BEHAVIOR,
        cdisc=("CSS0222C", "CSS02-Most Lethal Attempt Potential"),
        asked_when=(ACTUAL, YES),
    ),
)

SCORES = (
    Score(
        "most_severe_ideation",
        "Most severe ideation",
        0,
        5,
        cdisc=("CSS0206", "CSS02-Most Severe Ideation"),
    ),
    Score("any_ideation", "Any ideation (1-5)", kind="yes_no"),
    Score("serious_ideation", "Serious ideation (4-5)", kind="yes_no"),
    Score(
        "any_behavior",
        "Any suicidal behavior",
        kind="yes_no",
        cdisc=("CSS0220", "CSS02-Suicidal Behavior"),
    ),
    Score("self_injury", "Non-suicidal self-injury", kind="yes_no"),
    Score(
        "intensity",
        "Intensity of the most severe ideation",
        2,
        25,
        provenance=Provenance.UNVERIFIED,
    ),
    Score(
        "urgency",
        "Urgency",
        0,
        3,
        provenance=Provenance.DERIVED,
        note="From the answers given; a missing answer never lowers it.",
    ),
)


def _answers(codes: tuple[str, ...], responses: Responses) -> tuple[int | None, ...]:
    """Answers, where items skipped after a no to the second one stand as no.

    That items 3 to 5 are asked only after a yes to item 2 is general knowledge of
    the form and unverified.
    """
    is_skipped = responses.get(IDEATION[1]) == NO
    return tuple(
        NO
        if responses.get(code) is None and is_skipped and code in IDEATION[2:]
        else responses.get(code)
        for code in codes
    )


def _any(values: tuple[int | None, ...]) -> bool | None:
    if YES in values:
        return True
    return None if None in values else False


def _most_severe(values: tuple[int | None, ...]) -> int | None:
    """The highest type reported; None while a higher one is unanswered."""
    for kind in range(len(values), 0, -1):
        if values[kind - 1] is None:
            return None
        if values[kind - 1] == YES:
            return kind
    return 0


def urgency(responses: Responses) -> Urgency:
    """What the answers given call for, whatever is still missing."""
    ideation = _answers(IDEATION, responses)
    reported = [kind for kind, value in enumerate(ideation, 1) if value == YES]
    highest = max(reported, default=0)
    behavior = any(responses.get(code) == YES for code in BEHAVIOR)
    if behavior or highest >= SERIOUS_FROM:
        return Urgency.IMMEDIATE
    if highest == SERIOUS_FROM - 1:
        return Urgency.SAME_DAY_REVIEW
    is_noted = highest > 0 or responses.get(SELF_INJURY) == YES
    return Urgency.NOTE if is_noted else Urgency.NONE


def score_cssrs_slc(responses: Responses) -> Scores:
    """Derived endpoints; None where an unanswered item could change one."""
    ideation = _answers(IDEATION, responses)
    return {
        "most_severe_ideation": _most_severe(ideation),
        "any_ideation": _any(ideation),
        "serious_ideation": _any(ideation[SERIOUS_FROM - 1 :]),
        "any_behavior": _any(_answers(BEHAVIOR, responses)),
        "self_injury": _any(_answers((SELF_INJURY,), responses)),
        "intensity": total_of(INTENSITY, responses),
        "urgency": int(urgency(responses)),
    }


CSSRS_SLC = Instrument(
    code="cssrs_slc",
    version="2009",
    title="Columbia-Suicide Severity Rating Scale, since last contact",
    short_title="C-SSRS since last contact",
    completed_by="site_clinician",
    domain="QS",
    category="C-SSRS SINCE LAST VISIT",
    license=(
        "Columbia Lighthouse Project; free for many uses, an agreement is needed for "
        "electronic use in trials. Structure only."
    ),
    items=ITEMS,
    scores=SCORES,
    scoring=score_cssrs_slc,
    recall=("since last contact",),
    notes=(
        "A clinician's form; its alert rules below ideation 4 are derived.",
        "That self-injury without suicidal intent calls for a note is derived.",
        (
            "That intensity is asked only of the most severe type, and so only after a "
            "yes to one of items 1 to 5, is unverified."
        ),
    ),
)
