"""Exploring a competition's public folder: files, roles, problem, columns, split, leaks, put together.

Child process only: needs pandas. ``explore`` is the door that the parent uses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from medalist.core.errors import InputError
from medalist.families.compete.cells import best_constant
from medalist.families.compete.delimited import is_labelled_images, read_rows
from medalist.families.compete.explore_images import find_images
from medalist.families.compete.explore_numbers import settle
from medalist.families.compete.explore_split import Split, find_split
from medalist.families.compete.explore_tables import Table, describe, read_table
from medalist.families.compete.explore_target import (
    MOST_GUESSED_CLASSES,
    Problem,
    Roles,
    find_problem,
    find_roles,
)
from medalist.families.compete.facts import Column, Facts, ImageFacts
from medalist.families.compete.files import Files, find_files
from medalist.families.compete.frames import Frame, pd
from medalist.families.compete.leakage import find_leaks
from medalist.families.compete.metrics import find_metric, metric_in_text

_CONSTANT_ROWS = 100_000
_CHOICES = {
    "split": ("stratified", "plain", "grouped", "time"),
    "problem": ("binary", "multiclass", "ordinal", "regression", "multilabel", "multiregression"),
    "modality": ("tabular", "text", "image", "mixed"),
}


def explore(public: Path, settings: Mapping[str, str]) -> Facts:
    """All that the public folder tells. ``settings`` are a person's overrides (see ``family.SETTINGS``).

    Raises InputError, MetricNotOffered or UsageError for input that cannot be used.
    """
    files = find_files(
        public,
        train=settings.get("train", ""),
        test=settings.get("test", ""),
        sample=settings.get("sample", ""),
    )
    train, test, sample = _read_all(files, public)
    _refuse_unknown(settings, train.frame.columns)
    settings, doubts = _metric_settled(settings, files)
    doubts += [*files.doubts, *(d for t in (train, test, sample) if t for d in t.doubts)]
    roles = find_roles(train.frame, test and test.frame, sample and sample.frame, settings)
    words = [] if _wants_numbers(settings, train, roles) else list(roles.targets)
    notes = settle([t for t in (train, test) if t], keep=[*words, roles.id_column or ""])
    labelled = train.frame[list(roles.targets)].notna().all(axis=1)
    if not labelled.all():
        doubts.append(f"{int((~labelled).sum())} training rows have no target and are left out.")
    learning = train.frame[labelled]
    problem = find_problem(
        learning, sample and sample.frame, roles, settings.get("metric", ""), settings.get("problem", "")
    )
    _settle_text(problem, roles, train, test)
    columns = _columns(learning, test, roles, notes)
    candidates = {c: _test_names(c, roles, test, sample) for c in _image_candidates(columns, roles)}
    image = find_images(public, learning, candidates)
    split = find_split(learning, test and test.frame, columns, problem.problem)
    facts = _facts(
        learning,
        train,
        test,
        sample,
        roles,
        problem,
        columns,
        image,
        _overridden(split, settings),
        doubts,
        settings,
    )
    return replace(facts, train_is_images=files.train is not None and is_labelled_images(files.train))


def _read_all(files: Files, public: Path) -> tuple[Table, Table | None, Table | None]:
    if files.train is None:
        raise InputError(
            "There is no training table.",
            where=str(public),
            next_step="Put train.csv there, or name the file with --set train=NAME.",
        )
    headers = {
        p: [c.strip().strip('"') for c in next(read_rows(p))[1]]
        for p in (files.train, files.test, files.sample)
        if p
    }
    asked = headers.get(files.sample, []) if files.sample else []  # ids and targets stay as written
    tables = [
        read_table(p, [c for c in headers[p] if c in asked]) if p else None
        for p in (files.train, files.test, files.sample)
    ]
    train, test, sample = tables
    assert train is not None
    for table, path in zip(tables, (files.train, files.test, files.sample), strict=True):
        if table and path:
            table.name = path.relative_to(public).as_posix()
    return train, test, sample


def _refuse_unknown(settings: Mapping[str, str], columns: Sequence[str]) -> None:
    """Raise InputError for a choice that does not exist, or a column that train does not have."""
    for name, choices in _CHOICES.items():
        chosen = settings.get(name)
        if chosen and chosen not in choices:
            raise InputError(
                f"There is no {name} called {chosen!r}.", next_step=f"Choose one of: {', '.join(choices)}."
            )
    for name in ("group_column", "time_column"):
        column = settings.get(name)
        if column and column not in columns:
            listed = ", ".join(map(str, columns[:20]))
            raise InputError(
                f"There is no column {column!r} in train.", where=name, next_step=f"Columns: {listed}."
            )


def _metric_settled(settings: Mapping[str, str], files: Files) -> tuple[dict[str, str], list[str]]:
    """The settings with a metric from the description where none was given, and the doubt that goes with it."""
    given = settings.get("metric", "")
    guessed = not given or settings.get("metric_source") == "description"
    if not guessed or files.description is None:
        return dict(settings), []
    name, words = metric_in_text(files.description.read_text(encoding="utf-8", errors="replace"))
    if not name:
        return dict(settings), []
    return {**settings, "metric": name}, [
        f"The metric {name} was read from the description's words {words!r}."
    ]


def _settle_text(problem: Problem, roles: Roles, train: Table, test: Table | None) -> None:
    """Say in the reading options which columns stay text: the id, and a target of classes."""
    as_text = [roles.id_column] if roles.id_column else []
    if problem.classes:
        as_text += roles.targets
    else:
        for target in roles.targets:
            train.frame[target] = pd.to_numeric(train.frame[target], errors="coerce")
    for table in (train, test):
        if table:
            table.options["dtype"] = {c: "str" for c in as_text if c in table.frame.columns}


def _wants_numbers(settings: Mapping[str, str], train: Table, roles: Roles) -> bool:
    """Whether the targets are to be read as numbers: by the metric, or by how many values they have."""
    if settings.get("metric"):
        return find_metric(settings["metric"]).takes == "values"
    return all(train.frame[target].nunique() > MOST_GUESSED_CLASSES for target in roles.targets)


def _columns(
    learning: Frame, test: Table | None, roles: Roles, notes: Mapping[str, str]
) -> tuple[Column, ...]:
    """What each feature is. An id that holds dates or image names stays what it is, for that is of use."""
    features = learning.drop(columns=[t for t in roles.targets if t in learning.columns])
    described = describe(features, test and test.frame, notes)
    return tuple(
        replace(c, kind="id") if c.name == roles.id_column and c.kind not in {"image", "datetime"} else c
        for c in described
    )


def _test_names(column: str, roles: Roles, test: Table | None, sample: Table | None) -> list[str]:
    """What ``column`` holds for the rows to predict: in test, in the sample, or (as the id) under its name."""
    for name in (column, roles.id_column):
        for table in (test, sample):
            if table and name in table.frame.columns:
                return table.frame[name].dropna().astype(str).tolist()
    return []


def _image_candidates(columns: Sequence[Column], roles: Roles) -> list[str]:
    named = [c.name for c in columns if c.kind == "image"]
    ids = [c.name for c in columns if c.name == roles.id_column and c.name not in named]
    return [
        *named,
        *ids,
        *(c.name for c in columns if c.kind in {"categorical", "structured"} and c.unique > 20),
    ]


def _overridden(split: Split, settings: Mapping[str, str]) -> Split:
    """A person's group or time column comes before what was found."""
    if group := settings.get("group_column"):
        return Split(
            "grouped", f"Folds keep {group} whole, as was asked.", group, settings.get("group_rule", "")
        )
    if time := settings.get("time_column"):
        return Split("time", f"Folds hold out whole stretches of {time}, as was asked.", time_column=time)
    if scheme := settings.get("split"):
        needed = {"grouped": ("group_column", split.group_column), "time": ("time_column", split.time_column)}
        name, found = needed.get(scheme, ("", "none"))
        if found is None:
            raise InputError(
                f"A {scheme} split needs a column.", next_step=f"Name it with the setting {name}."
            )
        return replace(split, scheme=scheme, reason=f"A {scheme} split was asked for.")
    return split


