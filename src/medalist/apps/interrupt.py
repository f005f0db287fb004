"""Ctrl-C for the command line: heard at any moment, and heard even where a callback swallows exceptions."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

INSIST_SECONDS = 0.5


class StoppedEarly(BaseException):
    """Ctrl-C before a verb began to work; unlike KeyboardInterrupt, typer lets it through."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while a verb was at work.

    Not KeyboardInterrupt itself: where that passes through code run from a text (every dataclass of
    a module is, while it is imported), Python remembers it and kills itself at the end, caught or not.
    """


def on_interrupt(raised: type[BaseException]) -> None:
    """From now on Ctrl-C raises ``raised``, and again a little later: C code may have swallowed the first.

    Python prints a traceback of what a finaliser or a weak reference's callback swallows; not of this.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        again = threading.Timer(INSIST_SECONDS, os.kill, (os.getpid(), signal.SIGINT))
        again.daemon = True
        again.start()
        raise raised

    if threading.current_thread() is threading.main_thread():
        sys.unraisablehook = _tell_of_others
        signal.signal(signal.SIGINT, interrupt)


def _tell_of_others(swallowed: sys.UnraisableHookArgs) -> None:
    """Of all but what signals raise here: Ctrl-C, and an attempt's clock."""
    from medalist.core.errors import BudgetSpent  # not before the first Ctrl-C can be heard

    if not issubclass(swallowed.exc_type, (StoppedEarly, KeyboardInterrupt, BudgetSpent)):
        sys.__unraisablehook__(swallowed)


def ignore_interrupts() -> None:
    """From now on Ctrl-C does nothing: the last line is printed whole, however often it is pressed."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
