"""CAPS-IV: 17 clinician-rated symptoms of DSM-IV PTSD; codes, short labels and scoring.

Each symptom has a frequency and an intensity of 0-4. Structure as in the edition revised
in July 1998 (Blake et al.), scoring rules after Weathers, Ruscio and Keane (1999); no
prompts and no anchors are held here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

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
from assessments.instruments.counting import all_of, at_least, yes_no

MOST = 4  # Of a frequency and of an intensity.
PRESENT_FREQUENCY, PRESENT_INTENSITY = 1, 2  # The "F1/I2" of every symptom rule.
IMPAIRING = 2  # Distress or impairment at moderate or worse (unverified).


@dataclass(frozen=True, slots=True)
class Rule:
    """One way from ratings to a yes or no; a limit of 0 asks for nothing.

    `severity` is the least frequency plus intensity of a symptom that is present,
    `total` the least total. A rule that is not `by_symptoms` asks for the total alone.
    """

    code: str
    label: str
    testcd: str
    severity: int = 0
    total: int = 0
    by_symptoms: bool = True


# The calibrated rules of the same article are left out: their limits are not established.
RULES = (
    Rule("f1i2", "F1/I2 rule met", "CAPS4F12"),
    Rule("f1i2_sev45", "F1/I2/SEV45 rule met", "CAPS4S45", total=45),
    Rule("f1i2_sev65", "F1/I2/SEV65 rule met", "CAPS4S65", total=65),
    Rule("rule_of_4", "Rule of 4 met", "CAPS4R4", severity=4),
    Rule("tsev65", "TSEV65 rule met", "CAPS4T65", total=65, by_symptoms=False),
)
# Which rule the published trials used is not established; this is the usual one.
DIAGNOSTIC = RULES[0]

CLUSTERS: Mapping[str, tuple[str, ...]] = {
    "b": tuple(f"caps4_{number:02}" for number in range(1, 6)),
    "c": tuple(f"caps4_{number:02}" for number in range(6, 13)),
    "d": tuple(f"caps4_{number:02}" for number in range(13, 18)),
}
NEEDED: Mapping[str, int] = {"b": 1, "c": 3, "d": 2}
SYMPTOMS = tuple(code for codes in CLUSTERS.values() for code in codes)
EVENT, DURATION = "caps4_a", "caps4_19"
DISTRESS = ("caps4_20", "caps4_21", "caps4_22")

# One scale for both ratings, so that they stand in one run of digits on the page.
RATING = Scale("caps4_rating", least=0, most=MOST)
YES_NO = Scale("yes_no", (Option(0, "No"), Option(1, "Yes")))
MONTHS = Scale("months", least=0, most=1200, unit="months")
IMPROVEMENT = Scale("caps4_improvement", least=0, most=5)

SYMPTOM_LABELS = (
    "Memories",
    "Dreams",
    "Acting/feeling as if",
    "Distress at cues",
    "Physiological reactions",
    "Avoids thoughts",
    "Avoids activities",
    "Amnesia",
    "Loss of interest",
    "Detachment",
    "Restricted affect",
    "Foreshortened future",
    "Sleep",
    "Irritability",
    "Concentration",
    "Hypervigilance",
    "Startle",
)
ASSOCIATED_LABELS = (
    "Guilt over acts",
    "Survivor guilt",
    "Reduced awareness",
    "Derealization",
    "Depersonalization",
)
SECTIONS: Mapping[str, str] = {
    "b": "B Reexperiencing",
    "c": "C Avoidance and numbing",
    "d": "D Arousal",
}


def frequency_of(code: str) -> str:
    """The code of a symptom's frequency rating."""
    return f"{code}f"


def intensity_of(code: str) -> str:
    """The code of a symptom's intensity rating."""
    return f"{code}i"


def _rated(code: str, label: str, section: str, *, required: bool) -> Iterator[Item]:
    """A frequency, and an intensity that is asked where there is a frequency.

    So an intensity can be kept neither at frequency 0 nor where the frequency is missing.
    """
    frequency = frequency_of(code)
    number = int(code[-2:])
    rated = Item(
        frequency,
        f"{label}: frequency",
        RATING,
        number=f"{number}F",
        section=section,
        required=required,
        is_counted=required,
        cdisc=(f"CAPS4{number:02}F", f"CAPS4-{label}: Frequency"),
        provenance=Provenance.SOURCED if required else Provenance.UNVERIFIED,
    )
    yield rated
    yield replace(
        rated,
        code=intensity_of(code),
        label=f"{label}: intensity",
        number=f"{number}I",
        asked_when=(frequency, 1),
        asked_after=tuple((frequency, value) for value in range(2, MOST + 1)),
        cdisc=(f"CAPS4{number:02}I", f"CAPS4-{label}: Intensity"),
    )


