"""What exploring found out about a competition, as plain records that travel as JSON.

Written by ``explore`` in a child process, read by the parent, which therefore never loads pandas.
Every guess that a person may want to override stands in ``Facts.doubts`` as a sentence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

DAY_FIRST = "day first"


@dataclass(frozen=True)
class Column:
    """One column of the training file that may serve as a feature.

    ``kind``: numeric, categorical, boolean, datetime, text, structured (strings made of parts, such
    as ``B/0/P`` or ``0001_01``), image (file names), id, or constant. ``unique`` and ``missing``
    count training rows. ``note`` says what else is worth knowing ("numbers with a decimal comma"); "day first"
    on a datetime says that it is written like 31/12/2020. ``role`` of a number: "amount" (what somebody
    spent, say), "year" or "".
    """

    name: str
    kind: str
    unique: int = 0
    missing: int = 0
    in_test: bool = True
    note: str = ""
    role: str = ""


@dataclass(frozen=True)
class ImageFacts:
    """Where the images lie and what they look like (pixels; the size is the commonest one).

    ``column`` names the images (with or without ``suffix``); None when the folder's structure does.
    Sources are folders or zip files relative to the public folder.
    """

    column: str | None
    train_source: str
    test_source: str
    suffix: str
    width: int
    height: int
    channels: int
    count_train: int
    count_test: int
    same_size: bool = True


@dataclass(frozen=True)
class Facts:
    """A competition, understood. Paths are relative to the public folder.

    ``modality``: tabular, text, image or mixed. ``problem``: binary, multiclass, ordinal,
    regression, multilabel or multiregression. ``prediction`` is what the submission's cells hold:
    label, probability, class_probabilities (a column a class), value, ranked_labels (one cell, best
    label first, blanks between), or multilabel_probabilities / multilabel_labels (a column a target).
    ``classes`` are the target's values as strings, as written in the training file, in the order of
    predicted probabilities; for binary the positive one comes last. ``split`` is how
    cross-validation follows the data: stratified, plain, grouped or time.
    ``constant_score`` is the best constant prediction's score in the metric.
    """

    modality: str
    problem: str
    metric: str
    direction: str
    train_file: str
    test_file: str | None
    sample_file: str | None
    rows_train: int
    rows_test: int
    id_column: str | None
    targets: tuple[str, ...]
    submission_columns: tuple[str, ...]
    prediction: str
    classes: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    image: ImageFacts | None = None
    csv_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Arguments for ``pandas.read_csv`` by file name: sep, encoding, keep_default_na,
    na_values (by column), dtype (ids and classes as text), decimal, thousands, encoding_errors."""
    group_column: str | None = None
    group_rule: str = ""
    """How to derive the group from ``group_column``: "" (its value) or "prefix:<separator>"."""
    time_column: str | None = None
    split: str = "plain"
    split_reason: str = ""
    dropped: Mapping[str, str] = field(default_factory=dict)
    """Columns that must not be features, each with the reason."""
    leaks: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    constant_score: float | None = None
    id_in_test: bool = True
    """False: the id stands in the sample only, and its rows are matched with the test file's by order."""
    train_is_images: bool = False
    """There is no training table: ``train_file`` is the folder or zip whose images carry their labels."""
    target_minimum: float | None = None
    target_maximum: float | None = None

    @property
    def day_first(self) -> tuple[str, ...]:
        """Names of the columns whose dates are written like 31/12/2020."""
        return tuple(c.name for c in self.columns if c.kind == "datetime" and c.note == DAY_FIRST)

    def as_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1)

    @staticmethod
    def from_json(text: str) -> Facts:
        """Raises ValueError or TypeError for text that ``as_json`` did not write."""
        data: dict[str, Any] = json.loads(text)
        known = {f.name for f in fields(Facts)}
        data = {key: value for key, value in data.items() if key in known}
        data["columns"] = tuple(Column(**column) for column in data.get("columns", ()))
        data["image"] = ImageFacts(**data["image"]) if data.get("image") else None
        for name in ("targets", "submission_columns", "classes", "leaks", "doubts"):
            data[name] = tuple(data.get(name, ()))
        return Facts(**data)

    @staticmethod
    def read(path: Path) -> Facts:
        return Facts.from_json(path.read_text(encoding="utf-8"))
