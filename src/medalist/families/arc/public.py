"""The part of a collection that an engineer may know, as a folder of its own: one file, ``challenges.json``.

It lies in the cache folder, for beside the originals there may be solutions.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from medalist.core.errors import StoreError
from medalist.core.home import cache_folder
from medalist.families.arc.formats import Entry, entry_of, read_json, without_answers

FILE = "challenges.json"
_NAME_CHARACTERS = 40


def lay_out(name: str, tasks: Mapping[str, Any]) -> Path:
    """The folder with these tasks, their answers left out. Raises StoreError when it cannot be written."""
    hidden = {task: without_answers(raw) for task, raw in tasks.items()}
    data = json.dumps(hidden, separators=(",", ":")).encode()
    digest = hashlib.sha256(data).hexdigest()[:12]
    safe = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name)
    folder = cache_folder() / "tasks" / f"{safe[:_NAME_CHARACTERS] or 'arc'}-{digest}"
    try:
        if not (folder / FILE).is_file():
            folder.mkdir(parents=True, exist_ok=True)
            fresh = folder / f".{FILE}.{os.getpid()}"
            fresh.write_bytes(data)
            fresh.replace(folder / FILE)
    except OSError as error:
        raise StoreError(
            f"The task's files cannot be laid out: {error.strerror or error}.",
            where=str(folder),
            next_step="Make the cache folder writable, or name another with XDG_CACHE_HOME.",
        ) from error
    return folder


@lru_cache(maxsize=4)
def read_entries(public: Path) -> tuple[Entry, ...]:
    """The tasks of a public folder, in order, each held against the format's rules. Raises InputError."""
    tasks, _ = read_json(public / FILE)
    return tuple(entry_of(name, raw) for name, raw in tasks.items())
