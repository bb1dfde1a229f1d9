"""C-SSRS over a lifetime, asked at baseline: what later answers are compared with."""

from dataclasses import replace

from assessments.instruments import cssrs_slc as since
from assessments.instruments.base import Item, Responses, Score, Scores


def _of_baseline(terms: tuple[str, str] | None) -> tuple[str, str] | None:
    """The terms of the baseline's codelist (C-SSRS BASELINE, SDTM CT 2024-03-29)."""
    if terms is None:
        return None
    testcd, test = terms
    return testcd.replace("CSS02", "CSS01", 1), test.replace("CSS02", "CSS01", 1)


# Nobody who is asked has completed suicide: the form of the baseline does not ask it.
ITEMS: tuple[Item, ...] = tuple(
    replace(item, cdisc=_of_baseline(item.cdisc))
    for item in since.ITEMS
    if item.code != since.COMPLETED
)
SCORES: tuple[Score, ...] = tuple(
    replace(score, cdisc=_of_baseline(score.cdisc))
    for score in since.SCORES
    if score.code != "urgency"
)


def score_cssrs_baseline(responses: Responses) -> Scores:
    """The derived endpoints, without an urgency: a lifetime calls for nothing today."""
    scores = since.score_cssrs_slc({**responses, since.COMPLETED: 0})
    return {score.code: scores[score.code] for score in SCORES}


CSSRS_BASELINE = replace(
    since.CSSRS_SLC,
    code="cssrs_baseline",
    title="Columbia-Suicide Severity Rating Scale, lifetime",
    short_title="C-SSRS lifetime",
    category="C-SSRS BASELINE",
    items=ITEMS,
    scores=SCORES,
    scoring=score_cssrs_baseline,
    recall=("lifetime",),
    notes=(
        "A clinician's form. What is current is asked by the form since last contact.",
        "Dates of attempts are not asked; only the most lethal one is graded.",
    ),
)
