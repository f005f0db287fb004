"""Estimators on features of images: how each is called in a script, what it starts with, what it costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_CLASSES = ("binary", "multiclass")
_VALUES = ("regression",)
_CHANCES = "class_probabilities(model, X, CLASS_COUNT)"
_BOOSTED = {
    "learning_rate": 0.1, "num_leaves": 15, "min_child_samples": 20, "colsample_bytree": 0.3,
    "subsample": 0.8, "subsample_freq": 1, "reg_lambda": 1.0,
}  # fmt: skip


@dataclass(frozen=True)
class ImageEstimator:
    """``features`` is an expression over ``images``; ``fit`` and ``predict`` are over X, y and the settings.

    Of ``options`` those in the script's settings are ``params``, ``rounds``, ``patience``,
    ``penalty`` and ``trees``. ``cost`` gives CPU seconds of five folds from rows and outputs.
    """

    title: str
    problems: tuple[str, ...]
    features: str
    parts: tuple[str, ...]
    fit: str
    predict: str
    cost: Callable[[int, int], float]
    options: Mapping[str, Any] = field(default_factory=dict)


_DESCRIBED = "describe_images(images)"
_SKLEARN = ("image_features", "image_models", "sklearn_models")

ESTIMATORS: dict[str, ImageEstimator] = {
    "boosted": ImageEstimator(
        "LightGBM on gradients and colours",
        (*_CLASSES, *_VALUES),
        _DESCRIBED,
        ("image_features", "boosting"),
        "fit_lightgbm(X, y, X_valid, y_valid, PARAMS, ROUNDS, PATIENCE, SEED, seconds)",
        "predict_lightgbm(model, X)",
        lambda rows, outputs: 0.5 + 1.1e-3 * rows * outputs**0.9,
        {"params": _BOOSTED, "rounds": 150, "patience": 25},
    ),
    "logistic": ImageEstimator(
        "logistic regression on gradients and colours",
        _CLASSES,
        _DESCRIBED,
        _SKLEARN,
        "fit_image_logistic(X, y, PENALTY)",
        _CHANCES,
        lambda rows, outputs: 0.5 + 6e-4 * rows * (1 + 0.4 * outputs),
        {"penalty": 0.01},
    ),
    "svm": ImageEstimator(
        "a support vector machine on gradients and colours",
        _CLASSES,
        _DESCRIBED,
        _SKLEARN,
        "fit_image_svm(X, y, PENALTY)",
        _CHANCES,
        lambda rows, outputs: 0.5 + 4.5e-7 * rows**2 * min(outputs, 4),
        {"penalty": 3.0},
    ),
    "forest": ImageEstimator(
        "extremely randomised trees on gradients and colours",
        _CLASSES,
        _DESCRIBED,
        _SKLEARN,
        "fit_image_forest(X, y, TREES, SEED, classify=True)",
        _CHANCES,
        lambda rows, outputs: 1.0 + 2.4e-3 * rows,
        {"trees": 200},
    ),
    "pixel_svm": ImageEstimator(
        "a support vector machine on shifted pixels",
        _CLASSES,
        "thumbnails(images)",
        _SKLEARN,
        "fit_shifted_svm(X, y, PENALTY, SIDE)",
        _CHANCES,
        lambda rows, outputs: 0.5 + 3e-6 * rows**2,
        {"penalty": 10.0},
    ),
    "ridge": ImageEstimator(
        "ridge regression on gradients and colours",
        _VALUES,
        _DESCRIBED,
        _SKLEARN,
        "fit_image_ridge(X, y)",
        "predicted_values(model, X)",
        lambda rows, outputs: 0.5 + 3e-4 * rows * outputs,
    ),
    "svr": ImageEstimator(
        "support vector regression on gradients and colours",
        _VALUES,
        _DESCRIBED,
        _SKLEARN,
        "fit_image_svr(X, y, PENALTY)",
        "predicted_values(model, X)",
        lambda rows, outputs: 0.5 + 3e-7 * rows**2 * outputs,
        {"penalty": 1.0},
    ),
    "forest_values": ImageEstimator(
        "extremely randomised trees on gradients and colours",
        _VALUES,
        _DESCRIBED,
        _SKLEARN,
        "fit_image_forest(X, y, TREES, SEED, classify=False)",
        "predicted_values(model, X)",
        lambda rows, outputs: 1.0 + 4e-3 * rows * outputs,
        {"trees": 200},
    ),
}
