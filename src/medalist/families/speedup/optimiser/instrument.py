"""Instrumenting a program: the same tree with calls of a ``Recorder`` where functions and outermost loops begin and end.

Lines stay those of the text. Generators and coroutines, whose time is their consumer's, and functions that a compiler
reads (``numba.njit`` and its like) stay as they are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

RECORDER = "__medalist_recorder__"
"""The name by which the instrumented text finds its recorder, put among its globals before it runs."""

_CALL, _LOOP = "__medalist_call__", "__medalist_loop_{}__"
_COMPILERS = frozenset({"njit", "jit", "vectorize", "guvectorize", "stencil", "cfunc", "script", "compile"})
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


class Instrumenter(ast.NodeTransformer):
    """Rewrites a module's tree in place; afterwards ``functions`` and ``loops`` are what a ``Recorder`` is made of."""

    def __init__(self) -> None:
        self.functions: list[tuple[str, tuple[str, ...]]] = []
        self.loops: list[tuple[str, int]] = []
        self._path: list[str] = []
        self._function = ""
        self._looping = False

    def instrument(self, tree: ast.Module) -> ast.Module:
        """The same module, whose places tell the recorder."""
        return ast.fix_missing_locations(self.visit(tree))

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        node.body = self._inner(node.body, node.name, "")
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        if any(map(_yields, node.body)) or any(map(_compiles, node.decorator_list)):
            return node
        number, name = len(self.functions), ".".join([*self._path, node.name])
        self.functions.append((name, tuple(each.arg for each in _parameters(node.args))))
        documented = 1 if ast.get_docstring(node, clean=False) is not None else 0
        began = _statement(f"{_CALL} = {RECORDER}.enter({number}, locals())", node.body[0])
        ended = _statement(f"{RECORDER}.leave({_CALL})", node.body[-1])
        body = self._inner(node.body[documented:], node.name, name) or [ast.Pass()]
        node.body = [*node.body[:documented], began, _with_end(body, ended)]
        return node

    def visit_Return(self, node: ast.Return) -> ast.Return:
        if self._function and node.value is not None:
            call = _expression(f"{RECORDER}.returned({_CALL}, None)", node)
            call.args[1] = node.value
            node.value = call
        return node

    def visit_For(self, node: ast.For) -> ast.AST | list[ast.stmt]:
        return self._loop(node)

    def visit_While(self, node: ast.While) -> ast.AST | list[ast.stmt]:
        return self._loop(node)

    def _loop(self, node: ast.For | ast.While) -> ast.AST | list[ast.stmt]:
        if not self._function or self._looping:
            return self.generic_visit(node)
        number = len(self.loops)
        self.loops.append((self._function, node.lineno))
        token = _LOOP.format(number)
        began = _statement(f"{token} = {RECORDER}.loop({number}, locals())", node)
        ended = _statement(f"{RECORDER}.looped({token}, locals())", node)
        self._looping = True
        self.generic_visit(node)
        self._looping = False
        return [began, _with_end([node], ended)]

    def _inner(self, body: list[ast.stmt], name: str, function: str) -> list[ast.stmt]:
        """The statements of a scope within this one; decorators, defaults and bases are left alone."""
        outside = self._function, self._looping
        self._function, self._looping = function, False
        self._path.append(name)
        inner = self.generic_visit(ast.Module(body, [])).body  # type: ignore[attr-defined]
        self._path.pop()
        self._function, self._looping = outside
        return inner


def _with_end(body: list[ast.stmt], ended: ast.stmt) -> ast.stmt:
    return ast.copy_location(ast.Try(body=body, handlers=[], orelse=[], finalbody=[ended]), body[0])


def _statement(text: str, place: ast.stmt) -> ast.stmt:
    """``text`` as a statement; all of it stands where ``place`` begins."""
    (statement,) = ast.parse(text).body
    for node in ast.walk(statement):
        ast.copy_location(node, place)
    return statement


def _expression(text: str, place: ast.stmt) -> ast.Call:
    statement = _statement(text, place)
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Call)
    return statement.value


def _parameters(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from (*arguments.posonlyargs, *arguments.args)
    yield from (
        each for each in (arguments.vararg, *arguments.kwonlyargs, arguments.kwarg) if each is not None
    )


def _yields(node: ast.AST) -> bool:
    """Whether this statement makes the function that it stands in a generator."""
    if isinstance(node, (ast.Yield, ast.YieldFrom)):
        return True
    return not isinstance(node, _SCOPES) and any(map(_yields, ast.iter_child_nodes(node)))


def _compiles(decorator: ast.expr) -> bool:
    """Whether a decorator is a compiler's, by its last name: such a function must stay as it is written."""
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name in _COMPILERS
