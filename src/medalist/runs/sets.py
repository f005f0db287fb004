"""The files that describe a run: ``SET.yaml``, or a list of competition ids.

``IDS.txt`` names one competition a line (``#`` starts a comment) whose folders lie under
``--data-dir``. The splits of MLE-bench (low, medium, high) are such lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medalist.core.budget import Limits, parse_duration
from medalist.core.errors import InputError
from medalist.core.family import built_in_task, find_families
from medalist.llm.settings import LlmSettings
from medalist.runs.spec import RunSpec, TaskSpec

SET_KEYS = {
    "tasks", "engineers", "seeds", "time", "run_time", "command_time", "sandbox", "hints", "jobs", "settings",
    "models", "panel", "critic", "max_cost", "max_tokens", "cache", "request_time", "team",
}  # fmt: skip


def is_set_file(path: Path) -> bool:
    """Whether a path names a set rather than a run."""
    return path.suffix.lower() in (".yaml", ".yml", ".txt")


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
    unknown = set(data) - SET_KEYS
    if unknown:
        raise InputError(
            f"Unknown key {sorted(unknown)[0]!r} in a set.",
            where=str(path),
            next_step=f"Known keys: {', '.join(sorted(SET_KEYS))}.",
        )
    common = data.get("settings") or {}
    default = Limits()
    return RunSpec(
        tasks=tuple(_task(entry, common, path, base) for entry in data["tasks"]),
        engineers=_texts(data, "engineers", path) or ("playbook",),
        seeds=_seeds(data.get("seeds"), path),
        limits=Limits(
            command_seconds=parse_duration(data.get("command_time", default.command_seconds)),
            attempt_seconds=parse_duration(data.get("time", default.attempt_seconds)),
            run_seconds=parse_duration(data.get("run_time", default.run_seconds)),
        ),
        sandbox=data.get("sandbox", "auto"),
        hints=_hints(data.get("hints", True), path),
        jobs=_jobs(data.get("jobs"), path),
        llm=_language_models(data, path),
        models=_texts(data, "models", path),
        team=_yes_or_no(data, "team", path),
    )


def _language_models(data: Mapping[str, Any], path: Path) -> LlmSettings:
    tokens = _amount(data, "max_tokens", path)
    return LlmSettings(
        panel=_texts(data, "panel", path),
        critic=next(iter(_texts(data, "critic", path)), ""),
        max_cost_usd=_amount(data, "max_cost", path),
        max_tokens=None if tokens is None else int(tokens),
        cache=_yes_or_no(data, "cache", path),
        timeout_seconds=parse_duration(data.get("request_time", LlmSettings().timeout_seconds)),
    )


def _task(entry: Any, common: Mapping[str, Any], path: Path, base: Path) -> TaskSpec:
    if isinstance(entry, str):
        place, family = _place(entry, path, base)
        return TaskSpec(place, family, _with_files(common, family, base))
    if not isinstance(entry, dict) or "path" not in entry:
        raise InputError("A task in a set is a path, or a mapping with `path`.", where=f"{path}: {entry!r}")
    settings = {key: value for key, value in entry.items() if key not in ("path", "family")}
    place, family = _place(str(entry["path"]), path, base)
    family = entry.get("family", family)
    return TaskSpec(place, family, _with_files({**common, **settings}, family, base))


def _place(text: str, path: Path, base: Path) -> tuple[Path, str]:
    """A task's folder and family: a built-in one, ``speedup:complex`` say, else what lies beside the set's file."""
    built_in = built_in_task(text)
    if built_in:
        return built_in
    place = _existing(base / text, path)
    recognised = (name for name, family in find_families().items() if family.recognises(place))
    return place, next(recognised, "compete")


def _with_files(settings: Mapping[str, Any], family: str, base: Path) -> Mapping[str, Any]:
    """Settings that name files, as whole paths."""
    named = getattr(find_families().get(family), "files", ())
    whole = {key: str((base / str(settings[key])).absolute()) for key in named if settings.get(key)}
    return {**settings, **whole}


def _seeds(value: Any, path: Path) -> tuple[int, ...]:
    seeds = tuple(range(value)) if isinstance(value, int) else tuple(value or (0,))
    if not seeds or not all(isinstance(seed, int) for seed in seeds):
        raise InputError("`seeds` is a list of whole numbers, or how many to run.", where=str(path))
    return seeds


def _texts(data: Mapping[str, Any], key: str, path: Path) -> tuple[str, ...]:
    """A list of names, or one name."""
    value = data.get(key) or ()
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) and name for name in names):
        raise InputError(f"`{key}` is a name or a list of names.", where=str(path))
    return tuple(names)


def _amount(data: Mapping[str, Any], key: str, path: Path) -> float | None:
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        raise InputError(f"`{key}` is a number, zero or more.", where=str(path))
    return float(value)


def _jobs(value: Any, path: Path) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise InputError("`jobs` is a whole number, one or more.", where=str(path))
    return value


def _hints(value: Any, path: Path) -> tuple[bool, ...]:
    """True, false, or a list of both: every attempt with and without."""
    given = tuple(value) if isinstance(value, list) else (value,)
    if not given or not all(isinstance(each, bool) for each in given) or len(set(given)) < len(given):
        raise InputError("`hints` is true, false, or [false, true] for both.", where=str(path))
    return given


def _yes_or_no(data: Mapping[str, Any], key: str, path: Path) -> bool:
    value = data.get(key, False)
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
