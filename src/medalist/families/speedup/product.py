"""What can be said of a product by reading it: that it is a Python file and defines the names that are asked for,
and which sources of compiled languages beside it belong to it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from medalist.families.speedup.refusals import Reason, Refused

LARGEST_BYTES = 4 << 20

UNTOUCHED = "unchanged"
"""The operator of the candidate that is the program as it was, and no work of an engineer's."""

_NOT_PYTHON = (SyntaxError, ValueError, RecursionError, MemoryError)
_COMPILED = (".c", ".h", ".cc", ".cpp", ".hpp", ".pyx", ".pxd", ".f90")


def sources_of(text: str, beside: Iterable[str]) -> list[str]:
    """Of the files ``beside`` a program, those of compiled languages that its ``text`` names, by file or by module."""
    words = set(re.findall(r"\w+", text))
    return sorted(
        name for name in beside if Path(name).suffix.lower() in _COMPILED and Path(name).stem in words
    )


def check_product(file: Path, required: Sequence[str]) -> int:
    """The number of lines of a product that defines the ``required`` names. Raises Refused; runs nothing of it."""
    if not file.is_file():
        raise Refused(Reason.NEVER_SUBMITTED, "There is no file to grade.")
    data = file.read_bytes() if file.stat().st_size <= LARGEST_BYTES else b""
    if not data.strip():
        empty = "is empty" if file.stat().st_size <= LARGEST_BYTES else f"has more than {LARGEST_BYTES} bytes"
        raise Refused(Reason.NEVER_SUBMITTED, f"The file {empty}.")
    return check_text(data, required)


def check_text(data: bytes, required: Sequence[str]) -> int:
    """As ``check_product``, of a product's content."""
    try:
        tree = ast.parse(data)
    except _NOT_PYTHON as error:
        raise Refused(Reason.DOES_NOT_RUN, f"It is not Python: {error}.") from error
    defined = set(_names(tree.body))
    missing = [name for name in required if name not in defined]
    if missing and "*" not in defined:
        raise Refused(Reason.RENAMED, f"It does not define {', '.join(missing)}.")
    return data.count(b"\n") + 1


def is_version(text: str, original: str, required: Sequence[str]) -> bool:
    """Whether ``text`` defines the ``required`` names itself, importing none, and is not the ``original`` again."""
    try:
        tree = ast.parse(text)
        same = ast.dump(tree) == ast.dump(ast.parse(original))
    except _NOT_PYTHON:
        return False
    own = [node for node in tree.body if not isinstance(node, (ast.Import, ast.ImportFrom))]
    return not same and set(required) <= set(_names(own))


def _names(body: list[ast.stmt]) -> Iterator[str]:
    """Names that a module's statements bind at its top level, in branches too; ``*`` for an import of everything."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (
                each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)
            )
        for field in ("body", "orelse", "finalbody", "handlers"):
            inner = getattr(node, field, None)
            if inner and isinstance(node, (ast.If, ast.Try, ast.With, ast.For, ast.While)):
                yield from _names([s for each in inner for s in getattr(each, "body", [each])])
