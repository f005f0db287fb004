"""Which statements of a script's top level act, and which names its functions look up there. Reads, never runs.

A statement stays where it is when it may be run once, while the program is imported: imports, definitions, constants,
settings of libraries. All others act: they read files, draw numbers, train, print, or fill what functions share.
"""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Iterator, Mapping, Sequence

_PURE_BUILTINS = frozenset(
    {
        "abs",
        "bool",
        "bytes",
        "complex",
        "dict",
        "enumerate",
        "float",
        "frozenset",
        "int",
        "len",
        "list",
        "max",
        "min",
    }
    | {"object", "range", "round", "set", "slice", "sorted", "str", "sum", "tuple", "type", "zip"}
)
_PURE_LIBRARIES = frozenset(
    {"abc", "cmath", "collections", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools"}
    | {
        "itertools",
        "logging",
        "math",
        "operator",
        "pathlib",
        "re",
        "string",
        "struct",
        "textwrap",
        "types",
        "typing",
    }
)
_ARRAY_LIBRARIES = frozenset({"numpy", "torch", "jax", "scipy"})
_CONTAINERS = frozenset({"list", "dict", "set", "Counter", "OrderedDict", "deque"})
_NOT_PURE = re.compile(
    r"\.(random|rand\w*|load\w*|save\w*|from\w*|gen\w*|mem\w*|manual_seed|seed|Generator)\b"
)
_SETTINGS = re.compile(
    r"(warnings|logging|matplotlib|sys\.path|os\.environ|pandas\.set_option|pandas\.options|torch\.set_\w+"
    r"|torch\.backends|numpy\.(seterr|set_printoptions|errstate))\b"
)


class Statement:
    """A statement of the top level as ast has it, one line of which may hold several.

    ``binds`` are the names it binds in any way, ``assigns`` those that it certainly assigns when the script is started.
    """

    def __init__(self, code: str) -> None:
        self.parts = ast.parse(code).body
        self.binds = frozenset(name for part in self.parts for name in _bound(part))
        self.assigns = frozenset(name for part in self.parts for name in _assigned(part))


def acting(statements: Sequence[Statement], tree: ast.Module) -> list[int]:
    """The numbers of the statements that act. What one of them binds is bound by none that stays."""
    origins = _origins(tree)
    names = {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}
    while True:
        known = set(names)
        found = []
        for number, each in enumerate(statements):
            if each.binds & names or not all(_stays(part, known, origins) for part in each.parts):
                found.append(number)
                known |= each.binds
        if known == names:
            return found
        names = known


class Reading:
    """Which functions a script has, methods as ``Class.method``, and what they look up on its top level."""

    def __init__(self, text: str) -> None:
        self._scopes = {
            scope.get_name(): scope for scope in symtable.symtable(text, "script", "exec").get_children()
        }
        self.functions = tuple(self._names())

    def _names(self) -> Iterator[str]:
        for name, scope in self._scopes.items():
            if scope.get_type() == "function":
                yield name
            else:
                yield from (f"{name}.{inner.get_name()}" for inner in scope.get_children())

    def looked_up(self) -> set[str]:
        """Every name that a function or class looks up on the top level."""
        return {name for scope in self._scopes.values() for name in _globals_of(scope)}

    def needs(self, name: str) -> set[str]:
        """The names that a function, or any that it may call, looks up on the top level."""
        needed: set[str] = set()
        waiting = {name.partition(".")[0]}
        while waiting:
            fresh = set(_globals_of(self._scopes[waiting.pop()])) - needed
            needed |= fresh
            waiting |= fresh & self._scopes.keys()
        return needed


def _globals_of(scope: symtable.SymbolTable) -> Iterator[str]:
    yield from (symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global())
    for inner in scope.get_children():
        yield from _globals_of(inner)


def _stays(part: ast.stmt, moved: set[str], origins: Mapping[str, str]) -> bool:
    """Whether a statement may be run once, while the program is imported."""
    if isinstance(part, (ast.Import, ast.ImportFrom, ast.Pass)):
        return True
    if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return not any(name in moved for name in _read_at_definition(part))
    if isinstance(part, (ast.Assign, ast.AnnAssign)):
        targets = part.targets if isinstance(part, ast.Assign) else [part.target]
        parts = (node for target in targets for node in ast.walk(target))
        if not all(isinstance(node, (ast.Name, ast.Tuple, ast.List, ast.Store)) for node in parts):
            return bool(_SETTINGS.match(_dotted(targets[0], origins)))
        return part.value is None or (_is_constant(part.value, moved, origins) and not _is_empty(part.value))
    if isinstance(part, ast.Expr):
        if isinstance(part.value, ast.Constant):
            return True
        return isinstance(part.value, ast.Call) and bool(_SETTINGS.match(_dotted(part.value.func, origins)))
    if isinstance(part, ast.If):
        return _is_constant(part.test, moved, origins) and all(
            _stays(each, moved, origins) for each in [*part.body, *part.orelse]
        )
    if isinstance(part, ast.Try):
        inner = [*part.body, *part.orelse, *part.finalbody, *(each for h in part.handlers for each in h.body)]
        return all(_stays(each, moved, origins) for each in inner)
    return False


def _is_constant(value: ast.expr, moved: set[str], origins: Mapping[str, str]) -> bool:
    """Whether an expression is the same each time and harmless: literals, arithmetic, names that stay, pure calls."""
    for node in ast.walk(value):
        if isinstance(node, ast.Name) and (node.id in moved or node.id in ("__name__", "__file__")):
            return False
        if isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)):
            return False
        if isinstance(node, ast.Call) and not _is_pure_call(node, origins):
            return False
    return True


