"""Small tools over libcst: text to nodes and back, what an import's name stands for, and which names code touches."""
# ruff: noqa: N802 - libcst's own names for what a visitor does

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import ParamSpec, TypeVar

import libcst as cst

Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement
Made = TypeVar("Made")
Given = ParamSpec("Given")
Block = TypeVar("Block", bound=cst.CSTNode)
_EMPTY = cst.Module([])


def unless_malformed(make: Callable[Given, Made | None]) -> Callable[Given, Made | None]:
    """The same, with None where the rewritten code would be no Python: a shape of program that was not thought of."""

    @functools.wraps(make)
    def attempt(*args: Given.args, **named: Given.kwargs) -> Made | None:
        try:
            return make(*args, **named)
        except (cst.ParserSyntaxError, cst.CSTValidationError):
            return None

    return attempt


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


def code(node: cst.CSTNode) -> str:
    """The node's source."""
    return _EMPTY.code_for_node(node)


def expression(text: str) -> cst.BaseExpression:
    """The expression written as ``text``."""
    return cst.parse_expression(text)


def statements(text: str) -> list[Statement]:
    """The statements written as ``text``."""
    return list(cst.parse_module(text).body)


def dotted(node: cst.CSTNode) -> str:
    """``a.b.c`` for a name or a chain of attributes of one, else an empty text."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute) and (left := dotted(node.value)):
        return f"{left}.{node.attr.value}"
    return ""


def body_of(node: cst.CSTNode) -> Sequence[Statement]:
    """The statements of a function, a loop, a branch or a block."""
    block = node if isinstance(node, cst.IndentedBlock) else getattr(node, "body", None)
    if isinstance(block, cst.IndentedBlock):
        return [
            part
            for part in block.body
            if isinstance(part, cst.SimpleStatementLine | cst.BaseCompoundStatement)
        ]
    if isinstance(block, cst.SimpleStatementSuite):
        return [cst.SimpleStatementLine(body=[part]) for part in block.body]
    return []


def with_body(node: Block, body: Iterable[Statement]) -> Block:
    """The compound statement with another body; ``pass`` where that would be empty."""
    return node.with_changes(body=cst.IndentedBlock(body=list(body) or statements("pass")))


def only(statement: cst.CSTNode) -> cst.BaseSmallStatement | None:
    """The one small statement of a line, None for anything else."""
    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
        return statement.body[0]
    return None


def assigned(statement: cst.CSTNode) -> tuple[cst.BaseExpression, cst.BaseExpression] | None:
    """Target and value of a plain assignment to one target."""
    small = only(statement)
    if isinstance(small, cst.Assign) and len(small.targets) == 1:
        return small.targets[0].target, small.value
    if isinstance(small, cst.AnnAssign) and small.value is not None:
        return small.target, small.value
    return None


def argument(call: cst.Call, position: int, keyword: str = "") -> cst.BaseExpression | None:
    """An argument by its place or its keyword."""
    for index, arg in enumerate(call.args):
        if arg.star:
            return None
        if (arg.keyword is None and index == position) or (
            arg.keyword is not None and arg.keyword.value == keyword
        ):
            return arg.value
    return None


class Imports:
    """What the names that a program's imports bind stand for."""

    def __init__(self, module: cst.CSTNode) -> None:
        collector = _ImportCollector()
        module.visit(collector)
        self.names: dict[str, str] = collector.names

    def copy(self) -> Imports:
        """The same names, to be added to."""
        twin = Imports(_EMPTY)
        twin.names.update(self.names)
        return twin

    def resolve(self, node: cst.CSTNode) -> str:
        """``numpy.linalg.norm`` for ``np.linalg.norm``; empty for what comes from no import."""
        name = dotted(node)
        head, _, rest = name.partition(".")
        if not name or head not in self.names:
            return ""
        full = f"{self.names[head]}.{rest}" if rest else self.names[head]
        return full.replace("numpy.core.", "numpy.").replace("torch.nn.functional.", "torch.")

    def alias(self, module: str, preferred: str) -> str:
        """The name under which the program knows ``module``, else ``preferred``, noted for ``import_lines``."""
        for name, full in self.names.items():
            if full == module:
                return name
        self.names[preferred] = module
        return preferred


class _ImportCollector(cst.CSTVisitor):
    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def visit_Import(self, node: cst.Import) -> None:
        for alias in node.names:
            full = dotted(alias.name)
            if alias.asname is not None:
                self.names[dotted(alias.asname.name)] = full
            else:
                self.names[full.split(".")[0]] = full.split(".")[0]

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        if isinstance(node.names, cst.ImportStar) or node.module is None or node.relative:
            return
        for alias in node.names:
            name = dotted(alias.name)
            bound = dotted(alias.asname.name) if alias.asname is not None else name
            self.names[bound] = f"{dotted(node.module)}.{name}"


