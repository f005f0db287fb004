"""The toy family's grader: the only file that opens its answers."""

import json
import sys
from pathlib import Path

from medalist.core.answers import Answers, enter_grader

if __name__ == "__main__":
    enter_grader()
    truth = float(Answers(Path(sys.argv[1])).open().read_text())
    error = abs(float(Path(sys.argv[2]).read_text()) - truth)
    print(json.dumps({"status": "scored", "score": error, "metric": "absolute error", "direction": "min"}))
