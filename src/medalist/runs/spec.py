"""What a run is made of: tasks × engineers × seeds, expanded into attempts; and the files that say so.

A set is written as YAML (``SET.yaml``) or as a list of competition ids (``IDS.txt``, one a line,
``#`` starts a comment) whose folders lie under ``--data-dir``. The splits of MLE-bench (low,
medium, high) are such lists.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from medalist.core.budget import Limits, parse_duration
from medalist.core.errors import InputError, UsageError

ENGINEERS = ("playbook", "agent", "evolution")
SANDBOXES = ("auto", "bubblewrap", "landlock", "plain")
_SET_KEYS = {
    "tasks", "engineers", "seeds", "time", "run_time", "command_time", "sandbox", "hints", "jobs", "settings",
}  # fmt: skip


@dataclass(frozen=True)
class TaskSpec:
    """A task as a person named it. ``settings`` overrides what its family would find out by itself."""

    path: Path
    family: str = "compete"
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AttemptSpec:
    """One engineer on one task with one seed. ``settings`` hold JSON values only.

    ``jobs_at_once`` is how many attempts of the run may share the machine, which fixes the cores
    each of them gets.
    """

    id: str
    task: TaskSpec
    engineer: str = "playbook"
    seed: int = 0
    limits: Limits = field(default_factory=Limits)
    sandbox: str = "auto"
    hints: bool = True

    def as_dict(self) -> dict[str, Any]:
        data = asdict(self)
        data["task"]["path"] = str(self.task.path)
        return data

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> AttemptSpec:
        """Raises KeyError, TypeError or ValueError for what ``as_dict`` did not write."""
        task = TaskSpec(**{**data["task"], "path": Path(data["task"]["path"])})
        return AttemptSpec(**{**data, "task": task, "limits": Limits(**data["limits"])})


@dataclass(frozen=True)
class RunSpec:
    """A whole run. Every combination of task, engineer and seed becomes an attempt.

    ``jobs`` is how many attempts run at once; None lets the runner choose by the cores there are.
    """

    tasks: tuple[TaskSpec, ...]
    engineers: tuple[str, ...] = ("playbook",)
    seeds: tuple[int, ...] = (0,)
    limits: Limits = field(default_factory=Limits)
    sandbox: str = "auto"
    hints: bool = True
    jobs: int | None = None

    def __post_init__(self) -> None:
        for engineer in self.engineers:
            _check_engineer(engineer)
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
        taken: dict[str, int] = {}
        made = []
        for seed in self.seeds:
            for task in self.tasks:
                for engineer in self.engineers:
                    name = f"{task_name(task.path)}-{engineer}-seed{seed}"
                    taken[name] = taken.get(name, 0) + 1
                    unique = name if taken[name] == 1 else f"{name}-{taken[name]}"
                    made.append(
                        AttemptSpec(unique, task, engineer, seed, self.limits, self.sandbox, self.hints)
                    )
        return tuple(made)

    def as_dict(self) -> dict[str, Any]:
        data = asdict(self)
        for task in data["tasks"]:
            task["path"] = str(task["path"])
        return data

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> RunSpec:
        """Raises KeyError, TypeError or ValueError for what ``as_dict`` did not write."""
        known = {f.name for f in fields(RunSpec)}
        return RunSpec(
            **{
                **{key: value for key, value in data.items() if key in known},
                "tasks": tuple(TaskSpec(**{**task, "path": Path(task["path"])}) for task in data["tasks"]),
                "engineers": tuple(data["engineers"]),
                "seeds": tuple(data["seeds"]),
                "limits": Limits(**data["limits"]),
            }
        )


def task_name(path: Path) -> str:
    """A short name for a task, safe as a folder's name: the competition's, not its ``prepared`` folder's."""
    resolved = path.absolute()
    while resolved.name in ("prepared", "public", "data", ""):
        if resolved.parent == resolved:
            return "task"
        resolved = resolved.parent
    return re.sub(r"[^A-Za-z0-9._-]+", "-", resolved.name).strip("-.")[:60] or "task"


