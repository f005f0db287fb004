"""Where things stand in a program: its functions and methods, its constants, its hot loops with what comes after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from medalist.families.speedup.optimiser.facts import FunctionFacts, LoopFacts
from medalist.families.speedup.optimiser.numeric.inference import Inference
from medalist.families.speedup.optimiser.numeric.syntax import (
    Imports,
    Statement,
    Usage,
    assigned,
    body_of,
)
from medalist.families.speedup.optimiser.numeric.values import INT, UNKNOWN, Value, join, value_of_kind
from medalist.families.speedup.optimiser.transformation import Program


@dataclass(frozen=True)
class Function:
    """A function or method. ``top`` is the place in the module of the statement that holds it."""

    name: str
    node: cst.FunctionDef
    top: int
    class_name: str = ""

    @property
    def receiver(self) -> str:
        """What a method calls itself: its first parameter; empty for a function."""
        parameters = self.node.params.params
        plain = not self.node.decorators
        return parameters[0].name.value if self.class_name and parameters and plain else ""


@dataclass(frozen=True)
class Block:
    """A run of statements inside a function, with the names that are read once it is done."""

    function: Function
    within: cst.BaseSuite
    statements: Sequence[Statement]
    start: int
    stop: int
    read_after: frozenset[str]

    @property
    def chosen(self) -> list[Statement]:
        """The statements themselves."""
        return list(self.statements[self.start : self.stop])


@dataclass
class Source:
    """A parsed program. ``constants`` are module-level numbers, tuples and arrays that are bound once."""

    program: Program
    module: cst.Module
    imports: Imports
    functions: Mapping[str, Function]
    constants: Mapping[str, Value]
    lines: Mapping[cst.CSTNode, int] = field(default_factory=dict)

    def facts_of(self, function: Function) -> FunctionFacts | None:
        """What was seen of the function."""
        return self.program.facts.functions.get(function.name)

    def attributes(self, function: Function) -> dict[str, Value]:
        """What a method's receiver holds, by ``receiver.attribute``."""
        facts = self.facts_of(function)
        if facts is None or not function.receiver:
            return {}
        return {f"{function.receiver}.{name}": value_of_kind(kind) for name, kind in facts.attributes.items()}

    def variables(self, hot: HotLoop) -> dict[str, Value]:
        """What the names hold that are bound when the loop begins; what is known of them may come from its end."""
        function, loop = hot.block.function, hot.facts
        known: dict[str, Value] = dict(self.constants)
        facts = self.facts_of(function)
        if facts is not None:
            known |= {name: value_of_kind(kind) for name, kind in facts.arguments.items()}
        known |= self.attributes(function)
        for name in hot.bound_inside & loop.bound_after.keys():
            known[name] = value_of_kind(loop.bound_after[name])
        for name, kind in loop.variables.items():
            held = value_of_kind(kind)
            after = value_of_kind(loop.bound_after[name]) if name in loop.bound_after else None
            known[name] = (
                join(held, after) if after is not None and after.group in ("number", "list") else held
            )
        return known


def read_source(program: Program) -> Source | None:
    """The program parsed; None when it cannot be."""
    try:
        wrapper = MetadataWrapper(cst.parse_module(program.text), unsafe_skip_copy=True)
    except cst.ParserSyntaxError:
        return None
    module = wrapper.module
    positions = wrapper.resolve(PositionProvider)
    lines: dict[cst.CSTNode, int] = {
        node: place.start.line for node, place in positions.items() if isinstance(node, cst.For | cst.While)
    }
    imports = Imports(module)
    functions = dict(_functions(module))
    return Source(program, module, imports, functions, _constants(module, imports), lines)


def _functions(module: cst.Module) -> Iterator[tuple[str, Function]]:
    for top, statement in enumerate(module.body):
        if isinstance(statement, cst.FunctionDef):
            yield statement.name.value, Function(statement.name.value, statement, top)
        elif isinstance(statement, cst.ClassDef):
            for part in body_of(statement):
                if isinstance(part, cst.FunctionDef):
                    name = f"{statement.name.value}.{part.name.value}"
                    yield name, Function(name, part, top, statement.name.value)


