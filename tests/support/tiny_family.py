"""A family with a real workshop and nothing slow: a line through points, in plain Python.

``public/train.csv`` holds x and y, ``public/test.csv`` x alone; a candidate's ``train.py`` writes
``validation.txt`` (a prediction for every training row), its ``predict.py`` ``answer.txt`` (one for
every test row). A constant is in place from the start. Score: mean absolute error, recomputed here.
"""

from pathlib import Path

from medalist.core.answers import Answers
from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.errors import SubmissionInvalid
from medalist.core.family import Opened, Validation
from medalist.core.score import Direction, Score, ScoreStatus
from medalist.core.task import Task
from medalist.search.population import Population
from medalist.training.review import ScriptFacts

METRIC = "mean absolute error"


def make_task(folder: Path, rows: int = 40) -> Path:
    """A task with its hidden answers: y = 3 x + 1, and a wave."""
    (folder / "public").mkdir(parents=True)
    (folder / "private").mkdir()
    points = [(i, 3 * i + 1 + (i % 5 - 2) / 10) for i in range(2 * rows)]
    train = "\n".join(f"{x},{y}" for x, y in points[::2])
    (folder / "public" / "train.csv").write_text(f"x,y\n{train}\n")
    (folder / "public" / "test.csv").write_text("x\n" + "\n".join(str(x) for x, _ in points[1::2]) + "\n")
    (folder / "private" / "answer.txt").write_text("\n".join(str(y) for _, y in points[1::2]) + "\n")
    return folder


def numbers(text: str) -> list[float]:
    return [float(line) for line in text.split()]


def error_of(predictions: list[float], truth: list[float]) -> float:
    if len(predictions) != len(truth):
        raise ValueError(f"{len(predictions)} predictions for {len(truth)} rows")
    return sum(abs(p - t) for p, t in zip(predictions, truth, strict=True)) / len(truth)


class Opener:
    """The family's own engineer: leaves it at the constant."""

    name = "playbook"

    def work(self, session):
        session.family.workshop(session).prepare()


class TinyFamily:
    name, product, preload = "tiny", "answer.txt", ()

    def recognises(self, path):
        return (path / "public" / "train.csv").is_file() and (path / "private" / "answer.txt").is_file()

    def open(self, path, settings):
        task = Task(
            path.name, "tiny", path / "public", metric=METRIC, direction=Direction.MINIMIZE, settings=settings
        )
        return Opened(task, Answers(path / "private" / "answer.txt"))

    def playbook(self, settings):
        return Opener()

    def workshop(self, session):
        return TinyWorkshop(session)

    def validate(self, task, product):
        rows = len((task.public / "test.csv").read_text().split()) - 1
        try:
            given = len(numbers(product.read_text()))
        except (ValueError, OSError):
            return Validation(False, "not a number on every line")
        return Validation(
            given == rows, "" if given == rows else f"{given} lines, and {rows} are needed", rows
        )

    def grader_command(self, task, answers, product):
        return ["tiny_grader", answers.argument(), str(product)]


class TinyWorkshop:
    scripts = ("train.py", "predict.py")
    busy = False

    def __init__(self, session):
        self.session = session
        self.population = Population(session.history)
        lines = (session.task.public / "train.csv").read_text().split()[1:]
        self.truth = [float(line.split(",")[1]) for line in lines]

    def prepare(self):
        session = self.session
        if session.submissions:
            return
        session.events.append("explored", facts={"metric": METRIC, "direction": "min"})
        rows = len((session.task.public / "test.csv").read_text().split()) - 1
        candidate = Candidate("c00", "constant", folder="candidates/c00", title="a constant")
        session.write("candidates/c00/answer.txt", "0\n" * rows)
        session.created(candidate)
        session.finished(Outcome(candidate, CandidateState.FINISHED))
        session.submit(candidate, None)

    def brief(self):
        return (
            "Predict y from x. The files are `input/train.csv` (x, y) and `input/test.csv` (x).\n"
            f"The metric is {METRIC}: lower is better.\n"
            "In a folder of its own, `candidates/NAME/`, a candidate holds `train.py`, which writes `validation.txt` "
            "(a prediction for every training row), and `predict.py`, which writes `answer.txt` (one for every test row)."
        )

    def script_facts(self):
        return ScriptFacts(rows=len(self.truth))

    def files_of(self, candidate):
        return {name: self.session.read(f"{candidate.folder}/{name}") for name in self.scripts}

    def log_of(self, candidate):
        return self.session.read(f"{candidate.folder}/train.log")

    def score(self, folder):
        try:
            error = error_of(numbers(self.session.read(f"{folder}/validation.txt")), self.truth)
        except (SubmissionInvalid, ValueError) as wrong:
            reason = f"validation.txt cannot be used: {wrong}"
            return Score(METRIC, Direction.MINIMIZE, "validation", None, ScoreStatus.FAILED, reason)
        return Score(METRIC, Direction.MINIMIZE, "validation", error)

    def submit(self, candidate, score):
        return self.session.submit(candidate, score if score and score.scored else None, files=self.scripts)

    def propose(self, proposal):
        return None

    def room_for(self, draft):
        return False

    def collect(self, timeout_seconds):
        return []

    @property
    def seconds_left(self):
        return self.session.budget.remaining

    def close(self):
        self.session.supervisor.kill_all("the attempt ends")


family = TinyFamily()
