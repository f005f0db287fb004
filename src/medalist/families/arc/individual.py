"""An individual: one proposed solution of a puzzle, a typed program or Python source, behind one face.

Whoever proposes (a stage, a genetic operator, a language model), what it proposed is judged once on every input of
its puzzle and lives in the same population from then on. Answers of Python source come from sandboxed workers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from medalist.families.arc.grids.cells import Grid, same
from medalist.families.arc.grids.kernels import fingerprint
from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.language.program import Program

TEST_WEIGHT = 10
"""What a test output that is right counts beside a training pair, on tasks for development alone (SPEC A4)."""


@dataclass(frozen=True, eq=False)
class Individual:
    """A solution with what it answers. Made by ``judge`` and ``judge_program``.

    ``answers`` are for the puzzle's ``inputs``: of the pairs, then of the tests; None where it gives no grid.
    ``closeness`` is for each pair how near its answer comes: 1.0 exactly where it is right. ``faults`` says for
    each input why there is no answer, "" where there is one. ``origin`` says who proposed it, in a word or two.
    """

    source: Program | str
    answers: tuple[Grid | None, ...]
    closeness: tuple[float, ...]
    origin: str
    faults: tuple[str, ...] = ()
    why: str = field(default="", compare=False)

    @property
    def program(self) -> Program | None:
        """The typed program; None for Python source."""
        return self.source if isinstance(self.source, Program) else None

    @property
    def text(self) -> str:
        """As a person reads it: the program as a line, or the source."""
        return str(self.source)

    @property
    def tests(self) -> tuple[Grid | None, ...]:
        """The answers to the test inputs."""
        return self.answers[len(self.closeness) :]

    @cached_property
    def solved(self) -> frozenset[int]:
        """The numbers of the pairs whose output it gives, from 0."""
        return frozenset(number for number, near in enumerate(self.closeness) if near == 1.0)

    @property
    def share(self) -> float:
        """Of the pairs, how many it solves; 0 to 1."""
        return len(self.solved) / len(self.closeness)

    @property
    def fits(self) -> bool:
        """Whether it gives every training output and a grid for each test input: it may be submitted."""
        return len(self.solved) == len(self.closeness) and all(answer is not None for answer in self.tests)

    @cached_property
    def bucket(self) -> bytes:
        """Equal for individuals that give the same test outputs."""
        return fingerprint(answer if answer is not None else -1 for answer in self.tests)

    def fitness(self, development: Sequence[Grid] | None = None) -> float:
        """Pairs right, and ten times the tests right where ``development`` gives their outputs (SPEC A4).

        Whoever passes ``development`` stamps the result with it; no submission is chosen by it.
        """
        tests = zip(self.tests, development or (), strict=False)
        return len(self.solved) + TEST_WEIGHT * sum(
            answer is not None and same(answer, wanted) for answer, wanted in tests
        )


def judge(
    source: Program | str,
    answers: Sequence[Grid | None],
    puzzle: Puzzle,
    *,
    origin: str,
    faults: Sequence[str] = (),
    why: str = "",
) -> Individual:
    """The individual that gives ``answers`` for ``puzzle.inputs``, which must be as many."""
    if len(answers) != len(puzzle.inputs):
        raise ValueError(f"{len(answers)} answers for {len(puzzle.inputs)} inputs")
    near = tuple(closeness(answer, pair) for answer, pair in zip(answers, puzzle.train, strict=False))
    told = tuple(faults) or tuple("" if answer is not None else "no grid" for answer in answers)
    return Individual(source, tuple(answers), near, origin, told, why)


def judge_program(program: Program, puzzle: Puzzle, *, origin: str, why: str = "") -> Individual:
    """A typed program, run on every input of the puzzle."""
    return judge(program, [program.answer(grid) for grid in puzzle.inputs], puzzle, origin=origin, why=why)


def closeness(answer: Grid | None, pair: Pair) -> float:
    """How near ``answer`` comes to the pair's output: 1.0 when equal, 0.0 for no grid.

    Of another shape it is at most 0.25, by how alike the sizes are. Of the right shape it is 0.25 and up to nearly 1
    by the share of cells that are right, where the output has the input's shape half of it by the cells that must
    change, since leaving everything as it is would otherwise look good.
    """
    if answer is None:
        return 0.0
    wanted = pair.output
    if answer.shape != wanted.shape:
        alike = [min(a, b) / max(a, b) for a, b in zip(answer.shape, wanted.shape, strict=True)]
        return 0.25 * alike[0] * alike[1]
    right = answer == wanted
    if right.all():
        return 1.0
    share = float(right.mean())
    if pair.same_shape and (changed := pair.input != wanted).any():
        share = (share + float(right[changed].mean())) / 2
    return 0.25 + 0.74 * share
