"""``python -m benchmarks [NAME] [OPTIONS]``: one benchmark, or each in turn."""

from __future__ import annotations

import sys
from importlib import import_module

BENCHMARKS = {
    "startup": "benchmarks.startup",
    "training": "benchmarks.training",
    "compete": "benchmarks.compete.run",
    "harness": "benchmarks.harness.run",
    "timing": "benchmarks.timing",
    "speedup": "benchmarks.speedup",
    "arc": "benchmarks.arc",
    "arc_workers": "benchmarks.arc_workers",
}


def main(arguments: list[str]) -> int:
    """Run the named benchmark with the rest as its options, or all of them."""
    if arguments and arguments[0] not in BENCHMARKS:
        print(f"There is no benchmark {arguments[0]!r}. There are: {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    names = arguments[:1] or list(BENCHMARKS)
    return max(import_module(BENCHMARKS[name]).main(arguments[1:]) for name in names)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
