"""Renames every identifier of a script that is its own, so that detectors can be tried on what is left."""

from __future__ import annotations

import ast

_FRAMEWORK_METHODS = frozenset(["forward"])


def renamed(code: str) -> str:
    """``code`` with other names for its variables, parameters, functions, classes, attributes of `self` and
    imports; what libraries define keeps its name."""
    tree = ast.parse(code)
    names = _own_names(tree)
    attributes = _own_attributes(tree)
    return ast.unparse(ast.fix_missing_locations(_Renamer(names, attributes).visit(tree))) + "\n"


def _own_names(tree: ast.Module) -> dict[str, str]:
    methods = {item for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for item in node.body}
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found[node.id] = None
        elif isinstance(node, ast.arg):
            found[node.arg] = None
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler) and node not in methods:
            if node.name:
                found[node.name] = None
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                if alias.asname or isinstance(node, ast.ImportFrom) or "." not in alias.name:
                    found[alias.asname or alias.name] = None
    return {name: f"q{number}" for number, name in enumerate(found)}


def _own_attributes(tree: ast.Module) -> dict[str, str]:
    found: dict[str, None] = {}
    for owner in ast.walk(tree):
        if not isinstance(owner, ast.ClassDef):
            continue
        for method in owner.body:
            if isinstance(method, ast.FunctionDef) and not _is_frameworks(method.name):
                found[method.name] = None
            for node in ast.walk(method):
                if _is_stored_on_self(node):
                    found[node.attr] = None
    return {name: f"w{number}" for number, name in enumerate(found)}


def _is_frameworks(method: str) -> bool:
    return method.startswith("__") or method in _FRAMEWORK_METHODS


def _is_stored_on_self(node: ast.AST) -> bool:
    stored = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    return stored and isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")


class _Renamer(ast.NodeTransformer):
    def __init__(self, names: dict[str, str], attributes: dict[str, str]) -> None:
        self.names = names
        self.attributes = attributes
        self.in_class = False

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self.names.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg = self.names[node.arg]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.name = (self.attributes if self.in_class else self.names).get(node.name, node.name)
        outer, self.in_class = self.in_class, False
        self.generic_visit(node)
        self.in_class = outer
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        node.name = self.names[node.name]
        outer, self.in_class = self.in_class, True
        self.generic_visit(node)
        self.in_class = outer
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        node.name = self.names[node.name] if node.name else None
        self.generic_visit(node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.Attribute:
        if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
            node.attr = self.attributes.get(node.attr, node.attr)
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        own = isinstance(node.func, ast.Name) and not self._is_imported(node.func.id)
        if own or (isinstance(node.func, ast.Attribute) and node.func.attr in self.attributes):
            for keyword in node.keywords:
                keyword.arg = self.names.get(keyword.arg, keyword.arg) if keyword.arg else None
        if isinstance(node.func, ast.Attribute) and node.func.attr in self.attributes:
            node.func.attr = self.attributes[node.func.attr]
        self.generic_visit(node)
        return node

    def _is_imported(self, name: str) -> bool:
        return name in self.imported or name not in self.names

    def visit_Module(self, node: ast.Module) -> ast.Module:
        self.imported = {
            alias.asname or alias.name
            for statement in ast.walk(node)
            if isinstance(statement, ast.Import | ast.ImportFrom)
            for alias in statement.names
        }
        self.generic_visit(node)
        return node

    def visit_Import(self, node: ast.Import) -> ast.Import:
        for alias in node.names:
            if alias.asname or "." not in alias.name:
                alias.asname = self.names[alias.asname or alias.name]
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom:
        if node.module != "__future__":
            for alias in node.names:
                alias.asname = self.names[alias.asname or alias.name]
        return node
