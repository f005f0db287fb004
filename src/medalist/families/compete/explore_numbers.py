"""Columns of numbers that were written as text: with words for missing, decimal commas or thousands. Child process only.

What is mended here goes into ``Facts.csv_options`` too, so that a user's script reads the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from medalist.families.compete.explore_tables import Table
from medalist.families.compete.frames import Series, pd

_WORDS = "NA N/A n/a na NaN nan NAN null NULL None none ? - -- . #N/A missing Missing unknown"
MISSING_WORDS = (*_WORDS.split(" "), " ", "  ", "   ")
_LOOKED_AT = 500
_FEWEST_NUMBERS = 0.4


@dataclass(frozen=True)
class _Style:
    """A way to write numbers: the ``pandas.read_csv`` argument that reads it, and what a comma stands for."""

    argument: str
    pattern: re.Pattern[str]
    comma: str
    note: str


_PLAIN = _Style("", re.compile(r"^\s*[+-]?(\d|\.\d|inf)[^,]*$"), ",", "numbers")
_THOUSANDS = _Style(
    "thousands", re.compile(r"^[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$"), "", "numbers with commas for thousands"
)
_DECIMAL = _Style("decimal", re.compile(r"^[+-]?\d+,\d+$"), ".", "numbers with a decimal comma")


def settle(tables: Sequence[Table], keep: Sequence[str]) -> dict[str, str]:
    """Turn columns of numbers written as text into numbers, in place, and say so in each table's ``options``.

    All tables are looked at together, so that train and test agree. ``keep`` stay text. Returns a
    note for each column that was mended.
    """
    notes: dict[str, str] = {}
    for name in dict.fromkeys(column for table in tables for column in table.frame.columns):
        holders = [table for table in tables if name in table.frame.columns]
        words: list[str] = []
        as_text = [t for t in holders if not pd.api.types.is_numeric_dtype(t.frame[name].dtype)]
        if name not in keep and as_text:
            words, note = _settle_column(name, as_text)
            if note:
                notes[name] = note
        if words or any(table.frame[name].isna().any() for table in holders):
            for table in holders:
                table.options.setdefault("na_values", {})[name] = ["", *words]
    return notes


def _settle_column(name: str, holders: Sequence[Table]) -> tuple[list[str], str]:
    """Make one column numeric where it can be; the words that stood for missing, and a note ("" when it cannot)."""
    distinct = pd.concat([table.frame[name] for table in holders]).dropna().astype(str).unique()
    values = pd.Series(distinct, dtype="object")
    words = [word for word in MISSING_WORDS if word in set(distinct)]
    rest = values[~values.isin(words)]
    for style in _styles(holders):
        if not len(rest) or rest.head(_LOOKED_AT).str.match(style.pattern).mean() < _FEWEST_NUMBERS:
            continue
        with_comma = rest[rest.str.contains(",", regex=False)]
        if not with_comma.str.match(style.pattern).all():
            continue
        if pd.to_numeric(rest.str.replace(",", style.comma), errors="coerce").notna().all():
            for table in holders:
                table.frame[name] = _numbers(table.frame[name], words, style)
                if style.argument:
                    table.options[style.argument] = ","
            missing = f", {', '.join(map(repr, words))} for missing" if words else ""
            return words, style.note + missing
    return [], ""


def _styles(holders: Sequence[Table]) -> tuple[_Style, ...]:
    """In the order to try: 1,234 is a fraction in a file whose cells have semicolons between."""
    if any(table.options["sep"] == ";" for table in holders):
        return _PLAIN, _DECIMAL, _THOUSANDS
    return _PLAIN, _THOUSANDS, _DECIMAL


def _numbers(cells: Series, words: Sequence[str], style: _Style) -> Series:
    text = cells.astype("object").where(~cells.isin(list(words)))
    return pd.to_numeric(text.str.replace(",", style.comma) if style.argument else text, errors="coerce")
