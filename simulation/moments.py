"""Seeded draws with exact sample moments, in plain Python."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Sequence

Matrix = list[list[float]]


def stream(seed: bytes, label: str) -> random.Random:
    """Return the random stream that belongs to a label under a seed.

    Each part of the construction has its own stream, so that adding a draw to one
    part leaves every other part as it was.
    """
    digest = hashlib.sha256(seed + b"|" + label.encode()).digest()
    # Reproducible draws are the point; nothing here protects a secret.
    return random.Random(int.from_bytes(digest))  # noqa: S311


def mean(values: Sequence[float]) -> float:
    """Return the arithmetic mean; ZeroDivisionError for an empty sequence."""
    return math.fsum(values) / len(values)


def deviation(values: Sequence[float]) -> float:
    """Return the sample standard deviation (n - 1); needs at least two values."""
    center = mean(values)
    return math.sqrt(math.fsum((v - center) ** 2 for v in values) / (len(values) - 1))


def covariance(rows: Sequence[Sequence[float]]) -> Matrix:
    """Return the sample covariance matrix (n - 1) of rows of equal length."""
    columns = list(zip(*rows, strict=True))
    centered = [[v - mean(column) for v in column] for column in columns]
    return [
        [
            math.fsum(a * b for a, b in zip(left, right, strict=True)) / (len(rows) - 1)
            for right in centered
        ]
        for left in centered
    ]


def cholesky(matrix: Sequence[Sequence[float]]) -> Matrix:
    """Return the lower triangular factor L with L Lt = matrix.

    ValueError where the matrix is not positive definite.
    """
    size = len(matrix)
    lower = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            known = math.fsum(lower[i][k] * lower[j][k] for k in range(j))
            rest = matrix[i][j] - known
            if i == j:
                lower[i][i] = math.sqrt(rest)
            else:
                lower[i][j] = rest / lower[j][j]
    return lower


def with_moments(
    rows: Sequence[Sequence[float]],
    *,
    means: Sequence[float],
    deviations: Sequence[float],
    correlations: Sequence[Sequence[float]],
) -> Matrix:
    """Return the rows moved so that their sample moments are exactly those given.

    Centered, whitened with the sample's own Cholesky factor, then colored with that
    of the wanted covariance. Needs more rows than columns.
    """
    columns = list(zip(*rows, strict=True))
    centers = [mean(column) for column in columns]
    own = cholesky(covariance(rows))
    size = len(means)
    wanted = cholesky(
        [
            [correlations[i][j] * deviations[i] * deviations[j] for j in range(size)]
            for i in range(size)
        ]
    )
    moved = []
    for row in rows:
        white = _solve(own, [v - c for v, c in zip(row, centers, strict=True)])
        moved.append(
            [
                means[i] + math.fsum(wanted[i][k] * white[k] for k in range(i + 1))
                for i in range(size)
            ]
        )
    return moved


def _solve(lower: Matrix, right: Sequence[float]) -> list[float]:
    """Return x with lower x = right, by forward substitution."""
    solution: list[float] = []
    for i, value in enumerate(right):
        known = math.fsum(lower[i][k] * solution[k] for k in range(i))
        solution.append((value - known) / lower[i][i])
    return solution
