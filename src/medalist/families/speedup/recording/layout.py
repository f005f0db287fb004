"""A user's script as a program that can be called again and again, and back to a script.

What a script does when it is started stands in its top level: loading, training, printing, or a call below
``if __name__ == "__main__"``. ``lay_out`` moves these statements, in their order, into one function and leaves imports,
definitions and constants where they are; ``restore`` puts them back, at the end of the file. Formatting is kept.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import libcst as cst

from medalist.core.errors import InputError
from medalist.families.speedup.recording.actions import Reading, Statement, acting
from medalist.families.speedup.recording.carrying import without_modules

FENCE = "# ---- Added by Medalist: it hands recorded data to the program above. Leave it as it is. ----"
"""What begins with this line and goes to the end of the file is no part of the user's program."""

FORMS = ("in place", "at the end", "in a function")
"""How the actions of a script stand in it; see ``restore``."""

_WHOLE = "whole_script"
_RETURN = "return {"
_NOTE = '"""All that the script does when it is started, as one function."""'


@dataclass(frozen=True)
class Layout:
    """A script laid out: ``text`` is an importable program, ``whole`` the function that does what the script does.

    ``bare`` are the functions (``train``, ``Model.fit``) that need nothing the moved statements set up: they can be
    called by themselves. ``functions`` are all there are, ``variables`` what the actions assign.
    """

    text: str
    whole: str
    functions: tuple[str, ...]
    bare: frozenset[str]
    variables: frozenset[str]

    def returning(self, names: Sequence[str]) -> str:
        """The program, whose whole returns some of its variables by name."""
        if not names:
            return self.text
        module = cst.parse_module(self.text)
        pairs = ", ".join(f'"{name}": {name}' for name in names)
        answer = cst.parse_statement(f"{_RETURN}{pairs}}}")
        function = cst.ensure_type(module.body[-1], cst.FunctionDef)
        block = cst.ensure_type(function.body, cst.IndentedBlock)
        changed = function.with_changes(body=block.with_changes(body=[*block.body, answer]))
        return module.with_changes(body=[*module.body[:-1], changed]).code


def lay_out(text: str) -> Layout:
    """The script with its actions in one function. Raises InputError for a script that does nothing or is no Python."""
    try:
        module = cst.parse_module(text)
        tree = ast.parse(text)
    except (cst.ParserSyntaxError, SyntaxError, ValueError, RecursionError) as error:
        raise InputError(f"The script is not Python: {str(error).splitlines()[0]}.") from error
    statements = [Statement(module.code_for_node(each)) for each in module.body]
    moved = acting(statements, tree)
    if not moved:
        raise InputError(
            "The script defines things, but does nothing when it is started.",
            next_step='Add an `if __name__ == "__main__":` block that calls it on typical data.',
        )
    reading = Reading(text)
    names = {name for number in moved for name in statements[number].binds}
    looked_up = names if _looks_around(tree) else names & reading.looked_up()
    whole = _free_name(tree)
    function = _function(whole, sorted(looked_up), [module.body[number] for number in moved])
    kept = [each for number, each in enumerate(module.body) if number not in moved]
    laid = module.with_changes(body=[*kept, function])
    bare = frozenset(
        name
        for name in reading.functions
        if name.partition(".")[0] not in names and not (reading.needs(name) & (names | {"__file__"}))
    )
    variables = frozenset(name for number in moved for name in statements[number].assigns)
    return Layout(laid.code.rstrip("\n") + "\n", whole, reading.functions, bare, variables)


def _looks_around(tree: ast.Module) -> bool:
    """Whether the script looks names up that are not written in it."""
    return any(
        isinstance(node, ast.Name) and node.id in ("globals", "exec", "eval") for node in ast.walk(tree)
    )


