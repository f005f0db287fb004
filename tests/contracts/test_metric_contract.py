"""Every metric of the catalogue holds the same contract, whatever it computes."""

from __future__ import annotations

import numpy as np
import pytest

from medalist.core.errors import MetricNotOffered, UsageError
from medalist.families.compete.metrics import METRICS, Metric, find_metric
from medalist.families.compete.metrics.catalogue import NOT_OFFERED

N = 240


def perfect(metric: Metric, random: np.random.Generator):
    """A truth and the prediction that matches it, in the shapes that the metric takes."""
    codes = random.integers(0, 2 if metric.name in {"f1", "brier", "probabilistic_f1"} else 3, N)
    if metric.takes in {"labels", "numbers"}:
        return codes, codes.copy()
    if metric.takes == "probabilities":
        binary = random.integers(0, 2, N)
        return binary, binary.astype(float)
    if metric.name == "angular_error":
        angles = np.column_stack([random.uniform(0, 6.2, N), random.uniform(0.1, 3, N)])
        return angles, angles.copy()
    if metric.name == "laplace_log_likelihood":
        values = random.uniform(1000, 4000, N)
        return values, np.column_stack([values, np.full(N, 70.0)])
    if metric.takes == "values":
        values = random.uniform(1, 9, N)
        return values, values.copy()
    if metric.name == "kl_divergence":
        shares = random.dirichlet(np.ones(4), N)
        return shares, shares.copy()
    if metric.takes.startswith("multilabel"):
        labels = (random.random((N, 4)) < 0.5).astype(float)
        labels[labels.sum(axis=1) == 0, 0] = 1.0
        return labels, labels.copy()
    if metric.takes == "ranked":
        words = [f"c{code}" for code in codes]
        return words, list(words)
    alphabet = 5 if metric.name == "kendall_tau" else 40
    words = [" ".join(f"w{cell}" for cell in random.permutation(alphabet)[:5]) for _ in range(N)]
    return words, list(words)


def worsened(metric: Metric, prediction, random: np.random.Generator):
    """The same predictions with two thirds of the rows swapped among themselves."""
    rows = np.arange(N)
    swapped = random.permutation(N)[: 2 * N // 3]
    rows[swapped] = np.roll(swapped, 1)
    return prediction[rows] if isinstance(prediction, np.ndarray) else [prediction[row] for row in rows]


@pytest.fixture(params=sorted(METRICS), ids=str)
def metric(request) -> Metric:
    return METRICS[request.param]


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(7)


def test_a_worse_prediction_scores_worse_in_the_stated_direction(metric, random):
    truth, prediction = perfect(metric, random)
    best = metric.score(truth, prediction)
    worse = metric.score(truth, worsened(metric, prediction, random))
    assert metric.direction.better(best, worse)


def test_the_order_of_rows_does_not_matter(metric, random):
    truth, prediction = perfect(metric, random)
    prediction = worsened(metric, prediction, random)
    rows = random.permutation(N)
    shuffled = [
        part[rows] if isinstance(part, np.ndarray) else [part[row] for row in rows]
        for part in (truth, prediction)
    ]
    assert metric.score(*shuffled) == pytest.approx(metric.score(truth, prediction))


def test_nan_is_refused(metric, random):
    truth, prediction = perfect(metric, random)
    if isinstance(prediction, list):
        prediction[3] = float("nan")
    else:
        prediction = prediction.astype(float)
        prediction[3] = np.nan
    with pytest.raises(ValueError, match=r"NaN|no text"):
        metric.score(truth, prediction)


def test_unequal_lengths_are_refused(metric, random):
    truth, prediction = perfect(metric, random)
    with pytest.raises(ValueError):
        metric.score(truth, prediction[: N - 1])


def test_nothing_to_score_is_refused(metric, random):
    truth, prediction = perfect(metric, random)
    with pytest.raises(ValueError):
        metric.score(truth[:0], prediction[:0])


def test_every_alias_finds_its_metric(metric):
    for spelling in (metric.name, *metric.aliases, metric.name.upper(), metric.name.replace("_", "-")):
        assert find_metric(spelling) is metric


def test_the_bounds_admit_a_perfect_prediction(metric, random):
    _, prediction = perfect(metric, random)
    if isinstance(prediction, np.ndarray):
        assert metric.low is None or prediction.min() >= metric.low
        assert metric.high is None or prediction.max() <= metric.high


@pytest.mark.parametrize("name", sorted(NOT_OFFERED))
def test_what_is_not_offered_says_so_and_names_what_is(name):
    with pytest.raises(MetricNotOffered, match="does not score") as caught:
        find_metric(name)
    assert "accuracy" in caught.value.next_step


def test_an_unknown_name_is_answered_with_near_ones():
    with pytest.raises(UsageError) as caught:
        find_metric("acuracy")
    assert "accuracy" in caught.value.next_step
