"""Edits at known places leave every other character as it was."""

from __future__ import annotations

import ast

import pytest

from medalist.source.rewrite import (
    Edit,
    drop_keyword,
    rename_keyword,
    rename_method,
    replace_attribute,
    rewrite,
    set_keyword,
    wrap,
)


def _edited(code: str, edit: Edit, kind: type[ast.expr] = ast.Call) -> str:
    node = next(n for n in ast.walk(ast.parse(code)) if isinstance(n, kind))
    assert isinstance(node, ast.expr)
    span = (node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0)
    return rewrite(code, {span: [edit]})[0]


@pytest.mark.parametrize(
    ("code", "edit", "expected"),
    [
        ("f(a)  # why\n", set_keyword("b", "1"), "f(a, b=1)  # why\n"),
        ("f()\n", set_keyword("b", "1"), "f(b=1)\n"),
        ("f(a, b=2, c=3)\n", set_keyword("b", "1"), "f(a, c=3, b=1)\n"),
        ("f(\n    a,\n    b,\n)\n", set_keyword("c", "1"), "f(\n    a,\n    b,\nc=1)\n"),
        ("f(a, b=2)\n", drop_keyword("b"), "f(a)\n"),
        ("f(a, b=2)\n", rename_keyword("b", "c"), "f(a, c=2)\n"),
        ("x = f(a)\n", wrap("(EXPRESSION) ** 0.5"), "x = f(a) ** 0.5\n"),
        ("m.predict(x)\n", rename_method("predict", "score"), "m.score(x)\n"),
    ],
)
def test_calls_are_edited_in_place(code: str, edit: Edit, expected: str) -> None:
    edited = _edited(code, edit)
    ast.parse(edited)
    assert edited == expected


def test_attributes_are_replaced_with_or_without_their_owner() -> None:
    edit = replace_attribute({"float": "float", "NaN": ".nan"})
    assert _edited("x = np.float\n", edit, ast.Attribute) == "x = float\n"
    assert _edited("x = np.NaN\n", edit, ast.Attribute) == "x = np.nan\n"
    assert _edited("x = np.pi\n", edit, ast.Attribute) == "x = np.pi\n"


def test_a_place_that_is_not_there_changes_nothing() -> None:
    assert rewrite("f(a)\n", {(9, 0, 9, 4): [set_keyword("b", "1")]}) == ("f(a)\n", set())
