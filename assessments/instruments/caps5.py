"""CAPS-5: 30 clinician-rated items of DSM-5 PTSD; codes, short labels and scoring.

Structure and rules as published by Weathers et al. (2013/2015) and the VA National
Center for PTSD; no prompts and no anchors are held here.
"""

from collections.abc import Mapping

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
from assessments.instruments.caps import LICENSE, RECALL, categories
from assessments.instruments.counting import (
    all_of,
    at_least,
    missing_of,
    observed_of,
    prorated,
    total_of,
    yes_no,
)

PRESENT = 2  # A symptom counts towards the diagnosis at moderate or worse.
UNLIKELY = 3  # Trauma-relatedness that removes a symptom from the count.
DELAYED_MONTHS = 6  # Onset this long after the event is delayed expression.
PRORATE_AT_MOST = 2  # No official proration exists; a flagged value up to here.

CLUSTERS: Mapping[str, tuple[str, ...]] = {
    "b": tuple(f"caps{number:02}" for number in range(1, 6)),
    "c": tuple(f"caps{number:02}" for number in range(6, 8)),
    "d": tuple(f"caps{number:02}" for number in range(8, 15)),
    "e": tuple(f"caps{number:02}" for number in range(15, 21)),
}
NEEDED: Mapping[str, int] = {"b": 1, "c": 1, "d": 2, "e": 2}
SYMPTOMS = tuple(code for codes in CLUSTERS.values() for code in codes)
EVENT, DURATION = "caps_a", "caps22"
ONSET_MONTHS, DURATION_MONTHS = "caps21", "caps22_months"
DISTRESS = ("caps23", "caps24", "caps25")
DISSOCIATION = ("caps29", "caps30")
# The list of items that are not trauma-related by nature is unverified.
RELATED_NUMBERS = (9, *range(11, 21))

SEVERITY = Scale(
    "caps5_severity",
    (
        Option(0, "Absent"),
        Option(1, "Mild / subthreshold"),
        Option(2, "Moderate / threshold"),
        Option(3, "Severe"),
        Option(4, "Extreme"),
    ),
)
YES_NO = Scale("yes_no", (Option(0, "No"), Option(1, "Yes")))
RELATED = Scale(
    "caps5_trauma_related",
    (Option(1, "Definite"), Option(2, "Probable"), Option(UNLIKELY, "Unlikely")),
)
MONTHS = Scale("months", least=0, most=1200, unit="months")
# How the global items are graded beyond their number is unverified.
GLOBAL = Scale("caps5_global", least=0, most=4)
IMPROVEMENT = Scale("caps5_improvement", least=0, most=5)

SYMPTOM_LABELS = (
    "Unwanted memories",
    "Nightmares",
    "Flashbacks",
    "Distress at reminders",
    "Body reactions to reminders",
    "Avoids thoughts/feelings",
    "Avoids external reminders",
    "Amnesia for part of event",
    "Negative beliefs",
    "Distorted blame",
    "Negative emotions",
    "Lost interest",
    "Detachment",
    "No positive emotion",
    "Irritability/aggression",
    "Reckless behavior",
    "Hypervigilance",
    "Startle",
    "Concentration",
    "Sleep",
)
SECTIONS: Mapping[str, str] = {
    "b": "B Intrusion",
    "c": "C Avoidance",
    "d": "D Cognition and mood",
    "e": "E Arousal and reactivity",
}


def trauma_related(code: str) -> str:
    """The code of a symptom's trauma-relatedness rating."""
    return f"{code}_tr"


def severity_from(frequency: int, intensity: int) -> int:
    """Severity 0-4 from frequency 0-4 and intensity 0-4 (VA training table).

    The rater's own severity stands where it differs; this only warns.
    """
    for value in (frequency, intensity):
        if not SEVERITY.allows(value):
            raise ValueError(f"{value} is not a frequency or intensity from 0 to 4.")
    if frequency == 0 or intensity == 0:
        return 0
    if intensity - frequency >= 2:
        return frequency + 1
    return min(frequency, intensity)


def _symptom_items() -> tuple[Item, ...]:
    items = []
    for cluster, codes in CLUSTERS.items():
        for code in codes:
            number = int(code[-2:])
            label = SYMPTOM_LABELS[number - 1]
            items.append(
                Item(
                    code,
                    label,
                    SEVERITY,
                    number=str(number),
                    section=SECTIONS[cluster],
                    cdisc=(f"CAPS5{number:02}", f"CAPS5-{label}"),
                )
            )
            if number in RELATED_NUMBERS:
                items.append(_related_item(code, label, section=SECTIONS[cluster]))
    return tuple(items)


