"""``python -m medalist``: the command line."""

import sys

from medalist.apps.cli import main

if __name__ == "__main__":
    sys.exit(main())
