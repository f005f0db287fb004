"""Writing syntax trees as text that people read: indented, with comments, double quotes, and lines that are not long."""

from __future__ import annotations

import ast
import copy
import io
import textwrap
import tokenize
from collections.abc import Mapping, Sequence

_LONGEST_LINE = 100


def parsed(expression: str) -> ast.expr:
    """The tree of an expression that is known to be one."""
    return ast.parse(expression, mode="eval").body


def written(
    statements: Sequence[ast.stmt], indentation: str = "", comments: Mapping[int, Sequence[str]] | None = None
) -> str:
    """Statements as text, each line indented; one that kept its line number gets the comments of that line."""
    return "".join(_written(statement, indentation, comments or {}) for statement in statements)


def _written(statement: ast.stmt, indentation: str, comments: Mapping[int, Sequence[str]]) -> str:
    above = "".join(f"{indentation}{line}\n" for line in comments.get(getattr(statement, "lineno", 0), ()))
    deeper = indentation + "    "
    match statement:
        case ast.Expr(value=ast.Constant(value=str() as text)):
            return above + _docstring(text, indentation)
    if not isinstance(
        statement, ast.For | ast.While | ast.If | ast.With | ast.FunctionDef | ast.AsyncFunctionDef
    ):
        lines = _quoted(ast.unparse(statement)).splitlines()
        return above + "".join(f"{line}\n" for one in lines for line in _folded(indentation + one))
    bare = copy.copy(statement)
    bare.body = [ast.Pass()]
    if isinstance(bare, ast.For | ast.While | ast.If):
        bare.orelse = []
    header = _quoted(ast.unparse(ast.fix_missing_locations(bare))).rsplit("\n", 1)[0]
    text = above + textwrap.indent(header, indentation) + "\n" + written(statement.body, deeper, comments)
    if isinstance(statement, ast.For | ast.While | ast.If) and statement.orelse:
        chained = isinstance(statement, ast.If) and isinstance(statement.orelse[0], ast.If)
        if chained and len(statement.orelse) == 1:
            branch = _written(statement.orelse[0], indentation, comments)
            return text + branch.replace(f"{indentation}if ", f"{indentation}elif ", 1)
        text += f"{indentation}else:\n" + written(statement.orelse, deeper, comments)
    return text


def _folded(line: str) -> list[str]:
    """A line, or where it is long the same with the entries of its last outermost bracket on lines of their own."""
    indentation = line[: len(line) - len(line.lstrip())]
    if len(line) <= _LONGEST_LINE:
        return [line]
    begin, end, cuts = _last_bracket(line, len(indentation))
    if not end:
        return [line]
    starts = [begin + 1, *(cut + 1 for cut in cuts)]
    entries = [line[a:b].strip() for a, b in zip(starts, [*cuts, end], strict=True)]
    comma = "," if cuts else ""
    folded = [line[: begin + 1]]
    for entry in filter(None, entries):
        folded += _folded(f"{indentation}    {entry}{comma}")
    return [*folded, f"{indentation}{line[end:]}"]


def _last_bracket(line: str, width: int) -> tuple[int, int, list[int]]:
    """Where the last outermost bracket that holds anything begins and ends, and its commas; zeros for none.

    A comprehension and a lambda have commas that part no entries: there none is given.
    """
    depth, begin, whole = 0, 0, False
    cuts: list[int] = []
    found: tuple[int, int, list[int]] = (0, 0, [])
    for token in tokenize.generate_tokens(io.StringIO(line.strip()).readline):
        place = width + token.start[1]
        if token.string and token.string in "([{":
            if not depth:
                begin, cuts, whole = place, [], False
            depth += 1
        elif token.string and token.string in ")]}":
            depth -= 1
            if not depth and place > begin + 1:
                found = (begin, place, [] if whole else cuts)
        elif token.string in ("for", "lambda") and depth == 1:
            whole = True
        elif token.string == "," and depth == 1:
            cuts.append(place)
    return found


def _docstring(text: str, indentation: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'{indentation}"""{escaped}"""\n'


def _quoted(code: str) -> str:
    """Code with double quotes where that needs no escape."""
    changed = []
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        text = token.string
        if token.type == tokenize.STRING and text.startswith("'") and not set(text) & set('"\\'):
            text = f'"{text[1:-1]}"'
        changed.append((token, text))
    lines = code.splitlines(keepends=True)
    for token, text in reversed(changed):
        if text != token.string:
            row = token.start[0] - 1
            lines[row] = lines[row][: token.start[1]] + text + lines[row][token.end[1] :]
    return "".join(lines)