def _related_item(code: str, label: str, *, section: str) -> Item:
    number = int(code[-2:])
    return Item(
        trauma_related(code),
        f"{label}: trauma-related",
        RELATED,
        number=f"{number} TR",
        section=section,
        required=False,
        is_counted=False,
        cdisc=(f"CAPS5{number:02}T", f"CAPS5-Item {number} Trauma-Related"),
        provenance=Provenance.UNVERIFIED,
    )


def _item(number: int, label: str, scale: Scale, *, section: str) -> Item:
    return Item(
        f"caps{number:02}",
        label,
        scale,
        number=str(number),
        section=section,
        cdisc=(f"CAPS5{number:02}", f"CAPS5-{label}"),
    )


def _optional(number: int, label: str, scale: Scale, *, section: str) -> Item:
    return Item(
        f"caps{number:02}",
        label,
        scale,
        number=str(number),
        section=section,
        required=False,
        is_counted=False,
        cdisc=(f"CAPS5{number:02}", f"CAPS5-{label}"),
        provenance=Provenance.UNVERIFIED,
    )


_F, _G = "F Onset and duration", "G Distress and impairment"
_GLOBAL, _DISSOCIATIVE = "Global ratings", "Dissociative symptoms"

ITEMS = (
    Item(
        EVENT,
        "Index event meets criterion A",
        YES_NO,
        number="A",
        section="A Index event",
        cdisc=("CAPS5A", "CAPS5-Index Event Meets Criterion A"),
    ),
    *_symptom_items(),
    _optional(21, "Onset after the event", MONTHS, section=_F),
    _item(22, "Duration over 1 month", YES_NO, section=_F),
    Item(
        DURATION_MONTHS,
        "Duration of symptoms",
        MONTHS,
        number="22 months",
        section=_F,
        required=False,
        is_counted=False,
        cdisc=("CAPS522M", "CAPS5-Duration in Months"),
    ),
    _item(23, "Distress", SEVERITY, section=_G),
    _item(24, "Social", SEVERITY, section=_G),
    _item(25, "Occupational/other", SEVERITY, section=_G),
    _optional(26, "Validity", GLOBAL, section=_GLOBAL),
    _optional(27, "Global severity", GLOBAL, section=_GLOBAL),
    _optional(28, "Global improvement", IMPROVEMENT, section=_GLOBAL),
    _item(29, "Depersonalization", SEVERITY, section=_DISSOCIATIVE),
    _item(30, "Derealization", SEVERITY, section=_DISSOCIATIVE),
)

_REMOVES_NOTE = (
    "A symptom whose trauma-relatedness is unlikely counts neither here nor for the "
    "diagnosis; its severity stays in the totals (unverified)."
)


def _yes_no_score(code: str, label: str, testcd: str) -> Score:
    return Score(code, label, kind="yes_no", cdisc=(testcd, f"CAPS5-{label}"))


SCORES = (
    Score("total", "Total severity", 0, 80, cdisc=("CAPS5TOT", "CAPS5-Total Severity")),
    *(
        Score(
            f"cluster_{cluster}",
            f"Cluster {cluster.upper()} severity",
            0,
            4 * len(codes),
            cdisc=(
                f"CAPS5CL{cluster.upper()}",
                f"CAPS5-Cluster {cluster.upper()} Severity",
            ),
        )
        for cluster, codes in CLUSTERS.items()
    ),
    *(
        Score(
            f"count_{cluster}",
            f"Symptoms present in {cluster.upper()}, of those rated",
            0,
            len(codes),
            note=_REMOVES_NOTE,
        )
        for cluster, codes in CLUSTERS.items()
    ),
    Score(
        "symptom_count",
        "Symptoms present",
        0,
        20,
        cdisc=("CAPS5CNT", "CAPS5-Symptoms Present"),
        note=_REMOVES_NOTE,
    ),
    *(
        _yes_no_score(
            f"criterion_{letter}",
            f"Criterion {letter.upper()} met",
            f"CAPS5CR{letter.upper()}",
        )
        for letter in "abcdefg"
    ),
    _yes_no_score("diagnosis", "PTSD diagnosis", "CAPS5DX"),
    _yes_no_score("dissociative", "With dissociative symptoms", "CAPS5DIS"),
    _yes_no_score("delayed_expression", "With delayed expression", "CAPS5DEL"),
    Score("observed", "Sum of the symptoms rated", 0, 80),
    Score(
        "prorated",
        "Prorated total (sensitivity value)",
        0,
        80,
        provenance=Provenance.DERIVED,
        note="No official proration; only with at most 2 of 20 missing.",
    ),
)


