"""The ``medalist`` command: starts fast, and ends in a sentence and an exit status, never in a traceback.

The verbs stand in ``apps/commands.py``. They are imported inside ``main`` so that a Ctrl-C during
the first tenth of a second is answered like any later one.
"""

from __future__ import annotations

import sys

from medalist.apps.interrupt import StoppedEarly, ignore_interrupts, on_interrupt


def main() -> None:
    """The console script. Exit status: 0 product valid, 1 not, 2 wrong usage or input, 130 after Ctrl-C."""
    try:
        on_interrupt(StoppedEarly)
        from medalist.apps.commands import app

        app()
    except (StoppedEarly, KeyboardInterrupt):
        ignore_interrupts()
        print("Stopped before anything was started.", file=sys.stderr)
        if "--json" in sys.argv:
            print("{}")
        sys.exit(130)


if __name__ == "__main__":
    main()
