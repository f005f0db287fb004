"""Compiled loops: a hot loop nest becomes a function that numba compiles, called in the loop's place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import libcst as cst

from medalist.families.speedup.optimiser.numeric.growing import appended_to, begin_empty
from medalist.families.speedup.optimiser.numeric.kernel import Compiler, Kernel
from medalist.families.speedup.optimiser.numeric.places import Block, HotLoop, Source, hot_loops, read_source
from medalist.families.speedup.optimiser.numeric.placing import placed
from medalist.families.speedup.optimiser.numeric.results import handed_back
from medalist.families.speedup.optimiser.numeric.syntax import (
    Statement,
    Usage,
    statements,
    unless_malformed,
    walk,
)
from medalist.families.speedup.optimiser.transformation import Edit, Program


class CompiledLoops:
    """Hot loops over numbers and arrays as numba kernels: the outermost loop of a nest that can be compiled.

    A kernel takes and gives numbers and arrays; lists of numbers become arrays on the way. It compiles at its first
    call, which is the warm-up's. What the loop does stays as it is, in double precision and in the same order.
    """

    name = "compiled loop"
    needs: tuple[str, ...] = ("numba",)

    def edits(self, program: Program) -> Iterable[Edit]:
        source = read_source(program)
        if source is None:
            return
        done: list[cst.CSTNode] = []
        for hot in hot_loops(source):
            if any(hot.node is inner for loop in done for inner in walk(loop)):
                continue
            edit = self._edit(source, hot)
            if edit is not None:
                done.append(hot.node)
                yield edit

    @unless_malformed
    def _edit(self, source: Source, hot: HotLoop) -> Edit | None:
        block: Block | None = hot.block
        taken, extended = _beginnings(hot.block)
        returns = any(isinstance(node, cst.Return) for node in walk(hot.node))
        if returns:
            block = _tail(hot.block)
        if block is None:
            return None
        compiler = Compiler.of(source)
        source = compiler.source
        begun = [part for name in extended for part in statements(f"{name} = []")]
        where = block.function.node.name.value
        kernel = compiler.compile(
            block.function,
            [*taken, *begun, *block.chosen],
            source.variables(hot),
            {*block.read_after, *extended},
            name=compiler.names.fresh(f"{where.strip('_')}_loop"),
            purpose=f"The loop of ``{where}``, compiled.",
            parameters=() if returns else None,
        )
        if kernel is None:
            return None
        instead = instead_of(source, block, kernel, extended, returns=returns)
        if not instead:
            return None
        return Edit(
            transformation=self.name,
            title=f"compiled the loop at line {source.lines[hot.node]} of {block.function.name}",
            reason="The same operations in the same order on the same numbers, compiled by numba instead of interpreted.",
            text=placed(source, block, taken, [*compiler.made.values(), kernel], instead),
            seconds=hot.facts.seconds,
        )


def _beginnings(block: Block) -> tuple[list[Statement], list[str]]:
    """The statements before the loop that begin lists which grow in it, and the lists that grow but began earlier.

    The former move into the kernel; the latter are extended by what the kernel returns.
    """
    usage = Usage.of(block.chosen)
    grown = {
        found[0] for part in block.chosen for node in walk(part) if (found := appended_to(node)) is not None
    }
    grown -= {name for part in block.chosen for node in walk(part) for name in begin_empty(node)}  # type: ignore[arg-type]
    taken: list[Statement] = []
    between = Usage()
    for statement in reversed(block.statements[: block.start]):
        begun = begin_empty(statement)
        if begun and grown.issuperset(begun) and not any(name in between.reads for name in begun):
            taken.insert(0, statement)
            grown -= set(begun)
        statement.visit(between)
    appends = [
        found[0] for part in block.chosen for node in walk(part) if (found := appended_to(node)) is not None
    ]
    return taken, [name for name in sorted(grown) if usage.reads.get(name) == appends.count(name)]


def _tail(block: Block) -> Block | None:
    """The loop and all that follows in the function, where the loop returns from it."""
    if block.within is not block.function.node.body:
        return None
    return Block(
        block.function, block.within, block.statements, block.start, len(block.statements), frozenset()
    )


def instead_of(
    source: Source, block: Block, kernel: Kernel, extended: Sequence[str], *, returns: bool = False
) -> Sequence[Statement]:
    """The statements that stand in the block's place; ``extended`` are the lists that grow by what the kernel returns."""
    passed = {
        name: f"{name}_array" if name in kernel.lists else words for name, words in kernel.arguments.items()
    }
    call = f"{kernel.name}({', '.join(passed.values())})"
    lines = [f"{passed[name]} = {kernel.arguments[name]}" for name in kernel.lists]
    if returns:
        return [] if lines else statements(f"return {call}")
    targets = [f"new_{output}" if output in extended else output for output in kernel.outputs]
    lines.append(f"{', '.join(targets)} = {call}" if targets else call)
    # Whoever else holds the list sees what became of it.
    lines += [f"{name}[:] = {passed[name]}.tolist()" for name in kernel.lists]
    lines += [f"{name}.extend(new_{name}.tolist())" for name in extended]
    return [*statements("\n".join(lines)), *handed_back(source, block, kernel, besides=extended)]
