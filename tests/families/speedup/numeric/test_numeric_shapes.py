"""Numeric loops of many shapes are compiled and answer as before; what cannot be compiled is left alone."""

import ast
import builtins
import keyword
import re
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

if find_spec("numba") is None or find_spec("torch") is None:
    pytest.skip("numba or torch is not installed", allow_module_level=True)

from slow_distances import DISTANCES
from slow_loops_over_arrays import DECLINED, OVER_ARRAYS
from slow_loops_over_lists import OVER_LISTS
from slow_program import Slow

SHAPES = [*DISTANCES, *OVER_ARRAYS, *OVER_LISTS]


@pytest.mark.parametrize("slow", SHAPES, ids=lambda slow: slow.name)
def test_it_is_compiled_and_answers_as_before(slow: Slow, optimised: Callable[..., Any]) -> None:
    text, done = optimised(slow.text, lambda: slow.make(np.random.default_rng(1)))
    assert done
    assert text.count(".njit(") >= 1
    assert all(edit.title and edit.reason for edit in done)
    assert all(ast.get_docstring(function) for function in _new_functions(slow.text, text))


@pytest.mark.parametrize("slow", DECLINED, ids=lambda slow: slow.name)
def test_it_is_left_alone(slow: Slow, optimised: Callable[..., Any]) -> None:
    text, done = optimised(slow.text, lambda: slow.make(np.random.default_rng(1)))
    assert not done
    assert text == slow.text


@pytest.mark.parametrize(
    "name", ["tensor_activation", "manhattan_kth", "method_called", "two_lists_around_other_work"]
)
def test_no_name_matters(name: str, optimised: Callable[..., Any]) -> None:
    slow = next(slow for slow in SHAPES if slow.name == name)
    _, done = optimised(slow.text, lambda: slow.make(np.random.default_rng(1)))
    _, again = optimised(_renamed(slow.text), lambda: slow.make(np.random.default_rng(1)))
    assert [edit.transformation for edit in again] == [edit.transformation for edit in done]


def _new_functions(before: str, after: str) -> list[ast.FunctionDef]:
    known = {node.name for node in ast.parse(before).body if isinstance(node, ast.FunctionDef)}
    return [
        node for node in ast.parse(after).body if isinstance(node, ast.FunctionDef) and node.name not in known
    ]


def _renamed(text: str) -> str:
    """Every identifier of the program's own under another name, but ``run`` and what it returns."""
    own = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            own.add(node.name)
        if isinstance(node, ast.arg):
            own.add(node.arg)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            own.add(node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            own.add(node.attr)
    own -= {"run", "self", "__init__", *dir(builtins), *keyword.kwlist}
    for number, name in enumerate(sorted(own)):
        text = re.sub(rf'(?<!["\w]){name}(?!["\w])', f"zq{number}", text)
    return text