def unrated(responses: Responses) -> tuple[str, ...]:
    """Codes of symptoms at threshold whose trauma-relatedness could be rated and is not."""
    return tuple(
        code
        for code in SYMPTOMS
        if int(code[-2:]) in RELATED_NUMBERS
        and (responses.get(code) or 0) >= PRESENT
        and trauma_related(code) not in responses
    )


def _is_removed(code: str, responses: Responses) -> bool:
    return responses.get(trauma_related(code)) == UNLIKELY


def _present(codes: tuple[str, ...], responses: Responses) -> tuple[int, int]:
    """How many symptoms are present for certain, and at most, if missing ones were."""
    counted = tuple(code for code in codes if not _is_removed(code, responses))
    certain = sum((responses.get(code) or 0) >= PRESENT for code in counted)
    return certain, certain + len(missing_of(counted, responses))


def _any_present(codes: tuple[str, ...], responses: Responses) -> bool | None:
    certain, possible = _present(codes, responses)
    return at_least(1, certain=certain, possible=possible)


def _criteria(responses: Responses) -> dict[str, bool | None]:
    criteria = {"a": yes_no(responses.get(EVENT))}
    for cluster, codes in CLUSTERS.items():
        certain, possible = _present(codes, responses)
        criteria[cluster] = at_least(
            NEEDED[cluster], certain=certain, possible=possible
        )
    criteria["f"] = yes_no(responses.get(DURATION))
    criteria["g"] = _any_present(DISTRESS, responses)
    return criteria


def score_caps5(responses: Responses) -> Scores:
    """Scores by code; missing answers leave None unless no answer could matter."""
    criteria = _criteria(responses)
    diagnosis = all_of(criteria.values())
    onset = responses.get(ONSET_MONTHS)
    delayed = None if onset is None else onset >= DELAYED_MONTHS
    counts = {name: _present(codes, responses) for name, codes in CLUSTERS.items()}
    certain = sum(count for count, _ in counts.values())
    possible = sum(count for _, count in counts.values())
    scores: Scores = {"total": total_of(SYMPTOMS, responses)}
    for name, codes in CLUSTERS.items():
        scores[f"cluster_{name}"] = total_of(codes, responses)
    for name, (count, _) in counts.items():
        scores[f"count_{name}"] = count
    scores["symptom_count"] = certain if certain == possible else None
    for letter, met in criteria.items():
        scores[f"criterion_{letter}"] = met
    scores["diagnosis"] = diagnosis
    scores["dissociative"] = all_of((diagnosis, _any_present(DISSOCIATION, responses)))
    scores["delayed_expression"] = all_of((diagnosis, delayed))
    scores["observed"] = observed_of(SYMPTOMS, responses)
    scores["prorated"] = prorated(SYMPTOMS, responses, at_most_missing=PRORATE_AT_MOST)
    return scores


CAPS5 = Instrument(
    code="caps5",
    version="2015",
    title="Clinician-Administered PTSD Scale for DSM-5",
    short_title="CAPS-5",
    completed_by="independent_rater",
    domain="RS",
    category="CAPS-5 PAST MONTH",
    category_by_recall=tuple(categories("CAPS-5")),
    license=LICENSE,
    items=ITEMS,
    scores=SCORES,
    scoring=score_caps5,
    recall=RECALL,
    notes=(
        (
            "Past month is the diagnostic form; past week does not usually ask "
            "criterion A again, which leaves the diagnosis undetermined."
        ),
        (
            "Which items have a trauma-relatedness rating (9, 11-20) is unverified, "
            "and so is that 'unlikely' keeps the severity in the totals."
        ),
        (
            "The items 21-30 and their order are general knowledge of the field, and "
            "the ranges of 26-28 are unverified."
        ),
        (
            "TESTCD values are the sponsor's own: controlled terminology has none for "
            "the plain form."
        ),
    ),
)
