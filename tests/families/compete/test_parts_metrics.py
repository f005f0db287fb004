"""What scripts print of themselves and what graders find are the same figures, for every metric scripts know."""

from __future__ import annotations

import numpy as np
import pytest

from medalist.families.compete.kit import scripts
from medalist.families.compete.kit.parts import metrics as written
from medalist.families.compete.metrics import find_metric

STAND_INS = {"msle", "gini", "kendall_tau"}
"""Metrics whose scripts print a kindred one: another figure, for the same order of candidates or of texts."""

NAMES = sorted({*scripts._KNOWN_METRICS, *scripts._METRIC_FUNCTIONS} - STAND_INS)


def data_for(takes: str, several: bool) -> list[tuple[np.ndarray, np.ndarray]]:
    """Truth and prediction as the metric takes them."""
    rng = np.random.default_rng(0)
    rows = 300
    if takes in ("labels", "numbers"):
        truth = rng.integers(0, 2, rows)
        made = np.where(rng.random(rows) < 0.7, truth, 1 - truth)
        return [(truth, made)] if not several else [(truth * 2, made * 2), (rng.integers(0, 4, rows), made)]
    if takes == "probabilities":
        return [(truth := rng.integers(0, 2, rows), np.clip(truth * 0.4 + rng.random(rows) * 0.6, 0, 1))]
    if takes.startswith("multilabel"):
        truth = rng.integers(0, 2, (rows, 3))
        chances = np.clip(truth * 0.4 + rng.random((rows, 3)) * 0.6, 0, 1)
        return [(truth, chances if takes.endswith("probabilities") else (chances > 0.5).astype(int))]
    shape = (rows, 2) if several else (rows,)
    truth = rng.gamma(2.0, 10.0, shape)
    return [(truth, truth * rng.uniform(0.7, 1.4, shape))]


@pytest.mark.parametrize("name", NAMES)
def test_a_scripts_figure_is_the_graders(name: str) -> None:
    metric = find_metric(name)
    function = getattr(written, scripts._METRIC_FUNCTIONS.get(name, name))
    several = name in ("mcrmse", "columnwise_rmsle") or name == "qwk"
    for truth, prediction in data_for(metric.takes, several):
        assert function(truth, prediction) == pytest.approx(metric.score(truth, prediction), rel=1e-6), name
