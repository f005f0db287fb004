"""How an attempt ends: every way out of an engineer's work becomes a state with a reason.

An engineer may be a plug-in, and a bug of its own must not cost what it had already submitted. So
this is the one place where any exception stops: it becomes ``failed``, with its traceback kept.
"""

from __future__ import annotations

import signal
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType

from medalist.core.budget import Budget
from medalist.core.errors import BudgetSpent, CostLimit, MedalistError
from medalist.runs.store import AttemptState

LIMIT_GRACE_SECONDS = 3.0
"""How long past its budget an engineer may go on before the clock stops it."""

ECHO_SECONDS = 1.0
"""How long after the first Ctrl-C another one may be the same: the command line repeats it for itself."""

_INTERRUPTING = (signal.SIGTERM, signal.SIGHUP)


class Ending:
    """A context manager around the work: afterwards ``state``, ``reason`` and ``error`` say how it ended."""

    def __init__(self) -> None:
        self.state = AttemptState.FINISHED
        self.reason = ""
        self.error: BaseException | None = None
        self.traceback = ""

    def __enter__(self) -> Ending:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.error = error
        if error is None:
            return True
        if isinstance(error, (BudgetSpent, CostLimit)):
            self.state, self.reason = AttemptState.LIMIT, error.what
        elif isinstance(error, (KeyboardInterrupt, SystemExit)):
            self.state, self.reason = AttemptState.INTERRUPTED, "stopped from outside"
        elif isinstance(error, MedalistError):
            self.state, self.reason = AttemptState.FAILED, error.what
        else:
            self.state = AttemptState.FAILED
            self.reason = f"{type(error).__name__}: {error}"
            self.traceback = "".join(traceback.format_exception(error))
        return True


@contextmanager
def clock_and_signals(budget: Budget) -> Iterator[None]:
    """Within: SIGTERM and SIGHUP interrupt like Ctrl-C, and a spent budget raises BudgetSpent.

    The clock is for engineers that do not look at theirs; it raises again every LIMIT_GRACE_SECONDS
    until the block is left, since a finaliser or C code may swallow what a signal raises. Outside the
    main thread, where Python delivers no signals, both are left to the caller.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    def look_at_the_clock(number: int, frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, budget.remaining + LIMIT_GRACE_SECONDS)
        if budget.spent:
            raise BudgetSpent(f"The {budget.total_seconds:.0f} s of this attempt are spent.")

    before = {number: signal.signal(number, interrupt) for number in _INTERRUPTING}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, look_at_the_clock)
    signal.setitimer(signal.ITIMER_REAL, budget.remaining + LIMIT_GRACE_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Within: Ctrl-C, SIGTERM, SIGHUP and the clock are ignored, so that closing cannot be cut in half."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGALRM, *_INTERRUPTING)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def until_interrupted(echo_seconds: float = ECHO_SECONDS) -> Iterator[None]:
    """Within ``undisturbed``, for what may be left out: Ctrl-C and SIGTERM end the block.

    For the first ``echo_seconds`` they do not: there they are echoes of an earlier one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    began = time.monotonic()

    def interrupt(number: int, frame: FrameType | None) -> None:
        if time.monotonic() - began >= echo_seconds:
            raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
