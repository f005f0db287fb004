"""Reading the tables and saying what each column is. Child process only: needs pandas.

Every table is read so that nothing is lost: empty cells are missing, everything else stays as
written (``explore_numbers`` then finds the numbers among it). The arguments that do the same in a
user's script are kept for ``Facts.csv_options``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medalist.core.errors import InputError
from medalist.families.compete.delimited import Dialect, open_bytes, read_rows, sniff
from medalist.families.compete.facts import DAY_FIRST, Column
from medalist.families.compete.frames import Frame, Series, pd
from medalist.families.compete.kit.parts.columns import is_amount, is_year
from medalist.families.compete.kit.parts.other_tables import IMAGE_SUFFIXES

WHOLE_FILE_BYTES = 600 << 20
SAMPLE_ROWS = 400_000
_DATE = re.compile(
    r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?$|^\d{1,2}[ -][A-Za-z]{3,9}[ -,]+\d{2,4}|^[A-Za-z]{3,9} \d{1,2},? \d{4}"
)
_BOOLEAN_PAIRS = ({"true", "false"}, {"yes", "no"}, {"y", "n"}, {"t", "f"})


@dataclass
class Table:
    """A file as a frame, with the ``pandas.read_csv`` arguments that read it again."""

    name: str
    frame: Frame
    options: dict[str, Any]
    rows: int
    doubts: list[str] = field(default_factory=list)


def read_table(path: Path, as_text: Sequence[str] = ()) -> Table:
    """Read one table; ``as_text`` names columns (ids, targets) whose cells stay as written.

    Raises InputError for what is no table, has no rows, or has two columns of one name.
    """
    dialect = sniff(path)
    options: dict[str, Any] = {
        "sep": dialect.separator,
        "encoding": dialect.encoding,
        "keep_default_na": False,
        "index_col": False,
    }
    if dialect.mixed:
        options["encoding_errors"] = "replace"
    text_columns = dict.fromkeys(as_text, "str")
    arguments = {**options, "na_values": [""], "dtype": text_columns, "low_memory": False}
    if path.stat().st_size > WHOLE_FILE_BYTES:
        arguments["nrows"] = SAMPLE_ROWS
    frame, encoding = _read(path, arguments)
    options.update(encoding)
    _refuse_shapeless(path, frame, dialect)
    table = Table(path.name, frame, options, len(frame))
    if dialect.mixed or encoding:
        table.doubts.append(f"{path.name} mixes encodings; characters that do not fit are replaced.")
    if "nrows" in arguments and len(frame) == SAMPLE_ROWS:
        table.rows = _count_lines(path) - 1
        table.doubts.append(f"{path.name} is large: its first {SAMPLE_ROWS} rows were looked at.")
    return table


def _read(path: Path, arguments: Mapping[str, Any]) -> tuple[Frame, dict[str, Any]]:
    """The frame, and further arguments that were needed to read it."""
    attempts: tuple[dict[str, Any], ...] = ({}, {"encoding_errors": "replace"})
    for extra in attempts:
        try:
            with open_bytes(path) as file:
                return pd.read_csv(file, **{**arguments, **extra}), extra
        except UnicodeDecodeError:
            continue
        except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError, OverflowError) as error:
            reason = (
                str(error)
                .strip()
                .splitlines()[0]
                .removeprefix("Error tokenizing data. C error: ")
                .rstrip(".")
            )
            raise InputError(
                f"{path.name} is not a well-formed table: {reason}.",
                where=str(path.name),
                next_step="Look at the line it names: a quote never closed, or more cells than the header has.",
            ) from error
    raise InputError(f"{path.name} cannot be decoded.", where=path.name, next_step="Save it in UTF-8.")


def _refuse_shapeless(path: Path, frame: Frame, dialect: Dialect) -> None:
    if frame.empty or not len(frame.columns):
        raise InputError(
            f"{path.name} has a header but no rows." if len(frame.columns) else f"{path.name} is empty.",
            where=path.name,
            next_step="Put the rows there, or fetch the file again.",
        )
    names = [cell.strip() for cell in next(read_rows(path, dialect))[1]]
    twice = sorted({name for name in names if names.count(name) > 1 and name})
    if twice:
        raise InputError(
            f"{path.name} has two columns called {twice[0]!r}.",
            where=f"{path.name}, line 1",
            next_step="Rename one.",
        )


def _count_lines(path: Path) -> int:
    with open_bytes(path) as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 24), b""))


def describe(frame: Frame, test: Frame | None, notes: Mapping[str, str]) -> tuple[Column, ...]:
    """Kind, distinct and missing values of every column of ``frame``, as ``facts.Column`` explains."""
    columns = []
    for name in frame.columns:
        cells = frame[name]
        unique = int(cells.nunique())
        columns.append(
            Column(
                name=str(name),
                kind=(kind := kind_of(cells, unique)),
                unique=unique,
                missing=int(cells.isna().sum()),
                in_test=test is None or name in test.columns,
                note=DAY_FIRST if kind == "datetime" and is_day_first(cells) else notes.get(name, ""),
                role=role_of(cells) if kind == "numeric" else "",
            )
        )
    return tuple(columns)


def kind_of(cells: Series, unique: int) -> str:
    """What a column is, from at most 400 of its distinct values."""
    if unique <= 1 and not (unique == 1 and cells.isna().any()):
        return "constant"
    if pd.api.types.is_bool_dtype(cells.dtype):
        return "boolean"
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return "numeric"
    values = pd.Series(cells.dropna().unique()[:400]).astype(str)
    lowered = set(values.str.strip().str.lower())
    if lowered in _BOOLEAN_PAIRS:
        return "boolean"
    if values.str.lower().str.endswith(IMAGE_SUFFIXES).mean() > 0.95:
        return "image"
    if values.str.match(_DATE).mean() > 0.95 and as_dates(values).notna().mean() > 0.9:
        return "datetime"
    words = values.str.split().str.len()
    if (words.mean() >= 4 and unique > 20) or (values.str.len().mean() > 60 and unique > 20):
        return "text"
    return "structured" if unique >= 10 and separator_of(values) else "categorical"


def role_of(numbers: Series) -> str:
    """What a column of numbers stands for, where features are made of that: amount, year or ""."""
    return "amount" if is_amount(numbers) else "year" if is_year(numbers) else ""


def as_dates(cells: Series) -> Series:
    """Dates in UTC, NaT where a cell is none; day first where a first number above 12 says so."""
    return pd.to_datetime(cells, errors="coerce", format="mixed", utc=True, dayfirst=is_day_first(cells))


def is_day_first(cells: Series) -> bool:
    """Whether dates are written like 31/12/2020."""
    first = cells.dropna().astype(str).str.extract(r"^(\d{1,2})[-/.]\d{1,2}[-/.]\d{2,4}", expand=False)
    return bool((pd.to_numeric(first, errors="coerce") > 12).any())


def separator_of(values: Series) -> str:
    """The sign that cuts (nearly) all strings into the same number of parts, 2 to 6; "" when there is none."""
    if values.str.contains(" ", regex=False).mean() > 0.05 or values.str.len().max() > 48:
        return ""
    for sign in "/_|-:.#":
        parts = values.str.count(re.escape(sign))
        usual = int(parts.mode().iloc[0]) if len(parts) else 0
        if 1 <= usual <= 5 and (parts == usual).mean() > 0.95:
            return sign
    return ""
