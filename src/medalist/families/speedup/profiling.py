"""Where a program spends its time: one call of its entry under a profiler, in the workspace's sandbox.

``python -m medalist.families.speedup.profiling PROGRAM --entry NAME --maker FILE:NAME --by functions|lines`` prints a
table. Functions are cProfile's, whose own cost weighs on short functions called often. Lines are sampled: a timer of
the process's CPU time interrupts, and the time since the last look is booked on the lines that are being run, so a
program is hardly slowed, and time in a library counts for the line that called it.

A first call pays for imports and compilation that a judge's warm-up takes away. So one on small inputs comes before,
where the maker makes them, and a call that was quick is repeated on other data. One that takes too long is broken off,
and what it did until then is shown.
"""

from __future__ import annotations

import argparse
import cProfile
import inspect
import linecache
import pstats
import signal
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time
from types import FrameType
from typing import Any

from medalist.families.speedup import worker
from medalist.families.speedup.contract import Function

_QUICK_SECONDS = 5.0
_LONGEST_SECONDS = 200.0
_SMALL_SHARE, _LEAST_SMALL = 10, 16
_FIRST_SEED = 1
_TICK_SECONDS = 0.002
_ROWS = 30
_LEAST_SHARE = 0.005
_LONGEST_LINE = 90


class _Enough(BaseException):
    """Raised where the program stands, once it has run long enough; no ``except Exception`` of its own holds it."""


@dataclass
class Lines:
    """CPU seconds by the lines of one file: ``own`` where the innermost frame of that file stood, ``all`` of its stack."""

    file: str
    own: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    all: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    _last: float = 0.0

    @contextmanager
    def sampling(self) -> Iterator[None]:
        """Within: the main thread is looked at every few milliseconds of CPU time."""
        before = signal.signal(signal.SIGPROF, self._look)
        self._last = process_time()
        signal.setitimer(signal.ITIMER_PROF, _TICK_SECONDS, _TICK_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0.0)
            signal.signal(signal.SIGPROF, before)

    def _look(self, number: int, frame: FrameType | None) -> None:
        now = process_time()
        passed, self._last = now - self._last, now
        lines = []
        while frame is not None:
            if frame.f_code.co_filename == self.file and frame.f_lineno is not None:
                lines.append(frame.f_lineno)
            frame = frame.f_back
        if lines:
            self.own[lines[0]] += passed
            for line in set(lines):
                self.all[line] += passed


def by_lines(call: Callable[[], Any], file: str) -> str:
    """A table of the lines of ``file`` that take the most time, in their order."""
    lines = Lines(file)
    began = process_time()
    with lines.sampling():
        ended = _limited(call)
    total = max(process_time() - began, 1e-9)
    most = sorted(lines.all, key=lambda line: -lines.all[line])[:_ROWS]
    rows = [
        f"{line:5d} {lines.all[line]:9.3f} {lines.own[line]:9.3f} {100 * lines.all[line] / total:6.1f} %  "
        f"{linecache.getline(file, line).rstrip()[:_LONGEST_LINE]}"
        for line in sorted(most)
        if lines.all[line] >= _LEAST_SHARE * total
    ]
    head = " line   total s     own s   share    (total: with all that is called from it in this file)"
    return "\n".join([f"{total:.3f} CPU s in one call{ended}.", head, *rows])


def by_functions(call: Callable[[], Any], file: str) -> str:
    """A table of the functions that take the most time themselves."""
    profile = cProfile.Profile()
    began = perf_counter()
    profile.enable()
    try:
        ended = _limited(call)
    finally:
        profile.disable()
    total = max(perf_counter() - began, 1e-9)
    stats: dict[Any, Any] = pstats.Stats(profile).stats  # pyright: ignore[reportAttributeAccessIssue]
    rows = [
        f"{calls:10d} {own:9.3f} {cumulative:9.3f} {100 * own / total:6.1f} %  {_name(place, file)}"
        for place, (_, calls, own, cumulative, _) in sorted(stats.items(), key=lambda item: -item[1][2])
        if own >= _LEAST_SHARE * total
    ]
    head = "     calls     own s   total s   share  function"
    return "\n".join([f"{total:.3f} s in one call under the profiler{ended}.", head, *rows[:_ROWS]])


def _limited(call: Callable[[], Any]) -> str:
    """Call, and break it off after so much time; "" or what is to be said of that."""

    def enough(number: int, frame: FrameType | None) -> None:
        raise _Enough

    before = signal.signal(signal.SIGALRM, enough)
    signal.setitimer(signal.ITIMER_REAL, _LONGEST_SECONDS)
    try:
        call()
        return ""
    except _Enough:
        return ", which was broken off before its end"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def _name(place: tuple[str, int, str], file: str) -> str:
    path, line, name = place
    if path == file:
        return f"{name} (line {line})"
    return name if path == "~" else f"{name} ({'/'.join(Path(path).parts[-2:])}:{line})"


def profile(program: Path, entry: str, maker: Function, by: str) -> str:
    """The table of ``program``'s ``entry``, called as a judge calls it. What the program raises passes through."""
    file = str(program.absolute())
    make, function = maker.load(), worker.load(file, entry)
    measure = by_lines if by == "lines" else by_functions

    def called(seed: int, **size: int) -> Callable[[], Any]:
        arguments = worker.as_arguments(worker.unpack(worker.pack(make(seed, **size))))
        return lambda: function(**arguments)

    size = inspect.signature(make).parameters.get("size")
    if size is not None and isinstance(size.default, int):
        called(_FIRST_SEED, size=max(_LEAST_SMALL, size.default // _SMALL_SHARE))()
    began = process_time()
    table = measure(called(_FIRST_SEED), file)
    if process_time() - began < _QUICK_SECONDS:
        table = measure(called(_FIRST_SEED + 1), file)
    return table


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m medalist.families.speedup.profiling")
    parser.add_argument("program", type=Path)
    parser.add_argument("--entry", required=True)
    parser.add_argument(
        "--maker", required=True, help="what makes the entry's arguments from a seed: FILE:NAME"
    )
    parser.add_argument("--by", choices=("functions", "lines"), default="functions")
    options = parser.parse_args(arguments)
    file, _, name = options.maker.partition(":")
    print(profile(options.program, options.entry, Function(Path(file), name), options.by))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
