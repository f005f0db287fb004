"""The tiny family's grader."""

import json
import sys
from pathlib import Path

from tiny_family import METRIC, error_of, numbers

from medalist.core.answers import Answers, enter_grader

if __name__ == "__main__":
    enter_grader()
    truth = numbers(Answers(Path(sys.argv[1])).open().read_text())
    score = error_of(numbers(Path(sys.argv[2]).read_text()), truth)
    print(json.dumps({"status": "scored", "score": score, "metric": METRIC, "direction": "min"}))
