"""What a submission must look like: columns, ids, labels and ranges, found from the public files.

Standard library only: the parent (``validate``) and the grader share it. The sample submission
decides; without one, the test table's ids and the columns that only train has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from medalist.core.errors import InputError
from medalist.families.compete.delimited import read_rows
from medalist.families.compete.files import Files, find_files
from medalist.families.compete.identity import ID_NAME, id_of_sample
from medalist.families.compete.labels import canonical, ordered_classes
from medalist.families.compete.metrics import Metric, find_metric, metric_in_text

LARGEST_TRAIN_READ_BYTES = 64 << 20
_WITH_CLASSES = {"labels", "numbers", "probabilities", "ranked"}
_MOST_CLASSES = 20_000


@dataclass(frozen=True)
class Rules:
    """What the sample and the metric ask of a submission.

    ``ids`` is None when rows go by order; then ``rows`` alone counts. ``classes`` are the target's
    labels as written in train (() when they do not matter or were not looked at); ``class_columns``
    maps submission columns to them where there is a column a class. ``takes`` is the metric's, ""
    when no metric is known; ``low`` and ``high`` bound its numbers.
    """

    columns: tuple[str, ...]
    rows: int
    id_column: str | None = None
    ids: frozenset[str] | None = None
    target: str = ""
    takes: str = ""
    low: float | None = None
    high: float | None = None
    row_sum_one: bool = False
    classes: tuple[str, ...] = ()
    class_columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def numeric(self) -> bool:
        """Whether predictions must be numbers."""
        return self.takes not in {"", "labels", "texts", "ranked"}


def settled_metric(metric: str, description: str = "") -> Metric | None:
    """The metric given, else the one ``description`` names; None when neither says.

    Raises UsageError for a name that is unknown, MetricNotOffered for one that is not computed.
    """
    name = metric or metric_in_text(description)[0]
    return find_metric(name) if name else None


def find_rules(public: Path, metric: Metric | None, settings: Mapping[str, str]) -> Rules:
    """The rules for a submission to the competition in ``public``.

    Raises InputError when neither a sample nor a test table says what is asked for.
    """
    files = find_files(
        public,
        train=settings.get("train", ""),
        test=settings.get("test", ""),
        sample=settings.get("sample", ""),
    )
    train = header_of(files.train) if files.train else []
    test = header_of(files.test) if files.test else None
    if files.sample is None:
        columns, id_column, ids, rows = _from_test(files, train, test, settings, public)
    else:
        columns, id_column, ids, rows = _from_sample(files.sample, train, test, settings)
    answers = [name for name in columns if name != id_column]
    target = _target(answers, train, test, id_column, settings)
    takes = metric.takes if metric else ""
    classes: tuple[str, ...] = ()
    if takes in _WITH_CLASSES and files.train and target in train:
        classes = _classes(files.train, train.index(target))
    class_columns = class_columns_of(answers, classes) if target not in answers else {}
    return Rules(
        columns=tuple(columns),
        rows=rows,
        id_column=id_column,
        ids=ids,
        target=target,
        takes=takes,
        low=metric.low if metric else None,
        high=metric.high if metric else None,
        row_sum_one=metric is not None and metric.name == "kl_divergence",
        classes=tuple(class_columns.values()) or classes,
        class_columns=class_columns,
    )


def header_of(path: Path) -> list[str]:
    """The column names of a table. Raises InputError as ``read_rows`` does."""
    return clean_header(next(read_rows(path))[1])


def clean_header(cells: Sequence[str]) -> list[str]:
    return [name.strip().lstrip("\ufeff") for name in cells]


def class_columns_of(answers: Sequence[str], classes: Sequence[str]) -> dict[str, str]:
    """Submission column -> class label, when the columns are the classes, perhaps behind a prefix; else {}."""
    labels = {canonical(label): label for label in classes}
    if len(answers) < 2 or len(labels) != len(answers):
        return {}
    mapping: dict[str, str] = {}
    for column in answers:
        for written in (column, *re.split(r"[_\s]", column, maxsplit=1)[1:], re.split(r"[_\s]", column)[-1]):
            if canonical(written) in labels:
                mapping[column] = labels[canonical(written)]
                break
    return mapping if len(set(mapping.values())) == len(answers) else {}


def _from_sample(
    sample: Path, train: Sequence[str], test: Sequence[str] | None, settings: Mapping[str, str]
) -> tuple[list[str], str | None, frozenset[str] | None, int]:
    rows = read_rows(sample)
    columns = clean_header(next(rows)[1])
    body = [row for _, row in rows]
    if not body:
        raise InputError(
            f"{sample.name} has no rows.", where=str(sample), next_step="Fetch the sample again."
        )

    def values(name: str) -> list[str]:
        place = columns.index(name)
        return [row[place].strip() for row in body if place < len(row)]

    chosen = settings.get("id_column", "")
    id_column = chosen or id_of_sample(columns, train, test, lambda name: len(set(values(name))) == len(body))
    if id_column not in columns:
        return columns, None, None, len(body)
    ids = frozenset(values(id_column))
    return columns, id_column, ids if len(ids) == len(body) else None, len(body)


def _from_test(
    files: Files, train: Sequence[str], test: Sequence[str] | None, settings: Mapping[str, str], public: Path
) -> tuple[list[str], str | None, frozenset[str] | None, int]:
    if files.test is None or test is None:
        raise InputError(
            "There is neither a sample submission nor a test table, so nothing says what to predict.",
            where=str(public),
            next_step="Put sample_submission.csv there.",
        )
    rows = read_rows(files.test)
    next(rows)
    body = [row for _, row in rows]
    targets = _named(settings) or [name for name in train if name not in test][-1:]
    id_column = settings.get("id_column") or next((name for name in test if ID_NAME.search(name)), "")
    if id_column not in test:
        return targets, None, None, len(body)
    place = test.index(id_column)
    ids = frozenset(row[place].strip() for row in body if place < len(row))
    if len(ids) != len(body):
        return targets, None, None, len(body)
    return [id_column, *targets], id_column, ids, len(body)


def _target(
    answers: Sequence[str],
    train: Sequence[str],
    test: Sequence[str] | None,
    id_column: str | None,
    settings: Mapping[str, str],
) -> str:
    """The (first) target's name in train: the submission's column, else the one that test lacks."""
    named = _named(settings)
    if named:
        return named[0]
    if answers and answers[0] in train:
        return answers[0]
    hidden = [name for name in train if name != id_column and (test is None or name not in test)]
    return hidden[-1] if hidden else ""


def _named(settings: Mapping[str, str]) -> list[str]:
    return [name.strip() for name in settings.get("targets", "").split(",") if name.strip()]


def _classes(train: Path, place: int) -> tuple[str, ...]:
    """The labels in one column of train; () where the file is too large to read for it, or holds too many."""
    if train.stat().st_size > LARGEST_TRAIN_READ_BYTES:
        return ()
    rows = read_rows(train)
    next(rows)
    labels = dict.fromkeys(row[place].strip() for _, row in rows if place < len(row))
    labels.pop("", None)
    return ordered_classes(labels) if len(labels) <= _MOST_CLASSES else ()
