"""Whether a submission is well-formed: the sample decides columns, rows and ids (SPEC K8).

Runs in the parent: standard library only, one pass over the file. It knows what an engineer may
know, and says what is wrong, where and with an example. Bad content is never an exception.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from medalist.core.errors import InputError
from medalist.core.family import Validation
from medalist.families.compete.delimited import read_rows, sniff
from medalist.families.compete.labels import canonical, is_number
from medalist.families.compete.rules import Rules, clean_header

_ROW_SUM_TOLERANCE = 1e-4
_NO_VALUE = {"nan", "null", "none", "na", "n/a"}


def validate_submission(path: Path, rules: Rules) -> Validation:
    """Check the submission at ``path``; ``reason`` is a sentence with line and example when it is not valid."""
    if not path.exists():
        return Validation(False, f"There is no submission: {path.name} does not exist.")
    if not path.is_file():
        return Validation(False, f"{path.name} is not a file.")
    try:
        dialect = sniff(path)
        if dialect.mixed or dialect.encoding not in {"utf-8", "utf-8-sig"}:
            return Validation(
                False, f"{path.name} is not UTF-8 text (it looks like {dialect.encoding}); save it in UTF-8."
            )
        rows = read_rows(path, dialect)
        header = clean_header(next(rows)[1])
        if reason := _header_reason(header, rules, dialect.separator):
            return Validation(False, reason)
        return _check_rows(rows, header, rules)
    except InputError as error:
        return Validation(False, f"{error.what}{f' ({error.where})' if 'line' in error.where else ''}")


def _header_reason(header: list[str], rules: Rules, separator: str) -> str:
    """What is wrong with the header; "" when the columns are those of the sample, in its order."""
    wanted = list(rules.columns)
    if header == wanted:
        if separator != "," and len(header) > 1:
            return f"Cells are separated by {separator!r}; a submission needs commas."
        return ""
    if sorted(header) == sorted(wanted):
        return (
            f"The columns are in another order: {', '.join(header)}; the sample has {', '.join(wanted[:8])}."
        )
    missing = [name for name in wanted if name not in header]
    extra = [name for name in header if name not in wanted]
    if missing and is_number(canonical(header[-1])) and len(header) == len(wanted):
        return f"The first line holds values, not the header {','.join(wanted[:8])}."
    parts = [
        f"{title}: {', '.join(names[:5])}"
        for title, names in (("missing", missing), ("not asked for", extra))
        if names
    ]
    return f"The columns do not match the sample submission's ({'; '.join(parts)}); expected {','.join(wanted[:8])}."


def _check_rows(rows: Iterator[tuple[int, list[str]]], header: list[str], rules: Rules) -> Validation:
    place = header.index(rules.id_column) if rules.id_column is not None else None
    labels = set(map(canonical, rules.classes)) if rules.takes in {"labels", "numbers"} else set()
    seen: set[str] = set()
    count = 0
    for line, row in rows:
        count += 1
        if len(row) != len(header):
            return Validation(False, f"Line {line} has {len(row)} cells, the header {len(header)}.", count)
        if place is not None and rules.ids is not None:
            identity = row[place].strip()
            if identity in seen:
                return Validation(False, f"Line {line} repeats the {rules.id_column} {identity!r}.", count)
            if identity not in rules.ids:
                return Validation(False, _unknown_id(line, identity, rules), count)
            seen.add(identity)
        if reason := _cells_reason(line, row, header, place, rules, labels):
            return Validation(False, reason, count)
    if rules.ids is not None and len(seen) < len(rules.ids):
        lacking = sorted(rules.ids - seen)
        return Validation(
            False,
            f"{len(lacking)} of {rules.rows} rows are missing, {rules.id_column} {lacking[0]!r} among them.",
            count,
        )
    if count != rules.rows:
        return Validation(False, f"There are {count} rows, but {rules.rows} are asked for.", count)
    return Validation(True, "", count)


def _unknown_id(line: int, identity: str, rules: Rules) -> str:
    assert rules.ids is not None
    like = next((known for known in rules.ids if canonical(known) == canonical(identity)), None)
    hint = f"; the sample writes it {like!r}" if like else f", such as {min(rules.ids)!r}"
    return f"Line {line} has the {rules.id_column} {identity!r}, which is not one of the sample's{hint}."


def _cells_reason(
    line: int, row: list[str], header: list[str], place: int | None, rules: Rules, labels: set[str]
) -> str:
    """What is wrong with a row's predictions; "" when nothing is. ``labels`` are the allowed ones (none: any)."""
    total = 0.0
    for position, cell in enumerate(row):
        if position == place:
            continue
        known = canonical(cell) in labels
        if not cell.strip() or (cell.strip().lower() in _NO_VALUE and not known):
            return f"Line {line} has no value for {header[position]} ({cell!r})."
        if labels and not known:
            some = ", ".join(rules.classes[:6])
            return (
                f"Line {line} has {cell!r} for {header[position]}, which is no known label (such as {some})."
            )
        if rules.numeric:
            if not is_number(canonical(cell)):
                return f"Line {line} has {cell!r} for {header[position]}, which is not a finite number."
            value = float(canonical(cell))
            total += value
            if (rules.low is not None and value < rules.low) or (
                rules.high is not None and value > rules.high
            ):
                return f"Line {line} has {cell} for {header[position]}, which is outside {_range(rules)}."
    if rules.row_sum_one and abs(total - 1) > _ROW_SUM_TOLERANCE:
        return f"Line {line}: the probabilities sum to {total:g}, not to 1."
    return ""


def _range(rules: Rules) -> str:
    return (
        f"{rules.low:g} to {rules.high:g}" if rules.high is not None else f"the range from {rules.low:g} up"
    )
