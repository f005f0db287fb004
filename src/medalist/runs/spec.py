"""What a run is made of: tasks × engineers × language models × hints × seeds, expanded into attempts.

The files that describe one are read in ``runs/sets``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from medalist.core.budget import Limits
from medalist.core.errors import UsageError
from medalist.llm.settings import LlmSettings

ENGINEERS = ("playbook", "agent", "evolution", "scripted")
"""Who can be asked for by name."""

ASKING = ("agent", "evolution")
"""Those of them that work by asking a language model."""

TEAM = "team"
"""The engineer that joins what others made of one task; it works once they have ended (SPEC K12)."""

GUEST = "guest"
"""Somebody outside, at the tools through a door: an MCP client, a person. Needs that door open to work."""

SANDBOXES = ("auto", "bubblewrap", "landlock", "docker", "plain")

TEAM_SHARE = 0.2
"""A team's time, as a share of what each of its members had."""


@dataclass(frozen=True)
class TaskSpec:
    """A task as a person named it. ``settings`` overrides what its family would find out by itself."""

    path: Path
    family: str = "compete"
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AttemptSpec:
    """One engineer on one task with one seed. ``settings`` hold JSON values only.

    ``llm`` is what the engineer may ask. ``members`` are the ids of the attempts whose products a
    team joins; it starts when they have ended.
    """

    id: str
    task: TaskSpec
    engineer: str = "playbook"
    seed: int = 0
    limits: Limits = field(default_factory=Limits)
    sandbox: str = "auto"
    hints: bool = True
    llm: LlmSettings = field(default_factory=LlmSettings)
    members: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        data = asdict(self)
        data["task"]["path"] = str(self.task.path)
        return data

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> AttemptSpec:
        """Raises KeyError, TypeError or ValueError for what ``as_dict`` did not write."""
        return AttemptSpec(
            **{
                **data,
                "task": TaskSpec(**{**data["task"], "path": Path(data["task"]["path"])}),
                "limits": Limits(**data["limits"]),
                "llm": LlmSettings.from_dict(data.get("llm", {})),
                "members": tuple(data.get("members", ())),
            }
        )


