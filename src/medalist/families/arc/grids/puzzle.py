"""A puzzle as a solver sees it: training pairs and test inputs, without a name, so that none can be known by heart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from medalist.families.arc.grids.cells import Grid


@dataclass(frozen=True, eq=False)
class Pair:
    """One worked example."""

    input: Grid
    output: Grid

    @property
    def same_shape(self) -> bool:
        return self.input.shape == self.output.shape


@dataclass(frozen=True, eq=False)
class Puzzle:
    """At least one pair and one test input. What many stages ask is worked out once."""

    train: tuple[Pair, ...]
    tests: tuple[Grid, ...]

    @cached_property
    def inputs(self) -> tuple[Grid, ...]:
        """Of the pairs, then of the tests: what a state is computed over."""
        return (*(pair.input for pair in self.train), *self.tests)

    @cached_property
    def outputs(self) -> tuple[Grid, ...]:
        return tuple(pair.output for pair in self.train)

    @cached_property
    def same_shape(self) -> bool:
        return all(pair.same_shape for pair in self.train)

    def without(self, number: int) -> Puzzle:
        """The puzzle that has pair ``number`` as its only test: how a learned rule is held against what it never saw."""
        rest = self.train[:number] + self.train[number + 1 :]
        return Puzzle(rest, (self.train[number].input,))
