"""A family whose engineer does what its task's settings say, step by step: endings, crashes and kills to order.

Steps: ``submit V`` (a candidate that scores V, higher is better), ``malformed``, ``train S`` (a
background job that sleeps), ``wait`` (until the budget is spent), ``hang`` (deaf to the budget),
``crash``, ``bad-input``, ``fill`` (write until the disk is full).
A resumed attempt skips the candidates it finds in its history.
"""

import os
import time

from medalist.core.answers import Answers
from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.errors import BudgetSpent, InputError
from medalist.core.family import Opened, Validation
from medalist.core.score import Direction, Score
from medalist.core.task import Task
from medalist.session.plain_workshop import PlainWorkshop

SLEEPER = """
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
print("RESOURCES: 1 CPU cores, GPU=none", flush=True)
time.sleep(float(sys.argv[1]))
"""


class ScriptedFamily:
    name, product, preload = "scripted", "answer.txt", ()

    def recognises(self, path):
        return (path / "public" / "steps.txt").is_file()

    def open(self, path, settings):
        if not self.recognises(path):
            raise InputError("There are no steps.", where=str(path), next_step="Write public/steps.txt.")
        return Opened(Task(path.name, "scripted", path / "public"), Answers(path / "private" / "answer.txt"))

    def playbook(self, settings):
        return ScriptedEngineer()

    def workshop(self, session):
        return PlainWorkshop(session, "Write a number to answer.txt.")

    def validate(self, task, product):
        valid = product.read_text().strip().replace(".", "", 1).isdigit()
        return Validation(valid, "" if valid else "not a number", rows=1)

    def grader_command(self, task, answers, product):
        return ["scripted_grader", answers.argument(), str(product)]


class ScriptedEngineer:
    name = "playbook"

    def work(self, session):
        session.events.append("hints_read", hints=0, sections=[])
        done = {outcome.candidate.id for outcome in session.history}
        steps = (session.workspace.public / "steps.txt").read_text().splitlines()
        for number, step in enumerate(steps, start=1):
            verb, _, argument = step.partition(" ")
            candidate = Candidate(f"c{number:02d}", "draft", folder=f"candidates/c{number:02d}", title=step)
            if candidate.id not in done:
                getattr(self, verb.replace("-", "_"))(session, candidate, argument)

    def submit(self, session, candidate, value):
        score = Score("points", Direction.MAXIMIZE, "validation", float(value))
        session.write(f"{candidate.folder}/answer.txt", value)
        session.created(candidate)
        session.finished(Outcome(candidate, CandidateState.FINISHED, score))
        session.submit(candidate, score)

    def malformed(self, session, candidate, argument):
        session.write(f"{candidate.folder}/answer.txt", "many")
        session.created(candidate)
        session.finished(Outcome(candidate, CandidateState.FAILED, reason="malformed"))
        session.submit(candidate, Score("points", Direction.MAXIMIZE, "validation", 99.0))

    def train(self, session, candidate, seconds):
        session.write("sleeper.py", SLEEPER)
        session.launch(["sleeper.py", seconds], name="sleeper")

    def wait(self, session, candidate, argument):
        while not session.budget.spent:
            session.wait(0.1)
        raise BudgetSpent("The time is over.")

    def hang(self, session, candidate, argument):
        while True:
            time.sleep(0.5)

    def crash(self, session, candidate, argument):
        raise ZeroDivisionError("a bug of the engineer's own")

    def bad_input(self, session, candidate, argument):
        raise InputError("The table is empty.", where="train.csv", next_step="Fill it.")

    def fill(self, session, candidate, argument):
        for number in range(1000):
            session.write(f"filler-{number}.bin", "x" * (1 << 20))
            os.sync()


family = ScriptedFamily()
