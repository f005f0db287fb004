"""From the folder a person gives to its public part, its closed answers and what lies beside (SPEC K1).

Understands an MLE-bench prepared folder (``DIR/prepared/public``), ``DIR/public``, the public folder
itself (as ``/home/data`` in an MLE-bench container) and a plain folder of files. Standard library
only. Answers are found by name and never opened.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medalist.core.answers import Answers
from medalist.core.errors import InputError
from medalist.families.compete.files import Files, find_files, find_hints, is_answers, is_table

_PRIVATE_FIRST = (
    "answers.csv",
    "test.csv",
    "solution.csv",
    "gold_submission.csv",
    "private_test.csv",
    "labels.csv",
)


@dataclass(frozen=True)
class Folder:
    """A competition's folder, taken apart. ``root`` holds meta.json, config.yaml or leaderboard.csv."""

    id: str
    root: Path
    public: Path
    files: Files
    answers: Answers | None
    description: str
    metric: str
    """As a file of the competition names it ("" when none does); not yet looked up."""
    metric_source: str
    leaderboard: Path | None
    hints: Path | None


def looks_like_competition(path: Path) -> bool:
    """Whether ``path`` has the shape of a competition; opens no table."""
    if not path.is_dir():
        return False
    public = _public_folder(path)
    return public != path or any(is_table(p) for p in path.iterdir())


def open_folder(path: Path, *, train: str = "", test: str = "", sample: str = "") -> Folder:
    """Take the folder apart. Raises InputError with what is missing and how to mend it."""
    path = _existing(path)
    public = _public_folder(path)
    try:
        files = find_files(public, train=train, test=test, sample=sample)
    except PermissionError as error:
        raise InputError(
            "The folder may not be read.",
            where=str(public),
            next_step="Give yourself permission (chmod u+rx).",
        ) from error
    _refuse_visible_answers(public)
    root = _root(path, public)
    metric, source = _metric_beside(root, public)
    return Folder(
        id=_identity(root),
        root=root,
        public=public.resolve(),
        files=files,
        answers=_answers(public),
        description=_text(files.description),
        metric=metric,
        metric_source=source,
        leaderboard=_existing_file(root / "leaderboard.csv", public / "leaderboard.csv"),
        hints=find_hints(root) or find_hints(public),
    )


def _existing(path: Path) -> Path:
    if not path.exists():
        raise InputError(
            f"There is no folder {path}.",
            where=str(path),
            next_step="Give the folder that holds train.csv and sample_submission.csv.",
        )
    if not path.is_dir():
        raise InputError(
            f"{path.name} is a file, not a competition's folder.",
            where=str(path),
            next_step=f"Give the folder it lies in: {path.parent}.",
        )
    return path


def _public_folder(path: Path) -> Path:
    for inner in (path / "prepared" / "public", path / "public"):
        if inner.is_dir():
            return inner
    return path


def _root(path: Path, public: Path) -> Path:
    """The folder that carries the competition's own files, also when its public part was given."""
    if public != path or path.name != "public":
        return path
    return path.parent.parent if path.parent.name == "prepared" else path.parent


def _identity(root: Path) -> str:
    meta = _json(root / "meta.json")
    name = str(meta.get("id") or root.resolve().name or "competition")
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "competition"


def _refuse_visible_answers(public: Path) -> None:
    """An engineer's sandbox shows the public folder whole, so answers may not lie in it."""
    for path in sorted(public.iterdir()):
        if is_answers(path):
            raise InputError(
                f"{path.name} looks like hidden answers and lies where an engineer would read it.",
                where=str(path),
                next_step=f"Move the files to solve into {public.name}/public and {path.name} into "
                f"{public.name}/private; then give {public} again.",
            )


def _answers(public: Path) -> Answers | None:
    """The answers file in the private folder beside the public one; found by name, not opened."""
    private = public.parent / "private"
    if public.name != "public" or not private.is_dir():
        return None
    tables = sorted(p for p in private.iterdir() if p.is_file() and is_table(p))
    for name in _PRIVATE_FIRST:
        for table in tables:
            if table.name.lower() == name:
                return Answers(table.resolve())
    return Answers(tables[0].resolve()) if tables else None


def _metric_beside(root: Path, public: Path) -> tuple[str, str]:
    """(metric, file that names it) from config.yaml or meta.json."""
    for folder in (root, public):
        config = folder / "config.yaml"
        if config.is_file() and (name := _metric_of_config(_text(config))):
            return name, "config.yaml"
        if name := _json(folder / "meta.json").get("metric"):
            return str(name), "meta.json"
    return "", ""


def _metric_of_config(text: str) -> str:
    """``metric:``, or the ``name:`` inside ``grader:``; read by lines so that no YAML library is needed."""
    plain = re.search(r"^metric:\s*['\"]?([^'\"#\n]+)", text, re.MULTILINE)
    if plain:
        return plain[1].strip()
    grader = re.search(r"^grader:[ \t]*\n((?:[ \t]+.*\n?)*)", text, re.MULTILINE)
    name = re.search(r"^[ \t]+name:\s*['\"]?([^'\"#\n]+)", grader[1], re.MULTILINE) if grader else None
    return name[1].strip() if name else ""


def _json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; {} where there is no file. Raises InputError for broken JSON."""
    if not path.is_file():
        return {}
    try:
        data = json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path.name} is not well-formed JSON: {error.msg}.",
            where=f"{path}, line {error.lineno}",
            next_step="Mend it, or remove it and give --metric.",
        ) from error
    return data if isinstance(data, dict) else {}


def _text(path: Path | None) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path else ""


def _existing_file(*paths: Path) -> Path | None:
    return next((p for p in paths if p.is_file()), None)
