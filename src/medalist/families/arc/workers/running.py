"""Running one program on all inputs, in the process that this is called in: limits, and what came of it.

Only the inside of a sandbox calls this. Whatever a program raises ends here and becomes a fault with a text that
its author can work with. Seconds are CPU seconds, so that a busy machine fails no program.
"""

from __future__ import annotations

import builtins
import gc
import signal
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from medalist.families.arc.grids.cells import COLOURS, LARGEST_SIDE, Grid
from medalist.families.arc.workers.outcome import Fault, Outcome, Trouble, failed
from medalist.families.arc.workers.reading import FILE_NAME, SAFE_BUILTINS, Company, Reading

_MOST_PRINTED = 50_000
_RING_AGAIN_SECONDS = 0.05
_FRAMES_SHOWN = 4
_LONGEST_MESSAGE = 300


class _Stop(BaseException):
    """Ends a program from within; one that catches it meets it again, and fails all the same."""


class Alarm:
    """Raises ``_Stop`` in the program once its CPU seconds are over, and again until it ends."""

    def __init__(self) -> None:
        self.rang = False
        self._armed = False
        signal.signal(signal.SIGPROF, self._ring)

    def set(self, seconds: float) -> None:
        self.rang, self._armed = False, True
        signal.setitimer(signal.ITIMER_PROF, seconds, _RING_AGAIN_SECONDS)

    def stop(self) -> None:
        self._armed = False
        signal.setitimer(signal.ITIMER_PROF, 0.0)

    def _ring(self, number: int, frame: types.FrameType | None) -> None:
        if self._armed:
            self.rang = True
            raise _Stop


class _Printed:
    """Stands for stdout: counts, keeps nothing, and ends a program that prints without end."""

    def __init__(self) -> None:
        self.characters = 0

    def write(self, text: str) -> int:
        self.characters += len(text) + 1
        if self.characters > _MOST_PRINTED:
            raise _Stop
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""

    def print(self, *values: Any, sep: str | None = " ", end: str | None = "\n", **_: Any) -> None:
        """Stands for the builtin in a process that is shared, whose stdout no program is to hold."""
        self.write((" " if sep is None else str(sep)).join(map(str, values)) + str(end or ""))


class _Caught:
    """A context that keeps whatever was raised in it, instead of letting it through."""

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def __enter__(self) -> _Caught:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        self.error = error
        return True


@dataclass
class _Course:
    """One program's course over the inputs, up to now."""

    source: str
    alarm: Alarm
    printed: _Printed
    seconds: float
    remark: str = ""

    def fault_of(self, error: BaseException) -> Fault:
        """What an exception that a program let through says of it."""
        if self.printed.characters > _MOST_PRINTED:
            return Fault(Trouble.PRINTS, f"It printed more than {_MOST_PRINTED} characters; print nothing.")
        if self.alarm.rang or isinstance(error, _Stop):
            return Fault(
                Trouble.TOO_SLOW,
                f"It took more than {self.seconds:g} CPU seconds over all grids and was stopped.",
            )
        if isinstance(error, MemoryError):
            return Fault(Trouble.TOO_MUCH_MEMORY, "It asked for more memory than a program may have.")
        if isinstance(error, SystemExit):
            return Fault(Trouble.EXITED, "It called for the end of its process (SystemExit); return a grid.")
        return Fault(Trouble.RAISED, _told(error, self.source))


def run(source: str, reading: Reading, inputs: Sequence[Grid], alarm: Alarm, seconds: float) -> Outcome:
    """Run a program that was read on every input, each a copy of its own, one namespace for all of them.

    The program's ``seconds`` are for all inputs together. In company it has the safe builtins alone.
    """
    if reading.code is None:
        assert reading.fault is not None
        return failed(reading.fault.trouble, reading.fault.text, len(inputs))
    outcome = _outcome(reading, inputs, _Course(source, alarm, _Printed(), seconds))
    gc.collect(0)  # what it left to be finalised must not run in the time of the next
    return outcome


def _outcome(reading: Reading, inputs: Sequence[Grid], course: _Course) -> Outcome:
    answers: list[Grid | None] = []
    faults: list[Fault | None] = []
    caught = _Caught()
    course.alarm.set(course.seconds)
    with caught, _stdout(course.printed):
        try:
            for answer, fault in _answers(reading, inputs, course):
                answers.append(answer)
                faults.append(fault)
        finally:
            course.alarm.stop()
    course.alarm.stop()  # again, should it have rung just then
    if course.alarm.rang or caught.error is not None:
        last = course.fault_of(caught.error or _Stop())
        reached = min(len(answers), len(faults)) % len(inputs)  # all of them: it caught the alarm and went on
        missing = len(inputs) - reached
        answers, faults = answers[:reached] + [None] * missing, faults[:reached] + [last] * missing
    return Outcome(tuple(answers), tuple(faults), course.remark)


