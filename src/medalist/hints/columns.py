"""Which columns of a script's data hold text, read from the tables that lie where the script looks.

Whether labels must be encoded cannot be told from a script alone. Only the first rows of each table are
read; a table that is not there, or is no table, counts as nothing.
"""

from __future__ import annotations

import ast
import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from medalist.source.tree import parse

_ROWS_READ = 200
_NUMBER_WORDS = frozenset(["", "nan", "na", "null", "none", "true", "false"])


def text_columns_near(script: Path, code: str) -> frozenset[str]:
    """Names of the text columns in the csv files that ``code`` names, found from the script's own folder,
    its parents' `input` folders or the current one. Raises `InputError` when ``code`` is not Python."""
    names = {
        node.value
        for node in parse(code, filename=str(script)).nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(".csv")
    }
    found: set[str] = set()
    for name in sorted(names):
        table = next((path for path in _places(script, name) if path.is_file()), None)
        if table is not None:
            found.update(_text_columns(table))
    return frozenset(found)


def _places(script: Path, name: str) -> Iterator[Path]:
    for folder in (
        script.parent,
        script.parent / "input",
        script.parent / "../../input",
        Path(),
        Path("input"),
    ):
        yield folder / name


def _text_columns(table: Path) -> set[str]:
    try:
        with table.open(encoding="utf-8", errors="replace", newline="") as file:
            rows = list(islice(csv.DictReader(file), _ROWS_READ))
    except (OSError, csv.Error):
        return set()
    names = [name for name in (rows[0] if rows else {}) if isinstance(name, str)]
    return {name for name in names if _mostly_words([row.get(name) or "" for row in rows])}


def _mostly_words(values: list[str]) -> bool:
    given = [value for value in values if value.strip().lower() not in _NUMBER_WORDS]
    return bool(given) and sum(not _is_number(value) for value in given) > len(given) / 2


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
