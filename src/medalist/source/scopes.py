"""Which names a script binds, where, and to what: the symbol table under `source.tree`.

One walk over the syntax tree records every scope (module, class, function, lambda, comprehension) with
its bindings in order of their lines. It covers imports with aliases, assignments and unpacking, loop and
`with` targets, parameters, functions, classes, attributes of `self`, and stores into a part of a value
(`frame["x"] = ...`). It does not follow branches: of two assignments, the later line wins.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["assign", "import", "function", "class", "parameter", "loop", "with", "update"]
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
SCOPE_TYPES = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, *COMPREHENSIONS)
_MARKS = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)  # shared, not part of a tree


@dataclass(frozen=True, eq=False)
class Binding:
    """One place where a name receives a value.

    ``value`` is the expression bound (for a loop the iterable, for `with` the context), None when there
    is none; ``path`` says which part of it (``"[1]"`` for the second of an unpacked tuple, ``"[*]"`` for
    an item of an iterable); ``qualified`` is set for imports only; ``node`` is the definition itself for
    functions and classes; ``line`` the last line of the binding statement, 0 where order does not matter.
    """

    name: str
    kind: Kind
    line: int
    value: ast.expr | None = None
    path: str = ""
    qualified: str = ""
    node: ast.AST | None = None
    function: FunctionNode | None = None
    position: int = -1


@dataclass(eq=False)
class Scope:
    """The names bound directly in one scope; ``attributes`` are a class's `self.x` and class-level names."""

    node: ast.AST
    parent: Scope | None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    attributes: dict[str, list[Binding]] = field(default_factory=dict)

    def add(self, binding: Binding) -> None:
        self.bindings.setdefault(binding.name, []).append(binding)


