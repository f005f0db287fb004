"""What is to be predicted: ids, targets, problem, metric and what the submission's cells hold.

The sample submission decides where there is one; otherwise the columns that train has and test has
not. A person's settings come first of all. Child process only: needs pandas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from medalist.core.errors import InputError
from medalist.families.compete.frames import Frame, Series, pd
from medalist.families.compete.identity import ID_NAME, id_of_sample
from medalist.families.compete.labels import canonical, is_number, ordered_classes, positive_is_plain
from medalist.families.compete.metrics import Metric, find_metric
from medalist.families.compete.rules import class_columns_of

_TARGET_NAMES = (
    "target",
    "label",
    "class",
    "y",
    "labels",
    "category",
    "score",
    "price",
    "outcome",
    "response",
)
_RATING_METRICS = {"qwk"}
MOST_GUESSED_CLASSES = 30


@dataclass
class Roles:
    """Which column plays which part. ``class_columns`` maps submission columns to class labels."""

    id_column: str | None
    id_in_test: bool
    targets: tuple[str, ...]
    submission_columns: tuple[str, ...]
    class_columns: dict[str, str] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)


def find_roles(train: Frame, test: Frame | None, sample: Frame | None, settings: Mapping[str, str]) -> Roles:
    """Ids and targets. Raises InputError when no target can be found, or a named column is not there."""
    wanted = tuple(part.strip() for part in settings.get("targets", "").split(",") if part.strip())
    for name in (*wanted, *filter(None, [settings.get("id_column", "")])):
        if name not in train.columns and (sample is None or name not in sample.columns):
            raise InputError(
                f"There is no column {name!r}.",
                where="train",
                next_step=f"Columns: {', '.join(map(str, train.columns[:20]))}.",
            )
    if test is not None and not set(test.columns) & set(train.columns):
        raise InputError(
            "The training and the test table share no column.",
            where="train, test",
            next_step="Check that both belong to one competition and have a header line.",
        )
    roles = _from_sample(train, test, sample) if sample is not None else _without_sample(train, test)
    if wanted:
        roles.targets = wanted
    if settings.get("id_column"):
        roles.id_column = settings["id_column"]
        roles.id_in_test = test is None or roles.id_column in test.columns
    if not roles.targets:
        raise InputError(
            "No target column could be found.",
            where="train, sample submission",
            next_step="Name it with --targets; it must be a column of the training table.",
        )
    return roles


def _from_sample(train: Frame, test: Frame | None, sample: Frame) -> Roles:
    columns = [str(c) for c in sample.columns]
    id_column = id_of_sample(
        columns,
        train.columns,
        None if test is None else test.columns,
        lambda name: bool(sample[name].is_unique),
    )
    answers = [c for c in columns if c != id_column]
    known = [
        c
        for c in answers
        if c in train.columns and (test is None or c not in test.columns or len(answers) == 1)
    ]
    roles = Roles(
        id_column, id_column is not None and (test is None or id_column in test.columns), (), tuple(columns)
    )
    if id_column and test is not None and not roles.id_in_test:
        roles.doubts.append(
            f"{id_column} is not in the test table; its rows are matched with the sample's by order."
        )
    if answers and len(known) == len(answers):
        roles.targets = tuple(answers)
        return roles
    hidden = _hidden_columns(train, test, id_column)
    for name in hidden:
        if mapping := class_columns_of(answers, _labels(train[name])):
            roles.targets, roles.class_columns = (name,), mapping
            return roles
    if known:
        roles.targets = tuple(known)
    elif hidden:
        roles.targets = (_likeliest_target(hidden),)
        roles.doubts.append(
            f"The sample's {', '.join(answers[:3])} is no column of train; {roles.targets[0]} was taken as the target."
        )
    return roles


def _without_sample(train: Frame, test: Frame | None) -> Roles:
    ids = [
        c
        for c in train.columns
        if (test is None or c in test.columns) and ID_NAME.search(str(c)) and train[c].is_unique
    ]
    id_column = str(ids[0]) if ids else None
    hidden = _hidden_columns(train, test, id_column)
    targets = (_likeliest_target(hidden),) if hidden else ()
    doubts = [f"There is no sample submission; the target was taken to be {targets[0]}."] if targets else []
    columns = tuple(c for c in (id_column, *targets) if c)
    return Roles(id_column, id_column is not None, targets, columns, doubts=doubts)


def _hidden_columns(train: Frame, test: Frame | None, id_column: str | None) -> list[str]:
    """Columns of train that test lacks; without a test table, all but the id."""
    return [str(c) for c in train.columns if c != id_column and (test is None or c not in test.columns)]


def _likeliest_target(hidden: Sequence[str]) -> str:
    named = [name for name in hidden if name.lower() in _TARGET_NAMES]
    return named[0] if named else hidden[-1]


def _labels(cells: Series) -> tuple[str, ...]:
    return ordered_classes(str(label) for label in cells.dropna().unique())


@dataclass
class Problem:
    """Problem type, metric and the submission's cells, settled together; ``doubts`` says what was guessed."""

    problem: str
    metric: Metric
    prediction: str
    classes: tuple[str, ...]
    doubts: list[str] = field(default_factory=list)


