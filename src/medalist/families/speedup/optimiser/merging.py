"""Joining edits of one text that were made independently of each other, line by line, where they touch different places."""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class _Hunk:
    """The lines ``begin`` to ``end`` of the base, replaced; an insertion where the two are equal."""

    begin: int
    end: int
    lines: tuple[str, ...]


def merged(base: str, ours: str, theirs: str) -> str | None:
    """``base`` with the changes of both texts; None where they touch the same lines, or define the same name twice."""
    if ours == base:
        return theirs
    lines = base.splitlines(keepends=True)
    hunks = _joined(_hunks(lines, ours), _hunks(lines, theirs))
    if hunks is None:
        return None
    result: list[str] = []
    done = 0
    for hunk in hunks:
        result += [*lines[done : hunk.begin], *hunk.lines]
        done = hunk.end
    text = "".join([*result, *lines[done:]])
    return _spaced(_without_repeated_imports(text)) if _definitions_are_single(text) else None


def overlap(base: str, one: str, other: str) -> bool:
    """Whether two edits of ``base`` touch the same lines, as two ways to do the same would."""
    lines = base.splitlines(keepends=True)
    return _joined(_hunks(lines, one), _hunks(lines, other)) is None


def changed_lines(base: str, text: str) -> set[int]:
    """The lines of ``base``, counted from one, that the edit replaces; what it only inserts changes none."""
    hunks = _hunks(base.splitlines(keepends=True), text)
    return {line for hunk in hunks for line in range(hunk.begin + 1, hunk.end + 1)}


def _hunks(base: list[str], text: str) -> list[_Hunk]:
    changed = text.splitlines(keepends=True)
    opcodes = SequenceMatcher(None, base, changed, autojunk=False).get_opcodes()
    return [_Hunk(i, j, tuple(changed[k:m])) for tag, i, j, k, m in opcodes if tag != "equal"]


def _joined(ours: list[_Hunk], theirs: list[_Hunk]) -> list[_Hunk] | None:
    """The hunks of both in order, those that are in both once; None where two of them cannot stand together."""
    result: list[_Hunk] = []
    for hunk in sorted({*ours, *theirs}, key=lambda each: (each.begin, each.end, each not in ours)):
        last = result[-1] if result else None
        if last is None or hunk.begin > last.end or (hunk.begin == last.end and last.end > last.begin):
            result.append(hunk)
        elif hunk.begin == last.begin == last.end:
            if hunk.end > hunk.begin:  # an insertion before replaced lines
                result.append(hunk)
            else:
                result[-1] = _Hunk(hunk.begin, hunk.end, _one_after_the_other(last.lines, hunk.lines))
        else:
            return None
    return result


def _one_after_the_other(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """Two insertions at one place; imports that the first has are left out of the second."""
    imports = {line for line in first if line.startswith(("import ", "from "))}
    return (*first, *(line for line in second if line not in imports))


def _without_repeated_imports(text: str) -> str:
    """Of imports that stand twice at the top level only the first; what looks like one inside a text is left alone."""
    lines = text.splitlines(keepends=True)
    seen: set[str] = set()
    for node in ast.parse(text).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)) and node.lineno == node.end_lineno:
            line = lines[node.lineno - 1]
            if line in seen:
                lines[node.lineno - 1] = ""
            seen.add(line)
    return "".join(lines)


def _spaced(text: str) -> str:
    """The text with two empty lines where a definition and its neighbour at the top level have come to touch."""
    lines = text.splitlines(keepends=True)
    body = ast.parse(text).body
    for before, after in reversed(list(pairwise(body))):
        between = lines[before.end_lineno : _first_line(after) - 1]
        touching = isinstance(before, _DEFINITIONS) or isinstance(after, _DEFINITIONS)
        if touching and before.end_lineno and all(line.strip() for line in between):
            lines[before.end_lineno : before.end_lineno] = ["\n", "\n"]
    return "".join(lines)


def _first_line(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, _DEFINITIONS) else []
    return min([node.lineno, *(each.lineno for each in decorators)])


def _definitions_are_single(text: str) -> bool:
    try:
        body = ast.parse(text).body
    except SyntaxError:
        return False
    names = Counter(node.name for node in body if isinstance(node, _DEFINITIONS))
    return max(names.values(), default=0) <= 1
