"""Metrics against scikit-learn, SciPy and values worked out by hand; and metrics found in words."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics as sk

from medalist.families.compete.metrics import find_metric, metric_in_text

RANDOM = np.random.default_rng(3)
CODES, GUESSES = RANDOM.integers(0, 4, 300), RANDOM.integers(0, 4, 300)
BINARY, SCORES = RANDOM.integers(0, 2, 300), RANDOM.random(300).round(2)  # rounded, so that there are ties
SHARES = RANDOM.dirichlet(np.ones(4), 300)
VALUES, NEAR = RANDOM.uniform(1, 9, 300), RANDOM.uniform(1, 9, 300)
TABLE, NEAR_TABLE = RANDOM.uniform(1, 9, (300, 3)), RANDOM.uniform(1, 9, (300, 3))
LABELS = (RANDOM.random((300, 4)) < 0.4).astype(int)
LABELS[LABELS.sum(axis=1) == 0, 1] = 1
GUESSED_LABELS = (RANDOM.random((300, 4)) < 0.4).astype(int)
LABEL_SCORES = RANDOM.random((300, 4))


@pytest.mark.parametrize(
    ("name", "reference", "truth", "prediction"),
    [
        ("accuracy", sk.accuracy_score, CODES, GUESSES),
        ("balanced_accuracy", sk.balanced_accuracy_score, CODES, GUESSES),
        ("f1", sk.f1_score, BINARY, (SCORES > 0.5).astype(int)),
        ("f1_macro", lambda y, p: sk.f1_score(y, p, average="macro"), CODES, GUESSES),
        ("f1_micro", lambda y, p: sk.f1_score(y, p, average="micro"), CODES, GUESSES),
        ("f1_weighted", lambda y, p: sk.f1_score(y, p, average="weighted"), CODES, GUESSES),
        ("mcc", sk.matthews_corrcoef, CODES, GUESSES),
        ("kappa", sk.cohen_kappa_score, CODES, GUESSES),
        ("qwk", lambda y, p: sk.cohen_kappa_score(y, p, weights="quadratic"), CODES, GUESSES),
        ("roc_auc", sk.roc_auc_score, BINARY, SCORES),
        ("roc_auc", lambda y, p: sk.roc_auc_score(y, p, multi_class="ovr"), CODES, SHARES),
        ("average_precision", sk.average_precision_score, BINARY, SCORES),
        ("log_loss", sk.log_loss, CODES, SHARES),
        ("log_loss", sk.log_loss, BINARY, SCORES * 0.9 + 0.05),
        ("brier", sk.brier_score_loss, BINARY, SCORES),
        ("mean_columnwise_roc_auc", sk.roc_auc_score, LABELS, LABEL_SCORES),
        ("lwlrap", None, LABELS, LABEL_SCORES),
        ("f1_samples", lambda y, p: sk.f1_score(y, p, average="samples"), LABELS, GUESSED_LABELS),
        ("f1_micro_multilabel", lambda y, p: sk.f1_score(y, p, average="micro"), LABELS, GUESSED_LABELS),
        ("f1_macro_multilabel", lambda y, p: sk.f1_score(y, p, average="macro"), LABELS, GUESSED_LABELS),
        ("hamming_loss", sk.hamming_loss, LABELS, GUESSED_LABELS),
        ("rmse", sk.root_mean_squared_error, VALUES, NEAR),
        ("mse", sk.mean_squared_error, TABLE, NEAR_TABLE),
        ("mae", sk.mean_absolute_error, TABLE, NEAR_TABLE),
        ("median_absolute_error", sk.median_absolute_error, VALUES, NEAR),
        ("rmsle", sk.root_mean_squared_log_error, VALUES, NEAR),
        ("msle", sk.mean_squared_log_error, VALUES, NEAR),
        ("mape", sk.mean_absolute_percentage_error, VALUES, NEAR),
        ("r2", sk.r2_score, TABLE, NEAR_TABLE),
        ("pearson", lambda y, p: scipy.stats.pearsonr(y, p)[0], VALUES, NEAR),
        ("spearman", lambda y, p: scipy.stats.spearmanr(y, p)[0], VALUES.round(), NEAR.round()),
        ("mcrmse", sk.root_mean_squared_error, TABLE, NEAR_TABLE),
    ],
)
def test_values_agree_with_the_libraries(name, reference, truth, prediction):
    if reference is None:
        weights = truth.sum(axis=1)
        expected = sk.label_ranking_average_precision_score(truth, prediction, sample_weight=weights)
    else:
        expected = reference(truth, prediction)
    assert find_metric(name).score(truth, prediction) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "truth", "prediction", "expected"),
    [
        ("map@3", ["a", "b", "c"], ["a b c", "a b c", "x y z"], (1 + 1 / 2 + 0) / 3),
        ("map@5", ["a c"], ["a b c"], (1 + 2 / 3) / 2),
        ("map@5", ["a"], ["b b a"], 1 / 2),
        ("jaccard", ["the quick fox"], ["The fox"], 2 / 3),
        ("levenshtein", ["kitten", "abc"], ["sitting", "abc"], 1.5),
        ("normalized_levenshtein", ["1 2 3 4"], ["1 3 4"], 0.25),
        ("kendall_tau", ["a b c d"], ["a b d c"], 1 - 4 / 12),
        ("smape", [100.0, 0.0], [50.0, 0.0], 200 * (50 / 150) / 2),
        ("rmspe", [2.0, 0.0, 4.0], [1.0, 9.0, 4.0], math.sqrt(0.125)),
        ("log_mae", [1.0, 2.0], [2.0, 3.0], 0.0),
        ("gini", [0, 1, 1], [0.1, 0.5, 0.9], 1.0),
        ("error_rate", ["a", "b"], ["a", "c"], 0.5),
        ("kl_divergence", [[0.5, 0.5]], [[0.25, 0.75]], 0.5 * math.log(2) + 0.5 * math.log(2 / 3)),
        ("columnwise_rmsle", [[0.0, 1.0]], [[math.e - 1, 1.0]], 0.5),
        ("angular_error", [[0.0, math.pi / 2]], [[math.pi / 2, math.pi / 2]], math.pi / 2),
        ("laplace_log_likelihood", [2000.0], [[2000.0, 70.0]], -math.log(math.sqrt(2) * 70)),
        (
            "laplace_log_likelihood",
            [0.0],
            [[5000.0, 100.0]],
            -math.sqrt(2) * 10 - math.log(math.sqrt(2) * 100),
        ),
        ("mean_columnwise_log_loss", [[1, 0]], [[0.5, 0.5]], math.log(2)),
        ("probabilistic_f1", [1, 0], [0.5, 0.5], 0.5),
        ("alaska_weighted_auc", [0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], 1.0),
        ("alaska_weighted_auc", [0, 1], [0.5, 0.5], (2 * 0.4 * 0.8 + 0.6 * 0.3) / 1.4),
    ],
)
def test_values_worked_out_by_hand(name, truth, prediction, expected):
    as_given = prediction if isinstance(prediction[0], str) else np.array(prediction)
    assert find_metric(name).score(truth, as_given) == pytest.approx(expected)


def test_probabilities_are_rescaled_to_sum_to_one_and_clipped():
    log_loss = find_metric("log_loss")
    assert log_loss.score([0, 1], np.array([[2.0, 2.0], [1.0, 3.0]])) == pytest.approx(
        -(math.log(0.5) + math.log(0.75)) / 2
    )
    assert math.isfinite(log_loss.score([0, 1], np.array([0.0, 0.0])))


@pytest.mark.parametrize(
    ("name", "truth", "prediction", "why"),
    [
        ("roc_auc", [1, 1], [0.2, 0.3], "one class"),
        ("rmsle", [1.0], [-3.0], "above -1"),
        ("qwk", [1, 2], [1.5, 2.0], "whole numbers"),
        ("f1", [0, 1, 2], [0, 1, 2], "two classes"),
        ("log_loss", [0, 1], [[0.0, 0.0], [0.5, 0.5]], "sum to zero"),
        ("log_loss", [0, 1], [-0.1, 0.5], "below 0"),
        ("r2", [1.0, 1.0], [1.0, 1.0], "constant"),
        ("kl_divergence", [[0.5, 0.5]], [[0.5, 0.9]], "sum to one"),
        ("hamming_loss", [[0, 1]], [[0.5, 1]], "0 or 1"),
    ],
)
def test_what_cannot_be_scored_says_why(name, truth, prediction, why):
    with pytest.raises(ValueError, match=why):
        find_metric(name).score(truth, np.array(prediction))


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        ("Submissions are evaluated on area under the ROC curve between ...", "roc_auc"),
        ("Root-Mean-Squared-Error (RMSE) between the logarithm of the predicted value and ...", "rmsle"),
        ("The evaluation metric is Root Mean Squared Logarithmic Error.", "rmsle"),
        ("scored based on the quadratic weighted kappa", "qwk"),
        ("submissions are scored on multi-class logarithmic loss", "log_loss"),
        ("evaluated according to the Mean Average Precision @ 5 (MAP@5)", "map@5"),
        ("scored on the mean column-wise ROC AUC", "mean_columnwise_roc_auc"),
        ("scored using MCRMSE, mean columnwise root mean squared error", "mcrmse"),
        ("F1 of the positive class between predicted and true labels", "f1"),
        ("evaluated using macro F1 score", "f1_macro"),
        ("categorization accuracy of your predictions", "accuracy"),
        ("the symmetric mean absolute percentage error", "smape"),
        ("mean absolute error between", "mae"),
        ("the Pearson correlation coefficient", "pearson"),
        ("Gather ten objects.", ""),
        (
            "# About\nAn accuracy of 95% was reached before.\n# Evaluation\nSubmissions are scored on log loss.",
            "log_loss",
        ),
    ],
)
def test_the_metric_is_found_in_a_description(text, metric):
    assert metric_in_text(text)[0] == metric
