"""Detectors: each looks at a script's syntax tree and says where one mistake stands.

A detector is a function ``(Script) -> Iterator[Spot]``, named in the book as ``module:function``. It asks
for meaning (qualified names, constants, flow), never for a user's identifiers, and stays silent when in
doubt: a false alarm costs more trust than a missed mistake.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from medalist.source.tree import Script


@dataclass(frozen=True)
class Spot:
    """Where a mistake stands: a line of the script (1-based) and what is written there, in a clause."""

    line: int
    detail: str


Detector = Callable[[Script], Iterator[Spot]]


def find_detector(reference: str) -> Detector:
    """The detector that the book calls ``module:function``. Raises `LookupError` for an unknown one."""
    module_name, _, function_name = reference.partition(":")
    try:
        module = importlib.import_module(f"medalist.hints.detectors.{module_name}")
        return getattr(module, function_name)
    except (ImportError, AttributeError) as error:
        raise LookupError(f"no detector {reference!r}") from error