@dataclass(frozen=True)
class RunSpec:
    """A whole run. Every combination of task, engineer, language model, hints and seed becomes an attempt.

    ``models`` are the language models to try, each with all else that ``llm`` says; empty stands for
    ``llm.model`` alone. Engineers that ask none are not repeated for them. ``team`` adds, for each
    task and seed, a last attempt that joins what the others made. ``jobs`` is how many attempts run
    at once; None lets the runner choose by the cores there are.
    """

    tasks: tuple[TaskSpec, ...]
    engineers: tuple[str, ...] = ("playbook",)
    seeds: tuple[int, ...] = (0,)
    limits: Limits = field(default_factory=Limits)
    sandbox: str = "auto"
    hints: tuple[bool, ...] = (True,)
    jobs: int | None = None
    llm: LlmSettings = field(default_factory=LlmSettings)
    models: tuple[str, ...] = ()
    team: bool = False
    numbered: bool = False
    """Whether attempts are called ``run_1``, ``run_2`` and on: the same one tried again and again, with other seeds."""

    def __post_init__(self) -> None:
        if not self.engineers:
            raise UsageError(
                "A run needs at least one engineer.", next_step=f"Choose one of {', '.join(ENGINEERS)}."
            )
        for engineer in self.engineers:
            if engineer not in (*ENGINEERS, GUEST):
                raise UsageError(
                    f"There is no engineer {engineer!r}.", next_step=f"Choose one of {', '.join(ENGINEERS)}."
                )
        if self.sandbox not in SANDBOXES:
            raise UsageError(
                f"There is no sandbox {self.sandbox!r} in this version.",
                next_step=f"Choose one of {', '.join(SANDBOXES)}.",
            )
        if not self.tasks:
            raise UsageError(
                "A run needs at least one task.", next_step="Name a folder, or fill the set's file."
            )

    def attempts(self) -> tuple[AttemptSpec, ...]:
        """The attempts in the order they are started: all tasks with the first seed come first."""
        names = _Names()
        made: list[AttemptSpec] = []
        for seed in self.seeds:
            for task in self.tasks:
                for hints in self.hints:
                    crew = [replace(each, id=names.unique(each.id)) for each in self._crew(task, seed, hints)]
                    made += crew
                    if self.team and len(crew) > 1:
                        made.append(self._team(names, crew))
        if self.numbered:
            return tuple(replace(each, id=f"run_{number}") for number, each in enumerate(made, start=1))
        return tuple(made)

    def _crew(self, task: TaskSpec, seed: int, hints: bool) -> Iterator[AttemptSpec]:
        """Every engineer, with every language model where it asks one."""
        for engineer in self.engineers:
            asks = engineer in ASKING
            for model in (self.models or (self.llm.model,)) if asks else ("",):
                parts = [task_name(task.path), engineer]
                parts += [_short(model)] if asks and len(self.models) > 1 else []
                parts += ["nohints"] if not hints and len(self.hints) > 1 else []
                yield AttemptSpec(
                    id="-".join([*parts, f"seed{seed}"]),
                    task=task,
                    engineer=engineer,
                    seed=seed,
                    limits=self.limits,
                    sandbox=self.sandbox,
                    hints=hints,
                    llm=replace(self.llm, model=model) if asks or engineer == GUEST else LlmSettings(),
                )

    def _team(self, names: _Names, crew: list[AttemptSpec]) -> AttemptSpec:
        first = crew[0]
        seconds = self.limits.attempt_seconds * TEAM_SHARE
        hints = [] if first.hints or len(self.hints) == 1 else ["nohints"]
        return replace(
            first,
            id=names.unique("-".join([task_name(first.task.path), TEAM, *hints, f"seed{first.seed}"])),
            engineer=TEAM,
            limits=replace(self.limits, attempt_seconds=seconds),
            llm=LlmSettings(),
            members=tuple(each.id for each in crew),
        )

    def as_dict(self) -> dict[str, Any]:
        data = asdict(self)
        for task in data["tasks"]:
            task["path"] = str(task["path"])
        return data

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> RunSpec:
        """Raises KeyError, TypeError or ValueError for what ``as_dict`` did not write."""
        known = {f.name for f in fields(RunSpec)}
        hints = data.get("hints", True)
        return RunSpec(
            **{
                **{key: value for key, value in data.items() if key in known},
                "tasks": tuple(TaskSpec(**{**task, "path": Path(task["path"])}) for task in data["tasks"]),
                "engineers": tuple(data["engineers"]),
                "seeds": tuple(data["seeds"]),
                "limits": Limits(**data["limits"]),
                "hints": (hints,) if isinstance(hints, bool) else tuple(hints),
                "llm": LlmSettings.from_dict(data.get("llm", {})),
                "models": tuple(data.get("models", ())),
            }
        )


class _Names:
    """Gives every attempt of a run a name of its own."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def unique(self, name: str) -> str:
        self._taken[name] = self._taken.get(name, 0) + 1
        return name if self._taken[name] == 1 else f"{name}-{self._taken[name]}"


def task_name(path: Path) -> str:
    """A short name for a task, safe as a folder's name: the competition's, not its ``prepared`` folder's."""
    resolved = path.absolute()
    while resolved.name in ("prepared", "public", "data", ""):
        if resolved.parent == resolved:
            return "task"
        resolved = resolved.parent
    return _safe(resolved.name.removesuffix(".json"))[:60] or "task"


def with_time(spec: RunSpec, attempt_seconds: float) -> RunSpec:
    """The same run with another time limit for each attempt."""
    return replace(spec, limits=replace(spec.limits, attempt_seconds=attempt_seconds))


def _short(model: str) -> str:
    """A language model's name in a folder's name: without its address and options."""
    return _safe(re.split(r"@http|\?", model)[0].replace(":", "-"))[-40:] or "model"


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")
