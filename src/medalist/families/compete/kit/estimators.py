"""The estimators for tables: how each is called in a script, what it starts with, what it costs.

Costs are CPU seconds of five folds, fitted to measurements on one core; they plan, they never judge.
Starting values follow the size of the table: small or wide ones get shallow trees that see few
columns each, which on a few hundred rows is worth more than any tuning.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log2
from typing import Any

CLASSES = ("binary", "multiclass")
VALUES = ("regression",)
_ABSOLUTE = ("mae", "median_absolute_error", "mape", "smape", "log_mae")


@dataclass(frozen=True)
class Size:
    """What settings and costs depend on: rows, feature columns, columns once names are one-hot.

    ``outputs`` is how many models' worth of work a fit is: classes of a multi-class problem, or targets.
    """

    rows: int
    columns: int
    encoded_columns: int
    outputs: int

    @property
    def small(self) -> bool:
        return self.rows < 3000

    @property
    def wide(self) -> bool:
        return self.columns > 40


@dataclass(frozen=True)
class Estimator:
    """``fit`` and ``predict`` are expressions over X, y, X_valid, y_valid, seconds and the settings.

    ``part`` is the module of ``kit/parts`` that defines the functions they call; ``options`` and
    ``cost`` depend on the size of the task; ``package`` is what must be installed.
    """

    title: str
    problems: tuple[str, ...]
    part: str
    fit: str
    predict: str
    options: Callable[[Size], dict[str, Any]]
    cost: Callable[[Size], float]
    package: str = ""


def objective(name: str, problem: str, metric: str, classes: int) -> dict[str, Any]:
    """The boosting library's own words for what it shall minimise; empty for other estimators."""
    if name == "lightgbm":
        words = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}
        extra = {"num_class": classes} if problem == "multiclass" else {}
        absolute = problem == "regression" and metric in _ABSOLUTE
        return {"objective": "regression_l1" if absolute else words[problem], **extra}
    if name == "xgboost":
        words = {
            "binary": "binary:logistic",
            "multiclass": "multi:softprob",
            "regression": "reg:squarederror",
        }
        return {"objective": words[problem], **({"num_class": classes} if problem == "multiclass" else {})}
    if name == "catboost":
        words = {"binary": "Logloss", "multiclass": "MultiClass", "regression": "RMSE"}
        return {"loss_function": words[problem]}
    return {}


def _lightgbm_options(size: Size) -> dict[str, Any]:
    leaves = 8 if size.small else 15 if size.rows < 20_000 else 31 if size.rows < 60_000 else 63
    params = {
        "learning_rate": _learning_rate(size),
        "num_leaves": leaves,
        "min_child_samples": 10 if size.small else 20,
        "colsample_bytree": 0.3 if size.wide else 0.6,
        "subsample": 0.8,
        "subsample_freq": 1,
        "reg_lambda": 1.0,
    }
    return {"params": params, "rounds": 3000, "patience": 60 if size.outputs <= 3 else 20}


def _xgboost_options(size: Size) -> dict[str, Any]:
    params = {
        "learning_rate": 1.5 * _learning_rate(size),
        "max_depth": 3 if size.small else 5 if size.rows < 60_000 else 7,
        "min_child_weight": 1 if size.small else 3,
        "colsample_bytree": 0.3 if size.wide else 0.6,
        "subsample": 0.8,
        "reg_lambda": 2.0,
        "max_bin": 64,
    }
    return {"params": params, "rounds": 3000, "patience": 60 if size.outputs <= 3 else 20}


def _catboost_options(size: Size) -> dict[str, Any]:
    params = {
        "learning_rate": 0.2 if size.outputs > 3 else 0.06 if size.small else 0.1,
        "depth": 4 if size.small else 6,
        "rsm": 0.3 if size.wide else 0.6,
    }
    return {"params": params, "rounds": 2000, "patience": 60 if size.outputs <= 3 else 20}


def _learning_rate(size: Size) -> float:
    """Slow enough to gain from it, fast where many classes make every round dear."""
    return 0.04 if size.outputs <= 3 else 0.1


def _tree_cost(size: Size, leaves: int, rounds: float, per_cell: float) -> float:
    trees = 5 * rounds * size.outputs
    return 0.6 + trees * (4e-4 + per_cell * size.rows * size.columns * log2(leaves))


def _lightgbm_cost(size: Size) -> float:
    return _tree_cost(size, _lightgbm_options(size)["params"]["num_leaves"], 10 / _learning_rate(size), 3e-9)


def _xgboost_cost(size: Size) -> float:
    return _tree_cost(size, 16, 8 / _learning_rate(size), 2e-9)


