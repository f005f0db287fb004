"""A language model's part in the tiny family: what a decent engineer does next, told from what tools answered.

``honest`` can follow any beginning, so a test says only what goes wrong before it, or instead.
"""

from collections.abc import Callable

from medalist.llm.scripted import Reply, ToolCall, ToolResult, Turn, call

FOLDER = "candidates/a1"

TRAIN = '''\
"""Fit a line through the points."""

from pathlib import Path


class Line:
    def fit(self, xs, ys):
        mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
        spread = sum((x - mean_x) ** 2 for x in xs)
        self.slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys)) / spread
        self.start = mean_y - self.slope * mean_x
        return self

    def predict(self, xs):
        return [self.slope * x + self.start for x in xs]


print("RESOURCES: 1 CPU cores, GPU=none, Mixed Precision=OFF", flush=True)
rows = [line.split(",") for line in Path("../../input/train.csv").read_text().split()[1:]]
xs, ys = [float(x) for x, _ in rows], [float(y) for _, y in rows]
line = Line().fit(xs, ys)
Path("line.txt").write_text(f"{line.slope} {line.start}")
Path("validation.txt").write_text("\\n".join(map(str, line.predict(xs))))
print("Fold 1/1, score 0.1", flush=True)
'''

LONG_TRAIN = f"""\
{TRAIN}
import time

for _ in range(600):
    time.sleep(0.1)
"""
"""Its files stand long before it ends."""

PREDICT = """\
from pathlib import Path

slope, start = map(float, Path("line.txt").read_text().split())
xs = [float(x) for x in Path("../../input/test.csv").read_text().split()[1:]]
Path("answer.txt").write_text("\\n".join(str(slope * x + start) for x in xs))
"""


def write(train: str = TRAIN, predict: str = PREDICT, folder: str = FOLDER) -> Reply:
    return call("write_file", path=f"{folder}/train.py", content=train).call(
        "write_file", path=f"{folder}/predict.py", content=predict
    )


def launch(folder: str = FOLDER) -> Reply:
    return call("start_job", command="python train.py", folder=folder)


def honest(turn: Turn) -> Reply:
    """The next step of a decent engineer."""
    made = list(zip(turn.calls, turn.results, strict=True))
    answers = {(each.name, each.arguments.get("folder", "")): result.text for each, result in made}
    launched = [
        n for n, (each, result) in enumerate(made) if each.name == "start_job" and _runs(each, result)
    ]
    if "Submitted" in answers.get(("submit", FOLDER), ""):
        return call("finish", summary="a line is in place")
    if not turn.results_of("read_hints"):
        return call("read_hints")
    if not any(each.arguments.get("path") == f"{FOLDER}/train.py" for each in turn.calls):
        return write()
    if not launched:
        return launch()
    since = [result.text for _, result in made[launched[-1] :]]
    if not any("ended after" in text or "No job runs" in text for text in since):
        return call("wait", seconds=20)
    if ("run_command", FOLDER) not in answers:
        return call("run_command", command="python predict.py", folder=FOLDER)
    return call("submit", folder=FOLDER, title="a line")


def _runs(made: ToolCall, result: ToolResult) -> bool:
    return made.arguments.get("folder") == FOLDER and "runs: python" in result.text


def after(*steps: Reply | Callable[[Turn], Reply]) -> Callable[[Turn], Reply]:
    """Some steps first, one a request, then honest work."""
    left = list(steps)

    def reply(turn: Turn) -> Reply:
        step = left.pop(0) if left else honest
        return step if isinstance(step, Reply) else step(turn)

    return reply
