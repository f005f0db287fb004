"""Greedy ensemble selection with replacement over out-of-fold predictions (Caruana et al. 2004, ICML).

Two things keep the selection from fitting the noise of the very rows it is judged on. Weights are
chosen once for every fold, on the rows outside it, and what is used is the mean of those choices,
which is Caruana's bagging. And the scale to average on (probabilities, their logits, ranks) is decided
by the nested loss, in which each row is blended by weights that never saw it.

Arrays: ``stack`` is (members, rows) or (members, rows, classes); NaN where a member has no
prediction for a row, in which case the others' weights are scaled up for that row.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

TINY = 1e-7
GREEDY_ROUNDS = 25
LARGEST_LIBRARY = 20
KEPT_OF_A_FAMILY = 2
SMALLEST_WEIGHT = 0.01
CELLS_COMPARED = 60_000
FEWEST_ROWS_COMPARED = 200
# Scores of labels move in steps; a share of the log loss tells blends apart that a step does not.
SMOOTHING = 0.1


@dataclass
class Blend:
    """A chosen blend.

    ``prediction`` (rows, ...) comes from ``weights`` (members,), as test predictions will; ``nested``
    (rows, ...) from weights that never saw the row, and ``nested_loss`` is its loss.
    """

    prediction: np.ndarray
    nested: np.ndarray
    weights: np.ndarray
    scale: str
    nested_loss: float


def read_array(path: Path, key: str = "prediction") -> np.ndarray:
    """One array of an ``.npz`` file."""
    with np.load(path) as saved:
        return saved[key]


def stack_members(paths: list[Path], as_values: bool) -> np.ndarray:
    """All members' predictions; with ``as_values`` class probabilities (n, k) become expected ranks (n,)."""
    arrays = [read_array(path).astype(np.float64) for path in paths]
    if as_values and len({array.ndim for array in arrays}) > 1:
        arrays = [a @ np.arange(a.shape[1]) if a.ndim == 2 else a for a in arrays]
    return np.stack(arrays)


def to_scale(values: np.ndarray, scale: str) -> np.ndarray:
    """Predictions on the scale on which they are averaged; rows run along axis 1."""
    if scale == "logit":
        clipped = np.clip(values, TINY, 1 - TINY)
        return np.log(clipped / (1 - clipped))
    if scale == "log":
        return np.log(np.clip(values, TINY, None))
    if scale == "log1p":
        return np.log1p(np.clip(values, 0, None))
    if scale == "rank":
        return np.stack([_ranks(member) for member in values])
    return values


def from_scale(values: np.ndarray, scale: str) -> np.ndarray:
    """Back to predictions; class probabilities averaged as logarithms are made to sum to one."""
    if scale == "logit":
        return 1 / (1 + np.exp(-values))
    if scale == "log":
        raised = np.exp(values - values.max(axis=-1, keepdims=True))
        return raised / raised.sum(axis=-1, keepdims=True)
    if scale == "log1p":
        return np.expm1(values)
    return values


def _ranks(column: np.ndarray) -> np.ndarray:
    """Ranks in (0, 1) along rows, ties by order; NaN stays NaN."""
    ranks = np.argsort(np.argsort(column, axis=0), axis=0) + 0.5
    known = np.isfinite(column)
    return np.where(known, ranks / np.maximum(known.sum(axis=0), 1), np.nan)


def weighted_mean(scaled: np.ndarray, weights: Any) -> np.ndarray:
    """(rows,) or (rows, classes): the members' weighted mean over those that have the row, else NaN."""
    known = np.isfinite(scaled)
    shaped = np.asarray(weights).reshape(-1, *([1] * (scaled.ndim - 1)))
    total = (known * shaped).sum(axis=0)
    summed = (np.where(known, scaled, 0.0) * shaped).sum(axis=0)
    return np.where(total > 0, summed / np.where(total > 0, total, 1.0), np.nan)


