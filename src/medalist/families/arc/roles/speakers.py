"""The five roles, each a question to a language model with a structured answer (SPEC A3).

What was written by others (grids, programs, tracebacks) stands in the question as material. No role hears a task's
name, a test output, or anything of another puzzle.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.individual import Individual
from medalist.families.arc.roles.texts import parent_text, puzzle_text
from medalist.families.arc.tagger import TECHNIQUES

if TYPE_CHECKING:
    from medalist.families.arc.roles.answers import Analysis, Code
    from medalist.llm.door import Door

T = TypeVar("T")

ROLES = ("analyst", "programmer", "refiner", "tagger", "crossover")

VIEWS = (
    "Look at objects first: connected cells, their colours, sizes, shapes, holes and places.",
    "Look at cells first: which change, and what is around those that do.",
    "Look at the whole first: symmetry, repetition, frames, separating lines and panels.",
    "Look at quantities first: counts, extremes, the odd one out, and what they decide.",
    "Look at movements first: what is shifted, extended, copied, cropped, scaled or turned.",
)
"""Several requests on one puzzle begin in different places, or they would all find the same."""

_TASK = """\
A puzzle shows pairs of grids, input and output. One rule turns every input into its output; it also holds for the \
test inputs. A grid has 1 to 30 rows and columns; its cells are colours, written as digits 0 to 9, of which 0 is \
mostly the background."""

_CONTRACT = """\
Write one Python file that defines `solve(grid)`. `grid` is a two-dimensional NumPy array of whole numbers, another \
one for each call; return the output as such an array. Of libraries only NumPy and Python's plain modules (math, \
itertools, collections, functools, ...) may be imported; there are no files, no network and no other processes, and \
all grids together may take two seconds. Find the rule that explains every pair and would hold for further inputs: \
no output may be written into the program, nothing may depend on which pair it is. Do not print."""

_INSTRUCTIONS = {
    "analyst": "Say what the rule is, in words that a programmer can follow. Check it against every pair before you "
    "answer; a rule that fails one pair is not the rule.",
    "programmer": "Write the program for the puzzle. " + _CONTRACT,
    "refiner": "You are given a program that does not solve every pair, and how its answers differ, cell by cell, or "
    "the error it raised. Find out what it misunderstands, and mend it, or begin anew where the idea is wrong. "
    + _CONTRACT,
    "tagger": "Say which techniques are needed. The list: " + ", ".join(TECHNIQUES) + ".",
    "crossover": "You are given two programs that solve different pairs. Each holds a part of the rule. Write one "
    "program that solves what both solve, by one rule and not by telling pairs apart. " + _CONTRACT,
}


class Speakers:
    """Asks ``model`` through ``door`` about one puzzle. ``seconds`` holds what each role's requests took, added up."""

    def __init__(self, door: Door, model: str, puzzle: Puzzle) -> None:
        self.seconds: dict[str, float] = {}
        self.requests: dict[str, int] = {}
        self._door = door
        self._model = model
        self._puzzle = puzzle
        self._text = puzzle_text(puzzle)

    async def analyse(self, view: str) -> Analysis:
        """The rule in words, looked for from one of ``VIEWS``."""
        from medalist.families.arc.roles.answers import Analysis

        return await self._ask("analyst", [self._text, view], Analysis)

    async def tag(self, individual: Individual | None = None) -> tuple[str, ...]:
        """The techniques that the puzzle needs, or that a program of it uses."""
        from medalist.families.arc.roles.answers import Tags

        parts = [self._text]
        if individual is not None:
            parts.append(f"## The program that solves it\n\n```python\n{individual.text}\n```")
        return tuple((await self._ask("tagger", parts, Tags)).techniques)

    async def program(
        self, view: str, analysis: Analysis | None, tags: Sequence[str], examples: Sequence[Individual]
    ) -> Code:
        """A first program: from the rule in words where there is one, beside what the playbook found."""
        from medalist.families.arc.roles.answers import Code

        parts = [self._text]
        if examples:
            told = "What a search without a language model found. None of it is the rule, but parts of it may be."
            parts.append(told)
            parts += [parent_text(each, self._puzzle, f"Near miss {n}") for n, each in enumerate(examples, 1)]
        if tags:
            parts.append(f"Techniques that may be needed: {', '.join(tags)}.")
        if analysis is not None:
            parts.append(f"## The rule, as an analyst sees it\n\n{_words(analysis)}")
        else:
            parts.append(view)
        return await self._ask("programmer", parts, Code)

    async def refine(self, parent: Individual, attempt: int) -> Code:
        """A mended program; ``attempt`` counts how often this parent has been given out, from 1."""
        from medalist.families.arc.roles.answers import Code

        parts = [self._text, parent_text(parent, self._puzzle, "The program")]
        if attempt > 1:
            view = VIEWS[(attempt - 2) % len(VIEWS)]
            parts.append(f"It was given out {attempt - 1} times before; try what is less obvious. {view}")
        return await self._ask("refiner", parts, Code)

    async def cross(self, first: Individual, second: Individual) -> Code:
        """One program out of two."""
        from medalist.families.arc.roles.answers import Code

        one = parent_text(first, self._puzzle, "The first program")
        other = parent_text(second, self._puzzle, "The second program")
        return await self._ask("crossover", [self._text, one, other], Code)

    async def _ask(self, role: str, parts: Sequence[str], output_type: type[T]) -> T:
        began = time.monotonic()
        self.requests[role] = self.requests.get(role, 0) + 1
        try:
            return await self._door.ask(
                self._model,
                "\n\n".join(parts),
                role=role,
                system=f"You are the {role}. {_TASK}\n\n{_INSTRUCTIONS[role]}",
                output_type=output_type,
            )
        finally:
            self.seconds[role] = self.seconds.get(role, 0.0) + time.monotonic() - began


def _words(analysis: Analysis) -> str:
    size = f"\n\nOutput size: {analysis.output_size}" if analysis.output_size else ""
    return f"{analysis.observations}\n\nRule: {analysis.rule}{size}"
