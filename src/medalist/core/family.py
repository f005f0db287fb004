"""The protocol a family (compete, speedup, arc, a plug-in's) implements; found by the entry point ``medalist.families``.

Adding a family is adding a folder and one entry point: nothing above or below names one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from medalist.core.answers import Answers
from medalist.core.errors import UsageError
from medalist.core.task import Task


@dataclass(frozen=True)
class Validation:
    """What an engineer may know of a submission: well-formed or not, and why."""

    valid: bool
    reason: str = ""
    rows: int = 0
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Opened:
    """A task as a person gave it: the public part, and a closed reference to its answers if there are any.

    ``readable`` are further files and folders that engineers' code may read, such as pretrained weights.
    """

    task: Task
    answers: Answers | None = None
    readable: tuple[Path, ...] = ()


@runtime_checkable
class Family(Protocol):
    """One kind of task. Implementations are stateless and cheap to import."""

    name: str
    product: str
    """File name of what an engineer must leave, ``submission.csv`` say."""

    preload: Sequence[str]
    """Modules worth importing once, before an attempt's jobs fork from the warm interpreter."""

    def recognises(self, path: Path) -> bool:
        """Whether ``path`` looks like a task of this family; opens nothing large."""
        ...

    def open(self, path: Path, settings: Mapping[str, Any]) -> Opened:
        """The task at ``path``. Raises InputError with what is missing and how to mend it."""
        ...

    def playbook(self, settings: Mapping[str, Any]) -> Any:
        """The family's own engineer, which needs no language model (``engineers.engineer.Engineer``)."""
        ...

    def workshop(self, session: Any) -> Any:
        """What any engineer needs to know and do in this trade (``session.workshop.Workshop``)."""
        ...

    def validate(self, task: Task, product: Path) -> Validation:
        """Whether ``product`` is well-formed; knows only what an engineer may know. Never raises for bad content."""
        ...

    def grader_command(self, task: Task, answers: Answers, product: Path) -> Sequence[str]:
        """Arguments after ``python -m`` that grade ``product`` in a process of its own.

        The process prints one JSON object as its last line; see ``runs/grading``.
        """
        ...


@runtime_checkable
class PassedOrNot(Protocol):
    """A family whose tasks are passed or not, and tried several times to learn how often an engineer passes.

    Its grader says ``passed`` and ``refusal`` (the kind of reason where it did not); see ``runs/verdict``.
    """

    emergency: str
    """Operator of the candidate that is put in place before an engineer hands anything in; it is never graded."""

    def tries(self, engineer: str) -> int:
        """How many attempts such an engineer is given where nobody says."""
        ...


@runtime_checkable
class JudgesMeanwhile(Protocol):
    """A family whose judge also says what a product is worth while an attempt goes on."""

    def development_command(self, task: Task, answers: Answers, product: Path) -> Sequence[str]:
        """As ``grader_command``, on data that no final grade is ever taken on."""
        ...


@runtime_checkable
class Draws(Protocol):
    """A family whose attempts have pictures of their own in a report."""

    def drawing(self, attempt: Path, grade: Mapping[str, Any]) -> str:
        """Markup for a page that loads nothing from outside, of the attempt in the folder ``attempt``; "" for none.

        ``grade`` is what its grader reported, empty where it was not graded.
        """
        ...


@runtime_checkable
class Tallies(Protocol):
    """A family whose task is a collection, of which it is counted how much is solved."""

    def tally(self, attempt: Path, grade: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the attempt in the folder ``attempt`` came to, JSON values by name; opens no answer.

        ``grade`` is what its grader reported, empty where it was not graded.
        """
        ...


@runtime_checkable
class BringsEngineers(Protocol):
    """A family that has its own way of asking language models, instead of the engineers that all families share."""

    def engineer(self, name: str, llm: Any, settings: Mapping[str, Any]) -> Any:
        """The engineer called ``name`` (``agent``, ``evolution``), which may ask what ``llm`` says
        (``llm.settings.LlmSettings``).
        """
        ...


@dataclass(frozen=True)
class PutBack:
    """A copy of somebody's file with a product in it. ``same`` says whether it was seen to do what the file does."""

    file: Path
    same: bool
    said: str = ""


@runtime_checkable
class MakesTasks(Family, Protocol):
    """A family that makes a task of somebody's own file, and puts a product back into a copy of it.

    The file itself stays as it is. ``settings`` are the task's; ``tell`` hears of the progress.
    """

    def takes(self, file: Path) -> bool:
        """Whether ``file`` looks like one of which a task can be made; runs nothing of it."""
        ...

    def make_task(
        self,
        file: Path,
        folder: Path,
        arguments: Sequence[str],
        settings: Mapping[str, Any],
        tell: Callable[[str], None],
    ) -> Path:
        """Make a task of ``file``, called with ``arguments``, in the new ``folder``; the task's folder.

        Raises InputError when nothing can be made, with the reason.
        """
        ...

    def as_product(self, task: Path, file: Path, place: Path) -> None:
        """Write at ``place`` the product that ``file`` is, another version of the file of which ``task`` was made.

        Raises InputError when it is none.
        """
        ...

    def put_back(
        self,
        task: Path,
        product: Path,
        file: Path,
        folder: Path,
        settings: Mapping[str, Any],
        tell: Callable[[str], None],
    ) -> PutBack:
        """Write into ``folder`` a copy of ``file``, of which ``task`` was made, with ``product`` in it.

        Raises InputError for a task that was made of something else.
        """
        ...


@runtime_checkable
class BringsTasks(Protocol):
    """A family with tasks of its own, which a person names ``SOURCE:NAME`` wherever a task's folder may stand."""

    sources: Sequence[str]
    """The words that may stand before the colon; by custom the family's name."""

    def built_in(self, name: str) -> Path:
        """The folder of the task called ``name``. Raises InputError that lists those there are."""
        ...


def built_in_task(text: str) -> tuple[Path, str] | None:
    """The folder and the family of a task written ``SOURCE:NAME``; None when that is not what ``text`` is.

    Raises InputError for a name that the source does not have.
    """
    source, _, task = text.partition(":")
    for name, family in find_families().items() if task else ():
        if isinstance(family, BringsTasks) and source in family.sources:
            return family.built_in(task), name
    return None


def find_families() -> dict[str, Family]:
    """Every installed family by name, plug-ins included.

    Raises UsageError when one cannot be loaded, and names its package.
    """
    families: dict[str, Family] = {}
    for point in entry_points(group="medalist.families"):
        try:
            families[point.name] = point.load()
        except (ImportError, AttributeError) as error:
            raise UsageError(
                f"The family {point.name!r} cannot be loaded: {error}.",
                where=point.value,
                next_step="Reinstall or remove the package that brings it.",
            ) from error
    return families


def find_family(name: str) -> Family:
    """The installed family called ``name``. Raises UsageError that lists those there are."""
    families = find_families()
    if name not in families:
        raise UsageError(
            f"There is no family {name!r}.", next_step=f"Installed: {', '.join(sorted(families))}."
        )
    return families[name]
