"""Weighted ridge regression of a few features, in closed form. Knows nothing of calls.

Written out because the domain imports no numpy, and a handful of coefficients needs none.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul

Vector = tuple[float, ...]


@dataclass(frozen=True)
class Ridge:
    """A constant, then a coefficient for each standardised feature."""

    means: Vector
    scales: Vector
    coefficients: Vector

    def predict(self, features: Sequence[float]) -> float:
        """What the features let expect; beyond the range of the data where they are."""
        standardised = (
            (value - mean) / scale
            for value, mean, scale in zip(features, self.means, self.scales, strict=True)
        )
        constant, *slopes = self.coefficients
        pairs = zip(slopes, standardised, strict=True)
        return constant + sum(slope * value for slope, value in pairs)


def fit_ridge(
    rows: Sequence[Vector], targets: Sequence[float], weights: Sequence[float], penalty: float
) -> Ridge:
    """The least weighted squares with `penalty` on squared slopes (Hoerl and Kennard 1970).

    Features are standardised, so that one penalty fits all; `penalty` is a share of the weights'
    sum, above 0. A feature that is the same in every row has slope 0.
    """
    total = sum(weights)
    columns = list(zip(*rows, strict=True))
    means = tuple(_mean(column, weights, total) for column in columns)
    scales = tuple(
        math.sqrt(_mean([(one - mean) ** 2 for one in column], weights, total)) or 1.0
        for column, mean in zip(columns, means, strict=True)
    )
    standardised = [
        [(one - mean) / scale for one in column]
        for column, mean, scale in zip(columns, means, scales, strict=True)
    ]
    weighted = [
        [w * one for w, one in zip(weights, column, strict=True)] for column in standardised
    ]
    gram = [[0.0] * len(weighted) for _ in weighted]
    for row, left in enumerate(weighted):
        for column in range(row, len(weighted)):
            gram[row][column] = gram[column][row] = _dot(left, standardised[column])
        gram[row][row] += penalty * total
    constant = _mean(targets, weights, total)
    against = [_dot(column, targets) - constant * sum(column) for column in weighted]
    return Ridge(means, scales, (constant, *_solved(gram, against)))


def _mean(values: Sequence[float], weights: Sequence[float], total: float) -> float:
    return _dot(values, weights) / total


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    total: float = sum(map(mul, left, right))
    return total


def _solved(matrix: list[list[float]], vector: list[float]) -> list[float]:
    """Gauss's elimination; the penalty keeps a symmetric matrix positive definite: no pivots."""
    rows = [[*row, value] for row, value in zip(matrix, vector, strict=True)]
    size = len(rows)
    for place in range(size):
        for lower in range(place + 1, size):
            factor = rows[lower][place] / rows[place][place]
            rows[lower] = [
                one - factor * above for one, above in zip(rows[lower], rows[place], strict=True)
            ]
    found = [0.0] * size
    for place in reversed(range(size)):
        known = sum(rows[place][after] * found[after] for after in range(place + 1, size))
        found[place] = (rows[place][size] - known) / rows[place][place]
    return found
