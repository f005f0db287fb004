"""Which column of a sample submission names the rows; standard library only, one rule for all who ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

ID_NAME = re.compile(r"(^|[_\s-])(id|key|uid|uuid|index|filename|file|image|row)$|^id|id$", re.IGNORECASE)


def id_of_sample(
    sample: Sequence[str], train: Sequence[str], test: Sequence[str] | None, unique: Callable[[str], bool]
) -> str | None:
    """The id among the sample's columns, or None when its rows go by order.

    ``train`` and ``test`` are headers (``test`` None without a test table); ``unique`` says whether
    a column of the sample holds no value twice. Best is a column that test has too; else the first
    column, if it is unique and looks like an id or is no column of train.
    """
    if len(sample) < 2:
        return None
    shared = [name for name in sample if test is not None and name in test]
    if shared and unique(shared[0]):
        return shared[0]
    first = sample[0]
    if unique(first) and (ID_NAME.search(first) or first not in train):
        return first
    return shared[0] if shared else None
