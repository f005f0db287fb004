"""One worker's life: a puzzle a line on one pipe, what became of it a line on another, until the first one ends.

It runs in a process that ``pool_process`` forked and watches. Nothing that a solver does here ends the run: what it
raises becomes a reason.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from itertools import chain
from pathlib import Path
from pkgutil import iter_modules
from types import TracebackType
from typing import Any

import numpy as np

from medalist.families.arc.grids.cells import Grid, same
from medalist.families.arc.grids.kernels import components
from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.language.operator import operators
from medalist.families.arc.language.program import Program
from medalist.families.arc.results import State

MOST_PROGRAMS = 12
"""As many solutions of a task are kept at most, and some near misses beside them."""

_MOST_NEAR_MISSES = 4
_MOST_MEMORY_SHARE = 0.5
"""A worker that holds more than this of its limit after a puzzle ends, so that the next one has a fresh process."""

_DATA_SLACK = 1 << 30
"""What a process may map without using it, beyond the limit on what it uses."""


class Solver:
    """The solver by the name in the settings, ``module:function``, with what it is called with for every puzzle."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        module, _, function = settings["solver"].partition(":")
        self._solve: Callable[..., Any] = getattr(import_module(module), function)
        if module.startswith("medalist."):
            load_all()
        self._options = {
            "seed": settings["seed"],
            "seconds": settings["solver_seconds"],
            "library": tuple(Program.from_json(each) for each in settings["library"]),
            "population": settings["population"],
            "generations": settings["generations"],
        }

    def solve(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """A request's outcome, by names of ``TaskResult``'s fields."""
        puzzle = puzzle_from(request["puzzle"])
        random.seed(self._options["seed"])
        np.random.seed(self._options["seed"] % 2**32)
        solution = self._solve(puzzle, **self._options)
        return told(puzzle, solution, [_grid(rows) for rows in request.get("targets") or ()])


def load_all() -> None:
    """Import every operator and stage, and have the compiled kernel loaded: once, before workers are forked."""
    import medalist.families.arc.stages as stages

    operators()
    for each in iter_modules(stages.__path__):
        import_module(f"{stages.__name__}.{each.name}")
    components(np.zeros((1, 1), np.int8), 0, False, True)


def serve(solver: Solver, requests: int, replies: int, memory_bytes: int) -> None:
    """Answer requests until they end, or the process is worn out, which its last answer says; it should end then."""
    _limit_memory(memory_bytes)
    with os.fdopen(requests, "rb") as lines:
        for line in lines:
            request = json.loads(line)
            _forget_peak()
            began, cpu = time.monotonic(), time.process_time()
            caught = _Caught()
            outcome: dict[str, Any] = {}
            with caught:
                outcome = solver.solve(request)
            last = bool(caught.outcome) or _resident_bytes() > memory_bytes * _MOST_MEMORY_SHARE
            reply = {
                "number": request["number"],
                **(outcome or caught.outcome),
                "cpu_seconds": round(time.process_time() - cpu, 3),
                "seconds": round(time.monotonic() - began, 3),
                "memory_bytes": _peak_bytes(),
                "last": last,
            }
            _write(replies, json.dumps(reply, default=_plain).encode() + b"\n")
            if last:
                return


def puzzle_from(data: Mapping[str, Any]) -> Puzzle:
    """A puzzle out of ``puzzle_as_json``'s object."""
    pairs = (Pair(_grid(given), _grid(wanted)) for given, wanted in data["train"])
    return Puzzle(tuple(pairs), tuple(_grid(rows) for rows in data["tests"]))


def puzzle_as_json(puzzle: Puzzle) -> dict[str, Any]:
    return {
        "train": [[pair.input.tolist(), pair.output.tolist()] for pair in puzzle.train],
        "tests": [grid.tolist() for grid in puzzle.tests],
    }


def told(puzzle: Puzzle, solution: Any, targets: Sequence[Grid]) -> dict[str, Any]:
    """A solution by the names of ``TaskResult``'s fields.

    With ``targets``, the tests' outputs, programs are ranked by training outputs right × 1 and test outputs right × 10
    (SPEC A4), which is for development alone.
    """
    believed = list(solution.believed)
    attempts: Sequence[tuple[Grid, Grid]] = solution.attempts
    if targets:
        believed.sort(key=lambda each: -_fitness(each, targets))
        attempts = [_two(number, believed, pair) for number, pair in enumerate(attempts)]
    near = [each for each in believed if not each.fits][:_MOST_NEAR_MISSES]
    kept = [*[each for each in believed if each.fits][:MOST_PROGRAMS], *near]
    backing: list[list[int | None]] = []
    for number, pair in enumerate(attempts):
        backing.append([])
        for grid in pair:
            author = next((each for each in chain(kept, believed) if _gives(each, number, grid)), None)
            if author is not None and not any(each is author for each in kept):
                kept.append(author)
            place = next((place for place, each in enumerate(kept) if each is author), None)
            backing[-1].append(place)
    return {
        "state": State.FITS if any(each.fits for each in believed) else State.NO_PROGRAM,
        "attempts": [[grid.tolist() for grid in pair] for pair in attempts],
        "answered_by": backing,
        "belief": [_belief(kept, first) for first, _ in backing],
        "programs": [_program(each) for each in kept],
        "states": solution.states,
        "stages": {name: round(seconds, 3) for name, seconds in solution.stages.items()},
    }


def _program(believed: Any) -> dict[str, Any]:
    made = believed.program
    return {
        "text": str(made),
        **({"source": made} if isinstance(made, str) else {"program": made.as_json()}),
        "stage": believed.stage,
        "confidence": round(float(believed.confidence), 4),
        "why": believed.why,
        "fits": believed.fits,
        "right": list(getattr(believed, "right", ())),
    }


def _belief(kept: Sequence[Any], place: int | None) -> float:
    """How far the first attempt is believed; 0 for one that no program that fits gives."""
    return round(float(kept[place].confidence), 4) if place is not None and kept[place].fits else 0.0


def _gives(believed: Any, number: int, grid: Grid) -> bool:
    answer = believed.answers[number]
    return answer is not None and same(answer, grid)


def _fitness(believed: Any, targets: Sequence[Grid]) -> float:
    tests = sum(_gives(believed, number, grid) for number, grid in enumerate(targets))
    return believed.right[0] + 10 * tests


def _two(number: int, ranked: Sequence[Any], otherwise: tuple[Grid, Grid]) -> tuple[Grid, Grid]:
    """The first two different answers to a test input, ``otherwise`` where there are fewer."""
    found: list[Grid] = []
    for grid in (*(each.answers[number] for each in ranked), *otherwise):
        if grid is not None and not any(same(grid, other) for other in found):
            found.append(grid)
    return (found[0], found[1]) if len(found) > 1 else otherwise


class _Caught:
    """A context manager that stops whatever a solver raises; ``outcome`` then says what it was."""

    def __init__(self) -> None:
        self.outcome: dict[str, Any] = {}

    def __enter__(self) -> _Caught:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None or not isinstance(error, Exception):
            return False
        if isinstance(error, MemoryError):
            self.outcome = {"state": State.OUT_OF_MEMORY, "reason": "it asked for more memory than its limit"}
        else:
            traceback.print_exception(error, file=sys.stderr)
            self.outcome = {"state": State.FAILED, "reason": f"{type(error).__name__}: {error}"[:500]}
        return True


def _grid(rows: Any) -> Grid:
    return np.array(rows, dtype=np.int8)


def _plain(value: Any) -> Any:
    """NumPy's numbers as Python's, wherever a program's literals hold them."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not of JSON")


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _limit_memory(memory_bytes: int) -> None:
    """So that a request beyond the limit fails at once; who watches sees only what is used, some moments later."""
    limit = memory_bytes + _DATA_SLACK
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard == resource.RLIM_INFINITY or limit < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _forget_peak() -> None:
    """Have the kernel count the peak from here on; where it does not, the process's whole life counts."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _peak_bytes() -> int:
    return _status("VmHWM:") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _resident_bytes() -> int:
    return _status("VmRSS:")


def _status(key: str) -> int:
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(key):
                return int(line.split()[1]) * 1024
    except OSError:
        return 0
    return 0
