"""The frame that every table and text script shares: settings, target, folds, training, submission.

A kit gives the pieces that differ (features, estimator); this module writes ``train.py`` and
``predict.py`` around them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from medalist.families.compete.delimited import is_json
from medalist.families.compete.facts import Facts
from medalist.families.compete.kit.assemble import LINES, Setting, assemble
from medalist.families.compete.recipes import Recipe

_METRIC_FUNCTIONS = {
    "qwk": "quadratic_kappa", "mcc": "matthews_correlation", "mcrmse": "mean_column_rmse",
    "mean_columnwise_roc_auc": "roc_auc", "mean_columnwise_log_loss": "log_loss", "msle": "rmsle",
    "columnwise_rmsle": "mean_column_rmsle", "kendall_tau": "kendall", "f1_micro_multilabel": "f1_micro",
    "f1_macro_multilabel": "f1_macro", "gini": "roc_auc",
}  # fmt: skip
_KNOWN_METRICS = (
    "accuracy", "error_rate", "balanced_accuracy", "f1", "f1_macro", "f1_micro", "f1_weighted", "roc_auc",
    "average_precision", "log_loss", "brier", "rmse", "mse", "rmsle", "mae", "median_absolute_error", "mape",
    "smape", "r2", "pearson", "spearman",
)  # fmt: skip
LOG_METRICS = ("rmsle", "msle", "columnwise_rmsle", "rmspe", "mape", "smape")
_RANKED_METRICS = ("qwk", "rmse", "mse", "mae", "spearman", "pearson", "kendall_tau", "r2")


@dataclass(frozen=True)
class Pieces:
    """What a kit adds to the frame.

    ``features`` is the source of ``build_features(table)``; ``fit`` and ``predict`` are expressions
    over X, y, X_valid, y_valid, seconds and settings; ``parts`` are the modules they come from.
    """

    features: str
    fit: str
    predict: str
    parts: tuple[str, ...]
    settings: tuple[Setting, ...]


def working_problem(facts: Facts) -> str:
    """What an estimator has to solve: binary, multiclass or regression (for each target in turn)."""
    if facts.problem == "multilabel":
        return "binary"
    if facts.problem == "ordinal":
        return "regression" if facts.metric in _RANKED_METRICS else "multiclass"
    return "regression" if facts.problem == "multiregression" else facts.problem


def never_negative(facts: Facts) -> bool:
    """Whether the target is known never to fall below nought."""
    return facts.target_minimum is not None and facts.target_minimum >= 0


def outputs(facts: Facts) -> int:
    """How many models' worth of work one fit is: classes of a multi-class problem, or targets."""
    if working_problem(facts) == "multiclass":
        return len(facts.classes)
    return max(1, len(facts.targets))


def write_scripts(facts: Facts, recipe: Recipe, pieces: Pieces) -> dict[str, str]:
    """``train.py`` and ``predict.py`` for this recipe, each complete in itself."""
    settings = [*common_settings(facts, recipe), *pieces.settings]
    common = ["reading", "other_tables", *pieces.parts, "postprocess", "training", "submission", LINES]
    predict_fold = predict_fold_source(facts, pieces)
    train_code = "\n\n\n".join(
        [_load_tables(facts), pieces.features, read_target_source(facts), split_rows_source(facts, recipe),
         fit_fold_source(facts, pieces), predict_fold, choose_rule_source(facts), _train_main(facts, recipe), LAST_LINES]
    )  # fmt: skip
    predict_code = "\n\n\n".join(
        [_load_tables(facts), pieces.features, predict_fold, _predict_main(facts, recipe), LAST_LINES]
    )
    return {
        "train.py": assemble(
            script_docstring(facts, recipe, "train"), settings, train_code, [*common, "folds", "metrics"]
        ),
        "predict.py": assemble(script_docstring(facts, recipe, "predict"), settings, predict_code, common),
    }


LAST_LINES = 'if __name__ == "__main__":\n    main()'


def script_docstring(facts: Facts, recipe: Recipe, verb: str) -> str:
    what = " and ".join(facts.targets) if len(facts.targets) <= 3 else f"{len(facts.targets)} targets"
    title = recipe.title or recipe.estimator
    if verb == "train":
        return (
            f"Trains {title} to predict {what} ({facts.problem}, judged by {facts.metric}).\n\n"
            "    python train.py [--data FOLDER] [--seconds S] [--resume]\n\n"
            f"{recipe.folds}-fold cross-validation; models and out-of-fold predictions go to artifacts/."
        )
    return (
        f"Predicts {what} for the test rows with the models that train.py left in artifacts/.\n\n"
        "    python predict.py [--data FOLDER]\n\n"
        "Averages the folds' models ({0}) and writes submission.csv.".format(title)
    )


def _told_apart(options: Mapping[str, Any]) -> dict[str, Any]:
    """``read_csv`` arguments without those that are its defaults anyway."""
    plain = {"sep": ",", "encoding": "utf-8"}
    return {name: value for name, value in options.items() if plain.get(name) != value}