def _symptom_items() -> Iterator[Item]:
    labels = iter(SYMPTOM_LABELS)
    for cluster, codes in CLUSTERS.items():
        for code in codes:
            yield from _rated(code, next(labels), SECTIONS[cluster], required=True)


def _associated_items() -> Iterator[Item]:
    for number, label in enumerate(ASSOCIATED_LABELS, start=26):
        code = f"caps4_{number}"
        yield from _rated(code, label, "Associated features", required=False)


def _item(number: int, label: str, scale: Scale, *, section: str) -> Item:
    return Item(
        f"caps4_{number}",
        label,
        scale,
        number=str(number),
        section=section,
        cdisc=(f"CAPS4{number}", f"CAPS4-{label}"),
    )


def _optional(number: int, label: str, scale: Scale, *, section: str) -> Item:
    return replace(
        _item(number, label, scale, section=section),
        required=False,
        is_counted=False,
        provenance=Provenance.UNVERIFIED,
    )


_E, _F, _GLOBAL = "E Onset and duration", "F Distress and impairment", "Global ratings"

ITEMS = (
    Item(
        EVENT,
        "Index event meets criterion A",
        YES_NO,
        number="A",
        section="A Index event",
        cdisc=("CAPS4A", "CAPS4-Index Event Meets Criterion A"),
    ),
    *_symptom_items(),
    _optional(18, "Onset after the event", MONTHS, section=_E),
    _item(19, "Duration over 1 month", YES_NO, section=_E),
    replace(
        _optional(19, "Duration of symptoms", MONTHS, section=_E),
        code="caps4_19_months",
        number="19 months",
        cdisc=("CAPS419M", "CAPS4-Duration in Months"),
    ),
    _item(20, "Distress", RATING, section=_F),
    _item(21, "Social", RATING, section=_F),
    _item(22, "Occupational/other", RATING, section=_F),
    _optional(23, "Validity", RATING, section=_GLOBAL),
    _optional(24, "Global severity", RATING, section=_GLOBAL),
    _optional(25, "Global improvement", IMPROVEMENT, section=_GLOBAL),
    *_associated_items(),
)

_RULE_NOTE = (
    "Of the symptoms, their duration and the impairment, without criterion A; at least "
    "1 symptom in B, 3 in C and 2 in D (unverified)."
)


def _yes_no_score(code: str, label: str, testcd: str, *, note: str = "") -> Score:
    return Score(
        code,
        label,
        kind="yes_no",
        cdisc=(testcd, f"CAPS4-{label}"),
        provenance=Provenance.UNVERIFIED,
        note=note,
    )


SCORES = (
    Score(
        "total", "Total severity", 0, 136, cdisc=("CAPS4TOT", "CAPS4-Total Severity")
    ),
    *(
        Score(
            f"cluster_{name}",
            f"Cluster {name.upper()} severity",
            0,
            2 * MOST * len(codes),
            cdisc=(f"CAPS4CL{name.upper()}", f"CAPS4-Cluster {name.upper()} Severity"),
        )
        for name, codes in CLUSTERS.items()
    ),
    *(
        Score(
            f"count_{name}",
            f"Symptoms present in {name.upper()}, of those rated",
            0,
            len(codes),
            note="Present from frequency 1 and intensity 2 on.",
        )
        for name, codes in CLUSTERS.items()
    ),
    *(
        _yes_no_score(
            f"criterion_{letter}",
            f"Criterion {letter.upper()} met",
            f"CAPS4CR{letter.upper()}",
        )
        for letter in "abcdef"
    ),
    *(
        _yes_no_score(
            rule.code,
            rule.label,
            rule.testcd,
            note=_RULE_NOTE if rule.by_symptoms else "Of the total alone.",
        )
        for rule in RULES
    ),
    _yes_no_score(
        "diagnosis",
        "PTSD diagnosis",
        "CAPS4DX",
        note="Criterion A and the F1/I2 rule.",
    ),
)


