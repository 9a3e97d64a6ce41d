"""The regression finds what was put into the data, and its penalty only ever shrinks slopes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.quality.ridge import fit_ridge

SEEDS = st.integers(0, 10_000)


def draw(seed: int, rows: int = 50, features: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, slopes and weights."""
    random = np.random.default_rng(seed)
    return (
        random.normal(3.0, 2.0, size=(rows, features)),
        random.normal(size=features),
        random.uniform(0.5, 2.0, size=rows),
    )


@given(SEEDS)
def test_a_linear_rule_is_found_again(seed: int) -> None:
    rows, slopes, weights = draw(seed)
    targets = 0.7 + rows @ slopes

    ridge = fit_ridge([tuple(row) for row in rows], list(targets), list(weights), penalty=1e-9)

    assert [ridge.predict(row) for row in rows[:5]] == pytest.approx(list(targets[:5]), abs=1e-5)


@given(SEEDS, st.floats(0.01, 2.0))
def test_it_is_the_least_of_its_own_sum(seed: int, penalty: float) -> None:
    """Against numpy's least squares of the same sum, written with more rows."""
    rows, _, weights = draw(seed)
    targets = np.random.default_rng(seed + 1).normal(size=len(rows))
    means = np.average(rows, axis=0, weights=weights)
    scales = np.sqrt(np.average((rows - means) ** 2, axis=0, weights=weights))
    root = np.sqrt(weights)[:, None]
    left = np.vstack(
        (
            np.column_stack((np.ones(len(rows)), (rows - means) / scales)) * root,
            np.sqrt(penalty * weights.sum()) * np.eye(5)[1:],
        )
    )
    right = np.concatenate((targets * root[:, 0], np.zeros(4)))
    expected, *_ = np.linalg.lstsq(left, right, rcond=None)

    ridge = fit_ridge([tuple(row) for row in rows], list(targets), list(weights), penalty)

    assert ridge.coefficients == pytest.approx(tuple(expected), abs=1e-8)


def test_a_feature_that_never_changes_has_no_slope() -> None:
    ridge = fit_ridge([(1.0, 5.0), (2.0, 5.0), (3.0, 5.0)], [1.0, 2.0, 3.0], [1.0] * 3, 1e-9)

    assert ridge.coefficients[2] == 0.0
    assert ridge.predict((2.5, 5.0)) == pytest.approx(2.5)
