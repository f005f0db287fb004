"""Linear models for sparse text features.

Each ``fit_...`` takes a sparse matrix and the target (class codes or values) and returns a model.
"""

# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportReturnType=false
# pyright: reportCallIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false, reportOptionalSubscript=false
# (pandas' and scikit-learn's own annotations are narrower than what they accept and return.)

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import ComplementNB


def fit_sparse_logistic(X: sparse.csr_matrix, y: np.ndarray, params: dict[str, Any]) -> LogisticRegression:
    """Logistic regression on a sparse matrix."""
    return LogisticRegression(max_iter=200, **params).fit(X, y)


def fit_complement_bayes(X: sparse.csr_matrix, y: np.ndarray, params: dict[str, Any]) -> ComplementNB:
    """Complement naive Bayes (Rennie et al. 2003)."""
    return ComplementNB(**params).fit(X, y)


def fit_sparse_ridge(X: sparse.csr_matrix, y: np.ndarray, params: dict[str, Any]) -> Ridge:
    """Ridge regression on a sparse matrix."""
    return Ridge(solver="sparse_cg", **params).fit(X, y)


def fit_bayes_logistic(X: sparse.csr_matrix, y: np.ndarray, params: dict[str, Any]) -> dict[str, Any]:
    """Logistic regression on presence scaled by naive Bayes' log-count ratios (Wang and Manning 2012).

    A two-class model for each class against the rest; with two classes, for the second alone.
    """
    found = []
    for code in np.unique(y)[1:] if len(np.unique(y)) == 2 else np.unique(y):
        inside = (y == code).astype(int)
        here = 1.0 + np.asarray(X[inside == 1].sum(axis=0)).ravel()
        there = 1.0 + np.asarray(X[inside == 0].sum(axis=0)).ravel()
        ratio = np.log(here / here.sum()) - np.log(there / there.sum())
        model = LogisticRegression(max_iter=200, **params).fit(X.multiply(ratio).tocsr(), inside)
        found.append((int(code), ratio, model))
    return {"models": found}


def predict_bayes_logistic(model: dict[str, Any], X: sparse.csr_matrix, classes: int) -> np.ndarray:
    """Probability of the positive class (n,), or of all classes (n, k) scaled to sum to one."""
    chances = np.zeros((X.shape[0], classes))
    for code, ratio, one in model["models"]:
        chances[:, code] = one.predict_proba(X.multiply(ratio).tocsr())[:, 1]
    return chances[:, 1] if classes == 2 else chances / chances.sum(axis=1, keepdims=True)
