"""From cells as written to what a metric takes, and from raw predictions to a submission's cells.

Used alike on out-of-fold predictions (``scoring``), on constants (``explore``) and on submissions
(``grader``), so that the three never disagree. Needs NumPy; no pandas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medalist.families.compete.labels import canonical
from medalist.families.compete.metrics import Metric


def class_codes(labels: Sequence[str], classes: Sequence[str]) -> NDArray[np.intp]:
    """Each label's place in ``classes``, compared by meaning (1.0 is 1); unknown labels count from k up."""
    place = {canonical(label): code for code, label in enumerate(classes)}
    return np.array([place.setdefault(canonical(label), len(place)) for label in labels], dtype=np.intp)


def metric_truth(metric: Metric, columns: Sequence[Sequence[str]], classes: Sequence[str]) -> Any:
    """The target's cells (one sequence of n strings a target) as ``metric`` takes its truth.

    Raises ValueError for cells that are no numbers where numbers are needed.
    """
    if metric.takes in {"labels", "probabilities"}:
        if len(columns) > 1:  # one-hot columns instead of labels
            return _table(columns).argmax(axis=1)
        return class_codes(columns[0], classes)
    if metric.takes == "texts":
        return list(columns[0])
    if metric.takes == "ranked":
        return [" ".join(canonical(label) for label in cell.split()) for cell in columns[0]]
    table = _table(columns)
    return table[:, 0] if table.shape[1] == 1 and not metric.takes.startswith("multilabel") else table


def metric_prediction(metric: Metric, columns: Sequence[Sequence[str]], classes: Sequence[str]) -> Any:
    """A submission's cells as ``metric`` takes its prediction. Raises ValueError as ``metric_truth`` does."""
    if metric.takes == "probabilities":
        table = _table(columns)
        return table[:, 0] if table.shape[1] == 1 else table
    return metric_truth(metric, columns, classes)


def _table(columns: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    """(n, t) floats; True and False count 1 and 0."""
    return np.column_stack([_floats(column) for column in columns])


def _floats(column: Sequence[str]) -> NDArray[np.float64]:
    try:
        return np.array(column, dtype=np.float64)
    except ValueError:
        return np.array([canonical(cell) for cell in column], dtype=np.float64)


def finish(
    metric: Metric,
    raw: NDArray[np.float64],
    classes: Sequence[str],
    postprocess: Mapping[str, Any] | None = None,
) -> Any:
    """Raw predictions, (n,) or (n, k), as ``metric`` takes them, after the candidate's own ``postprocess``.

    ``postprocess`` is artifacts/postprocess.json: kind none, threshold, argmax, class_weights, cuts,
    clip or label_thresholds. Without one, the plain choice is made (0.5, the likeliest class, the
    nearest rating). Raises ValueError for a kind that is unknown.
    """
    settings = dict(postprocess or {"kind": "none"})
    raw = _postprocessed(raw, settings)
    if metric.takes == "labels":
        return _codes(raw, float(settings.get("threshold", 0.5)))
    if metric.takes == "numbers":
        return _ratings(raw, classes, settings.get("cuts"))
    if metric.takes == "multilabel_labels":
        thresholds = np.asarray(settings.get("thresholds", settings.get("threshold", 0.5)), float)
        table = raw if raw.ndim == 2 else raw[:, None]
        return (table >= thresholds).astype(float)
    if metric.takes == "ranked":
        return _ranked(raw, classes)
    if metric.takes.startswith("multilabel") and raw.ndim == 1:
        return raw[:, None]
    return raw


def _postprocessed(raw: NDArray[np.float64], settings: Mapping[str, Any]) -> NDArray[np.float64]:
    kind = settings.get("kind", "none")
    if kind == "class_weights" and raw.ndim == 2:
        return raw * np.asarray(settings["weights"], float)
    if kind == "clip":
        low, high = settings.get("low"), settings.get("high")
        return np.clip(raw, -np.inf if low is None else low, np.inf if high is None else high)
    if kind not in {"none", "threshold", "argmax", "class_weights", "cuts", "label_thresholds"}:
        raise ValueError(f"postprocess.json names the unknown kind {kind!r}")
    return raw


def _codes(raw: NDArray[np.float64], threshold: float) -> NDArray[np.intp]:
    return raw.argmax(axis=1) if raw.ndim == 2 else (raw >= threshold).astype(np.intp)


def _ratings(
    raw: NDArray[np.float64], classes: Sequence[str], cuts: Sequence[float] | None
) -> NDArray[np.float64]:
    values = np.array([float(label) for label in classes])
    if raw.ndim == 2:
        return values[raw.argmax(axis=1)]
    edges = np.asarray(cuts, float) if cuts is not None else (values[1:] + values[:-1]) / 2
    return values[np.searchsorted(edges, raw, side="right")]


def _ranked(raw: NDArray[np.float64], classes: Sequence[str], most: int = 12) -> list[str]:
    """The likeliest classes of each row, best first; every MAP@k reads as many as it needs."""
    names = [canonical(label) for label in classes]
    order = np.argsort(-raw, axis=1, kind="stable")[:, :most]
    return [" ".join(names[code] for code in row) for row in order]


def best_constant(metric: Metric, columns: Sequence[Sequence[str]], classes: Sequence[str]) -> float | None:
    """The best score that one prediction, the same for every row, reaches; None where none can be scored."""
    truth = metric_truth(metric, columns, classes)
    scores: list[float] = []
    for guess in _constants(metric, truth, classes):
        try:
            scores.append(metric.score(truth, guess))
        except ValueError:
            continue
    best: float | None = None
    for score in scores:
        if np.isfinite(score) and (best is None or metric.direction.better(score, best)):
            best = score
    return best


def _constants(metric: Metric, truth: Any, classes: Sequence[str]) -> list[Any]:
    """Constant predictions worth trying, each of the shape ``metric`` takes."""
    n = len(truth)
    if metric.takes == "labels":
        frequent = np.argsort(-np.bincount(truth))[:20]
        return [np.full(n, code) for code in frequent]
    if metric.takes == "numbers":
        return [np.full(n, value) for value in np.unique(truth)[:50]]
    if metric.takes == "probabilities":
        share = np.bincount(truth, minlength=max(2, len(classes))) / n
        return [np.full(n, share[1])] if len(share) == 2 else [np.tile(share, (n, 1))]
    if metric.takes == "values":
        logs = np.expm1(np.log1p(truth).mean(axis=0)) if (truth > -1).all() else truth.mean(axis=0)
        centres = (truth.mean(axis=0), np.median(truth, axis=0), logs)
        return [np.broadcast_to(centre, truth.shape) for centre in centres]
    if metric.takes == "multilabel_probabilities":
        return [np.broadcast_to(truth.mean(axis=0), truth.shape)]
    if metric.takes == "multilabel_labels":
        shares = truth.mean(axis=0)
        return [np.broadcast_to((shares >= cut).astype(float), truth.shape) for cut in (0.0, 0.1, 0.25, 0.5)]
    if metric.takes == "ranked":
        counts: dict[str, int] = {}
        for label in truth:
            counts[label] = counts.get(label, 0) + 1
        top = sorted(counts, key=lambda label: -counts[label])[:12]
        return [[" ".join(top)] * n]
    return []
