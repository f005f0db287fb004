"""The ``medalist`` command: starts fast, and ends in a sentence and an exit status, never in a traceback.

The commands stand in ``apps/commands.py``. They are imported inside ``main`` so that a Ctrl-C during
the first tenth of a second is answered like any later one.
"""

from __future__ import annotations

import sys


def main() -> None:
    """The console script. Exit status: 0 product valid, 1 not, 2 wrong usage or input, 130 after Ctrl-C."""
    try:
        from medalist.apps.commands import app

        app()
    except KeyboardInterrupt:
        print("Stopped before anything was started.", file=sys.stderr)
        if "--json" in sys.argv:
            print("{}")
        sys.exit(130)


if __name__ == "__main__":
    main()