class Usage(cst.CSTVisitor):
    """The names that code reads, binds, or stores into, each in the order of first touch."""

    def __init__(self) -> None:
        self.reads: dict[str, int] = {}
        self.writes: dict[str, int] = {}
        self.stores: set[str] = set()
        self.first_is_write: set[str] = set()
        self._branches = 0

    @classmethod
    def of(cls, nodes: Iterable[cst.CSTNode]) -> Usage:
        usage = cls()
        for node in nodes:
            node.visit(usage)
        return usage

    def _read(self, name: str) -> None:
        self.reads[name] = self.reads.get(name, 0) + 1

    def _write(self, target: cst.CSTNode) -> None:
        if isinstance(target, cst.Name):
            if target.value not in self.reads and target.value not in self.writes and not self._branches:
                self.first_is_write.add(target.value)
            self.writes[target.value] = self.writes.get(target.value, 0) + 1
        elif isinstance(target, cst.Tuple | cst.List):
            for element in target.elements:
                self._write(element.value)
        else:
            base = target
            while isinstance(base, cst.Subscript):
                base = base.value
            self.stores.add(dotted(base))
            target.visit(self)

    def visit_Name(self, node: cst.Name) -> None:
        self._read(node.value)

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        node.value.visit(self)
        return False

    def visit_Arg(self, node: cst.Arg) -> bool:
        node.value.visit(self)
        return False

    def visit_Annotation(self, node: cst.Annotation) -> bool:
        return False

    def visit_Assign(self, node: cst.Assign) -> bool:
        node.value.visit(self)
        for target in node.targets:
            self._write(target.target)
        return False

    def visit_AnnAssign(self, node: cst.AnnAssign) -> bool:
        if node.value is not None:
            node.value.visit(self)
            self._write(node.target)
        return False

    def visit_AugAssign(self, node: cst.AugAssign) -> bool:
        node.value.visit(self)
        if isinstance(node.target, cst.Name):
            self._read(node.target.value)
        self._write(node.target)
        return False

    def visit_NamedExpr(self, node: cst.NamedExpr) -> bool:
        node.value.visit(self)
        self._write(node.target)
        return False

    def visit_For(self, node: cst.For) -> bool:
        node.iter.visit(self)
        self._write(node.target)
        node.body.visit(self)
        if node.orelse is not None:
            node.orelse.visit(self)
        return False

    def visit_If(self, node: cst.If) -> bool:
        node.test.visit(self)
        self._branches += 1
        node.body.visit(self)
        if node.orelse is not None:
            node.orelse.visit(self)
        self._branches -= 1
        return False

    def visit_CompFor(self, node: cst.CompFor) -> bool:
        node.iter.visit(self)
        for condition in node.ifs:
            condition.visit(self)
        if node.inner_for_in is not None:
            node.inner_for_in.visit(self)
        return False


class Names:
    """Fresh names: none that the program uses."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken = set(taken)

    def fresh(self, wish: str) -> str:
        """``wish``, or with a number where it is taken."""
        for number in count(1):
            name = wish if number == 1 else f"{wish}_{number}"
            if name not in self.taken:
                self.taken.add(name)
                return name
        raise AssertionError("counting ended")

    def index(self) -> str:
        """A name for a loop's counter."""
        letter = next((letter for letter in "kmpqrst" if letter not in self.taken), "k")
        return self.fresh(letter)


class _AllNames(cst.CSTVisitor):
    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_Name(self, node: cst.Name) -> None:
        self.names.add(node.value)


def all_names(node: cst.CSTNode) -> set[str]:
    """Every identifier of the code, attributes and keywords too."""
    collector = _AllNames()
    node.visit(collector)
    return collector.names


def global_names(module: cst.Module) -> set[str]:
    """The names that a module binds at its top level, and Python's own."""
    bound = set(Imports(module).names) | set(dir(builtins))
    for statement in module.body:
        if isinstance(statement, cst.FunctionDef | cst.ClassDef):
            bound.add(statement.name.value)
    return bound | set(
        Usage.of(part for part in module.body if isinstance(part, cst.SimpleStatementLine)).writes
    )


class _Renaming(cst.CSTTransformer):
    def __init__(self, mapping: Mapping[str, cst.BaseExpression]) -> None:
        self.mapping = mapping

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return updated_node.with_changes(keyword=original_node.keyword)

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        return self.mapping.get(original_node.value, updated_node)


def substituted(node: cst.CSTNode, mapping: Mapping[str, cst.BaseExpression]) -> cst.CSTNode:
    """The code with names replaced by expressions; attributes and keywords of the same name stay."""
    result = node.visit(_Renaming(mapping))
    assert isinstance(result, cst.CSTNode)
    return result


def walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The node and all below it, parents first."""
    yield node
    for child in node.children:
        yield from walk(child)
