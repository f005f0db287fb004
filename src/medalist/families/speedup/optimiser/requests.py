"""What the search asks of the probe and of the transformations, and what it is told: data that goes as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal

from medalist.families.speedup.optimiser.facts_json import facts_as_json, facts_from_json
from medalist.families.speedup.optimiser.transformation import Edit, Program

Mode = Literal["answers", "facts", "trial"]


@dataclass(frozen=True)
class Call:
    """One call of the entry on what the task's maker draws from ``seed``; ``size`` None leaves it the maker's own."""

    seed: int
    size: int | None = None

    @property
    def name(self) -> str:
        """What the reference's answer to this call is kept as."""
        return f"{self.seed}-{self.size or 'full'}"


@dataclass(frozen=True)
class Source:
    """What is called, and on what: files as seen from the folder in which the probe runs.

    ``rules`` are the contract's outputs: a pattern of names, and the relative and absolute tolerance.
    ``answers`` is the folder in which a reference's answers are kept; ``threads`` how many the program may use.
    """

    entry: str
    maker_file: str
    maker: str
    rules: tuple[tuple[str, float, float], ...]
    answers: str
    threads: int = 1

    @property
    def compiled(self) -> str:
        """The folder in which compiled kernels are kept."""
        return str(PurePosixPath(self.answers).parent / "compiled")


@dataclass(frozen=True)
class Request:
    """One job of the probe.

    ``answers``: call ``program`` on ``calls`` and keep what it answers as the reference's. ``facts``: the same, and
    the last call is looked into. ``trial``: call ``program`` on ``calls``, compare each answer with the reference's,
    and if all are equal let it take turns with ``rival`` on the last call, ``rounds`` times or until one is clearly
    faster. ``margin`` is the share of a tolerance that may be used.
    """

    mode: Mode
    source: Source
    program: str
    calls: tuple[Call, ...]
    rival: str = ""
    rival_seconds: float = 0.0
    rounds: int = 0
    margin: float = 1.0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Request:
        source = Source(**{**data["source"], "rules": tuple(map(tuple, data["source"]["rules"]))})
        return Request(**{**data, "source": source, "calls": tuple(Call(**each) for each in data["calls"])})


@dataclass(frozen=True)
class Reply:
    """How a job of the probe ended.

    ``failure`` is "" when every call was answered, and the last line of a traceback otherwise. ``seconds`` are those
    of ``calls`` in order. ``excess`` says for each array how much of its tolerance the worst element of all calls
    took, above 1 where it is unequal; ``worst`` is the same in words. ``turns`` are seconds of program and rival.
    ``size`` is the maker's own size, None where it takes none.
    """

    failure: str = ""
    seconds: tuple[float, ...] = ()
    excess: Mapping[str, float] = field(default_factory=dict)
    worst: str = ""
    turns: tuple[tuple[float, float], ...] = ()
    import_seconds: float = 0.0
    size: int | None = None
    facts: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Reply:
        turns = tuple((float(own), float(rival)) for own, rival in data["turns"])
        return Reply(**{**data, "seconds": tuple(data["seconds"]), "turns": turns})


@dataclass(frozen=True)
class Question:
    """What edits of this program are worth trying?"""

    program: Program

    def as_json(self) -> dict[str, Any]:
        program = self.program
        facts = facts_as_json(program.facts)
        return {"text": program.text, "entry": program.entry, "facts": facts, "threads": program.threads}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Question:
        facts = facts_from_json(data["facts"])
        return Question(Program(data["text"], data["entry"], facts, int(data["threads"])))


@dataclass(frozen=True)
class Proposals:
    """Edits worth trying, and for each transformation that failed the last line of what it said."""

    edits: tuple[Edit, ...] = ()
    failures: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Proposals:
        return Proposals(tuple(Edit(**each) for each in data["edits"]), dict(data["failures"]))