def _constants(module: cst.Module, imports: Imports) -> dict[str, Value]:
    inference = Inference({}, imports)
    top = [part for part in module.body if isinstance(part, cst.SimpleStatementLine)]
    writes = Usage.of(top).writes
    found: dict[str, Value] = {}
    for statement in top:
        parts = assigned(statement)
        if parts is not None and isinstance(parts[0], cst.Name) and writes[parts[0].value] == 1:
            held = inference.value(parts[1])
            if (
                held.is_number
                or held.is_array
                or (held.group == "tuple" and all(part.is_number for part in held.items))
            ):
                found[parts[0].value] = held
                inference.variables[parts[0].value] = held
    return found


@dataclass(frozen=True)
class HotLoop:
    """A loop of a function that takes a noticeable share of the run. ``facts`` are its outermost loop's."""

    block: Block
    facts: LoopFacts
    bound_inside: frozenset[str] = frozenset()
    """Names that the loops around this one bind."""

    @property
    def node(self) -> Statement:
        return self.block.chosen[0]


def hot_loops(source: Source, least_share: float = 0.003) -> Iterator[HotLoop]:
    """Outermost loops first, each followed by those inside; the hottest outermost loop first."""
    outermost: list[tuple[LoopFacts, HotLoop]] = []
    for function in source.functions.values():
        for block in _loops(function, function.node.body, frozenset()):
            facts = source.program.facts.loop_at(source.lines[block.chosen[0]])
            if facts is not None and source.program.facts.share(facts.seconds) >= least_share:
                outermost.append((facts, HotLoop(block, facts)))
    for _, hot in sorted(outermost, key=lambda pair: -pair[0].seconds):
        yield hot
        yield from inner_loops(hot)


def inner_loops(hot: HotLoop) -> Iterator[HotLoop]:
    """The loops inside a loop, outer ones first."""
    node, block = hot.node, hot.block
    assert isinstance(node, cst.For | cst.While)
    for found in _loops(block.function, node.body, frozenset()):
        inner = replace(found, read_after=block.read_after | _read_around(node, found.chosen))
        own = Usage.of(inner.chosen).writes
        bound = frozenset(name for name, times in Usage.of([node]).writes.items() if times > own.get(name, 0))
        within = HotLoop(inner, hot.facts, hot.bound_inside | bound)
        yield within
        yield from inner_loops(within)


def _read_around(node: cst.CSTNode, inner: Sequence[Statement]) -> frozenset[str]:
    """The names that a loop reads outside of an inner one, or that the inner one reads from its last time."""
    usage = Usage.of(inner)
    outside = {name for name, times in Usage.of([node]).reads.items() if times > usage.reads.get(name, 0)}
    return frozenset(outside | (usage.reads.keys() - usage.first_is_write))


def _loops(function: Function, suite: cst.BaseSuite, after: frozenset[str]) -> Iterator[Block]:
    """The loops in a suite that no other loop of it holds."""
    statements = body_of(suite)
    for index, statement in enumerate(statements):
        later = after | frozenset(Usage.of(statements[index + 1 :]).reads)
        if isinstance(statement, cst.For | cst.While):
            yield Block(function, suite, statements, index, index + 1, later)
        elif isinstance(statement, cst.If | cst.With | cst.Try):
            node: cst.CSTNode | None = statement
            while node is not None:
                body = getattr(node, "body", None)
                if isinstance(body, cst.BaseSuite):
                    yield from _loops(function, body, later)
                node = getattr(node, "orelse", None)


__all__ = [
    "INT",
    "UNKNOWN",
    "Block",
    "Function",
    "HotLoop",
    "Source",
    "hot_loops",
    "inner_loops",
    "read_source",
]
