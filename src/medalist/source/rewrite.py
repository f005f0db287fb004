"""Editing a script at known places, leaving every other character as it was (libcst).

An edit is a function from an expression to the expression that replaces it; `rewrite` finds the expression
by its span as `ast` counts it. Importing this module imports libcst, so only rooms about to edit do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

Span = tuple[int, int, int, int]
Edit = Callable[[cst.BaseExpression], cst.BaseExpression]


def rewrite(code: str, edits: Mapping[Span, Sequence[Edit]], header: str = "") -> tuple[str, set[Span]]:
    """``code`` with each edit applied and ``header`` put after its docstring and `__future__` imports.

    Returns the new code and the spans that were really changed. Raises `libcst.ParserSyntaxError` for code
    that is not Python.
    """
    wrapper = MetadataWrapper(cst.parse_module(code))
    rewriter = _Rewriter(_in_characters(code, edits))
    module = wrapper.visit(rewriter)
    if header:
        module = module.with_changes(body=_with_header(module.body, header))
    return module.code, {span for span, key in _keys(code, edits).items() if key in rewriter.changed}


def set_keyword(name: str, value: str) -> Edit:
    """Pass ``name=value`` in a call, instead of what it passes now or in addition."""

    def edit(node: cst.BaseExpression) -> cst.BaseExpression:
        if not isinstance(node, cst.Call):
            return node
        kept = [argument for argument in node.args if _keyword(argument) != name]
        return node.with_changes(args=_joined([*kept, keyword_argument(name, value)]))

    return edit


def drop_keyword(name: str) -> Edit:
    """Leave the keyword argument ``name`` out of a call."""

    def edit(node: cst.BaseExpression) -> cst.BaseExpression:
        if not isinstance(node, cst.Call):
            return node
        return node.with_changes(args=_joined([a for a in node.args if _keyword(a) != name]))

    return edit


def rename_keyword(old: str, new: str) -> Edit:
    """Pass under the keyword ``new`` what a call passes as ``old``."""

    def edit(node: cst.BaseExpression) -> cst.BaseExpression:
        if not isinstance(node, cst.Call):
            return node
        arguments = [a.with_changes(keyword=cst.Name(new)) if _keyword(a) == old else a for a in node.args]
        return node.with_changes(args=arguments)

    return edit


def wrap(template: str) -> Edit:
    """Replace an expression by ``template``, in which the name ``EXPRESSION`` stands for the old one."""

    def edit(node: cst.BaseExpression) -> cst.BaseExpression:
        return cst.ensure_type(cst.parse_expression(template).visit(_Substitute(node)), cst.BaseExpression)

    return edit


def replace_attribute(names: Mapping[str, str]) -> Edit:
    """Put ``names[attribute]`` in the place of `owner.attribute`; one that begins with a dot stays with
    its owner (``{"float": "float", "NaN": ".nan"}``)."""

    def edit(node: cst.BaseExpression) -> cst.BaseExpression:
        if not isinstance(node, cst.Attribute) or node.attr.value not in names:
            return node
        new = names[node.attr.value]
        return node.with_changes(attr=cst.Name(new[1:])) if new.startswith(".") else cst.parse_expression(new)

    return edit


def rename_method(old: str, new: str) -> Edit:
    """Call the method ``new`` where a call calls ``old``."""

    def edit(node: cst.BaseExpression) -> cst.BaseExpression:
        if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute):
            return node
        if node.func.attr.value != old:
            return node
        return node.with_changes(func=node.func.with_changes(attr=cst.Name(new)))

    return edit


def keyword_argument(name: str, value: str) -> cst.Arg:
    """The argument ``name=value`` without spaces around its sign."""
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    return cst.Arg(cst.parse_expression(value), keyword=cst.Name(name), equal=tight)


class _Substitute(cst.CSTTransformer):
    def __init__(self, node: cst.BaseExpression) -> None:
        super().__init__()
        self._node = node

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:  # noqa: N802
        return self._node if original_node.value == "EXPRESSION" else updated_node


class _Rewriter(cst.CSTTransformer):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, edits: Mapping[Span, Sequence[Edit]]) -> None:
        super().__init__()
        self._edits = edits
        self.changed: set[Span] = set()

    def on_leave(self, original_node, updated_node):  # type: ignore[no-untyped-def]
        node = super().on_leave(original_node, updated_node)
        if not isinstance(original_node, cst.BaseExpression) or not isinstance(node, cst.BaseExpression):
            return node
        place = cast(CodeRange, self.get_metadata(PositionProvider, original_node))
        span = (place.start.line, place.start.column, place.end.line, place.end.column)
        for edit in self._edits.get(span, ()):
            edited = edit(node)
            if edited is not node:
                self.changed.add(span)
            node = edited
        return node


def _keyword(argument: cst.Arg) -> str | None:
    return argument.keyword.value if argument.keyword is not None else None


def _joined(arguments: Sequence[cst.Arg]) -> list[cst.Arg]:
    """The arguments with a comma between each two, keeping the line breaks there were."""
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    joined = [a if isinstance(a.comma, cst.Comma) else a.with_changes(comma=comma) for a in arguments[:-1]]
    last = [arguments[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)] if arguments else []
    return joined + last


def _with_header(body: Sequence[cst.CSTNode], header: str) -> list[cst.CSTNode]:
    place = 0
    for index, statement in enumerate(body):
        if isinstance(statement, cst.SimpleStatementLine) and _opens_a_file(statement):
            place = index + 1
        else:
            break
    return [*body[:place], *cst.parse_module(header).body, *body[place:]]


def _opens_a_file(statement: cst.SimpleStatementLine) -> bool:
    first = statement.body[0]
    if isinstance(first, cst.Expr):
        return isinstance(first.value, cst.SimpleString | cst.ConcatenatedString)
    if isinstance(first, cst.ImportFrom) and isinstance(first.module, cst.Name):
        return first.module.value == "__future__"
    return False


def _in_characters(code: str, edits: Mapping[Span, Sequence[Edit]]) -> dict[Span, Sequence[Edit]]:
    return {key: edits[span] for span, key in _keys(code, edits).items()}


def _keys(code: str, edits: Mapping[Span, Sequence[Edit]]) -> dict[Span, Span]:
    """`ast` counts columns in UTF-8 bytes, libcst in characters."""
    lines = code.splitlines()

    def column(line: int, bytes_before: int) -> int:
        text = lines[line - 1] if 0 < line <= len(lines) else ""
        return len(text.encode()[:bytes_before].decode(errors="ignore"))

    return {s: (s[0], column(s[0], s[1]), s[2], column(s[2], s[3])) for s in edits}
