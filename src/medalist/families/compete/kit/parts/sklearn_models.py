"""Estimators of scikit-learn behind their encoders: linear models, kernels, forests, networks.

Each ``fit_...`` takes training features (as ``kit/parts/columns.py`` makes them) and the target
(class codes or values) and returns a fitted pipeline.
"""

# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportReturnType=false
# pyright: reportCallIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false, reportOptionalSubscript=false
# (pandas' and scikit-learn's own annotations are narrower than what they accept and return.)

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import TransformedTargetRegressor
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import ElasticNetCV, LogisticRegression, RidgeCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from medalist.families.compete.kit.parts.encoding import codes_and_medians, one_hot_and_scaled
from medalist.families.compete.kit.parts.reading import thread_count


def fit_logistic(X: pd.DataFrame, y: np.ndarray, params: dict[str, Any], seed: int) -> Pipeline:
    """Logistic regression on one-hot names and scaled numbers."""
    encoder = one_hot_and_scaled(X, values=False, seed=seed)
    return make_pipeline(encoder, LogisticRegression(max_iter=300, **params)).fit(X, y)


def fit_kernel_logistic(X: pd.DataFrame, y: np.ndarray, params: dict[str, Any], seed: int) -> Pipeline:
    """Logistic regression in an approximated RBF kernel (Nystroem; Williams and Seeger 2001).

    ``params``: spread (gamma times the number of encoded columns), components, C.
    """
    encoder = one_hot_and_scaled(X, values=False, seed=seed)
    encoded = encoder.fit_transform(X, y)
    components = min(len(X), params["components"])
    kernel = Nystroem(gamma=params["spread"] / encoded.shape[1], n_components=components, random_state=seed)
    model = make_pipeline(kernel, StandardScaler(), LogisticRegression(C=params["C"], max_iter=300))
    return make_pipeline(encoder, model.fit(encoded, y))


def fit_discriminant(X: pd.DataFrame, y: np.ndarray, params: dict[str, Any], seed: int) -> Pipeline:
    """Linear discriminant analysis with a shrunken covariance (Ledoit and Wolf 2004)."""
    encoder = one_hot_and_scaled(X, values=False, seed=seed)
    return make_pipeline(encoder, LinearDiscriminantAnalysis(**params)).fit(X, y)


def fit_ridge(X: pd.DataFrame, y: np.ndarray, params: dict[str, Any], seed: int) -> Pipeline:
    """Ridge regression; the penalty is chosen by leave-one-out within the training rows."""
    encoder = one_hot_and_scaled(X, values=True, seed=seed)
    return make_pipeline(encoder, RidgeCV(**params)).fit(X, y)


def fit_elastic_net(X: pd.DataFrame, y: np.ndarray, params: dict[str, Any], seed: int) -> Pipeline:
    """Elastic net (Zou and Hastie 2005); the penalty is chosen within the training rows."""
    model = ElasticNetCV(cv=4, random_state=seed, n_jobs=1, **params)
    on_scaled_target = TransformedTargetRegressor(model, transformer=StandardScaler())
    encoder = one_hot_and_scaled(X, values=True, seed=seed)
    return make_pipeline(encoder, on_scaled_target).fit(X, y)


def fit_support_vectors(X: pd.DataFrame, y: np.ndarray, params: dict[str, Any], seed: int) -> Pipeline:
    """Support vector regression with an RBF kernel on the scaled target.

    ``params``: spread (gamma times the number of encoded columns), C, epsilon.
    """
    encoder = one_hot_and_scaled(X, values=True, seed=seed)
    encoded = encoder.fit_transform(X, y)
    machine = SVR(gamma=params["spread"] / encoded.shape[1], C=params["C"], epsilon=params["epsilon"])
    model = TransformedTargetRegressor(machine, transformer=StandardScaler())
    return make_pipeline(encoder, model.fit(encoded, y))


def fit_forest_classifier(X: pd.DataFrame, y: np.ndarray, params: dict[str, Any], seed: int) -> Pipeline:
    """A random forest (Breiman 2001) on codes and medians."""
    model = RandomForestClassifier(random_state=seed, n_jobs=thread_count(), **params)
    return make_pipeline(codes_and_medians(X), model).fit(X, y)


def fit_forest_regressor(X: pd.DataFrame, y: np.ndarray, params: dict[str, Any], seed: int) -> Pipeline:
    """A random forest (Breiman 2001) on codes and medians."""
    model = RandomForestRegressor(random_state=seed, n_jobs=thread_count(), **params)
    return make_pipeline(codes_and_medians(X), model).fit(X, y)


def fit_extra_trees_classifier(X: pd.DataFrame, y: np.ndarray, params: dict[str, Any], seed: int) -> Pipeline:
    """Extremely randomised trees (Geurts et al. 2006) on codes and medians."""
    model = ExtraTreesClassifier(random_state=seed, n_jobs=thread_count(), **params)
    return make_pipeline(codes_and_medians(X), model).fit(X, y)


def fit_extra_trees_regressor(X: pd.DataFrame, y: np.ndarray, params: dict[str, Any], seed: int) -> Pipeline:
    """Extremely randomised trees (Geurts et al. 2006) on codes and medians."""
    model = ExtraTreesRegressor(random_state=seed, n_jobs=thread_count(), **params)
    return make_pipeline(codes_and_medians(X), model).fit(X, y)


def fit_network_classifier(X: pd.DataFrame, y: np.ndarray, params: dict[str, Any], seed: int) -> Pipeline:
    """A small neural network on one-hot names and scaled numbers."""
    model = MLPClassifier(random_state=seed, **params)
    encoder = one_hot_and_scaled(X, values=False, seed=seed)
    return make_pipeline(encoder, model).fit(X, y)


def fit_network_regressor(X: pd.DataFrame, y: np.ndarray, params: dict[str, Any], seed: int) -> Pipeline:
    """A small neural network on one-hot names and scaled numbers."""
    model = MLPRegressor(random_state=seed, **params)
    on_scaled_target = TransformedTargetRegressor(model, transformer=StandardScaler())
    encoder = one_hot_and_scaled(X, values=True, seed=seed)
    return make_pipeline(encoder, on_scaled_target).fit(X, y)


def class_probabilities(model: Any, X: Any, classes: int) -> np.ndarray:
    """Probability of the positive class (n,), or of all classes (n, k) where there are more than two.

    A class that was missing from the training rows gets nought.
    """
    found = model.predict_proba(X)
    full = np.zeros((len(found), classes))
    full[:, model.classes_.astype(int)] = found
    return full[:, 1] if classes == 2 else full


def predicted_values(model: Any, X: Any) -> np.ndarray:
    """Values, float (n,)."""
    return np.asarray(model.predict(X), dtype=float)
