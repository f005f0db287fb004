"""How cross-validation should follow the data: by time, by group, stratified, or plain.

The rule is always the same: look at how test was cut from the whole, and cut the folds alike.
Child process only: needs pandas.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from medalist.families.compete.explore_tables import as_dates, separator_of
from medalist.families.compete.facts import Column
from medalist.families.compete.frames import Frame, Series, pd

_TIME_NAME = re.compile(
    r"(^|[_\s])(date|time|datetime|timestamp|year|month|week|day|period)s?($|[_\s])", re.IGNORECASE
)
_FEWEST_EXPECTED = 8.0
_MOST_OBSERVED = 0.02
_FEWEST_BLOCKS = 3
_MOST_OF_CHANCE = 0.4


@dataclass(frozen=True)
class Split:
    """The scheme, the columns it follows, and the sentence that says why."""

    scheme: str
    reason: str
    group_column: str | None = None
    group_rule: str = ""
    time_column: str | None = None


def find_split(train: Frame, test: Frame | None, columns: Sequence[Column], problem: str) -> Split:
    """The scheme for ``train``, judged by how ``test`` differs from it; without a test table only by the problem."""
    usable = [c for c in columns if test is not None and c.in_test and c.kind not in {"constant", "text"}]
    if test is not None:
        for column in usable:
            if split := _by_time(train[column.name], test[column.name], column):
                return split
        if split := _by_group(train, test, usable):
            return split
    if problem in {"binary", "multiclass", "ordinal"}:
        return Split("stratified", "Rows look independent; folds keep the classes' shares.")
    return Split("plain", "Rows look independent; folds are drawn at random.")


def _by_time(train: Series, test: Series, column: Column) -> Split | None:
    if column.kind == "datetime":
        before, after = as_dates(train).dropna(), as_dates(test).dropna()
    elif column.kind == "numeric" and _TIME_NAME.search(column.name) and column.unique > 5:
        before, after = train.dropna(), test.dropna()
    else:
        return None
    if not len(before) or not len(after):
        return None
    if after.min() >= before.max():
        return Split(
            "time",
            f"Test comes after train by {column.name}, so folds hold out whole stretches of time.",
            time_column=column.name,
        )
    if column.kind != "datetime":
        return None
    return _by_blocks_of_days(before, after, train, column)


def _by_blocks_of_days(before: Series, after: Series, written: Series, column: Column) -> Split | None:
    """Test days that follow the train days of each month, say: no day is in both, and blocks take turns."""
    train_days, test_days = set(before.dt.floor("D")), set(after.dt.floor("D"))
    if train_days & test_days or len(train_days) < 10 or len(test_days) < 5:
        return None
    turns = [day in test_days for day in sorted(train_days | test_days)]
    blocks = 1 + sum(a != b for a, b in itertools.pairwise(turns))
    by_chance = 1 + 2 * len(train_days) * len(test_days) / len(
        turns
    )  # Wald and Wolfowitz 1940: expected runs
    if blocks < 2 * _FEWEST_BLOCKS or blocks > _MOST_OF_CHANCE * by_chance:
        return None
    several_a_day = len(before) > 1.5 * len(train_days)
    reason = (
        f"Test days take turns with train days in {blocks} blocks by {column.name}; no day is in both. "
        "Folds hold out whole days: neither a random split (hours of one day would be on both sides) nor a strictly "
        "forward one (later train days are known when test is predicted) is like the test."
    )
    if not several_a_day:
        return Split("plain", reason, time_column=column.name)
    text = written.dropna().astype(str).head(200)
    sign = next((s for s in (" ", "T") if text.str.contains(s, regex=False).all()), "")
    return Split("grouped", reason, column.name, f"prefix:{sign}" if sign else "", column.name)


def _by_group(train: Frame, test: Frame, columns: Sequence[Column]) -> Split | None:
    """A column whose values would span the split if it were random, and do not."""
    best: tuple[float, str, str] | None = None
    for column in columns:
        for rule in _rules(train[column.name], column):
            a, b = (group_of(frame[column.name], rule) for frame in (train, test))
            expected, observed = _spans(a, b)
            if (
                expected >= _FEWEST_EXPECTED
                and observed <= _MOST_OBSERVED * expected
                and (not best or expected > best[0])
            ):
                best = (expected, column.name, rule)
    if best is None:
        return None
    expected, name, rule = best
    part = f"the part of {name} before {rule[len('prefix:') :]!r}" if rule else name
    return Split(
        "grouped",
        f"No group ({part}) is in both train and test, where a random cut would have parted about {expected:.0f}; "
        "folds keep groups whole.",
        name,
        rule,
    )


def _rules(cells: Series, column: Column) -> tuple[str, ...]:
    """Ways to read groups out of a column: its values, or the first part of a structured string."""
    if column.kind in {"structured", "id", "image"}:
        sign = separator_of(cells.dropna().astype(str).head(400))
        return (f"prefix:{sign}",) if sign else ()
    if column.kind == "categorical":
        return ("",)
    if column.kind == "numeric" and column.unique >= 10:
        whole = cells.dropna()
        return ("",) if len(whole) and bool((whole.head(2000) % 1 == 0).all()) else ()
    return ()


def group_of(cells: Series, rule: str) -> Series:
    """The group of every row by ``Facts.group_rule``."""
    if not rule:
        return cells
    return cells.astype(str).str.split(rule[len("prefix:") :], n=1, regex=False).str[0]


def _spans(train: Series, test: Series) -> tuple[float, int]:
    """(groups that a random cut would part, groups that are parted)."""
    sizes = pd.concat([train, test]).value_counts().to_numpy()
    share = len(test) / (len(train) + len(test))
    expected = float((1 - (1 - share) ** sizes - share**sizes).sum())
    observed = len(set(train.dropna().unique()) & set(test.dropna().unique()))
    return expected, observed