class SymbolTable:
    """Parents, scopes and bindings of one tree; built once, read by `source.tree.Script`."""

    def __init__(self, tree: ast.Module) -> None:
        self.parents: dict[ast.AST, ast.AST] = {}
        self.children: dict[ast.AST, list[ast.AST]] = {}
        self.nodes: list[ast.AST] = []
        self.scopes: dict[ast.AST, Scope] = {}
        self._walk(tree)

    def scope_of(self, node: ast.AST) -> Scope:
        """The innermost scope that ``node`` stands in (a scope's own node stands in its parent)."""
        current = self.parents.get(node)
        child: ast.AST = node
        while current is not None:
            if current in self.scopes and not _evaluated_outside(current, child):
                return self.scopes[current]
            child, current = current, self.parents.get(current)
        return next(iter(self.scopes.values()))

    def _walk(self, tree: ast.Module) -> None:
        self.scopes[tree] = Scope(tree, None)
        stack: list[ast.AST] = [tree]
        while stack:
            node = stack.pop()
            self.nodes.append(node)
            children = [child for child in ast.iter_child_nodes(node) if not isinstance(child, _MARKS)]
            self.children[node] = children
            for child in children:
                self.parents[child] = node
            if isinstance(node, SCOPE_TYPES) and node is not tree:
                self.scopes[node] = Scope(node, self.scope_of(node))
            stack.extend(reversed(children))
        for node in self.nodes:
            self._bind(node)

    def _bind(self, node: ast.AST) -> None:
        match node:
            case ast.Import() | ast.ImportFrom():
                self._bind_import(node)
            case ast.Assign():
                for target in node.targets:
                    self._bind_target(target, node.value, "", "assign", node)
            case ast.AnnAssign() if node.value is not None:
                self._bind_target(node.target, node.value, "", "assign", node)
            case ast.AugAssign():
                self._bind_target(node.target, node.value, "", "update", node)
            case ast.NamedExpr():
                self._bind_target(node.target, node.value, "", "assign", node)
            case ast.For() | ast.AsyncFor():
                self._bind_target(node.target, node.iter, "[*]", "loop", node.iter)
            case ast.comprehension():
                self._bind_target(node.target, node.iter, "[*]", "loop", None)
            case ast.withitem() if node.optional_vars is not None:
                self._bind_target(node.optional_vars, node.context_expr, "", "with", node.context_expr)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._bind_definition(node, "function")
                self._bind_parameters(node)
            case ast.Lambda():
                self._bind_parameters(node)
            case ast.ClassDef():
                self._bind_definition(node, "class")
            case _:
                pass

    def _bind_import(self, node: ast.Import | ast.ImportFrom) -> None:
        scope = self.scope_of(node)
        for alias in node.names:
            if isinstance(node, ast.Import):
                name = alias.asname or alias.name.split(".")[0]
                qualified = alias.name if alias.asname else name
            else:
                name = alias.asname or alias.name
                qualified = f"{node.module}.{alias.name}" if node.module else alias.name
            scope.add(Binding(name, "import", node.lineno, qualified=qualified, node=node))

    def _bind_definition(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, kind: Kind
    ) -> None:
        scope = self.scope_of(node)
        binding = Binding(node.name, kind, node.lineno, node=node)
        scope.add(binding)
        if isinstance(scope.node, ast.ClassDef):
            scope.attributes.setdefault(node.name, []).append(binding)

    def _bind_parameters(self, node: FunctionNode) -> None:
        scope = self.scopes[node]
        arguments = node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
        defaults.extend(arguments.defaults)
        named = [*positional, *arguments.kwonlyargs]
        defaults.extend(arguments.kw_defaults)
        for index, (argument, default) in enumerate(zip(named, defaults, strict=True)):
            position = index if index < len(positional) else -1
            scope.add(
                Binding(
                    argument.arg, "parameter", 0, default, node=argument, function=node, position=position
                )
            )
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                scope.add(Binding(extra.arg, "parameter", 0, node=extra, function=node))

    def _bind_target(
        self, target: ast.expr, value: ast.expr, path: str, kind: Kind, statement: ast.AST | None
    ) -> None:
        line = (getattr(statement, "end_lineno", None) or 0) if statement is not None else 0
        match target:
            case ast.Name():
                self.scope_of(target).add(Binding(target.id, kind, line, value, path, node=statement))
            case ast.Tuple() | ast.List():
                self._bind_unpacked(target.elts, value, path, kind, statement)
            case ast.Starred():
                self._bind_target(target.value, value, path, kind, statement)
            case ast.Attribute(value=ast.Name() as owner):
                binding = Binding(target.attr, kind, line, value, path, node=statement)
                self._bind_attribute(owner, target, binding)
            case ast.Subscript() | ast.Attribute():
                base = base_name(target)
                if base is not None:
                    self.scope_of(target).add(Binding(base.id, "update", line, value, path, node=statement))
            case _:
                pass

    def _bind_unpacked(
        self, targets: list[ast.expr], value: ast.expr, path: str, kind: Kind, statement: ast.AST | None
    ) -> None:
        items = value.elts if isinstance(value, ast.Tuple | ast.List) and not path else []
        pairwise = len(items) == len(targets)
        for index, target in enumerate(targets):
            if pairwise:
                self._bind_target(target, items[index], "", kind, statement)
            else:
                self._bind_target(target, value, f"{path}[{index}]", kind, statement)

    def _bind_attribute(self, owner: ast.Name, target: ast.Attribute, binding: Binding) -> None:
        scope = self.scope_of(target)
        method = scope.node
        outer = scope.parent
        if isinstance(method, ast.FunctionDef) and outer is not None and isinstance(outer.node, ast.ClassDef):
            arguments = method.args.args
            if arguments and arguments[0].arg == owner.id:
                outer.attributes.setdefault(target.attr, []).append(binding)
                return
        scope.add(Binding(owner.id, "update", binding.line, binding.value, binding.path, node=binding.node))


def base_name(expression: ast.expr) -> ast.Name | None:
    """The variable at the root of `a.b[c].d`, None when the root is not a plain name."""
    current = expression
    while isinstance(current, ast.Attribute | ast.Subscript | ast.Call):
        current = current.func if isinstance(current, ast.Call) else current.value
    return current if isinstance(current, ast.Name) else None


def _evaluated_outside(scope: ast.AST, child: ast.AST) -> bool:
    """Decorators, defaults and bases are evaluated in the scope around the definition."""
    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
        return child in scope.decorator_list or child is scope.returns
    if isinstance(scope, ast.ClassDef):
        return child in scope.bases or child in scope.decorator_list or child in scope.keywords
    return False
