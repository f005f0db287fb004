"""Estimators on features of images: linear, kernel, trees; each fitted on a fold's training rows alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from medalist.families.compete.kit.parts.image_features import shifted_copies
from medalist.families.compete.kit.parts.reading import thread_count


def fit_image_logistic(X: np.ndarray, y: np.ndarray, C: float) -> Pipeline:
    """Logistic regression on scaled features."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=200)).fit(X, y)


def fit_image_ridge(X: np.ndarray, y: np.ndarray) -> Pipeline:
    """Ridge regression on scaled features; the penalty is chosen by leave-one-out."""
    return make_pipeline(StandardScaler(), RidgeCV(np.logspace(0, 5, 11))).fit(X, y)


def fit_image_svm(X: np.ndarray, y: np.ndarray, C: float) -> Any:
    """A support vector classifier with an RBF kernel, its margins turned into probabilities (Platt 1999)."""
    model = make_pipeline(StandardScaler(), SVC(C=C, cache_size=500))
    return calibrated(model, 3).fit(X, y)


def calibrated(model: Any, splits: Any) -> Any:
    """A classifier whose margins become probabilities by a sigmoid fitted on held-out training rows."""
    options: dict[str, Any] = {"ensemble": False, "cv": splits}
    return CalibratedClassifierCV(model, **options)


def fit_image_svr(X: np.ndarray, y: np.ndarray, C: float) -> Pipeline:
    """Support vector regression with an RBF kernel on the leading components."""
    scale = float(np.std(y)) or 1.0
    components = PCA(min(100, *X.shape), random_state=0)
    return make_pipeline(StandardScaler(), components, SVR(C=C * scale, epsilon=0.1 * scale)).fit(X, y)


def fit_image_forest(X: np.ndarray, y: np.ndarray, trees: int, seed: int, classify: bool) -> Any:
    """Extremely randomised trees (Geurts et al. 2006)."""
    shared: dict[str, Any] = {"n_estimators": trees, "random_state": seed, "n_jobs": thread_count()}
    if classify:
        return ExtraTreesClassifier(**shared).fit(X, y)
    return ExtraTreesRegressor(min_samples_leaf=3, max_features=0.2, **shared).fit(X, y)


def fit_shifted_svm(X: np.ndarray, y: np.ndarray, C: float, side: int) -> Any:
    """An RBF support vector classifier on pixels (n, side * side * c), trained on shifted copies as well.

    One pixel in each direction: the virtual support vectors of DeCoste and Schoelkopf (2002).
    """
    images = X.reshape(len(X), side, side, -1)
    grown = np.concatenate([X, shifted_copies(images).reshape(4 * len(X), -1)])
    rows = np.tile(np.arange(len(X)), 5)  # copies of an image stay together
    model = make_pipeline(PCA(min(60, *X.shape), random_state=0), SVC(C=C, cache_size=500))
    splits = list(GroupKFold(3).split(grown, groups=rows))
    return calibrated(model, splits).fit(grown, y[rows])
