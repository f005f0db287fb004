"""The kit for texts, alone or beside table columns: TF-IDF with linear models, topics with trees.

Linear models get sparse words and characters; estimators for tables (``kit.tabular``) get latent
topics and statistics of the texts as ordinary columns.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from medalist.families.compete.facts import Facts
from medalist.families.compete.kit import tabular
from medalist.families.compete.kit.assemble import Setting
from medalist.families.compete.kit.estimators import CLASSES, VALUES
from medalist.families.compete.kit.features import build_features_code, feature_columns, feature_settings
from medalist.families.compete.kit.scripts import Pieces, outputs, working_problem, write_scripts
from medalist.families.compete.recipes import Recipe
from medalist.machine.hardware import Hardware

_CHANCES = "class_probabilities(model, X, CLASS_COUNT)"
_FITS = {
    # estimator: (title, problems, fit, predict)
    "sparse_logistic": ("logistic regression", CLASSES, "fit_sparse_logistic(X, y, PARAMS)", _CHANCES),
    "complement_bayes": ("complement naive Bayes", CLASSES, "fit_complement_bayes(X, y, PARAMS)", _CHANCES),
    "bayes_logistic": (
        "naive-Bayes logistic regression",
        CLASSES,
        "fit_bayes_logistic(X, y, PARAMS)",
        "predict_bayes_logistic(model, X, CLASS_COUNT)",
    ),
    "sparse_ridge": (
        "ridge regression",
        VALUES,
        "fit_sparse_ridge(X, y, PARAMS)",
        "predicted_values(model, X)",
    ),
}
_MATRICES = {
    "words": "word_matrix(text)",
    "characters": "character_matrix(text)",
    "presence": "presence_matrix(text)",
    "table": "table_matrix(build_table(table))",
}


def drafts(facts: Facts, hardware: Hardware, budget_seconds: float) -> list[Recipe]:
    """Recipes in the order to try them: words with a linear model first, then by value per CPU second."""
    if working_problem(facts) == "regression":
        plan = [
            ("sparse_ridge", ["words"], {"alpha": 1.0}),
            ("sparse_ridge", ["words", "characters", "table"], {"alpha": 1.0}),
            ("sparse_ridge", ["words", "characters"], {"alpha": 3.0}),
        ]
    else:
        plan = [
            ("sparse_logistic", ["words"], {"C": 3.0}),
            ("sparse_logistic", ["words", "characters"], {"C": 1.5}),
            ("bayes_logistic", ["presence"], {"C": 0.1}),
            ("sparse_logistic", ["words", "characters", "table"], {"C": 1.0}),
            ("complement_bayes", ["words"], {"alpha": 0.5}),
            ("bayes_logistic", ["words", "characters"], {"C": 1.0}),
        ]
    sparse = [_recipe(facts, name, matrices, params) for name, matrices, params in plan]
    return sparse + tabular.drafts(facts, hardware, budget_seconds)


def improve(facts: Facts, parent: Recipe, rng: random.Random) -> Recipe | None:
    """A weaker or stronger penalty, or other matrices."""
    options = dict(parent.options)
    if rng.random() < 0.7:
        name, value = next(iter(options["params"].items()))
        options["params"] = {**options["params"], name: round(value * rng.choice([0.33, 0.5, 2.0, 3.0]), 4)}
    else:
        usable = [m for m in _MATRICES if m != "table" or _has_table(facts)]
        changed = set(options["matrices"]) ^ {rng.choice(usable)}
        options["matrices"] = [m for m in _MATRICES if m in changed] or ["words"]
    return _recipe(facts, parent.estimator, options["matrices"], options["params"], parent.folds)


def scripts(facts: Facts, recipe: Recipe) -> dict[str, str]:
    """Stand-alone ``train.py`` and ``predict.py`` for this recipe."""
    _, _, fit, predict = _FITS[recipe.estimator]
    columns = feature_columns(facts)
    pieces = Pieces(
        features=_features_code(facts, recipe.options["matrices"], bool(columns.short)),
        fit=fit,
        predict=predict,
        parts=("columns", "groups", "texts", "sklearn_models", "text_models"),
        settings=(
            *feature_settings(facts),
            Setting("PARAMS", recipe.options["params"]),
        ),
    )
    return write_scripts(facts, recipe, pieces)


def _has_table(facts: Facts) -> bool:
    columns = feature_columns(facts)
    return bool(columns.numbers or columns.flags or columns.dates or columns.texts)


def _features_code(facts: Facts, matrices: Sequence[str], short: bool) -> str:
    lines = [
        "def build_features(table: pd.DataFrame) -> sparse.csr_matrix:",
        '    """Features of training and test rows alike; nothing here looks at the target."""',
        f"    text = joined_text(table[TEXTS]{', table[SHORT]' if short else ''})",
        f"    blocks = [{', '.join(_MATRICES[name] for name in matrices)}]",
        '    return sparse.hstack(blocks, format="csr")',
    ]
    if "table" not in matrices:
        return "\n".join(lines)
    table = build_features_code(facts, ("missing",)).replace("def build_features", "def build_table")
    return table + "\n\n\n" + "\n".join(lines)


def _recipe(facts: Facts, name: str, matrices: list[str], params: dict[str, Any], folds: int = 5) -> Recipe:
    title, _, _, _ = _FITS[name]
    options = {"matrices": matrices, "params": params}
    cost = 0.6 + facts.rows_train * (1.2e-4 + 4e-4 * ("characters" in matrices)) * (1 + 0.3 * outputs(facts))
    what = " and ".join(matrices)
    return Recipe(
        "text", name, options, folds=folds, title=f"{title} on {what}", expected_cpu_seconds=round(cost, 1)
    )
