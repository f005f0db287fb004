"""Reading scripts by meaning: aliases, assignments, helpers, classes, constants and flow."""

# ruff: noqa: E501
from __future__ import annotations

import ast

import pytest

from medalist.core.errors import InputError
from medalist.source.tree import UNKNOWN, Script, parse


def _last(code: str) -> tuple[Script, ast.expr]:
    script = parse(code)
    statement = script.tree.body[-1]
    assert isinstance(statement, ast.Expr)
    return script, statement.value


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("import numpy as n\nn.zeros", "numpy.zeros"),
        ("import os.path\nos.path.join", "os.path.join"),
        ("from torch import nn as k\nk.Linear(1, 2)", "torch.nn.Linear()"),
        ("from a.b import c as d\ne = d(1)\ne.f", "a.b.c().f"),
        ("import a\nb = a.c()\nb = b.to(1)\nb.x()", "a.c().to().x()"),
        ("import a\ndef f():\n    x = a.b()\n    return x\nf().y", "a.b().y"),
        ("import a\ndef f(v):\n    return v\nf(a.b)", "a.b"),
        ("import a\ndef f(v):\n    return v.w\nf(v=a.b)", "a.b.w"),
        ("import a\nclass N(a.M):\n    pass\nN().z", "<a.M>().z"),
        ("import a\nclass N:\n    x = a.b\nN.x", "a.b"),
        ("import a\nclass N:\n    def __init__(self, p):\n        self.q = p\nk = N(a.b)\nk.q", "a.b"),
        ("import a\nx, y = a.b()\ny", "a.b()[1]"),
        ("import a\nx, y = a.b, a.c\ny", "a.c"),
        ("import a\nfor i, (x, y) in a.b():\n    pass\ny", "a.b()[*][1][1]"),
        ("import a\nwith a.b() as f:\n    pass\nf", "a.b()"),
        ("import a\nxs = sorted(a.b())\n[x for x in xs][0]", "list[]"),
        ("import a\nf = lambda: a.b\nf()", "a.b"),
        ("import a\nx = a.b if a.c else a.d\nx", "a.b"),
        ("mine = unknown()\nmine.x", "?().x"),
        ("print", "print"),
        ("x = 'a' + 'b'\nx", "str"),
        ("x = x\nx", UNKNOWN),
    ],
)
def test_names_come_from_where_the_value_comes_from(code: str, name: str) -> None:
    script, expression = _last(code)
    assert script.name(expression) == name


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("x = 4\nx * 8", 32),
        ("C = {'n': 3}\nC['n']", 3),
        ("C = dict(n=3)\nC['n']", 3),
        ("class C:\n    n = 5\nC.n", 5),
        ("class C:\n    n = 5\nc = C()\nc.n", 5),
        (
            "import argparse\np = argparse.ArgumentParser()\np.add_argument('-b', '--b-size', default=7)\na = p.parse_args()\na.b_size",
            7,
        ),
        ("-3", -3),
        ("x, y = f()\nx", UNKNOWN),
        ("import m\nm.n", UNKNOWN),
    ],
)
def test_constants_are_read_through_assignments(code: str, value: object) -> None:
    script, expression = _last(code)
    assert script.value(expression) == value


def test_a_parameter_has_the_value_all_calls_agree_on() -> None:
    code = "def f(a, b=2):\n    use(a, b)\nf(1)\nf(1)\n{}"
    script = parse(code.format(""))
    (call,) = script.calls_to(r"\?")
    assert [script.value(a) for a in call.args] == [1, 2]
    script = parse(code.format("f(3)"))
    (call,) = script.calls_to(r"\?")
    assert [script.value(a) for a in call.args] == [UNKNOWN, 2]


def test_the_binding_before_the_use_counts() -> None:
    script, expression = _last("import a\nx = a.b()\nx.first()\nx = a.c()\nx")
    assert script.name(expression) == "a.c()"
    assert [name for _, name in script.calls] == ["a.b", "a.b().first", "a.c"]


def test_a_slice_follows_stores_helpers_and_attributes_but_not_later_lines() -> None:
    script, expression = _last(
        "import a\n"
        "def helper(v):\n    return a.inner(v)\n"
        "class K:\n    def __init__(self, w):\n        self.w = a.kept(w)\n"
        "t = a.read()\nt['c'] = a.stored()\nk = K(helper(t))\nz = k.w\nt = a.later()\nz"
    )
    reached = {script.name(n.func) for n in script.backward_slice(expression) if isinstance(n, ast.Call)}
    assert {"a.read", "a.stored", "a.inner", "a.kept"} <= reached
    assert "a.later" not in reached


def test_a_value_built_from_itself_ends() -> None:
    script, expression = _last("def f():\n    return g()\nx = a().b\na = x.c()\nx = a.d()\nx.e.f()")
    assert UNKNOWN in script.name(expression)
    assert script.backward_slice(expression)


def test_contexts_and_loops_are_found_through_helpers() -> None:
    script = parse("import a\ndef f():\n    g()\nfor i in x:\n    with a.quiet():\n        f()\n")
    inner = next(call for call, _ in script.calls if isinstance(call.func, ast.Name) and call.func.id == "g")
    outer = next(call for call, _ in script.calls if isinstance(call.func, ast.Name) and call.func.id == "f")
    assert script.contexts_around(inner) == ["a.quiet()"]
    assert len(script.loops_around(outer)) == 1
    assert script.loops_around(inner) == []


@pytest.mark.parametrize("code", ["def f(:\n", "x = '\n", "  x\n y\n", "a\0b", "(" * 300])
def test_what_is_not_python_is_told_with_its_place(code: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(code, filename="train.py")
    assert "train.py" in str(caught.value)