def restore(text: str, whole: str, original: str, *, form: int = 0) -> str:
    """The script again, out of a program that was laid out, whatever has become of its functions since.

    ``form`` is one of ``FORMS``: the actions where they stand in the ``original``, at the end of the file, or still in
    their function, which is then called. The last is taken too where the function cannot be dissolved.
    """
    program = without_modules(text.split(FENCE)[0].rstrip("\n") + "\n")
    module = cst.parse_module(program)
    function = next((each for each in module.body if _is_function(each, whole)), None)
    if function is None:
        return program
    assert isinstance(function, cst.FunctionDef)
    assert isinstance(function.body, cst.IndentedBlock)
    inner = [each for each in function.body.body if isinstance(each, cst.BaseStatement)]
    actions: list[Any] = [each for each in inner if not _is_note(module, each)]
    if actions and module.code_for_node(actions[-1]).lstrip().startswith(_RETURN):
        actions.pop()
    if form == len(FORMS) - 1 or function.decorators or _returns(actions, module):
        return f"{program}\n\n{whole}()\n"
    body = [each for each in module.body if each is not function]
    if form == 0:
        body, actions = _put_in_place(module, body, actions, original)
    close = actions and not any(line.comment is None for line in actions[0].leading_lines)
    if close and isinstance(body[-1] if body else None, (cst.FunctionDef, cst.ClassDef)):
        lines = [cst.EmptyLine(indent=False)] * 2 + list(actions[0].leading_lines)
        actions[0] = actions[0].with_changes(leading_lines=lines)
    header, body = _gap_before(module, [*body, *actions])
    footer = [*function.body.footer, *module.footer]
    return module.with_changes(header=header, body=body, footer=footer).code


def _gap_before(module: cst.Module, body: list[Any]) -> tuple[list[cst.EmptyLine], list[Any]]:
    """The header, and the body whose first statement was another: empty lines before that were taken for a header."""
    header, first = list(module.header), module.body[0]
    gap: list[cst.EmptyLine] = []
    while body[0] is not first and header and header[-1].comment is None:
        gap.append(header.pop())
    changed = first.with_changes(leading_lines=[*gap, *getattr(first, "leading_lines", ())]) if gap else first
    return header, [changed if each is first else each for each in body]


def _put_in_place(
    module: cst.Module, body: list[Any], actions: list[Any], original: str
) -> tuple[list[Any], list[Any]]:
    """The first of the actions, as long as they are what they were, back between the definitions; the others."""
    before = cst.parse_module(original)
    keys = [_key(module, each) for each in body]
    waiting, place = list(actions), 0
    for each in before.body:
        key = _key(before, each)
        if key in keys[place:]:
            place = keys.index(key, place) + 1
        elif waiting and _key(module, waiting[0]) == key:
            body = [*body[:place], waiting.pop(0), *body[place:]]
            keys.insert(place, key)
            place += 1
    return body, waiting


def _key(module: cst.Module, node: Any) -> str:
    """What tells a statement from others: a definition by its name, all else by its text."""
    if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
        return f"def {node.name.value}"
    return module.code_for_node(node.with_changes(leading_lines=())).strip()


def _free_name(tree: ast.Module) -> str:
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | set(dir(builtins))
    used |= {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    name = _WHOLE
    while name in used:
        name += "_"
    return name


def _function(name: str, shared: Sequence[str], actions: Sequence[cst.CSTNode]) -> cst.FunctionDef:
    head = [cst.parse_statement(_NOTE)]
    if shared:
        head.append(cst.parse_statement(f"global {', '.join(shared)}"))
    made = cst.parse_statement(f"def {name}():\n    pass\n")
    assert isinstance(made, cst.FunctionDef)
    lines = [cst.EmptyLine(indent=False)] * 2
    block = cst.IndentedBlock(body=[*head, *actions])  # type: ignore[list-item]
    return made.with_changes(body=block, leading_lines=lines)


def _is_function(node: cst.CSTNode, name: str) -> bool:
    return isinstance(node, cst.FunctionDef) and node.name.value == name


def _is_note(module: cst.Module, node: cst.BaseStatement) -> bool:
    code = module.code_for_node(node).strip()
    return code == _NOTE or (isinstance(node, cst.SimpleStatementLine) and code.startswith("global "))


def _returns(actions: Sequence[cst.BaseStatement], module: cst.Module) -> bool:
    """Whether a statement of these leaves a function, which the top level of a file cannot do."""
    stack: list[ast.AST] = [ast.parse(module.code_for_node(each)) for each in actions]
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.Return, ast.Yield, ast.Nonlocal)):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            stack.extend(ast.iter_child_nodes(node))
    return False
