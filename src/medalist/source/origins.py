"""Where a value comes from: names through aliases, assignments, helper functions and `self`.

The lower half of `source.tree.Script`; see there for what a name looks like.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from functools import cached_property

from medalist.source.scopes import COMPREHENSIONS, Binding, FunctionNode, Scope, SymbolTable

UNKNOWN = "?"
_BUILTINS = frozenset(dir(builtins))
_KEEPING_ITEMS = frozenset(["sorted", "list", "tuple", "reversed", "iter"])
_MAX_DEPTH = 40


class Origins:
    """Bindings, definitions and names of one parsed tree; answers are remembered."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self._table = SymbolTable(tree)
        self._names: dict[ast.expr, str] = {}
        self._classes: dict[Binding, ast.ClassDef | None] = {}
        self._returned: dict[ast.AST, tuple[ast.expr, ...]] = {}

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node in source order."""
        return tuple(self._table.nodes)

    def name(self, expression: ast.expr) -> str:
        """Where the value of ``expression`` comes from (see the module's docstring)."""
        return self._name(expression, 0)

    def _name(self, expression: ast.expr, depth: int) -> str:
        if expression in self._names:
            return self._names[expression]
        if depth > _MAX_DEPTH:
            return UNKNOWN
        self._names[expression] = UNKNOWN
        name = self._derive(expression, depth + 1)
        self._names[expression] = name if len(name) < 400 else UNKNOWN
        return self._names[expression]

    def _derive(self, expression: ast.expr, depth: int) -> str:
        match expression:
            case ast.Name():
                return self._name_of_variable(expression, depth)
            case ast.Attribute():
                binding = self.attribute_binding(expression)
                if binding is not None:
                    return self._name_of_binding(binding, depth)
                return f"{self._name(expression.value, depth)}.{expression.attr}"
            case ast.Call():
                return self._name_of_call(expression, depth)
            case ast.Subscript():
                return f"{self._name(expression.value, depth)}[]"
            case ast.IfExp():
                return self._name(expression.body, depth)
            case ast.BoolOp():
                return self._name(expression.values[0], depth)
            case ast.BinOp():
                return self._name(expression.left, depth)
            case ast.Await() | ast.Starred() | ast.NamedExpr():
                return self._name(expression.value, depth)
            case ast.Constant():
                return type(expression.value).__name__
            case ast.JoinedStr():
                return "str"
            case ast.List() | ast.ListComp():
                return "list"
            case ast.Dict() | ast.DictComp():
                return "dict"
            case _:
                return UNKNOWN

    def _name_of_variable(self, variable: ast.Name, depth: int) -> str:
        binding = self.binding(variable)
        if binding is None:
            return variable.id if variable.id in _BUILTINS else UNKNOWN
        return self._name_of_binding(binding, depth)

    def _name_of_binding(self, binding: Binding, depth: int) -> str:
        if binding.kind == "import":
            return binding.qualified
        if binding.kind == "function":
            return "<function>"
        if isinstance(binding.node, ast.ClassDef) and binding.kind == "class":
            bases = [self._name(base, depth) for base in binding.node.bases]
            return f"<{bases[0]}>" if bases else "<class>"
        if binding.kind == "parameter":
            return self._name_of_parameter(binding, depth)
        if binding.value is None:
            return UNKNOWN
        return self._name(binding.value, depth) + binding.path

    def _name_of_parameter(self, binding: Binding, depth: int) -> str:
        for argument in self.arguments_for(binding):
            name = self._name(argument, depth)
            if name != UNKNOWN:
                return name
        annotation = getattr(binding.node, "annotation", None)
        if annotation is not None and not isinstance(annotation, ast.Constant | ast.BinOp | ast.Subscript):
            return f"{self._name(annotation, depth)}()"
        return self._name(binding.value, depth) if binding.value is not None else UNKNOWN

    def _name_of_call(self, call: ast.Call, depth: int) -> str:
        definition = self.definition(call.func)
        if isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            results = self.results(call)
            return self._name(results[-1], depth) if results else UNKNOWN
        callee = self._name(call.func, depth)
        if callee in _KEEPING_ITEMS and call.args:
            return self._name(call.args[0], depth)
        return f"{callee}()"

    def results(self, call: ast.Call) -> tuple[ast.expr, ...]:
        """What a function of this script may return to ``call``; empty for one from outside."""
        definition = self.definition(call.func)
        if not isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return ()
        if definition not in self._returned:
            self._returned[definition] = tuple(_returned(definition))
        return self._returned[definition]

    # ---- bindings

    def binding(self, variable: ast.Name) -> Binding | None:
        """The binding that ``variable`` reads: the last before its line, or else the last of its scope."""
        scope: Scope | None = self._table.scope_of(variable)
        inner = True
        while scope is not None:
            skip = isinstance(scope.node, ast.ClassDef) and not inner
            bound = [b for b in scope.bindings.get(variable.id, ()) if b.kind != "update"]
            if bound and not skip:
                earlier = [b for b in bound if b.line < variable.lineno] if inner else []
                return (earlier or bound)[-1]
            inner = inner and isinstance(scope.node, COMPREHENSIONS)
            scope = scope.parent
        return None

    def bindings_before(self, variable: ast.Name) -> list[Binding]:
        """What flows into ``variable``: its binding, and stores into parts of it on lines before the use."""
        binding = self.binding(variable)
        if binding is None:
            return []
        scope: Scope | None = self._table.scope_of(variable)
        inner = True
        while scope is not None and binding not in scope.bindings.get(variable.id, ()):
            inner = inner and isinstance(scope.node, COMPREHENSIONS)
            scope = scope.parent
        stores = scope.bindings[variable.id] if scope is not None else []
        limit = variable.lineno if inner else 1 << 30
        if inner and binding.line >= limit:
            return []
        return [binding, *(b for b in stores if b.kind == "update" and binding.line <= b.line < limit)]

    def attribute_binding(self, attribute: ast.Attribute) -> Binding | None:
        """The binding of `self.x` inside a class, or of `Config.x` for a class of the script."""
        owner = attribute.value
        if isinstance(owner, ast.Call):
            owner = owner.func
        if not isinstance(owner, ast.Name):
            return None
        binding = self.binding(owner)
        if binding is None:
            return None
        scope = None
        if binding.kind == "parameter" and binding.position == 0 and binding.function is not None:
            scope = self._table.scopes[binding.function].parent
        else:
            definition = self._class_behind(binding)
            scope = self._table.scopes.get(definition) if definition is not None else None
        if scope is None or not isinstance(scope.node, ast.ClassDef):
            return None
        found = scope.attributes.get(attribute.attr) or scope.bindings.get(attribute.attr)
        return found[-1] if found else None

    def _class_behind(self, binding: Binding) -> ast.ClassDef | None:
        if isinstance(binding.node, ast.ClassDef):
            return binding.node
        if binding not in self._classes:
            self._classes[binding] = None  # what a value built from itself leads to
            value = binding.value
            if binding.kind == "assign" and not binding.path and isinstance(value, ast.Call):
                definition = self.definition(value.func)
                self._classes[binding] = definition if isinstance(definition, ast.ClassDef) else None
        return self._classes[binding]

    def definition(self, callee: ast.expr) -> FunctionNode | ast.ClassDef | None:
        """The function or class of this script that ``callee`` names, None for anything from outside."""
        if isinstance(callee, ast.Lambda):
            return callee
        binding: Binding | None = None
        if isinstance(callee, ast.Name):
            binding = self.binding(callee)
        elif isinstance(callee, ast.Attribute):
            binding = self.attribute_binding(callee)
        if binding is None:
            return None
        if isinstance(binding.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return binding.node if binding.kind in ("function", "class") else None
        return binding.value if isinstance(binding.value, ast.Lambda) else None

    @cached_property
    def call_sites(self) -> dict[ast.AST, list[ast.Call]]:
        """Calls of each function of the script; a class's calls count for its `__init__`."""
        sites: dict[ast.AST, list[ast.Call]] = {}
        for node in self.nodes:
            if not isinstance(node, ast.Call):
                continue
            definition = self.definition(node.func)
            if isinstance(definition, ast.ClassDef):
                methods = (m for m in definition.body if getattr(m, "name", "") == "__init__")
                definition = next(methods, definition)
            if definition is not None:
                sites.setdefault(definition, []).append(node)
        return sites

    def arguments_for(self, parameter: Binding) -> Iterator[ast.expr]:
        """What the script's own calls pass for ``parameter``."""
        function = parameter.function
        if function is None:
            return
        shift = 1 if self._is_method(function) else 0
        for call in self.call_sites.get(function, ()):
            keyword = next((k.value for k in call.keywords if k.arg == parameter.name), None)
            position = parameter.position - shift
            if keyword is not None:
                yield keyword
            elif 0 <= position < len(call.args):
                yield call.args[position]

    def _is_method(self, function: FunctionNode) -> bool:
        outer = self._table.scopes[function].parent
        return outer is not None and isinstance(outer.node, ast.ClassDef)


def _returned(function: FunctionNode) -> list[ast.expr]:
    """The expressions that a function returns, nested functions left out."""
    if isinstance(function, ast.Lambda):
        return [function.body]
    results: list[ast.expr] = []
    waiting: list[ast.AST] = list(reversed(function.body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(node, ast.Return | ast.Yield) and node.value is not None:
            results.append(node.value)
        waiting.extend(reversed(list(ast.iter_child_nodes(node))))
    return results