def find_problem(train: Frame, sample: Frame | None, roles: Roles, metric: str, wanted: str = "") -> Problem:
    """Raises InputError for a target with one value or none, and for numbers asked of words."""
    for target in roles.targets:
        _refuse_single(train[target], target)
    doubts: list[str] = []
    if metric:
        chosen = _fitting(find_metric(metric), train, roles, doubts)
    else:
        chosen = _guessed_metric(train, sample, roles)
        doubts.append(f"No file names the metric; {chosen.name} was assumed. Give --metric to change it.")
    several = len(roles.targets) > 1
    if chosen.takes in {"values", "numbers"}:
        _refuse_words(train, roles, chosen)
    classes: tuple[str, ...] = ()
    if not several and chosen.takes not in {"values", "texts"}:
        classes = tuple(roles.class_columns.values()) or _labels(train[roles.targets[0]])
    problem = wanted or _problem(chosen, len(classes), several, bool(roles.class_columns))
    if problem == "binary" and len(classes) == 2 and not positive_is_plain(classes):
        doubts.append(
            f"Which class is positive is not plain; {classes[-1]} was taken, {classes[0]} as the other."
        )
    return Problem(problem, chosen, _prediction(chosen, problem), classes, doubts)


def _refuse_single(cells: Series, target: str) -> None:
    values = cells.dropna().unique()
    if len(values) < 2:
        held = f"only the value {values[0]!r}" if len(values) else "no value at all"
        raise InputError(
            f"The target {target} holds {held}, so there is nothing to learn.",
            where=f"train, column {target}",
            next_step="Name another column with --targets, or give the whole training table.",
        )


def _refuse_words(train: Frame, roles: Roles, metric: Metric) -> None:
    for target in roles.targets:
        words = [v for v in train[target].dropna().astype(str).unique() if not is_number(canonical(v))]
        if words:
            raise InputError(
                f"The metric {metric.name} needs numbers, but the target {target} holds {words[0]!r}.",
                where=f"train, column {target}",
                next_step="Give another metric with --metric, or mend the column.",
            )


def _fitting(metric: Metric, train: Frame, roles: Roles, doubts: list[str]) -> Metric:
    """The named metric, or its sister for the shape that the targets have."""
    several = len(roles.targets) > 1
    many = not several and train[roles.targets[0]].nunique() > 2
    sisters = {
        ("roc_auc", True): "mean_columnwise_roc_auc",
        ("log_loss", True): "mean_columnwise_log_loss",
        ("f1", True): "f1_samples",
        ("f1_micro", True): "f1_micro_multilabel",
        ("f1_macro", True): "f1_macro_multilabel",
        ("f1", False): "f1_macro" if many else "f1",
        ("mean_columnwise_roc_auc", False): "roc_auc",
        ("mean_columnwise_log_loss", False): "log_loss",
        ("f1_samples", False): "f1_macro" if many else "f1",
    }
    one_hot = several and metric.name == "log_loss" and _one_hot(train, roles)
    name = metric.name if one_hot else sisters.get((metric.name, several), metric.name)
    if name != metric.name and (metric.name, name) not in {("mean_columnwise_roc_auc", "roc_auc")}:
        doubts.append(
            f"The metric {metric.name} was read as {name}, which fits the {len(roles.targets)} target column(s)."
        )
    return find_metric(name)


def _one_hot(train: Frame, roles: Roles) -> bool:
    table = train[list(roles.targets)].apply(pd.to_numeric, errors="coerce")
    return bool(((table.sum(axis=1) - 1).abs() < 1e-6).all())


def _guessed_metric(train: Frame, sample: Frame | None, roles: Roles) -> Metric:
    if roles.class_columns:
        return find_metric("log_loss")
    targets = [train[t].dropna() for t in roles.targets]
    zero_one = all(set(map(canonical, t.astype(str).unique()[:50])) <= {"0", "1"} for t in targets)
    if len(targets) > 1:
        return find_metric("mean_columnwise_roc_auc" if zero_one else "mcrmse")
    numeric = all(is_number(v) for v in targets[0].astype(str).unique()[:2000])
    if numeric and targets[0].nunique() > MOST_GUESSED_CLASSES:
        return find_metric("rmse")
    if sample is not None and targets[0].nunique() == 2 and roles.targets[0] in sample.columns:
        cells = [v for v in sample[roles.targets[0]].dropna().astype(str).unique()[:50] if is_number(v)]
        if any(float(v) not in (0.0, 1.0) for v in cells):
            return find_metric("roc_auc")
    return find_metric("accuracy")


def _problem(metric: Metric, classes: int, several: bool, class_columns: bool) -> str:
    if metric.name in _RATING_METRICS:
        return "ordinal"
    if metric.takes == "values":
        return "multiregression" if several else "regression"
    if several:
        return "multilabel" if metric.takes.startswith("multilabel") else "multiclass"
    return "binary" if classes == 2 and not class_columns else "multiclass"


def _prediction(metric: Metric, problem: str) -> str:
    by_kind = {
        "labels": "label",
        "numbers": "label",
        "values": "value",
        "ranked": "ranked_labels",
        "texts": "label",
        "multilabel_probabilities": "multilabel_probabilities",
        "multilabel_labels": "multilabel_labels",
    }
    if metric.takes in by_kind:
        return by_kind[metric.takes]
    return "probability" if problem == "binary" else "class_probabilities"
