"""The ``medalist`` command: starts fast, and ends in a sentence and an exit status, never in a traceback.

The commands stand in ``apps/commands.py``. They are imported inside ``main`` so that a Ctrl-C during
the first tenth of a second is answered like any later one.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

INSIST_SECONDS = 0.5


def main() -> None:
    """The console script. Exit status: 0 product valid, 1 not, 2 wrong usage or input, 130 after Ctrl-C."""
    try:
        signal.signal(signal.SIGINT, _interrupt)
        from medalist.apps.commands import app

        app()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print("Stopped before anything was started.", file=sys.stderr)
        if "--json" in sys.argv:
            print("{}")
        sys.exit(130)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, and again a little later: a callback in C may have swallowed the first."""
    again = threading.Timer(INSIST_SECONDS, os.kill, (os.getpid(), signal.SIGINT))
    again.daemon = True
    again.start()
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
