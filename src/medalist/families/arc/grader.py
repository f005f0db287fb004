"""The grader of ARC: the one process that opens the tests' outputs (SPEC A4).

``python -m medalist.families.arc.grader --answers F --submission F [--challenges F] [--development]`` prints one JSON
object as its last line: status, metric, direction, score and reason as every grader does, and

    outputs, solved_outputs      test outputs asked for, and those that one of the two attempts is; ``score`` is their share
    tasks, solved_tasks          a task is solved when all its outputs are
    task_score                   their share
    by_task                      for each task, which of its outputs are solved
    development                  whether the engineer could see the outputs

``--challenges`` says which tasks are meant; without it they are all those that there are answers to. A submission that
breaks a rule is ``invalid``; answers that are missing or make no sense are the grader's own error.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from medalist.core.answers import Answers, enter_grader, print_report
from medalist.core.errors import GraderError, InputError
from medalist.core.score import Direction, ScoreStatus
from medalist.families.arc.formats import answers_at, read_json
from medalist.families.arc.grids.cells import read_grid
from medalist.families.arc.submission import check_submission, read_attempts

METRIC = "outputs"


def grade(options: argparse.Namespace) -> dict[str, Any]:
    """The report. Never raises for what a submission holds; raises MedalistError for the grader's own trouble."""
    answers = _answers(Answers(options.answers), options.challenges)
    stamp = {"metric": METRIC, "direction": Direction.MAXIMIZE, "development": options.development}
    asked = {task: len(outputs) for task, outputs in answers.items()}
    validation = check_submission(options.submission, asked)
    if not validation.valid:
        return {"status": ScoreStatus.INVALID, "score": None, "reason": validation.reason, **stamp}
    attempts = read_attempts(options.submission)
    by_task = {
        task: [output in pair for output, pair in zip(outputs, attempts[task], strict=True)]
        for task, outputs in answers.items()
    }
    outputs, tasks = sum(asked.values()), len(asked)
    solved_outputs = sum(sum(each) for each in by_task.values())
    solved_tasks = sum(all(each) for each in by_task.values())
    return {
        "status": ScoreStatus.SCORED,
        "score": solved_outputs / outputs,
        "reason": "",
        **stamp,
        "told": f"{solved_outputs} of {outputs} outputs and {solved_tasks} of {tasks} tasks solved",
        "outputs": outputs,
        "solved_outputs": solved_outputs,
        "tasks": tasks,
        "solved_tasks": solved_tasks,
        "task_score": solved_tasks / tasks,
        "by_task": by_task,
    }


def _answers(answers: Answers, challenges: Path | None) -> Mapping[str, list[Any]]:
    """The outputs of the tasks that are meant. Raises GraderError for any that is missing or no grid."""
    try:
        found = answers_at(answers.open())
        if challenges is not None:
            named, _ = read_json(challenges)
            missing = [task for task in named if task not in found]
            if missing:
                more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
                raise GraderError(f"The solutions hold no outputs of task {missing[0]}{more}.")
            found = {task: found[task] for task in named}
        for task, outputs in found.items():
            for number, output in enumerate(outputs, start=1):
                read_grid(output, f"task {task}, output {number}")
        if not any(found.values()):
            raise GraderError("The solutions hold no output.")
    except InputError as error:
        raise GraderError(
            f"The solutions cannot be used: {error.what}", where=error.where, next_step=error.next_step
        ) from error
    return found


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m medalist.families.arc.grader")
    parser.add_argument("--answers", type=Path, required=True)
    parser.add_argument("--submission", type=Path, required=True)
    parser.add_argument("--challenges", type=Path)
    parser.add_argument("--development", action="store_true")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    enter_grader()
    options = _parse(sys.argv[1:] if arguments is None else arguments)
    blank = {"status": ScoreStatus.GRADER_ERROR, "score": None}
    return print_report(lambda: grade(options), lambda reason: {**blank, "reason": reason})


if __name__ == "__main__":
    sys.exit(main())