def selection_loss(y: np.ndarray, prediction: np.ndarray, loss: str) -> float:
    """What the greedy steps minimise, over rows that have a prediction; ``y`` as numbers or class codes."""
    known = np.isfinite(prediction if prediction.ndim == 1 else prediction[:, 0])
    y, prediction = y[known], prediction[known]
    if loss == "log_loss":
        p = np.clip(prediction, TINY, 1 - TINY)
        if p.ndim == 2 and y.ndim == 1:
            return float(-np.log(p[np.arange(len(y)), y.astype(int)] / p.sum(axis=1)).mean())
        return -np.where(y > 0.5, np.log(p), np.log1p(-p)).mean()
    if loss == "error":
        wrong = (prediction.argmax(axis=1) if prediction.ndim == 2 else prediction > 0.5) != y
        return float(wrong.mean()) + SMOOTHING * selection_loss(y, prediction, "log_loss")
    if loss == "f1":
        return 1.0 - _best_f1(y, prediction) + SMOOTHING * selection_loss(y, prediction, "log_loss")
    if loss == "auc":
        return 1.0 - _area_under_curve(y, prediction)
    if loss == "absolute":
        return np.abs(y - prediction).mean()
    if loss == "squared_log":
        return np.square(np.log1p(np.clip(y, 0, None)) - np.log1p(np.clip(prediction, 0, None))).mean()
    return np.square(y - prediction).mean()


def _best_f1(y: np.ndarray, prediction: np.ndarray) -> float:
    """F1 of the positive class at the threshold where it is highest."""
    found = np.cumsum(y[np.argsort(-prediction)] > 0.5)
    return float((2 * found / (np.arange(1, len(y) + 1) + max(found[-1], 1))).max())


def _area_under_curve(y: np.ndarray, prediction: np.ndarray) -> float:
    """Area under the ROC curve; the mean over columns for several targets or one-against-rest classes."""
    if prediction.ndim == 2:
        truth = y if y.ndim == 2 else y[:, None] == np.arange(prediction.shape[1])
        columns = range(prediction.shape[1])
        return float(np.mean([_area_under_curve(truth[:, k], prediction[:, k]) for k in columns]))
    positive = y > 0.5
    first = np.sort(prediction)
    # Tied predictions share the mean of their ranks.
    rank = (np.searchsorted(first, prediction, "left") + np.searchsorted(first, prediction, "right") + 1) / 2
    count = positive.sum()
    rest = len(y) - count
    return (rank[positive].sum() - count * (count + 1) / 2) / max(count * rest, 1)


def greedy_weights(scaled: np.ndarray, y: np.ndarray, loss: str, scale: str, deadline: float) -> np.ndarray:
    """Weights (members,) that sum to one: start from the best member, add whichever helps most, stop when none does."""
    known = np.isfinite(scaled)
    filled = np.where(known, scaled, 0.0)
    covered = known.reshape(len(scaled), -1).mean(axis=1)
    alone = [
        selection_loss(y, from_scale(scaled[m], scale), loss)
        if covered[m] >= 0.99 * covered.max()
        else np.inf
        for m in range(len(scaled))
    ]
    counts = np.zeros(len(scaled))
    best = int(np.argmin(alone))
    counts[best], reached = 1, alone[best]
    summed, seen = filled[best].copy(), known[best].astype(float)
    for _ in range(GREEDY_ROUNDS):
        losses = [
            selection_loss(y, from_scale((summed + filled[m]) / np.maximum(seen + known[m], 1), scale), loss)
            for m in range(len(scaled))
        ]
        best = int(np.argmin(losses))
        if losses[best] >= reached or time.monotonic() > deadline:
            break
        counts[best] += 1
        reached = losses[best]
        summed, seen = summed + filled[best], seen + known[best]
    return counts / counts.sum()


