"""PCL-5: 20 self-rated items of DSM-5 PTSD; own short labels and scoring."""

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
from assessments.instruments.counting import (
    all_of,
    at_least,
    missing_of,
    observed_of,
    prorated,
    total_of,
)

ENDORSED = 2  # An item counts towards the provisional diagnosis from here.
PRORATE_AT_MOST = 2

CLUSTERS: Mapping[str, tuple[str, ...]] = {
    "b": tuple(f"pcl{number:02}" for number in range(1, 6)),
    "c": tuple(f"pcl{number:02}" for number in range(6, 8)),
    "d": tuple(f"pcl{number:02}" for number in range(8, 15)),
    "e": tuple(f"pcl{number:02}" for number in range(15, 21)),
}
NEEDED: Mapping[str, int] = {"b": 1, "c": 1, "d": 2, "e": 2}
CODES = tuple(code for codes in CLUSTERS.values() for code in codes)

BOTHERED = Scale(
    "pcl5_bothered",
    (
        Option(0, "Not at all"),
        Option(1, "A little bit"),
        Option(2, "Moderately"),
        Option(3, "Quite a bit"),
        Option(4, "Extremely"),
    ),
)

# Own label, and TEST of CDISC codelist C135691 (SDTM CT 2024-03-29).
LABELS = (
    ("Memories that intrude", "PCL01-Repeated Disturbing Memories"),
    ("Bad dreams", "PCL01-Repeated Disturbing Dreams"),
    ("As if it were happening", "PCL01-Suddenly Feeling Happening Again"),
    ("Upset by reminders", "PCL01-Feel Upset When Reminded"),
    ("Body reacts to reminders", "PCL01-Strong Physical Reactions"),
    ("Avoids inner reminders", "PCL01-Avoid Memories/Thoughts/Feelings"),
    ("Avoids outer reminders", "PCL01-Avoid External Reminders"),
    ("Gaps in memory", "PCL01-Trouble Remembering Important Part"),
    ("Negative beliefs", "PCL01-Strong Negative Beliefs"),
    ("Blame", "PCL01-Blaming Yourself/Someone Else"),
    ("Negative feelings", "PCL01-Strong Negative Feelings"),
    ("Lost interest", "PCL01-Loss of Interest in Activities"),
    ("Distance from others", "PCL01-Feeling Distant From People"),
    ("Few positive feelings", "PCL01-Trouble Experiencing Pos Feelings"),
    ("Irritability or anger", "PCL01-Irritable Behavior/Angry Outbursts"),
    ("Risk taking", "PCL01-Taking Too Many Risks/Cause Harm"),
    ("On guard", "PCL01-Being Superalert/Watchful/on Guard"),
    ("Easily startled", "PCL01-Feeling Jumpy or Easily Startled"),
    ("Concentration", "PCL01-Having Difficulty Concentrating"),
    ("Sleep", "PCL01-Trouble Falling or Staying Asleep"),
)
SECTIONS: Mapping[str, str] = {
    "b": "B Intrusion",
    "c": "C Avoidance",
    "d": "D Cognition and mood",
    "e": "E Arousal and reactivity",
}

ITEMS = tuple(
    Item(
        code,
        LABELS[int(code[-2:]) - 1][0],
        BOTHERED,
        number=str(int(code[-2:])),
        section=SECTIONS[cluster],
        cdisc=(f"PCL01{code[-2:]}", LABELS[int(code[-2:]) - 1][1]),
    )
    for cluster, codes in CLUSTERS.items()
    for code in codes
)

SCORES = (
    Score("total", "Total", 0, 80, cdisc=("PCL5TOT", "PCL5-Total")),
    *(
        Score(f"cluster_{name}", f"Cluster {name.upper()}", 0, 4 * len(codes))
        for name, codes in CLUSTERS.items()
    ),
    *(
        Score(
            f"count_{name}",
            f"Items endorsed in {name.upper()}, of those answered",
            0,
            len(codes),
        )
        for name, codes in CLUSTERS.items()
    ),
    *(
        Score(f"criterion_{name}", f"Criterion {name.upper()} met", kind="yes_no")
        for name in CLUSTERS
    ),
    Score("provisional_diagnosis", "Provisional diagnosis", kind="yes_no"),
    Score("observed", "Sum of the items answered", 0, 80),
    Score(
        "prorated",
        "Prorated total (sensitivity value)",
        0,
        80,
        provenance=Provenance.UNVERIFIED,
        note="No official proration; only with at most 2 of 20 missing.",
    ),
)


def score_pcl5(responses: Responses) -> Scores:
    """Scores by code; None where the answers do not determine the score."""
    counts: dict[str, int] = {}
    criteria: dict[str, bool | None] = {}
    for name, codes in CLUSTERS.items():
        counts[name] = sum((responses.get(code) or 0) >= ENDORSED for code in codes)
        possible = counts[name] + len(missing_of(codes, responses))
        criteria[name] = at_least(NEEDED[name], certain=counts[name], possible=possible)
    scores: Scores = {"total": total_of(CODES, responses)}
    for name, codes in CLUSTERS.items():
        scores[f"cluster_{name}"] = total_of(codes, responses)
    for name, count in counts.items():
        scores[f"count_{name}"] = count
    for name, met in criteria.items():
        scores[f"criterion_{name}"] = met
    scores["provisional_diagnosis"] = all_of(criteria.values())
    scores["observed"] = observed_of(CODES, responses)
    scores["prorated"] = prorated(CODES, responses, at_most_missing=PRORATE_AT_MOST)
    return scores


PCL5 = Instrument(
    code="pcl5",
    version="2013",
    title="PTSD Checklist for DSM-5",
    short_title="PCL-5",
    completed_by="participant",
    domain="QS",
    category="PCL-5",
    license="US government work; wording may ship. Own short labels are used here.",
    items=ITEMS,
    scores=SCORES,
    scoring=score_pcl5,
    recall=("past month",),
    notes=(
        "Cut points (31 to 33 are in use) are protocol data and not held here.",
        "The total has no term in controlled terminology; its TESTCD is the sponsor's.",
    ),
)
