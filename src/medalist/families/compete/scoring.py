"""The door to scoring a candidate on its own validation split: command, answer, and the child's ``main``.

``python -m medalist.families.compete.scoring --candidate DIR`` recomputes the score from
artifacts/oof.npz against the training file's targets, so that no candidate reports its own figure.
Its last line is one JSON object: value, noise, rows, folds_done, status, reason, constant_score,
metric, direction. Importing this loads nothing heavy; NumPy comes with ``scoring_arrays``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from medalist.core.errors import MedalistError
from medalist.core.score import Direction, Score, ScoreStatus
from medalist.families.compete.explore import Ended


def scoring_command(candidate: str, *, facts: str = "facts.json", public: str = "input") -> list[str]:
    """Arguments after ``python`` that score the candidate in the folder ``candidate``."""
    module = "medalist.families.compete.scoring"
    return ["-m", module, "--facts", facts, "--public", public, "--candidate", candidate]


def read_score(ended: Ended) -> Score:
    """The validation score that the child printed; FAILED with a reason where it printed none."""
    lines = ended.output.strip().splitlines()
    try:
        said = json.loads(lines[-1])
        return Score(
            metric=said["metric"],
            direction=Direction(said["direction"]),
            split="validation",
            value=said["value"],
            status=ScoreStatus(said["status"]),
            reason=said["reason"],
            noise=said["noise"],
        )
    except (IndexError, json.JSONDecodeError, KeyError, TypeError, ValueError):
        reason = lines[-1] if lines else f"scoring ended with status {ended.returncode}"
        return Score("", Direction.MAXIMIZE, "validation", None, ScoreStatus.FAILED, reason)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m medalist.families.compete.scoring")
    parser.add_argument("--facts", type=Path, default=Path("facts.json"))
    parser.add_argument("--public", type=Path, default=Path("input"))
    parser.add_argument("--candidate", type=Path, required=True)
    options = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    from medalist.families.compete.facts import Facts
    from medalist.families.compete.scoring_arrays import score_candidate

    try:
        facts = Facts.read(options.facts)
        print(json.dumps(score_candidate(facts, options.public, options.candidate)))
    except (MedalistError, OSError, ValueError, TypeError) as error:
        print(f"The candidate could not be scored: {str(error).splitlines()[0]}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
