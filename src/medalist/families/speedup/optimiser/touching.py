"""How much of a run is spent in the lines that an edit changes: what to try first, never whether to try it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from medalist.families.speedup.optimiser.facts import Facts
from medalist.families.speedup.optimiser.merging import changed_lines
from medalist.families.speedup.optimiser.transformation import Edit

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def promise(base: str, edit: Edit, facts: Facts) -> float:
    """Seconds that the edit may save: what it says itself, or what is spent in what it touches, if that is less.

    An edit may work far from where it stands (an option of what a loop calls), so little is no reason to leave it out.
    """
    return min(edit.seconds, sum(_seconds_touched(ast.parse(base), changed_lines(base, edit.text), facts)))


def _seconds_touched(tree: ast.Module, lines: set[int], facts: Facts) -> Iterator[float]:
    for name, function in _functions(tree, ""):
        inside = lines & _lines(function)
        loops = [loop for loop in facts.loops if loop.function == name]
        for loop in loops:
            body = next(
                (n for n in ast.walk(function) if isinstance(n, ast.stmt) and n.lineno == loop.line), None
            )
            if body is not None and inside & _lines(body):
                yield loop.seconds
                inside -= _lines(body)
        if inside and name in facts.functions:
            yield max(0.0, facts.functions[name].seconds - sum(loop.seconds for loop in loops))


def _functions(node: ast.AST, path: str) -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*_FUNCTIONS, ast.ClassDef)):
            name = f"{path}{child.name}"
            if isinstance(child, _FUNCTIONS):
                yield name, child
            yield from _functions(child, f"{name}.")


def _lines(node: ast.AST) -> set[int]:
    begin, end = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
    return set(range(begin, end + 1))
