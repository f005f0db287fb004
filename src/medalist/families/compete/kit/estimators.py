"""The estimators for tables: how each is called in a script, what it starts with, what it costs.

Costs are CPU seconds of five folds, from measurements on one core of a 2020s server; they plan,
they never judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

CLASSES = ("binary", "multiclass")
VALUES = ("regression",)
_BOOSTED = {"learning_rate": 0.04, "num_leaves": 31, "min_child_samples": 20, "colsample_bytree": 0.6,
            "subsample": 0.8, "subsample_freq": 1, "reg_lambda": 1.0}  # fmt: skip


@dataclass(frozen=True)
class Size:
    """What costs depend on: rows, columns of features, columns once names are one-hot, outputs."""

    rows: int
    columns: int
    wide_columns: int
    outputs: int


@dataclass(frozen=True)
class Estimator:
    """``fit`` and ``predict`` are expressions over X, y, X_valid, y_valid, seconds and the settings.

    ``part`` is the module of ``kit/parts`` that defines the functions they call. ``options`` become
    the recipe's options; of these ``params`` and the other names in upper case become settings.
    """

    title: str
    problems: tuple[str, ...]
    part: str
    fit: str
    predict: str
    options: Mapping[str, Any] = field(default_factory=dict)
    cost: Callable[[Size], float] = lambda size: 5.0


_VALUES = "predicted_values(model, X)"
_CHANCES = "class_probabilities(model, X, CLASS_COUNT)"


def _boosted_cost(size: Size) -> float:
    return 0.5 + 2.2e-6 * size.rows**0.9 * (size.columns + 8) * 300 * size.outputs**0.9 / 40


def _linear_cost(size: Size) -> float:
    return 1.0 + 6e-7 * size.rows * size.wide_columns * (1 + 2 * (size.outputs > 1)) * size.outputs


def _kernel_cost(size: Size) -> float:
    return 1.0 + 2.5e-7 * size.rows**2


def _forest_cost(size: Size) -> float:
    return 1.0 + 4e-5 * size.rows * size.columns**0.5 * 1.5


def _network_cost(size: Size) -> float:
    return 2.0 + 2.5e-5 * size.rows * (size.wide_columns + 100) / 2


def _sklearn(
    name: str, title: str, problems: tuple[str, ...], params: Mapping[str, Any], cost: Any
) -> Estimator:
    predict = _VALUES if problems == VALUES else _CHANCES
    fit = f"fit_{name}(X, y, PARAMS, SEED)"
    return Estimator(title, problems, "sklearn_models", fit, predict, {"params": params}, cost)


_FOREST = {"n_estimators": 300, "min_samples_leaf": 2, "max_features": 0.5}

ESTIMATORS: dict[str, Estimator] = {
    "lightgbm": Estimator(
        "LightGBM",
        CLASSES + VALUES,
        "boosting",
        "fit_lightgbm(X, y, X_valid, y_valid, PARAMS, ROUNDS, PATIENCE, SEED, seconds)",
        "predict_lightgbm(model, X)",
        {"params": _BOOSTED, "rounds": 2000, "patience": 60},
        _boosted_cost,
    ),
    "ridge": _sklearn(
        "ridge",
        "ridge regression",
        VALUES,
        {"alphas": [0.1, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0]},
        _linear_cost,
    ),
    "elastic_net": _sklearn(
        "elastic_net", "elastic net", VALUES, {"l1_ratio": 0.7, "alphas": 40, "eps": 1e-3}, _linear_cost
    ),
    "kernel_ridge": _sklearn(
        "kernel_ridge",
        "kernel ridge regression",
        VALUES,
        {"kernel": "polynomial", "degree": 2, "alpha": 1.0, "coef0": 2.5},
        _kernel_cost,
    ),
    "support_vectors": _sklearn(
        "support_vectors",
        "support vector regression",
        VALUES,
        {"C": 3.0, "epsilon": 0.05, "gamma": "auto"},
        _kernel_cost,
    ),
    "logistic": _sklearn("logistic", "logistic regression", CLASSES, {"C": 0.3}, _linear_cost),
    "discriminant": _sklearn(
        "discriminant",
        "linear discriminant analysis",
        CLASSES,
        {"solver": "lsqr", "shrinkage": "auto"},
        _linear_cost,
    ),
    "kernel_logistic": Estimator(
        "kernel logistic regression",
        CLASSES,
        "sklearn_models",
        "fit_kernel_logistic(X, y, PARAMS, PENALTY, SEED)",
        _CHANCES,
        {"params": {"n_components": 300, "gamma": None}, "penalty": 0.01},
        _linear_cost,
    ),
    "extra_trees_classifier": _sklearn(
        "extra_trees_classifier", "extra trees", CLASSES, _FOREST, _forest_cost
    ),
    "extra_trees_regressor": _sklearn("extra_trees_regressor", "extra trees", VALUES, _FOREST, _forest_cost),
    "forest_classifier": _sklearn("forest_classifier", "random forest", CLASSES, _FOREST, _forest_cost),
    "forest_regressor": _sklearn("forest_regressor", "random forest", VALUES, _FOREST, _forest_cost),
    "network_classifier": _sklearn(
        "network_classifier",
        "small neural network",
        CLASSES,
        {"hidden_layer_sizes": [64, 32], "alpha": 1e-3},
        _network_cost,
    ),
    "network_regressor": _sklearn(
        "network_regressor",
        "small neural network",
        VALUES,
        {"hidden_layer_sizes": [64, 32], "alpha": 1e-3},
        _network_cost,
    ),
}
