"""The Sheehan Disability Scale as adapted for a rater: three items from 0 to 10."""

from assessments.instruments.base import (
    Instrument,
    Item,
    Provenance,
    Responses,
    Scale,
    Score,
    Scores,
)
from assessments.instruments.counting import missing_of, observed_of, total_of

ANSWERED_AT_LEAST = 2  # Unverified: the mean needs two of the three items.

DISRUPTION = Scale("sds_disruption", least=0, most=10)

ITEMS = (
    Item(
        "sds01",
        "Work/school",
        DISRUPTION,
        number="1",
        may_not_apply=True,
        cdisc=("SDS0101", "SDS01-Work/School"),
    ),
    Item(
        "sds02",
        "Social",
        DISRUPTION,
        number="2",
        cdisc=("SDS0102", "SDS01-Social Life"),
    ),
    Item(
        "sds03",
        "Family/home",
        DISRUPTION,
        number="3",
        cdisc=("SDS0103", "SDS01-Family Life/Home Responsibilities"),
    ),
)
CODES = tuple(item.code for item in ITEMS)

SCORES = (
    Score(
        "mean",
        "Mean of the items answered",
        0,
        10,
        cdisc=("SDSMEAN", "SDS-Mean of Items Answered"),
        provenance=Provenance.DERIVED,
        note=(
            "Published changes of the adapted scale fit the mean, not the sum; that "
            "two of three items suffice is unverified."
        ),
    ),
    Score("total", "Sum of the three items", 0, 30, cdisc=("SDSTOT", "SDS-Total")),
    Score("observed", "Sum of the items answered", 0, 30),
)


def score_sds_adapted(responses: Responses) -> Scores:
    """Mean 0-10 of at least two answers; the sum only when all three are there."""
    answered = len(CODES) - len(missing_of(CODES, responses))
    observed = observed_of(CODES, responses)
    return {
        "mean": observed / answered if answered >= ANSWERED_AT_LEAST else None,
        "total": total_of(CODES, responses),
        "observed": observed,
    }


SDS_ADAPTED = Instrument(
    code="sds_adapted",
    version="1",
    title="Sheehan Disability Scale, adapted for a rater",
    short_title="SDS (adapted)",
    completed_by="independent_rater",
    domain="QS",
    category="SDS",
    license=(
        "Copyright D. Sheehan; a paid license is needed, on paper and electronically. "
        "Fields and descriptive labels only."
    ),
    items=ITEMS,
    scores=SCORES,
    scoring=score_sds_adapted,
    recall=("past week", "past month"),
    notes=(
        "How the scale was adapted, and its recall period, are unverified.",
        "Mean and sum have no term in controlled terminology.",
    ),
)
