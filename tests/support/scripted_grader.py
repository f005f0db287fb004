"""The scripted family's grader. An answers file that says ``broken`` makes it fail by its own fault."""

import json
import sys
from pathlib import Path

from medalist.core.answers import Answers, enter_grader

if __name__ == "__main__":
    enter_grader()
    truth = float(Answers(Path(sys.argv[1])).open().read_text())
    score = 1000 + float(Path(sys.argv[2]).read_text()) - truth
    print(json.dumps({"status": "scored", "score": score, "metric": "points", "direction": "max"}))
