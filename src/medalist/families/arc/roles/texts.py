"""A puzzle, a program and what was wrong with its answers, as text that a language model reads."""

from __future__ import annotations

from collections.abc import Sequence

from medalist.families.arc.grids.cells import Grid
from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.individual import Individual
from medalist.families.arc.standalone import in_words, stand_alone

_MOST_CELLS_DRAWN = 400
_MOST_CELLS_LISTED = 60
_LONGEST_PROGRAM = 6_000


def grid_text(grid: Grid) -> str:
    """A row a line, colours apart, so that each is a token of its own."""
    return "\n".join(" ".join(map(str, row)) for row in grid.tolist())


def puzzle_text(puzzle: Puzzle) -> str:
    """Every pair and every test input, numbered from 1."""
    parts = []
    for number, pair in enumerate(puzzle.train, 1):
        parts.append(f"### Pair {number}\n{_titled('Input', pair.input)}\n{_titled('Output', pair.output)}")
    for number, grid in enumerate(puzzle.tests, 1):
        parts.append(f"### Test {number}\n{_titled('Input', grid)}")
    return "## The puzzle\n\n" + "\n\n".join(parts)


def source_text(individual: Individual) -> str:
    """Its Python; for a typed program what that is as a file of its own, or its rule where that would be too long."""
    if individual.program is None:
        return individual.text
    try:
        text = stand_alone(individual.program)
    except ValueError:
        text = ""
    if 0 < len(text) <= _LONGEST_PROGRAM:
        return text
    rule = "\n".join(f"# {line}" for line in in_words(individual.program))
    return f"{rule}\n# (learned from the pairs; too long to be shown)"


def parent_text(individual: Individual, puzzle: Puzzle, title: str) -> str:
    """A program with what it gets right and wrong."""
    known = f"{title}, which solves {len(individual.solved)} of {len(puzzle.train)} pairs"
    return (
        f"## {known}\n\n```python\n{source_text(individual).rstrip()}\n```\n\n{feedback(individual, puzzle)}"
    )


def feedback(individual: Individual, puzzle: Puzzle) -> str:
    """Pair by pair what an individual's answer lacks, cell by cell; of tests only where it gives no grid."""
    if not any(answer is not None for answer in individual.answers) and len(set(individual.faults)) == 1:
        return f"Every input: no grid. {individual.faults[0]}"
    lines = []
    for number, pair in enumerate(puzzle.train):
        lines.append(f"Pair {number + 1}: {difference(individual, number, pair)}")
    for number in range(len(puzzle.train), len(puzzle.inputs)):
        if individual.answers[number] is None:
            lines.append(
                f"Test {number - len(puzzle.train) + 1}: no grid. {_fault(individual, number)}".rstrip()
            )
    return "\n".join(lines)


def difference(individual: Individual, number: int, pair: Pair) -> str:
    """How the answer to one pair differs from its output."""
    answer, wanted = individual.answers[number], pair.output
    if answer is None:
        return f"no grid. {_fault(individual, number)}".rstrip()
    if answer.shape != wanted.shape:
        sizes = f"{_size(answer)} cells where {_size(wanted)} are expected"
        return f"{sizes}.\n{_titled('Given', answer)}\n{_titled('Expected', wanted)}"
    wrong = answer != wanted
    if not wrong.any():
        return "right."
    told = f"{int(wrong.sum())} of {wanted.size} cells are wrong"
    if wanted.size <= _MOST_CELLS_DRAWN:
        return f"{told}; below, a>b stands for a cell with a that must be b.\n{_drawn(answer, wanted)}"
    places = [(row, column) for row, column in zip(*wrong.nonzero(), strict=True)]
    listed = "; ".join(
        f"row {row} column {column}: {answer[row, column]} must be {wanted[row, column]}"
        for row, column in places[:_MOST_CELLS_LISTED]
    )
    more = f"; and {len(places) - _MOST_CELLS_LISTED} more" if len(places) > _MOST_CELLS_LISTED else ""
    return f"{told} (rows and columns from 0): {listed}{more}."


def _drawn(answer: Grid, wanted: Grid) -> str:
    rows: list[Sequence[str]] = []
    for given, expected in zip(answer.tolist(), wanted.tolist(), strict=True):
        rows.append([str(b) if a == b else f"{a}>{b}" for a, b in zip(given, expected, strict=True)])
    return "\n".join(" ".join(row) for row in rows)


def _fault(individual: Individual, number: int) -> str:
    return individual.faults[number] if number < len(individual.faults) else ""


def _titled(title: str, grid: Grid) -> str:
    return f"{title} ({_size(grid)}):\n{grid_text(grid)}"


def _size(grid: Grid) -> str:
    return f"{grid.shape[0]} x {grid.shape[1]}"
