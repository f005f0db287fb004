"""Detectors: each looks at a script's syntax tree and says where one mistake stands.

A detector is a function ``(Script) -> Iterator[Spot]``, named in the book as ``module:function``. It asks
for meaning (qualified names, constants, flow), never for a user's identifiers, and stays silent when in
doubt: a false alarm costs more trust than a missed mistake.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from medalist.source.tree import Script


@dataclass(frozen=True)
class Spot:
    """Where a mistake stands and, in a clause, what is written there. ``node`` is the piece of the script
    that a mechanical fix would edit."""

    node: ast.AST
    detail: str

    @property
    def line(self) -> int:
        """1-based; 1 for the script as a whole."""
        return getattr(self.node, "lineno", 1)

    @property
    def span(self) -> tuple[int, int, int, int]:
        """Start line, start column, end line, end column as `ast` counts them; zeros for a whole script."""
        node = self.node
        if not isinstance(node, ast.expr | ast.stmt):
            return (0, 0, 0, 0)
        return (node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0)


Detector = Callable[[Script], Iterator[Spot]]


def find_detector(reference: str) -> Detector:
    """The detector that the book calls ``module:function``. Raises `LookupError` for an unknown one."""
    module_name, _, function_name = reference.partition(":")
    try:
        module = importlib.import_module(f"medalist.hints.detectors.{module_name}")
        return getattr(module, function_name)
    except (ImportError, AttributeError) as error:
        raise LookupError(f"no detector {reference!r}") from error
