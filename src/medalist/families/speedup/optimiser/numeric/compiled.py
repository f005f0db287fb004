"""Kernels that a program already has: its functions under ``numba.njit``, and the time spent in those that call them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import libcst as cst

from medalist.families.speedup.optimiser.numeric.places import Source, read_source
from medalist.families.speedup.optimiser.numeric.syntax import Imports, Statement, body_of, walk, with_body
from medalist.families.speedup.optimiser.transformation import Edit, Program


@dataclass(frozen=True)
class CompiledKernel:
    """A compiled function. ``top`` is its place in the module, ``seconds`` the most that is spent in it."""

    node: cst.FunctionDef
    top: int
    seconds: float

    @property
    def name(self) -> str:
        """Its name."""
        return self.node.name.value

    @property
    def body(self) -> Sequence[Statement]:
        """Its statements."""
        return body_of(self.node)


def compiled_kernels(source: Source, least_share: float = 0.003) -> Iterator[CompiledKernel]:
    """The program's kernels whose callers take a noticeable share of the run."""
    facts = source.program.facts
    for function in source.functions.values():
        if not is_compiled(function.node, source.imports):
            continue
        seconds = _seconds(source, function.node.name.value, set())
        if facts.share(seconds) >= least_share:
            yield CompiledKernel(function.node, function.top, seconds)


class ByKernel(ABC):
    """A transformation that looks at one compiled kernel after another."""

    name: str
    needs: tuple[str, ...] = ("numba",)

    def edits(self, program: Program) -> Iterable[Edit]:
        source = read_source(program)
        if source is None:
            return
        for kernel in compiled_kernels(source):
            edit = self.edit(replace(source, imports=source.imports.copy()), kernel)
            if edit is not None:
                yield edit

    @abstractmethod
    def edit(self, source: Source, kernel: CompiledKernel) -> Edit | None:
        """What can be done to ``kernel``; it may add to the imports of ``source``, which is its own."""
        ...


def is_compiled(node: cst.FunctionDef, imports: Imports) -> bool:
    """Whether numba compiles the function."""
    for decorator in node.decorators:
        called = decorator.decorator
        if imports.resolve(called.func if isinstance(called, cst.Call) else called) in (
            "numba.njit",
            "numba.jit",
        ):
            return True
    return False


def _seconds(source: Source, name: str, seen: set[str]) -> float:
    """The time of the functions that call ``name``, through other kernels too."""
    total = 0.0
    for function in source.functions.values():
        own = function.node.name.value
        calls = any(
            isinstance(node, cst.Call) and node.func.deep_equals(cst.Name(name))
            for node in walk(function.node)
        )
        if not calls or own in seen or own == name:
            continue
        facts = source.facts_of(function)
        total += facts.own_seconds if facts is not None else _seconds(source, own, {*seen, name})
    return total


def with_kernel(
    source: Source, kernel: CompiledKernel, body: Sequence[Statement], before: Sequence[Statement] = ()
) -> cst.Module:
    """The program with another body for the kernel, and new functions before it."""
    changed = with_body(kernel.node, body)
    top = list(source.module.body)
    blank = [cst.EmptyLine(indent=False)] * 2
    fresh = [part.with_changes(leading_lines=blank) for part in before]
    return source.module.with_changes(body=[*top[: kernel.top], *fresh, changed, *top[kernel.top + 1 :]])
