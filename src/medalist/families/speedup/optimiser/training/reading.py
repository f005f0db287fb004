"""What the training transformations ask of a program's text: constructions behind names, fresh names, where to add."""

from __future__ import annotations

import ast
import copy
import sys
from collections.abc import Iterable, Iterator, Mapping

from medalist.core.errors import InputError
from medalist.families.speedup.optimiser.transformation import Program
from medalist.source.edits import Editor
from medalist.source.tree import Script, parse

REMOVED = "# removed"
"""What stands in the place of a statement that had its lines to itself, until the text is finished."""
_MAX_DEPTH = 8


def read(text: str) -> Script | None:
    """The program's text as a script, None when it is not Python."""
    try:
        return parse(text, filename="program")
    except InputError:
        return None


def construction(script: Script, expression: ast.expr, depth: int = 0) -> ast.Call | None:
    """The call that made the object behind ``expression``: through variables, parameters and ``self``'s attributes."""
    if depth > _MAX_DEPTH:
        return None
    if isinstance(expression, ast.Call):
        returned = script.results(expression)
        return construction(script, returned[-1], depth + 1) if returned else expression
    binding = None
    if isinstance(expression, ast.Name):
        binding = script.binding(expression)
    elif isinstance(expression, ast.Attribute):
        binding = script.attribute_binding(expression)
    if binding is None or binding.path:
        return None
    given = list(script.arguments_for(binding)) if binding.kind == "parameter" else [binding.value]
    for value in given:
        found = construction(script, value, depth + 1) if value is not None else None
        if found is not None:
            return found
    return None


def class_of(script: Script, expression: ast.expr) -> ast.ClassDef | None:
    """The program's own class that the object behind ``expression`` is an instance of."""
    call = construction(script, expression)
    definition = script.definition(call.func) if call is not None else None
    return definition if isinstance(definition, ast.ClassDef) else None


def method(definition: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    """The method ``name`` that the class itself defines."""
    return next((m for m in definition.body if isinstance(m, ast.FunctionDef) and m.name == name), None)


def body_of(function: ast.FunctionDef) -> list[ast.stmt]:
    """The statements of a function without its docstring."""
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return function.body[1:] if documented else function.body


def names_in(node: ast.AST) -> set[str]:
    """Every variable that ``node`` reads or writes."""
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def dotted(node: ast.expr) -> str:
    """``a.b.c`` as it is written, an empty string for any other expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def substituted(expression: ast.expr, values: Mapping[str, ast.expr]) -> ast.expr:
    """``expression`` with variables replaced by other expressions; parts without such variables are the same nodes."""
    if isinstance(expression, ast.Name):
        return values.get(expression.id, expression)
    if not names_in(expression) & values.keys():
        return expression
    changed = copy.copy(expression)
    for field, value in ast.iter_fields(expression):
        if isinstance(value, ast.expr):
            setattr(changed, field, substituted(value, values))
        elif isinstance(value, list):
            items = [substituted(item, values) if isinstance(item, ast.expr) else item for item in value]
            setattr(changed, field, items)
    return changed


def with_rows(expression: ast.expr, name: str, rows: str) -> str:
    """An expression of a batch's column as text, for the column of the whole epoch."""
    whole = ast.parse(rows, mode="eval").body
    return ast.unparse(substituted(expression, {name: whole}))


def is_constant(script: Script, expression: ast.expr) -> bool:
    """Whether an expression is a literal number, or a variable that is assigned at the top of the file."""
    if not isinstance(expression, ast.Name):
        return isinstance(expression, ast.Constant) and isinstance(expression.value, int | float)
    bound = script.binding(expression)
    assigned = (target for statement in script.tree.body for target in getattr(statement, "targets", ()))
    return (
        bound is not None
        and bound.kind == "assign"
        and any(expression.id in names_in(each) for each in assigned)
    )


def seconds_around(program: Program, script: Script, places: Iterable[ast.AST]) -> float:
    """The time of the functions that hold ``places``, the longest of them; of the whole run for the module itself."""
    functions = [script.function_of(place) for place in places]
    names = {function.name for function in functions if isinstance(function, ast.FunctionDef)}
    seen = program.facts.functions.items()
    known = [facts.seconds for name, facts in seen if name.rpartition(".")[2] in names]
    return max(known, default=0.0) if names else program.facts.seconds


class Names:
    """Names that a program does not use yet, each given once."""

    def __init__(self, script: Script) -> None:
        self._taken = set(_identifiers(script.tree))

    def fresh(self, wanted: str) -> str:
        """``wanted`` where it is free, else with a number behind it."""
        name, number = wanted, 2
        while name in self._taken:
            name, number = f"{wanted}{number}", number + 1
        self._taken.add(name)
        return name


def _identifiers(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Name():
                yield node.id
            case ast.Attribute():
                yield node.attr
            case ast.arg():
                yield node.arg
            case ast.FunctionDef() | ast.ClassDef():
                yield node.name
            case ast.alias():
                yield node.asname or node.name.split(".")[0]


def imported(editor: Editor, module: str, name: str) -> None:
    """Let the program have ``module`` under ``name``, its own or the usual short one."""
    imports = [statement for statement in editor.script.tree.body if isinstance(statement, ast.Import)]
    if any(
        (given.name, given.asname or given.name) == (module, name) for one in imports for given in one.names
    ):
        return
    line = f"import {module}" if module == name else f"import {module} as {name}"
    if imports and module in sys.stdlib_module_names:
        editor.insert_before(imports[0], line)
    else:
        editor.insert_after_imports(line)


def add_definitions(editor: Editor, user: ast.AST, definitions: str) -> None:
    """Put functions and classes before the top-level statement that holds ``user``."""
    around = {user, *editor.script.ancestors(user)}
    body = editor.script.tree.body
    place = next(index for index, statement in enumerate(body) if statement in around)
    statement = body[place]
    if getattr(statement, "decorator_list", None) and place:
        editor.insert_after(body[place - 1], f"\n\n{definitions.strip()}\n")
    else:
        editor.insert_before(statement, f"{definitions.strip()}\n\n\n")


def finished(editor: Editor) -> str | None:
    """The edited text, without statements replaced by `REMOVED` and imports that the program uses no more.

    None where the edits do not go with the layout of the program, such as two statements on a line.
    """
    try:
        lines = editor.code().splitlines(keepends=True)
    except ValueError:
        return None
    text = "".join(line for line in lines if line.strip() != REMOVED)
    tree = ast.parse(text)
    needed = {name.id for name in ast.walk(tree) if isinstance(name, ast.Name)}
    idle = {name.id for name in editor.script.nodes if isinstance(name, ast.Name)} - needed
    lines = text.splitlines(keepends=True)
    for statement in reversed(tree.body):
        if isinstance(statement, ast.ImportFrom):
            kept = [name for name in statement.names if (name.asname or name.name) not in idle]
            if len(kept) < len(statement.names):
                fewer = (
                    ast.unparse(ast.ImportFrom(statement.module, kept, statement.level)) + "\n"
                    if kept
                    else ""
                )
                lines[statement.lineno - 1 : statement.end_lineno] = [fewer]
    return "".join(lines)