def _facts(
    learning: Frame,
    train: Table,
    test: Table | None,
    sample: Table | None,
    roles: Roles,
    problem: Problem,
    columns: tuple[Column, ...],
    image: ImageFacts | None,
    split: Split,
    doubts: Sequence[str],
    settings: Mapping[str, str],
) -> Facts:
    dropped = {c.name: "not in test" for c in columns if not c.in_test}
    dropped |= {c.name: "holds one value" for c in columns if c.kind == "constant" and c.in_test}
    features = [c.name for c in columns if c.name not in dropped and c.kind not in {"id", "image"}]
    leaks = [
        f"{n} is in train but not in test; it is not used."
        for n, why in dropped.items()
        if why == "not in test"
    ]
    leaks += find_leaks(learning, test and test.frame, roles.targets, roles.id_column, features)
    numeric = not problem.classes and len(roles.targets) == 1 and problem.metric.takes == "values"
    target = learning[roles.targets[0]] if numeric else None
    return Facts(
        modality=settings.get("modality") or _modality(columns, dropped, image),
        problem=problem.problem,
        metric=problem.metric.name,
        direction=str(problem.metric.direction),
        train_file=train.name,
        test_file=test.name if test else None,
        sample_file=sample.name if sample else None,
        rows_train=len(learning) if train.rows == len(train.frame) else train.rows,
        rows_test=test.rows if test else (sample.rows if sample else 0),
        id_column=roles.id_column,
        id_in_test=roles.id_in_test,
        targets=roles.targets,
        submission_columns=roles.submission_columns,
        prediction=problem.prediction,
        classes=problem.classes,
        columns=columns,
        image=image,
        csv_options={t.name: t.options for t in (train, test, sample) if t},
        group_column=split.group_column,
        group_rule=split.group_rule,
        time_column=split.time_column,
        split=split.scheme,
        split_reason=split.reason,
        dropped=dropped,
        leaks=tuple(leaks),
        doubts=(*doubts, *roles.doubts, *problem.doubts),
        constant_score=_constant_score(learning, roles, problem),
        target_minimum=float(target.min()) if target is not None else None,
        target_maximum=float(target.max()) if target is not None else None,
    )


def _modality(columns: Sequence[Column], dropped: Mapping[str, str], image: ImageFacts | None) -> str:
    used = [c for c in columns if c.name not in dropped and c.kind not in {"id", "image", "constant"}]
    texts = [c for c in used if c.kind == "text"]
    plain = [c for c in used if c.kind != "text" and not (image and c.name == image.column)]
    if image:
        beside = [c for c in plain if c.kind != "structured"]  # strings of parts are names of something
        return "mixed" if texts or beside else "image"
    if texts:
        return "mixed" if len(plain) > 3 else "text"
    return "tabular"


def _constant_score(learning: Frame, roles: Roles, problem: Problem) -> float | None:
    rows = learning if len(learning) <= _CONSTANT_ROWS else learning.sample(_CONSTANT_ROWS, random_state=0)
    return best_constant(
        problem.metric, [rows[t].astype(str).tolist() for t in roles.targets], problem.classes
    )