def common_settings(facts: Facts, recipe: Recipe) -> list[Setting]:
    def options(name: str | None) -> dict[str, Any]:
        found = _told_apart(facts.csv_options.get(name or "", {}))
        if facts.id_column:
            found["dtype"] = {**found.get("dtype", {}), facts.id_column: "str"}
        return found

    return [
        Setting("TRAIN_FILE", facts.train_file),
        Setting("TRAIN_OPTIONS", options(facts.train_file)),
        Setting("TEST_FILE", facts.test_file),
        Setting("TEST_OPTIONS", options(facts.test_file)),
        Setting("SAMPLE_FILE", facts.sample_file),
        Setting("SAMPLE_OPTIONS", _told_apart(facts.csv_options.get(facts.sample_file or "", {}))),
        Setting("ID_COLUMN", facts.id_column),
        Setting("TARGET", facts.targets[0]),
        Setting("TARGETS", list(facts.targets)),
        Setting("CLASSES", list(facts.classes), "in the order of predicted probabilities"),
        Setting(
            "CLASS_COUNT", {"binary": 2, "multiclass": len(facts.classes)}.get(working_problem(facts), 0)
        ),
        Setting("SUBMISSION_COLUMNS", list(facts.submission_columns)),
        Setting("TIME_COLUMN", facts.time_column),
        Setting("GROUP", facts.group_column, "rows of a group belong together"),
        Setting("FOLDS", recipe.folds),
        Setting("SEED", recipe.seed),
    ]


def table_source(facts: Facts, role: str, folder: str = "arguments.data") -> str:
    """What a script reads its TRAIN or TEST table from: a path, or the CSV text of what is none."""
    name = facts.train_file if role == "TRAIN" else facts.test_file
    path = f"{folder} / {role}_FILE"
    if role == "TRAIN" and facts.train_is_images:
        return f"labelled_images_as_csv({path})"
    return f"json_as_csv({path})" if name and is_json(name) else path


def test_rows_source(facts: Facts) -> str:
    """The expression for the table of rows to predict: the test's, else the sample's."""
    if facts.test_file:
        return f"read_table({table_source(facts, 'TEST')}, TEST_OPTIONS)"
    return "read_table(arguments.data / SAMPLE_FILE, SAMPLE_OPTIONS)"


def _load_tables(facts: Facts) -> str:
    train, test = table_source(facts, "TRAIN", "folder"), table_source(facts, "TEST", "folder")
    return f'''def load_tables(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test rows as they stand in the files."""
    return read_training_table({train}, TRAIN_OPTIONS, TARGETS), read_table({test}, TEST_OPTIONS)'''


def read_target_source(facts: Facts) -> str:
    if facts.problem in ("binary", "multiclass", "ordinal"):
        what, body = "Class codes, int (n,)", "class_codes(train[TARGET], CLASSES)"
    elif len(facts.targets) > 1:
        what, body = "Targets, float (n, t)", "train[TARGETS].to_numpy(dtype=float)"
    else:
        what, body = "Values, float (n,)", "train[TARGET].to_numpy(dtype=float)"
    return f'def read_target(train: pd.DataFrame) -> np.ndarray:\n    """{what}."""\n    return {body}'


def split_rows_source(facts: Facts, recipe: Recipe) -> str:
    del recipe
    classes = facts.problem in ("binary", "multiclass", "ordinal")
    if facts.split == "time" and facts.time_column:
        day_first = ", day_first=True" if facts.time_column in facts.day_first else ""
        call = f"time_folds(train[TIME_COLUMN], FOLDS{day_first})"
    elif facts.split == "grouped" and facts.group_column:
        separator = facts.group_rule.removeprefix("prefix:") if facts.group_rule else ""
        key = "group_key(train[GROUP]" + (f', "{separator}")' if separator else ")")
        call = f"grouped_folds({key}, FOLDS{', target' if classes else ''})"
    elif facts.split == "stratified" and classes:
        call = "stratified_folds(target, FOLDS)"
    else:
        call = "plain_folds(len(target), FOLDS)"
    return (
        "def split_rows(train: pd.DataFrame, target: np.ndarray) -> np.ndarray:\n"
        f'    """The fold in which each row is validated, int (n,)."""\n    return {call}'
    )


def _per_target(facts: Facts) -> bool:
    return facts.problem in ("multilabel", "multiregression")


def fit_fold_source(facts: Facts, pieces: Pieces) -> str:
    fit = pieces.fit
    if _per_target(facts):
        fit = fit.replace("X_valid, y_valid", "X_valid, y_valid[:, j]").replace("(X, y,", "(X, y[:, j],")
        fit = fit.replace("seconds)", "seconds and seconds / y.shape[1])")
        body = f"return [{fit} for j in range(y.shape[1])]"
        what = "The models of one fold, one a target."
    else:
        body, what = f"return {fit}", "The model of one fold."
    head = "def fit_fold(X, y, X_valid, y_valid, seconds):"
    return f'{head}\n    """{what}"""\n    {body}'