def _catboost_cost(size: Size) -> float:
    rounds, per_cell = (200, 1.5e-9) if size.outputs <= 3 else (150, 4e-9)
    return 1.0 + _tree_cost(size, 64, rounds, per_cell)


def _linear_cost(size: Size) -> float:
    return 0.8 + 1.2e-7 * size.rows * size.encoded_columns * (3 + 4 * size.outputs)


def _solved_cost(size: Size) -> float:
    return 0.8 + 5e-9 * size.rows * size.encoded_columns**2 + 3e-6 * size.rows * size.encoded_columns


def _kernel_cost(size: Size) -> float:
    return 0.8 + 8e-9 * size.rows**2 * (size.encoded_columns + 10) + 1e-6 * size.rows * size.encoded_columns


def _forest_cost(size: Size) -> float:
    return 0.8 + 4e-6 * size.rows * size.columns * log2(size.rows + 2) / 2


def _network_cost(size: Size) -> float:
    return 0.8 + 5e-7 * size.rows * (size.encoded_columns + 60)


_FOREST = {"n_estimators": 150, "min_samples_leaf": 2, "max_features": 0.4}
_NETWORK = {
    "hidden_layer_sizes": [64, 32],
    "alpha": 1.0,
    "learning_rate_init": 3e-3,
    "batch_size": 128,
    "max_iter": 12,
}


def _boosted(title: str, name: str, options: Any, cost: Any, predict: str, problems: Any) -> Estimator:
    fit = f"fit_{name}(X, y, X_valid, y_valid, PARAMS, ROUNDS, PATIENCE, SEED, seconds)"
    return Estimator(title, problems, "boosting", fit, predict, options, cost, name)


def _sklearn(
    title: str, name: str, problems: tuple[str, ...], params: dict[str, Any], cost: Any
) -> Estimator:
    predict = (
        "predicted_values(model, X)" if problems == VALUES else "class_probabilities(model, X, CLASS_COUNT)"
    )
    fit = f"fit_{name}(X, y, PARAMS, SEED)"
    return Estimator(title, problems, "sklearn_models", fit, predict, lambda size: {"params": params}, cost)


_PENALTIES = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0]
_BOTH = CLASSES + VALUES

ESTIMATORS: dict[str, Estimator] = {
    "lightgbm": _boosted(
        "LightGBM", "lightgbm", _lightgbm_options, _lightgbm_cost, "predict_lightgbm(model, X)", _BOTH
    ),
    "xgboost": _boosted(
        "XGBoost", "xgboost", _xgboost_options, _xgboost_cost, "predict_xgboost(model, X)", _BOTH
    ),
    "catboost": _boosted(
        "CatBoost",
        "catboost",
        _catboost_options,
        _catboost_cost,
        "predict_catboost(model, X, CLASS_COUNT)",
        _BOTH,
    ),
    "ridge": _sklearn("ridge regression", "ridge", VALUES, {"alphas": _PENALTIES}, _solved_cost),
    "elastic_net": _sklearn(
        "elastic net", "elastic_net", VALUES, {"l1_ratio": 0.5, "alphas": 30, "eps": 3e-3}, _solved_cost
    ),
    "support_vectors": _sklearn(
        "support vector regression",
        "support_vectors",
        VALUES,
        {"C": 3.0, "epsilon": 0.05, "spread": 0.5},
        _kernel_cost,
    ),
    "logistic": _sklearn("logistic regression", "logistic", CLASSES, {"C": 0.3}, _linear_cost),
    "discriminant": _sklearn(
        "linear discriminant analysis",
        "discriminant",
        CLASSES,
        {"solver": "lsqr", "shrinkage": "auto"},
        _solved_cost,
    ),
    "kernel_logistic": _sklearn(
        "kernel logistic regression",
        "kernel_logistic",
        CLASSES,
        {"components": 400, "spread": 0.5, "C": 0.01},
        lambda size: _linear_cost(Size(size.rows, 400, 500, size.outputs)),
    ),
    "extra_trees_classifier": _sklearn(
        "extra trees", "extra_trees_classifier", CLASSES, _FOREST, _forest_cost
    ),
    "extra_trees_regressor": _sklearn("extra trees", "extra_trees_regressor", VALUES, _FOREST, _forest_cost),
    "forest_classifier": _sklearn("random forest", "forest_classifier", CLASSES, _FOREST, _forest_cost),
    "forest_regressor": _sklearn("random forest", "forest_regressor", VALUES, _FOREST, _forest_cost),
    "network_classifier": _sklearn(
        "small neural network", "network_classifier", CLASSES, _NETWORK, _network_cost
    ),
    "network_regressor": _sklearn(
        "small neural network", "network_regressor", VALUES, {**_NETWORK, "max_iter": 30}, _network_cost
    ),
}
