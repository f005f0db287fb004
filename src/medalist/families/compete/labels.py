"""Labels as written and as meant: which order classes have, which one is positive, when two cells agree.

Standard library only; the parent process, the explorer and the grader share it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_NEGATIVE = {
    "0",
    "false",
    "f",
    "no",
    "n",
    "-1",
    "neg",
    "negative",
    "none",
    "absent",
    "normal",
    "benign",
    "ham",
}
_POSITIVE = {"1", "true", "t", "yes", "y", "pos", "positive", "present", "abnormal", "malignant", "spam"}
_TRUTHY = {"true": "1", "false": "0"}


def canonical(label: str) -> str:
    """One spelling for cells that mean the same: 1, 1.0, " 1" and True agree, so do 0 and False."""
    text = label.strip()
    lowered = text.lower()
    if lowered in _TRUTHY:
        return _TRUTHY[lowered]
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def is_number(text: str) -> bool:
    """Whether a cell is a finite number."""
    try:
        number = float(text)
    except ValueError:
        return False
    return number - number == 0


def ordered_classes(labels: Iterable[str]) -> tuple[str, ...]:
    """Distinct labels, numbers by value, others by name; of two, the positive one comes last."""
    distinct = list(dict.fromkeys(labels))
    if all(is_number(label) for label in distinct):
        distinct.sort(key=float)
    else:
        distinct.sort()
    if len(distinct) == 2 and _meaning(distinct[0]) > _meaning(distinct[1]):
        distinct.reverse()
    return tuple(distinct)


def _meaning(label: str) -> int:
    word = canonical(label).lower()
    return (word in _POSITIVE) - (word in _NEGATIVE)


def positive_is_plain(classes: Sequence[str]) -> bool:
    """Whether the words themselves say which of two classes is positive."""
    return len(classes) == 2 and any(_meaning(label) for label in classes)