def _is_pure_call(call: ast.Call, origins: Mapping[str, str]) -> bool:
    name = _dotted(call.func, origins)
    root = name.partition(".")[0]
    if isinstance(call.func, ast.Name) and call.func.id not in origins:
        return call.func.id in _PURE_BUILTINS
    if root in _PURE_LIBRARIES:
        return not re.search(
            r"\b(now|today|open|read_\w+|write_\w+|glob|iterdir|mkdir|exists|cwd|basicConfig)$", name
        )
    return root in _ARRAY_LIBRARIES and not _NOT_PURE.search(name)


def _is_empty(value: ast.expr) -> bool:
    """An empty container of the top level is there to be filled: it must be empty again at the next call."""
    if isinstance(value, (ast.List, ast.Set)):
        return not value.elts
    if isinstance(value, ast.Dict):
        return not value.keys
    if not isinstance(value, ast.Call):
        return False
    called = value.func
    name = (
        called.id
        if isinstance(called, ast.Name)
        else called.attr
        if isinstance(called, ast.Attribute)
        else ""
    )
    return name == "defaultdict" or (name in _CONTAINERS and not value.args and not value.keywords)


def _dotted(node: ast.expr, origins: Mapping[str, str]) -> str:
    """What an expression is called through the script's imports: ``np.zeros`` is ``numpy.zeros``; "?" is unknown."""
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, origins)}.{node.attr}"
    if isinstance(node, (ast.Call, ast.Subscript, ast.BinOp)):
        inner = {ast.Call: "func", ast.Subscript: "value", ast.BinOp: "left"}[type(node)]
        return _dotted(getattr(node, inner), origins)
    return origins.get(node.id, node.id) if isinstance(node, ast.Name) else "?"


def _origins(tree: ast.Module) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                root = alias.name.partition(".")[0]
                found[alias.asname or root] = alias.name if alias.asname else root
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _bound(part: ast.AST) -> Iterator[str]:
    """Names a statement binds in its own scope."""
    stack: list[ast.AST] = [part]
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
            continue
        if isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            yield node.id
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name
        stack.extend(ast.iter_child_nodes(node))


def _assigned(part: ast.stmt) -> Iterator[str]:
    """Names that are assigned by a statement, or by one below ``if __name__ == "__main__"``."""
    if isinstance(part, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        yield from _bound(part)
    elif isinstance(part, ast.If) and "__name__" in ast.unparse(part.test):
        yield from (name for each in part.body for name in _assigned(each))


def _read_at_definition(part: ast.stmt) -> Iterator[str]:
    """Names that are looked up while a function or class is being defined."""
    assert isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    if isinstance(part, ast.ClassDef):
        looked: list[ast.AST] = [
            *part.decorator_list,
            *part.bases,
            *(keyword.value for keyword in part.keywords),
        ]
        for each in part.body:
            if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield from _read_at_definition(each)
            else:
                looked.append(each)
    else:
        arguments = part.args
        looked = [*part.decorator_list, *arguments.defaults, *(d for d in arguments.kw_defaults if d)]
        looked += [a.annotation for a in ast.walk(arguments) if isinstance(a, ast.arg) and a.annotation]
        looked += [part.returns] if part.returns else []
    yield from (node.id for each in looked for node in ast.walk(each) if isinstance(node, ast.Name))