def predict_fold_source(facts: Facts, pieces: Pieces) -> str:
    if _per_target(facts):
        each = pieces.predict.replace("(model,", "(one,")
        body = f"return np.column_stack([{each} for one in model])"
    else:
        body = f"return {pieces.predict}"
    return (
        "def predict_fold(model, X) -> np.ndarray:\n"
        f'    """Predictions of one fold\'s model, (n,) or (n, columns)."""\n    {body}'
    )


def metric_function(facts: Facts) -> str:
    """The part that computes the metric; a proxy of the same kind where the kit has not the metric itself."""
    name = _METRIC_FUNCTIONS.get(facts.metric, facts.metric)
    if name in _KNOWN_METRICS or name in _METRIC_FUNCTIONS.values():
        return name
    if facts.prediction in ("label", "multilabel_labels"):
        return "accuracy"
    return "rmse" if working_problem(facts) == "regression" else "log_loss"


def choose_rule_source(facts: Facts) -> str:
    metric = metric_function(facts)
    labels = facts.prediction in ("label", "multilabel_labels")
    if facts.problem == "multilabel" and labels:
        call = f"choose_label_thresholds(truth, prediction, {'accuracy' if 'f1' not in metric else 'f1'})"
    elif facts.problem == "ordinal" and working_problem(facts) == "regression":
        call = f"choose_cuts(truth, prediction, {metric if metric == 'quadratic_kappa' else 'accuracy'})"
    elif labels and facts.problem == "binary":
        tuned = metric.startswith("f1") or metric in ("matthews_correlation", "balanced_accuracy")
        call = (
            f"choose_threshold(truth, prediction, {metric})"
            if tuned
            else '{"kind": "threshold", "threshold": 0.5}'
        )
    elif labels:
        tuned = metric in (
            "f1_macro",
            "balanced_accuracy",
            "matthews_correlation",
            "f1_weighted",
            "quadratic_kappa",
        )
        call = f"choose_class_weights(truth, prediction, {metric})" if tuned else '{"kind": "argmax"}'
    elif working_problem(facts) == "regression" and never_negative(facts):
        call = "choose_clip(truth)"
    else:
        call = '{"kind": "none"}'
    return (
        "def choose_rule(truth: np.ndarray, prediction: np.ndarray) -> dict:\n"
        f'    """How raw predictions become the submission\'s, chosen out of fold."""\n    return {call}'
    )


def _train_main(facts: Facts, recipe: Recipe) -> str:
    log = bool(recipe.options.get("log_target"))
    learned = "np.log1p(target)" if log else "target"
    back = ("    oof = np.expm1(oof)\n") if log else ""
    return f"""def main() -> None:
    started = time.monotonic()
    arguments = parse_arguments("Train the models of all folds.")
    train, test = load_tables(arguments.data)
    print_resources()
    features = build_features(pd.concat([train, test], join="inner", ignore_index=True))
    save_test_features(features[len(train) :])
    target = read_target(train)
    folds = split_rows(train, target)
    seconds = arguments.seconds and arguments.seconds - (time.monotonic() - started)
    oof = train_folds(
        features[: len(train)], {learned}, folds, fit_fold, predict_fold, seconds, arguments.resume
    )
{back}    known = rows_predicted(oof)
    rule = choose_rule(target[known], oof[known])
    score = {metric_function(facts)}(target[known], apply_rule(rule, oof[known]))
    save_results(oof, folds, rule, "{facts.metric}", score, started)"""


def _predict_main(facts: Facts, recipe: Recipe) -> str:
    back = "    prediction = np.expm1(prediction)\n" if recipe.options.get("log_target") else ""
    sample = "arguments.data / SAMPLE_FILE" if facts.sample_file else "None"
    return f"""def main() -> None:
    arguments = parse_arguments("Predict the test rows.")
    train, test = load_tables(arguments.data)
    features = load_test_features()
    if features is None:
        features = build_features(pd.concat([train, test], join="inner", ignore_index=True))[len(train) :]
    prediction = np.mean([predict_fold(model, features) for model in load_models()], axis=0)
{back}    np.savez(ARTIFACTS / "test.npz", prediction=prediction)
    final = apply_rule(json.loads((ARTIFACTS / "postprocess.json").read_text()), prediction)
    columns = {final_columns_source(facts)}
    write_submission(columns, test, ID_COLUMN, SUBMISSION_COLUMNS, {sample}, SAMPLE_OPTIONS)"""


def final_columns_source(facts: Facts) -> str:
    names = [name for name in facts.submission_columns if name != facts.id_column]
    if facts.prediction == "label" and facts.classes:
        return f"label_column(final, CLASSES, {names[-1]!r})"
    if facts.prediction == "ranked_labels":
        most = int(facts.metric.partition("@")[2] or 5)
        return f"ranked_column(final, CLASSES, {names[-1]!r}, {most})"
    if facts.prediction == "class_probabilities":
        return f"value_columns(final, {'CLASSES' if set(facts.classes) <= set(names) else names[-len(facts.classes) :]})"
    if facts.prediction.startswith("multilabel") or len(facts.targets) > 1:
        return "value_columns(final, TARGETS)"
    return f"value_columns(final, [{names[-1]!r}])"
