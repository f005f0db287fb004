"""Whether a candidate's predictions can be blended with others': command, answer, and the child's ``main``.

``python -m medalist.families.compete.predictions --candidate DIR`` looks at artifacts/oof.npz and
artifacts/test.npz. What the kits write always fits; what a language model's scripts write, or another
attempt's, may not. Its last line is one JSON object, ``{"fault": ""}`` where they fit. Importing this
loads nothing heavy.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from medalist.families.compete.explore import Ended
from medalist.families.compete.facts import Facts
from medalist.families.compete.kit.scripts import working_problem


def predictions_command(candidate: str, *, facts: str, public: str) -> list[str]:
    """Arguments after ``python`` that look at the predictions in the folder ``candidate``."""
    module = "medalist.families.compete.predictions"
    return ["-m", module, "--facts", facts, "--public", public, "--candidate", candidate]


def read_fault(ended: Ended) -> str:
    """Why the predictions cannot be blended; "" where they can."""
    lines = ended.output.strip().splitlines()
    try:
        return str(json.loads(lines[-1])["fault"])
    except (IndexError, ValueError, KeyError, TypeError):
        return lines[-1] if lines else f"looking at the predictions ended with status {ended.returncode}"


def outputs_allowed(facts: Facts) -> tuple[int, ...]:
    """How many numbers a row of predictions may hold; 0 stands for a plain column of shape (n,)."""
    if len(facts.targets) > 1:
        return (len(facts.targets),)
    working = working_problem(facts)
    if facts.problem == "ordinal" and working == "regression":
        return (0, len(facts.classes))
    return (len(facts.classes),) if working == "multiclass" else (0,)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m medalist.families.compete.predictions")
    parser.add_argument("--facts", type=Path, required=True)
    parser.add_argument("--public", type=Path, required=True)
    parser.add_argument("--candidate", type=Path, required=True)
    options = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    from medalist.families.compete.scoring_arrays import fault_of_arrays

    print(
        json.dumps({"fault": fault_of_arrays(Facts.read(options.facts), options.public, options.candidate)})
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
