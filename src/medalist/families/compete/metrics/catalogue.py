"""Every metric as a row of data; the parent process reads this without loading NumPy.

``takes`` says what a metric compares (n rows, t targets, k classes):

- ``labels``: one label a row, (n,) against (n,)
- ``numbers``: whole-number labels with an order, (n,) against (n,)
- ``probabilities``: the class's index (n,) against (n, k), or against (n,) for two classes
- ``values``: (n,) or (n, t) floats on both sides
- ``multilabel_probabilities``: 0/1 (n, t) against (n, t)
- ``multilabel_labels``: 0/1 (n, t) against 0/1 (n, t)
- ``ranked``: a set of right labels against an ordered list of guesses, both written with blanks between
- ``texts``: strings against strings
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from medalist.core.errors import MetricNotOffered, UsageError
from medalist.core.score import Direction

UP, DOWN = Direction.MAXIMIZE, Direction.MINIMIZE


@dataclass(frozen=True)
class Metric:
    """A metric's name, direction and needs; ``score`` computes it.

    ``low`` and ``high`` bound valid predictions (None: unbounded). ``exact_sum`` says that class
    probabilities are rescaled to sum to one before scoring, as Kaggle does.
    """

    name: str
    direction: Direction
    takes: str
    function: str
    aliases: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None

    def score(self, truth: Any, prediction: Any) -> float:
        """The metric's value; shapes as ``takes`` says (see this module's docstring).

        Raises ValueError for lengths that differ, for NaN or infinity, and for values out of range.
        """
        module, name = self.function.split(":")
        return float(
            getattr(import_module(f"medalist.families.compete.metrics.{module}"), name)(truth, prediction)
        )


_ROWS = (
    # labels
    Metric(
        "accuracy",
        UP,
        "labels",
        "classification:accuracy",
        ("acc", "categorization_accuracy", "classification_accuracy"),
    ),
    Metric(
        "error_rate",
        DOWN,
        "labels",
        "classification:error_rate",
        ("top1_error", "classification_error", "misclassification_error", "top_1_error"),
    ),
    Metric("balanced_accuracy", UP, "labels", "classification:balanced_accuracy"),
    Metric("f1", UP, "labels", "classification:f1", ("f1_score", "f1_binary", "f_score")),
    Metric("f1_macro", UP, "labels", "classification:f1_macro", ("macro_f1", "macro_f1_score")),
    Metric("f1_micro", UP, "labels", "classification:accuracy", ("micro_f1",)),
    Metric("f1_weighted", UP, "labels", "classification:f1_weighted", ("weighted_f1",)),
    Metric(
        "mcc",
        UP,
        "labels",
        "classification:mcc",
        ("matthews_corrcoef", "matthews", "matthews_correlation_coefficient"),
    ),
    Metric("kappa", UP, "labels", "classification:kappa", ("cohen_kappa", "cohens_kappa")),
    Metric(
        "qwk",
        UP,
        "numbers",
        "classification:quadratic_weighted_kappa",
        ("quadratic_weighted_kappa", "quadratic_kappa", "cohen_kappa_quadratic"),
    ),
    # probabilities
    Metric(
        "roc_auc",
        UP,
        "probabilities",
        "ranking:roc_auc",
        ("auc", "auroc", "auc_roc", "roc_auc_score", "area_under_curve"),
    ),
    Metric(
        "average_precision",
        UP,
        "probabilities",
        "ranking:average_precision",
        ("pr_auc", "auprc", "average_precision_score"),
    ),
    Metric("gini", UP, "probabilities", "ranking:gini", ("normalized_gini", "gini_coefficient")),
    Metric(
        "alaska_weighted_auc",
        UP,
        "probabilities",
        "ranking:tpr_weighted_auc",
        ("weighted_auc", "tpr_weighted_auc"),
    ),
    Metric(
        "log_loss",
        DOWN,
        "probabilities",
        "probability:log_loss",
        (
            "logloss",
            "multi_class_log_loss",
            "multiclass_loss",
            "cross_entropy",
            "neg_log_loss",
            "binary_log_loss",
            "multi_class_logarithmic_loss",
        ),
        low=0.0,
        high=1.0,
    ),
    Metric(
        "brier",
        DOWN,
        "probabilities",
        "probability:brier",
        ("brier_score", "brier_score_loss"),
        low=0.0,
        high=1.0,
    ),
    Metric(
        "probabilistic_f1", UP, "probabilities", "probability:probabilistic_f1", ("pf1",), low=0.0, high=1.0
    ),
    # several columns
    Metric(
        "mean_columnwise_roc_auc",
        UP,
        "multilabel_probabilities",
        "ranking:mean_columnwise_roc_auc",
        ("roc_auc_macro", "mean_roc_auc", "mean_column_wise_roc_auc", "macro_roc_auc", "mean_auc"),
    ),
    Metric(
        "mean_columnwise_log_loss",
        DOWN,
        "multilabel_probabilities",
        "probability:mean_columnwise_log_loss",
        ("mean_column_wise_log_loss", "multilabel_log_loss"),
        low=0.0,
        high=1.0,
    ),
    Metric(
        "lwlrap",
        UP,
        "multilabel_probabilities",
        "ranking:lwlrap",
        ("label_weighted_label_ranking_average_precision",),
    ),
    Metric(
        "kl_divergence",
        DOWN,
        "multilabel_probabilities",
        "probability:kl_divergence",
        ("kullback_leibler_divergence", "kldiv"),
        low=0.0,
        high=1.0,
    ),
    Metric("f1_samples", UP, "multilabel_labels", "classification:f1_samples", ("mean_f1", "mean_f1_score")),
    Metric("f1_micro_multilabel", UP, "multilabel_labels", "classification:f1_micro_multilabel"),
    Metric("f1_macro_multilabel", UP, "multilabel_labels", "classification:f1_macro_multilabel"),
    Metric("hamming_loss", DOWN, "multilabel_labels", "classification:hamming_loss", ("hamming",)),
    # values
    Metric(
        "rmse",
        DOWN,
        "values",
        "regression:rmse",
        ("root_mean_squared_error", "root_mean_square_error", "neg_root_mean_squared_error"),
    ),
    Metric("mse", DOWN, "values", "regression:mse", ("mean_squared_error", "neg_mean_squared_error")),
    Metric("mae", DOWN, "values", "regression:mae", ("mean_absolute_error", "neg_mean_absolute_error")),
    Metric("median_absolute_error", DOWN, "values", "regression:median_absolute_error", ("medae",)),
    Metric(
        "rmsle",
        DOWN,
        "values",
        "regression:rmsle",
        ("root_mean_squared_logarithmic_error", "root_mean_squared_log_error", "rmse_log"),
        low=0.0,
    ),
    Metric("msle", DOWN, "values", "regression:msle", ("mean_squared_log_error",), low=0.0),
    Metric("mape", DOWN, "values", "regression:mape", ("mean_absolute_percentage_error",)),
    Metric("smape", DOWN, "values", "regression:smape", ("symmetric_mean_absolute_percentage_error",)),
    Metric("rmspe", DOWN, "values", "regression:rmspe", ("root_mean_squared_percentage_error",)),
    Metric("r2", UP, "values", "regression:r2", ("r2_score", "r_squared", "coefficient_of_determination")),
    Metric(
        "pearson",
        UP,
        "values",
        "regression:pearson",
        ("pearsonr", "pearson_correlation", "pearson_correlation_coefficient"),
    ),
    Metric(
        "spearman",
        UP,
        "values",
        "regression:spearman",
        ("spearmanr", "spearman_correlation", "mean_columnwise_spearman", "mean_column_wise_spearman"),
    ),
    Metric(
        "mcrmse",
        DOWN,
        "values",
        "regression:mcrmse",
        ("mean_columnwise_rmse", "mean_columnwise_root_mean_squared_error"),
    ),
    Metric(
        "columnwise_rmsle",
        DOWN,
        "values",
        "regression:columnwise_rmsle",
        ("mean_columnwise_rmsle",),
        low=0.0,
    ),
    Metric("log_mae", DOWN, "values", "regression:log_mae", ("log_mean_absolute_error",)),
    Metric("angular_error", DOWN, "values", "regression:angular_error", ("mean_angular_error",)),
    # lists and texts
    *(
        Metric(
            f"map@{k}",
            UP,
            "ranked",
            f"texts:map_at_{k}",
            (f"map{k}", f"mean_average_precision_{k}", f"map_{k}"),
        )
        for k in (3, 5, 7, 10, 12)
    ),
    Metric(
        "jaccard",
        UP,
        "texts",
        "texts:word_jaccard",
        ("word_jaccard", "word_level_jaccard", "jaccard_score"),
    ),
    Metric(
        "levenshtein",
        DOWN,
        "texts",
        "texts:levenshtein",
        ("mean_levenshtein_distance", "levenshtein_distance", "edit_distance"),
    ),
    Metric(
        "normalized_levenshtein",
        DOWN,
        "texts",
        "texts:normalized_levenshtein",
        ("normalised_edit_distance", "normalized_edit_distance"),
    ),
    Metric("kendall_tau", UP, "texts", "texts:kendall_tau", ("kendall", "kendall_tau_correlation")),
    Metric(
        "laplace_log_likelihood",
        UP,
        "values",
        "regression:laplace_log_likelihood",
        ("modified_laplace_log_likelihood",),
    ),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _ROWS}

_SEGMENTATION = (
    "dice, mean_dice, global_dice, iou, map_iou, map_over_iou, hausdorff, dice_hausdorff, f0.5_segmentation"
)
_DETECTION = "coco_map, detection_map, froc, map_at_iou, map_iou_boxes, f1_boxes"
NOT_OFFERED: dict[str, str] = {
    **dict.fromkeys(_SEGMENTATION.split(", "), "segmentation"),
    **dict.fromkeys(_DETECTION.split(", "), "detection"),
    "jigsaw_bias_auc": "a power mean over identity columns",
    "distance_percentiles": "a distance on the globe",
}


def find_metric(name: str) -> Metric:
    """The metric called ``name``, whatever its spelling (``ROC-AUC``, ``Root Mean Squared Error``).

    Raises MetricNotOffered for detection, segmentation and the like, UsageError for an unknown name.
    """
    key = spelling(name)
    if key in _BY_SPELLING:
        return METRICS[_BY_SPELLING[key]]
    if key in _REFUSED:
        raise MetricNotOffered(
            f"The metric {name} is {_REFUSED[key]}, which this version does not score.",
            next_step="Grade it with the competition's own script; `--metric NAME` takes any of: "
            + ", ".join(METRICS),
        )
    near = difflib.get_close_matches(key, _BY_SPELLING, n=3, cutoff=0.6)
    names = ", ".join(dict.fromkeys(_BY_SPELLING[n] for n in near)) or ", ".join(METRICS)
    raise UsageError(f"There is no metric called {name!r}.", next_step=f"Did you mean: {names}?")


def spelling(name: str) -> str:
    """Lower case, every run of other signs than letters, digits and @ as one underscore."""
    return re.sub(r"[^a-z0-9@.]+", "_", name.strip().lower()).strip("_.")


def _by_spelling() -> dict[str, str]:
    return {spelling(key): m.name for m in METRICS.values() for key in (m.name, *m.aliases)}


_BY_SPELLING = _by_spelling()
_REFUSED = {spelling(name): kind for name, kind in NOT_OFFERED.items()}