def _severity(code: str, responses: Responses) -> tuple[int, int]:
    """Frequency plus intensity, with what is missing at its least and at its most."""
    frequency = responses.get(frequency_of(code))
    intensity = responses.get(intensity_of(code))
    if frequency == 0:
        return 0, 0
    highest = MOST if intensity is None else intensity
    if frequency is None:
        return 0, MOST + highest
    return frequency + (intensity or 0), frequency + highest


def _bounds(codes: tuple[str, ...], responses: Responses) -> tuple[int, int]:
    severities = [_severity(code, responses) for code in codes]
    return sum(least for least, _ in severities), sum(most for _, most in severities)


def _total(codes: tuple[str, ...], responses: Responses) -> int | None:
    least, most = _bounds(codes, responses)
    return least if least == most else None


def _reaches(value: int | None, limit: int) -> bool | None:
    return None if value is None else value >= limit


def _is_present(rule: Rule, code: str, responses: Responses) -> bool | None:
    least, most = _severity(code, responses)
    return all_of(
        (
            _reaches(responses.get(frequency_of(code)), PRESENT_FREQUENCY),
            _reaches(responses.get(intensity_of(code)), PRESENT_INTENSITY),
            at_least(rule.severity, certain=least, possible=most),
        )
    )


def _counts(rule: Rule, name: str, responses: Responses) -> tuple[int, int]:
    """How many symptoms of a cluster are present for certain, and at most."""
    found = [_is_present(rule, code, responses) for code in CLUSTERS[name]]
    return found.count(True), len(found) - found.count(False)


def _clusters(rule: Rule, responses: Responses) -> dict[str, bool | None]:
    met = {}
    for name, needed in NEEDED.items():
        certain, possible = _counts(rule, name, responses)
        met[name] = at_least(needed, certain=certain, possible=possible)
    return met


def _is_impaired(responses: Responses) -> bool | None:
    rated = [_reaches(responses.get(code), IMPAIRING) for code in DISTRESS]
    possible = len(rated) - rated.count(False)
    return at_least(1, certain=rated.count(True), possible=possible)


def _follows(rule: Rule, responses: Responses) -> bool | None:
    """Whether a rule is met. Every part rises with every answer, so "and" is exact."""
    least, most = _bounds(SYMPTOMS, responses)
    total = at_least(rule.total, certain=least, possible=most)
    if not rule.by_symptoms:
        return total
    duration = yes_no(responses.get(DURATION))
    clusters = _clusters(rule, responses).values()
    return all_of((*clusters, duration, _is_impaired(responses), total))


def score_caps4(responses: Responses) -> Scores:
    """Scores by code; missing answers leave None unless no answer could matter.

    At frequency 0 there is no intensity, whatever was answered.
    """
    scores: Scores = {"total": _total(SYMPTOMS, responses)}
    for name, codes in CLUSTERS.items():
        scores[f"cluster_{name}"] = _total(codes, responses)
    for name in CLUSTERS:
        scores[f"count_{name}"], _ = _counts(DIAGNOSTIC, name, responses)
    event = scores["criterion_a"] = yes_no(responses.get(EVENT))
    for name, met in _clusters(DIAGNOSTIC, responses).items():
        scores[f"criterion_{name}"] = met
    scores["criterion_e"] = yes_no(responses.get(DURATION))
    scores["criterion_f"] = _is_impaired(responses)
    scores |= {rule.code: _follows(rule, responses) for rule in RULES}
    scores["diagnosis"] = all_of((event, _follows(DIAGNOSTIC, responses)))
    return scores


CAPS4 = Instrument(
    code="caps4",
    version="1998",
    title="Clinician-Administered PTSD Scale for DSM-IV",
    short_title="CAPS-IV",
    completed_by="independent_rater",
    domain="RS",
    category="CAPS-IV PAST MONTH",
    category_by_recall=tuple(categories("CAPS-IV")),
    license=LICENSE,
    items=ITEMS,
    scores=SCORES,
    scoring=score_caps4,
    recall=RECALL,
    notes=(
        (
            "The rule behind the diagnosis is F1/I2: which one the published trials used "
            "is not established. The other rules are scores of their own."
        ),
        (
            "Unverified, general knowledge of the field: symptoms needed per cluster, "
            "distress or impairment from 2 on, the recall periods, numbers and ranges "
            "of items 18-25, and the list of associated features."
        ),
        (
            "An intensity is asked from frequency 1 on. While an answer is missing there "
            "is no total, and no proration. Trauma-relatedness is not asked."
        ),
        "TESTCD values are the sponsor's own: controlled terminology has none.",
    ),
)
