"""Changing a script without touching the rest of it: splices of its own text at the places a syntax tree names.

Nothing is printed back from the tree, so comments, quotes and spacing outside an edit stay as they
are, byte for byte. Positions are those of the tree the editor was opened on; edits are collected
and applied at once.
"""

from __future__ import annotations

import ast
import textwrap

from medalist.source.tree import Script


class Editor:
    """Collects edits of one script. ``code()`` applies them; the script itself is not changed."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.changes: list[str] = []
        """What was done, in words; callers append."""
        self._code = script.code
        self._splices: list[tuple[int, int, str]] = []
        self._line_starts = [0]
        for line in self._code.split("\n"):
            self._line_starts.append(min(self._line_starts[-1] + len(line) + 1, len(self._code)))

    # ---- positions

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Where ``node`` stands in the text: first character and the one after its last."""
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self._offset(node.lineno, node.col_offset), self._offset(end_line, end_column)

    def text(self, node: ast.expr | ast.stmt) -> str:
        """The source text of ``node`` as it was written."""
        start, end = self.span(node)
        return self._code[start:end]

    def _offset(self, line: int, column_bytes: int) -> int:
        start, end = self._line_starts[line - 1], self._line_starts[line]
        return start + len(self._code[start:end].encode()[:column_bytes].decode())

    def stands_alone(self, statement: ast.stmt) -> bool:
        """Whether the statement has its lines to itself, so that lines can go before and after it."""
        start, end = self.span(statement)
        before = self._code[self._line_starts[statement.lineno - 1] : start]
        last_line = statement.end_lineno or statement.lineno
        after = self._code[end : self._line_starts[last_line]].strip()
        return not before.strip() and (not after or after.startswith("#"))

    # ---- edits

    def replace(self, node: ast.expr | ast.stmt, text: str) -> None:
        """Put ``text`` in the place of ``node``."""
        start, end = self.span(node)
        self._splices.append((start, end, text))

    def insert_before(self, statement: ast.stmt, lines: str) -> None:
        """Put ``lines`` (written without indentation) above a statement that stands alone."""
        at = self._line_starts[statement.lineno - 1]
        self._splices.append((at, at, self._indented(statement, lines)))

    def insert_after(self, statement: ast.stmt, lines: str) -> None:
        """Put ``lines`` (written without indentation) below a statement that stands alone."""
        last_line = statement.end_lineno or statement.lineno
        at = self._line_starts[last_line]
        ended = self._code[:at].endswith("\n")
        self._splices.append((at, at, ("" if ended else "\n") + self._indented(statement, lines)))

    def guard(self, statement: ast.stmt, condition: str) -> None:
        """Run a statement that stands alone only under ``if condition:``."""
        start, end = self.span(statement)
        indent = " " * statement.col_offset
        body = self._code[start:end].replace("\n", "\n    ")
        self._splices.append((start, end, f"if {condition}:\n{indent}    {body}"))

    def insert_after_imports(self, lines: str) -> None:
        """Put ``lines`` below the last import at the top of the file (below the docstring without one)."""
        top: ast.stmt | None = None
        for statement in self.script.tree.body:
            is_docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            if isinstance(statement, ast.Import | ast.ImportFrom) or (top is None and is_docstring):
                top = statement
        if top is None:
            self._splices.append((0, 0, lines.rstrip("\n") + "\n"))
        else:
            self.insert_after(top, lines)

    def _indented(self, statement: ast.stmt, lines: str) -> str:
        return textwrap.indent(lines.removesuffix("\n") + "\n", " " * statement.col_offset)

    # ---- result

    @property
    def edited(self) -> bool:
        return bool(self._splices)

    def code(self) -> str:
        """The text with every edit applied.

        Raises ValueError when two edits overlap or the result is not Python: a mistake of the caller.
        """
        pieces: list[str] = []
        at = 0
        for start, end, text in sorted(self._splices, key=lambda splice: splice[:2]):
            if start < at:
                raise ValueError("two edits of one script overlap")
            pieces += [self._code[at:start], text]
            at = end
        pieces.append(self._code[at:])
        code = "".join(pieces)
        try:
            ast.parse(code)
        except SyntaxError as error:
            raise ValueError(f"an edit broke the script: {error}") from error
        return code
