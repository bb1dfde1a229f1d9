"""The difference between two arms by a linear mixed model, fitted with statsmodels."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from statsmodels.regression.mixed_linear_model import MixedLM

from simulation.moments import mean
from simulation.reproduction.analysis import Person
from simulation.reproduction.targets import Target

WORDS = (
    "change from baseline at each visit, by arm, visit, arm x visit and baseline x visit; "
    "unstructured covariance within participants; restricted maximum likelihood "
    "(statsmodels MixedLM). Least-squares means are taken at the mean baseline, with Wald "
    "95 % limits; missing visits are taken as missing at random"
)
Array = npt.NDArray[np.float64]
QUANTILE = 1.959964  # of the standard normal distribution, 97.5 %


@dataclass(frozen=True, slots=True)
class Fit:
    """Least-squares changes of both arms at the endpoint, and the first minus the second."""

    first: float
    second: float
    difference: float
    error: float

    @property
    def limits(self) -> tuple[float, float]:
        """Return the 95 % confidence limits of the difference."""
        margin = QUANTILE * self.error
        return self.difference - margin, self.difference + margin


def fit_changes(people: Sequence[Person], target: Target) -> Fit:
    """Fit a mixed model for repeated measures to the two arms compared.

    A random effect for each visit beside the residual makes the covariance of a
    participant's visits any there can be; only how the variance is split between the two
    is arbitrary. Needs two visits after baseline. ConvergenceWarning is raised where the
    fit cannot be trusted.
    """
    compared = [each for each in people if each.arm in target.compare]
    baseline, *later = target.visits
    seen = [
        (each, time)
        for each in compared
        for time, visit in enumerate(later)
        if visit in each.totals
    ]
    model = MixedLM(
        np.array([each.totals[later[t]] - each.totals[baseline] for each, t in seen]),
        np.array(
            _design(seen, target, center=mean([e.totals[baseline] for e in compared]))
        ),
        groups=np.array([each.number for each, _ in seen]),
        exog_re=np.eye(len(later))[[time for _, time in seen]],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = model.fit(reml=True, method="bfgs")
    effects = np.asarray(found.fe_params)
    return _contrast(
        effects,
        np.asarray(found.cov_params())[: len(effects), : len(effects)],
        end=later.index(target.primary),
        times=len(later),
    )


def _design(
    seen: Sequence[tuple[Person, int]], target: Target, *, center: float
) -> list[list[float]]:
    """Return a row for each person and visit; baselines are counted from the center."""
    baseline, *later = target.visits
    return [
        _terms(
            time,
            len(later),
            is_first=each.arm == target.compare[0],
            centered=each.totals[baseline] - center,
        )
        for each, time in seen
    ]


def _contrast(effects: Array, covariance: Array, *, end: int, times: int) -> Fit:
    """Return the least-squares means of both arms at a visit, and their difference."""
    first, second = (
        np.array(_terms(end, times, is_first=is_first, centered=0.0))
        for is_first in (True, False)
    )
    contrast = first - second
    return Fit(
        first=float(first @ effects),
        second=float(second @ effects),
        difference=float(contrast @ effects),
        error=float(np.sqrt(contrast @ covariance @ contrast)),
    )


def _terms(time: int, times: int, *, is_first: bool, centered: float) -> list[float]:
    """Return a row of the design: for each visit its mean, its arm, its baseline."""
    row = [0.0] * (3 * times)
    row[time] = 1.0
    row[times + time] = float(is_first)
    row[2 * times + time] = centered
    return row
