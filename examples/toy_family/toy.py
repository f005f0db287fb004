"""A whole family in a dozen lines: guess the mean of numbers of which only some are public.

``pip install examples/toy_family``, and `medalist grade`, `validate` and `run` know it.
"""

from medalist.core.answers import Answers
from medalist.core.candidate import Candidate
from medalist.core.family import Opened, Validation
from medalist.core.score import Direction, Score
from medalist.core.task import Task
from medalist.session.plain_workshop import PlainWorkshop

SCRIPT = "print(sum(map(float, open('input/numbers.txt'))) / 5, file=open('mean.txt', 'w'))"


class MeanFamily:
    name, product, preload = "mean", "mean.txt", ()

    def recognises(self, path):
        return (path / "public" / "numbers.txt").is_file()

    def open(self, path, settings):
        return Opened(Task(path.name, "mean", path / "public"), Answers(path / "private" / "mean.txt"))

    def playbook(self, settings):
        return Guesser()

    def workshop(self, session):
        return PlainWorkshop(session, "Guess the mean of five numbers; input/numbers.txt holds some of them.")

    def validate(self, task, product):
        valid = product.read_text().strip().replace(".", "", 1).isdigit()
        return Validation(valid, "" if valid else "not a number", rows=1)

    def grader_command(self, task, answers, product):
        return ["toy_grader", answers.argument(), str(product)]


class Guesser:
    """The family's engineer: one script, one submission."""

    name = "playbook"

    def work(self, session):
        session.write("guess.py", SCRIPT)
        session.run(["guess.py"], timeout_seconds=20)
        guess = Candidate("c01", "draft", title="mean of the public numbers")
        session.created(guess)
        session.submit(guess, Score("absolute error", Direction.MINIMIZE, "validation", 0.5))


family = MeanFamily()