def _answers(
    reading: Reading, inputs: Sequence[Grid], course: _Course
) -> Iterator[tuple[Grid | None, Fault | None]]:
    shared = reading.company is Company.SHARED
    namespace: dict[str, Any] = {"__name__": "program"}
    if shared:
        namespace["__builtins__"] = {**_SHARED_BUILTINS, "print": course.printed.print}
    try:
        loading = _Caught()
        with loading:
            exec(reading.code, namespace)  # type: ignore[arg-type]  # noqa: S102  running it is the point
        solve = namespace.get("solve")
        if loading.error is not None or not callable(solve):
            nothing = Fault(Trouble.NO_SOLVE, "The program defines no function solve(grid).")
            fault = course.fault_of(loading.error) if loading.error is not None else nothing
            for _ in inputs:
                yield None, fault
            return
        for grid in inputs:
            yield _answer(solve, grid, course)
    finally:
        namespace.clear()


def _answer(solve: Callable[[Any], Any], grid: Grid, course: _Course) -> tuple[Grid | None, Fault | None]:
    """What ``solve`` gives for one input. What stopped it for good is raised again."""
    caught = _Caught()
    given: Any = None
    with caught:
        given = solve(grid.astype(np.int64))
        given, remark = _as_grid(given)
        course.remark = course.remark or remark
    if caught.error is None:
        return given, None
    if isinstance(caught.error, _NoGrid):
        return None, Fault(Trouble.NOT_A_GRID, str(caught.error))
    if isinstance(caught.error, _Stop):
        raise caught.error
    return None, course.fault_of(caught.error)


class _NoGrid(ValueError):
    """What was returned cannot be taken for a grid."""


def _as_grid(value: Any) -> tuple[Grid, str]:
    """What was returned as a grid of colours, with a remark where it was no array of whole numbers."""
    remark = ""
    if isinstance(value, list | tuple):
        rows = [row.tolist() if isinstance(row, np.ndarray) else row for row in value[: LARGEST_SIDE + 1]]
        if not all(isinstance(row, list | tuple) for row in rows) or not rows:
            raise _NoGrid("solve returned a list that is no list of rows; return a two-dimensional array.")
        widths = sorted({len(row) for row in rows})
        if len(widths) > 1:
            told = ", ".join(map(str, widths[:5]))
            raise _NoGrid(f"solve returned a ragged list of rows with {told} cells; all rows need as many.")
        if len(rows) > LARGEST_SIDE or widths[0] > LARGEST_SIDE:
            raise _NoGrid(f"solve returned more than {LARGEST_SIDE} rows or columns.")
        value = np.array([list(row) for row in rows])
        remark = "solve returned lists, which were taken for an array."
    if not isinstance(value, np.ndarray):
        raise _NoGrid(f"solve returned {_kind(value)}, not a two-dimensional array.")
    if value.ndim != 2:
        raise _NoGrid(f"solve returned an array of shape {value.shape}; a grid has two dimensions.")
    if not (1 <= value.shape[0] <= LARGEST_SIDE and 1 <= value.shape[1] <= LARGEST_SIDE):
        raise _NoGrid(
            f"solve returned {value.shape[0]} x {value.shape[1]} cells; sides are 1 to {LARGEST_SIDE}."
        )
    if value.dtype.kind not in "biuf":
        raise _NoGrid(f"solve returned an array of {value.dtype}, not of whole numbers.")
    if value.dtype.kind in "bf":
        remark = remark or f"solve returned an array of {value.dtype}, which was taken for whole numbers."
    cells = np.asarray(value)
    wrong = cells[~((cells >= 0) & (cells < COLOURS) & (cells == np.trunc(cells)))]  # nan is wrong, too
    if wrong.size:
        raise _NoGrid(f"solve returned a cell with {wrong[0]}; colours are the whole numbers 0 to 9.")
    return cells.astype(np.int8), remark


def _kind(value: Any) -> str:
    return "None" if value is None else f"a value of type {type(value).__name__}"


def _told(error: BaseException, source: str) -> str:
    """An exception as Python would print it: the program's own lines alone, the last few of them."""
    lines, frames = source.splitlines(), []
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE_NAME:
            number = trace.tb_lineno
            text = lines[number - 1].strip() if 0 < number <= len(lines) else ""
            frames.append(f"  line {number}, in {trace.tb_frame.f_code.co_name}: {text[:120]}")
        trace = trace.tb_next
    left_out = ["  ..."] if len(frames) > 2 * _FRAMES_SHOWN else []
    shown = frames[:_FRAMES_SHOWN] + left_out + frames[-_FRAMES_SHOWN:] if left_out else frames
    message = _Caught()
    said = ""
    with message:
        said = str(error)[:_LONGEST_MESSAGE]
    return "\n".join([f"It raised {type(error).__name__}: {said}".rstrip(": ") + ".", *shown])


@contextmanager
def _stdout(printed: _Printed) -> Iterator[None]:
    """What is printed by other ways than the builtin of a shared process."""
    before = sys.stdout
    sys.stdout = printed  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.stdout = before


def _type(value: Any, /) -> type:
    """``type`` of one argument that gives nobody the means to make classes."""
    if isinstance(value, type):
        raise TypeError("the type of a type is not told here")
    return type(value)


# ``__import__`` is for import statements, which were read before, and for NumPy, which imports parts of itself late.
_SHARED_BUILTINS: dict[str, Any] = {
    **{name: getattr(builtins, name) for name in SAFE_BUILTINS},
    "True": True, "False": False, "None": None, "__import__": builtins.__import__, "type": _type,
}  # fmt: skip
