"""Compiled comprehensions: a hot list comprehension, generator or ``map`` of numbers becomes a compiled loop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import libcst as cst

from medalist.families.speedup.optimiser.numeric.desugar import written_out
from medalist.families.speedup.optimiser.numeric.inference import Inference
from medalist.families.speedup.optimiser.numeric.kernel import Compiler
from medalist.families.speedup.optimiser.numeric.loops import instead_of
from medalist.families.speedup.optimiser.numeric.places import Block, Function, Source, read_source
from medalist.families.speedup.optimiser.numeric.placing import placed
from medalist.families.speedup.optimiser.numeric.syntax import (
    Names,
    Usage,
    all_names,
    body_of,
    dotted,
    unless_malformed,
    walk,
)
from medalist.families.speedup.optimiser.numeric.values import Value, value_of_kind
from medalist.families.speedup.optimiser.transformation import Edit, Program

_LEAST_SHARE = 0.005


class CompiledComprehensions:
    """Comprehensions over numbers and arrays, written out as loops and compiled by numba."""

    name = "compiled comprehension"
    needs: tuple[str, ...] = ("numba",)

    def edits(self, program: Program) -> Iterable[Edit]:
        """An edit for each statement with a comprehension, in functions that take a noticeable share of the run."""
        source = read_source(program)
        if source is None:
            return
        for function in source.functions.values():
            facts = source.facts_of(function)
            if facts is None or program.facts.share(facts.own_seconds) < _LEAST_SHARE:
                continue
            for block in _comprehensions(function):
                edit = self._edit(source, block, facts.own_seconds)
                if edit is not None:
                    yield edit

    @unless_malformed
    def _edit(self, source: Source, block: Block, seconds: float) -> Edit | None:
        compiler = Compiler.of(source)
        source = compiler.source
        function, statement = block.function, block.chosen[0]
        *loops, last = written_out([statement], Names(all_names(source.module)))
        if not loops:
            return None
        variables = _known_before(source, block)
        where = function.node.name.value
        read = frozenset(Usage.of([last]).reads) | block.read_after
        kernel = compiler.compile(
            function,
            loops,
            variables,
            read,
            name=compiler.names.fresh(f"{where.strip('_')}_values"),
            purpose=f"The comprehension of ``{where}``, compiled.",
        )
        if kernel is None or not kernel.outputs:
            return None
        written = [*block.statements[: block.start], *loops, last, *block.statements[block.stop :]]
        span = Block(function, block.within, written, block.start, block.start + len(loops), read)
        text = placed(
            source, span, (), [*compiler.made.values(), kernel], instead_of(source, span, kernel, ())
        )
        return Edit(
            transformation=self.name,
            title=f"compiled a comprehension of {function.name}",
            reason="The same operations in the same order on the same numbers, compiled by numba instead of interpreted.",
            text=text,
            seconds=seconds,
        )


def _comprehensions(function: Function) -> Iterator[Block]:
    """The statements of a function's own block that hold a comprehension and no loop."""
    statements = body_of(function.node)
    for index, statement in enumerate(statements):
        if isinstance(statement, cst.SimpleStatementLine) and _holds_one(statement):
            after = frozenset(Usage.of(statements[index + 1 :]).reads)
            yield Block(function, function.node.body, statements, index, index + 1, after)


def _holds_one(statement: cst.CSTNode) -> bool:
    return any(
        isinstance(node, cst.ListComp | cst.GeneratorExp)
        or (isinstance(node, cst.Call) and dotted(node.func) == "map")
        for node in walk(statement)
    )


def _known_before(source: Source, block: Block) -> dict[str, Value]:
    """What names hold when the statement begins, from the function's arguments on."""
    facts = source.facts_of(block.function)
    known = dict(source.constants) | source.attributes(block.function)
    if facts is not None:
        known |= {name: value_of_kind(kind) for name, kind in facts.arguments.items()}
    inference = Inference(known, source.imports)
    inference.run(block.statements[: block.start])
    return inference.variables
