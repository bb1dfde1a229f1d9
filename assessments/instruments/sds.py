"""The Sheehan Disability Scale, self-rated: three items from 0 to 10 and two of days."""

from dataclasses import replace

from assessments.instruments.base import (
    Instrument,
    Item,
    Provenance,
    Responses,
    Scale,
    Score,
    Scores,
)
from assessments.instruments.counting import YES, at_least, missing_of
from assessments.instruments.lists import worded
from assessments.instruments.sds_adapted import CODES, SDS_ADAPTED, score_sds_adapted
from assessments.instruments.sds_adapted import ITEMS as DISRUPTIONS
from assessments.instruments.sds_adapted import SCORES as SUMS

SIGNIFICANT_FROM = 5  # on any of the three
NO_WORK = "sds01a"
DAYS_OFF = ("sds04", "sds05")
DAYS = Scale("sds_days", least=0, most=7, unit="days")
_WORK, *_OTHERS = DISRUPTIONS
_MEAN, *_SUMS = SUMS


def _days(code: str, label: str, *, number: str, test: str) -> Item:
    return Item(
        code,
        label,
        DAYS,
        number=number,
        is_counted=False,
        cdisc=(f"SDS01{code[-2:]}", f"SDS01-{test}"),
    )


ITEMS = (
    _WORK,
    Item(
        NO_WORK,
        "No work or study for another reason",
        worded("yes_no", "No", "Yes"),
        number="1a",
        # What is not ticked on the form is not asked again.
        required=False,
        is_counted=False,
        cdisc=("SDS0101A", "SDS01-No Work/Study - Unrelated Disorder"),
    ),
    *_OTHERS,
    _days("sds04", "Days lost", number="4", test="Days Lost"),
    _days(
        "sds05",
        "Days of doing less than usual",
        number="5",
        test="Days Underproductive",
    ),
)
SCORES = (
    replace(
        _MEAN,
        provenance=Provenance.UNVERIFIED,
        note="As the adapted scale has it: at least two of the three items.",
    ),
    *_SUMS,
    Score(
        "significant",
        "Significant impairment (5 or more on any item)",
        kind="yes_no",
        provenance=Provenance.SOURCED,
    ),
)


def score_sds(responses: Responses) -> Scores:
    """Mean, sum and observed sum as of the adapted scale; impairment three-valued.

    Whoever had no work or study for another reason is impaired by the two other items.
    """
    asked = CODES[1:] if responses.get(NO_WORK) == YES else CODES
    certain = sum((responses.get(code) or 0) >= SIGNIFICANT_FROM for code in asked)
    possible = certain + len(missing_of(asked, responses))
    return {
        **score_sds_adapted(responses),
        "significant": at_least(1, certain=certain, possible=possible),
    }


SDS = Instrument(
    code="sds",
    version="1",
    title="Sheehan Disability Scale",
    short_title="SDS",
    completed_by="participant",
    domain="QS",
    category="SDS",
    license=SDS_ADAPTED.license,
    items=ITEMS,
    scores=SCORES,
    scoring=score_sds,
    recall=("past week",),
    notes=(
        "Which edition of the scale these fields follow is unverified.",
        "The days lost and underproductive enter no score.",
        "Mean and sum have no term in controlled terminology.",
    ),
)