def prune_library(stack: np.ndarray, y: np.ndarray, loss: str, families: list[str]) -> np.ndarray:
    """Indices of the best members, at most LARGEST_LIBRARY (Caruana et al. 2006 prune likewise).

    The best KEPT_OF_A_FAMILY of each of the members' ``families`` come first: twenty variants of the
    luckiest estimator are hardly better than one, and a weaker one of another kind adds more to a blend.
    """
    order = np.argsort([selection_loss(y, member, loss) for member in stack], kind="stable")
    place_in_family = [sum(families[o] == families[m] for o in order[:rank]) for rank, m in enumerate(order)]
    first = np.argsort([place >= KEPT_OF_A_FAMILY for place in place_in_family], kind="stable")
    return np.sort(order[first[:LARGEST_LIBRARY]])


def rows_to_compare(stack: np.ndarray, y: np.ndarray, loss: str) -> np.ndarray:
    """Rows (bool) on which members are judged: all, unless the best member predicted only some of them.

    A network trained for one fold may beat all others there; a blend with it shows its worth only on
    the rows it predicted.
    """
    known: np.ndarray = np.all(np.isfinite(stack).reshape(*stack.shape[:2], -1), axis=2)
    everywhere = known.sum(axis=1) >= 0.99 * known.sum(axis=1).max()
    chosen = np.asarray(known.any(axis=0))
    for m in np.flatnonzero(~everywhere & (known.sum(axis=1) >= FEWEST_ROWS_COMPARED)):
        rows = known[m]
        others = [selection_loss(y[rows], stack[o, rows], loss) for o in np.flatnonzero(everywhere)]
        if selection_loss(y[rows], stack[m, rows], loss) < min(others):
            chosen = chosen & rows
    return chosen if chosen.sum() >= FEWEST_ROWS_COMPARED else np.asarray(known.any(axis=0))


def select_on_folds(
    stack: np.ndarray, y: np.ndarray, fold: np.ndarray, loss: str, scales: list[str], deadline: float
) -> Blend:
    """Tries each scale in ``scales`` and keeps the blend whose nested loss is least.

    ``fold`` is the fold of each row, -1 for none. Past ``deadline`` (on the monotonic clock) no
    further scale is tried.
    """
    rows = np.random.default_rng(0).permutation(stack.shape[1])
    rows = np.sort(rows[: max(500, CELLS_COMPARED // int(np.prod(stack.shape[2:])))])
    chosen: Blend | None = None
    for scale in scales:
        scaled = to_scale(stack, scale)
        nested = np.full(stack.shape[1:], np.nan)
        weights = []
        for number in np.unique(fold[fold >= 0]):
            outside = rows[fold[rows] != number]
            weights.append(greedy_weights(scaled[:, outside], y[outside], loss, scale, deadline))
            inside = fold == number
            nested[inside] = from_scale(weighted_mean(scaled[:, inside], weights[-1]), scale)
        reached = selection_loss(y, nested, loss)
        print(f"Scale {scale}: nested {loss} {reached:.5f}", flush=True)
        if chosen is None or reached < chosen.nested_loss:
            mean_weights = np.mean(weights, axis=0)
            prediction = from_scale(weighted_mean(scaled, mean_weights), scale)
            chosen = Blend(prediction, nested, mean_weights, scale, reached)
        if time.monotonic() > deadline:
            break
    assert chosen is not None
    return chosen


def parse_ensemble_arguments(description: str) -> argparse.Namespace:
    """The command line of an ensemble's scripts."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, default=Path("../../input"), help="the competition's folder")
    parser.add_argument("--seconds", type=float, default=600.0, help="finish within about so many seconds")
    parser.add_argument(
        "--reuse", action="store_true", help="take test predictions that members already wrote"
    )
    return parser.parse_args()


def member_file(member: str, name: str) -> Path:
    """Where a member keeps an artifact."""
    return Path("members") / member / "artifacts" / name


def run_member(member: str, script: str, data: Path) -> None:
    """Run one of a member's own scripts in its folder. Raises CalledProcessError when it fails."""
    command = [sys.executable, script, "--data", str(data.resolve())]
    subprocess.run(command, cwd=Path("members") / member, check=True)


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