def read_set(path: Path, data_dir: Path | None) -> RunSpec:
    """The run that ``SET.yaml`` or ``IDS.txt`` describes; relative tasks lie under ``data_dir``, else beside the file.

    Raises InputError or UsageError with the line or key that is wrong.
    """
    if not path.is_file():
        raise InputError(
            "There is no such set file.", where=str(path), next_step="Name a .yaml or .txt file."
        )
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The set file cannot be read: {error}.", where=str(path)) from error
    base = data_dir or path.parent
    if path.suffix.lower() in (".yaml", ".yml"):
        return _from_yaml(text, path, base)
    names = [line.split("#")[0].strip() for line in text.splitlines()]
    return RunSpec(tasks=tuple(TaskSpec(_existing(base / name, path)) for name in names if name))


def _from_yaml(text: str, path: Path, base: Path) -> RunSpec:
    import yaml

    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"The set file is not YAML: {error}.", where=str(path)) from error
    if not isinstance(data, dict) or not isinstance(data.get("tasks"), list):
        raise InputError(
            "A set is a mapping with a list `tasks`.", where=str(path), next_step="See docs/runs.md."
        )
    unknown = set(data) - _SET_KEYS
    if unknown:
        raise InputError(
            f"Unknown key {sorted(unknown)[0]!r} in a set.",
            where=str(path),
            next_step=f"Known keys: {', '.join(sorted(_SET_KEYS))}.",
        )
    common = data.get("settings") or {}
    default = Limits()
    return RunSpec(
        tasks=tuple(_task(entry, common, path, base) for entry in data["tasks"]),
        engineers=tuple(data.get("engineers") or ("playbook",)),
        seeds=_seeds(data.get("seeds"), path),
        limits=Limits(
            command_seconds=parse_duration(data.get("command_time", default.command_seconds)),
            attempt_seconds=parse_duration(data.get("time", default.attempt_seconds)),
            run_seconds=parse_duration(data.get("run_time", default.run_seconds)),
        ),
        sandbox=data.get("sandbox", "auto"),
        hints=_yes_or_no(data, "hints", path),
        jobs=data.get("jobs"),
    )


def _task(entry: Any, common: Mapping[str, Any], path: Path, base: Path) -> TaskSpec:
    if isinstance(entry, str):
        return TaskSpec(_existing(base / entry, path), settings=common)
    if not isinstance(entry, dict) or "path" not in entry:
        raise InputError("A task in a set is a path, or a mapping with `path`.", where=f"{path}: {entry!r}")
    settings = {key: value for key, value in entry.items() if key not in ("path", "family")}
    return TaskSpec(
        _existing(base / str(entry["path"]), path), entry.get("family", "compete"), {**common, **settings}
    )


def _seeds(value: Any, path: Path) -> tuple[int, ...]:
    seeds = tuple(range(value)) if isinstance(value, int) else tuple(value or (0,))
    if not seeds or not all(isinstance(seed, int) for seed in seeds):
        raise InputError("`seeds` is a list of whole numbers, or how many to run.", where=str(path))
    return seeds


def _yes_or_no(data: Mapping[str, Any], key: str, path: Path) -> bool:
    value = data.get(key, True)
    if not isinstance(value, bool):
        raise InputError(f"`{key}` is true or false.", where=str(path))
    return value


def _existing(folder: Path, path: Path) -> Path:
    if not folder.exists():
        raise InputError(
            f"The set names a task that is not there: {folder.name}.",
            where=f"{path} → {folder}",
            next_step="Correct the name, or say with --data-dir where the competitions lie.",
        )
    return folder.resolve()


def _check_engineer(name: str) -> None:
    if name not in ENGINEERS:
        raise UsageError(
            f"There is no engineer {name!r}.", next_step=f"Choose one of {', '.join(ENGINEERS)}."
        )
    if name != "playbook":
        raise UsageError(
            f"The engineer {name!r} is not part of this version; it comes with language models.",
            next_step="Leave --engineer away, or give --engineer playbook.",
        )


def with_time(spec: RunSpec, attempt_seconds: float) -> RunSpec:
    """The same run with another time limit for each attempt."""
    return replace(spec, limits=replace(spec.limits, attempt_seconds=attempt_seconds))
