"""A trial: an edited program's answers against the reference's, then its time against a rival's, in turns.

Each program runs in a process of its own, forked before either is imported, so that neither sees what the other did
to a library. They take turns on the same input, so that what slows the machine slows both.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

from medalist.families.speedup.optimiser.calling import Maker, load, timed
from medalist.families.speedup.optimiser.comparing import Comparison
from medalist.families.speedup.optimiser.compiling import keep_compiled
from medalist.families.speedup.optimiser.failures import in_a_line
from medalist.families.speedup.optimiser.requests import Call, Reply, Request, Source
from medalist.families.speedup.optimiser.steps import sureness

_UNCLEAR = (0.95, 1.2)
"""Where a turn of long calls says that a program is so many times as fast as another, more turns are taken."""

_CLEAR_BY_ITSELF = (0.75, 1.7)
"""Outside of these even the rival's time of an earlier trial will do."""

_LONG_SECONDS = 0.3
"""Calls that take longer are disturbed by so little that one may tell."""

_ENOUGH_THAT_AGREE = 5
_FASTER, _NO_FASTER = 1.05, 1.003
_BEYOND_DOUBT = 3.5
"""Standard deviations of turns won at which the rest need not be taken: 13 turns of 13, for one."""

_FAREWELL_SECONDS = 2.0


class Failed(ValueError):
    """A program on trial did not answer; the message is the last line of what it said."""


def hold_trial(request: Request) -> Reply:
    """Compare, then time. The first answer that is unequal or missing ends it."""
    source, seconds = request.source, []
    comparison = Comparison(source.rules)
    with _at_work(request.program, source) as program:
        try:
            import_seconds = program.started()
            for call in request.calls:
                spent, answer = program.call(call)
                seconds.append(spent)
                comparison.add(answer, (Path(source.answers) / call.name).read_bytes())
                if comparison.largest > request.margin:
                    return Reply("", tuple(seconds), comparison.excess, comparison.worst)
        except Failed as failure:
            return Reply(str(failure), tuple(seconds))
        turns = _take_turns(request, program, seconds[-1])
    return Reply("", tuple(seconds), comparison.excess, comparison.worst, turns, import_seconds)


def _take_turns(request: Request, program: _AtWork, first: float) -> tuple[tuple[float, float], ...]:
    """Seconds of program and rival on the last call. The rival's own of an earlier trial will do where it is clear."""
    if not request.rounds:
        return ()
    known = request.rival_seconds
    low, high = _CLEAR_BY_ITSELF
    if min(first, known) > _LONG_SECONDS and not low < known / first < high:
        return ((first, known),)
    turns: list[tuple[float, float]] = []
    with _at_work(request.rival, request.source) as rival:
        rival.started()
        rival.call(request.calls[0])
        if first > _LONG_SECONDS:  # the call that was compared will do for a turn
            turns.append((first, rival.call(request.calls[-1])[0]))
        while len(turns) < request.rounds and not _is_decided(turns):
            pair = (program, rival) if len(turns) % 2 else (rival, program)
            taken = {each: each.call(request.calls[-1])[0] for each in pair}
            turns.append((taken[program], taken[rival]))
    return tuple(turns)


def _is_decided(turns: Sequence[tuple[float, float]]) -> bool:
    """Whether more turns would tell nothing new: one of long calls was clear, or several agree."""
    ratios = [rival / own for own, rival in turns]
    if sureness(turns) >= _BEYOND_DOUBT:
        return True
    if turns and min(turns[-1]) > _LONG_SECONDS and not _UNCLEAR[0] < ratios[-1] < _UNCLEAR[1]:
        return True
    return len(ratios) >= _ENOUGH_THAT_AGREE and (min(ratios) > _FASTER or median(ratios) < _NO_FASTER)


class _AtWork:
    """A program in a process of its own that waits to be called."""

    def __init__(self, process: Any, channel: Connection) -> None:
        self._process = process
        self._channel = channel

    def started(self) -> float:
        """Seconds that it took to import. Raises Failed."""
        return self._take()[0]

    def call(self, call: Call) -> tuple[float, bytes]:
        """Seconds and answer of one call. Raises Failed."""
        self._channel.send(call)
        return self._take()

    def _take(self) -> tuple[float, bytes]:
        try:
            seconds, answer, failure = self._channel.recv()
        except (EOFError, ConnectionError):
            self._process.join(_FAREWELL_SECONDS)
            raise Failed(f"its process ended with {self._process.exitcode} before it had answered") from None
        if failure:
            raise Failed(failure)
        return seconds, answer


@contextmanager
def _at_work(program: str, source: Source) -> Iterator[_AtWork]:
    context = multiprocessing.get_context("fork")
    channel, theirs = context.Pipe()
    process = context.Process(target=_work, args=(program, source, theirs), daemon=False)
    process.start()
    theirs.close()
    try:
        yield _AtWork(process, channel)
    finally:
        channel.close()
        process.join(_FAREWELL_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()


def _work(program: str, source: Source, channel: Connection) -> None:
    """Import the program and answer calls until the other end is closed."""
    began = time.perf_counter()
    try:
        keep_compiled(program, source.compiled)
        entry, maker = load(program, source.entry), Maker(source)
        channel.send((time.perf_counter() - began, b"", ""))
        while (call := _next(channel)) is not None:
            seconds, answer = timed(entry, maker.arguments(call), source.threads)
            channel.send((seconds, answer, ""))
    finally:
        if sys.exception() is not None:  # sys.exit of a program is a failure as well
            channel.send((0.0, b"", in_a_line(sys.exception())))


def _next(channel: Connection) -> Call | None:
    try:
        return channel.recv()
    except EOFError:
        return None
