"""Where Medalist keeps what outlives a run: learned hints, answers of language models; and what it can find again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def home_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """$MEDALIST_HOME, else medalist's folder of the user's data directory. It need not exist yet."""
    home = environment.get("MEDALIST_HOME")
    if home:
        return Path(home)
    data = environment.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "medalist"


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Medalist's folder of the user's cache directory: what was measured on this machine. It need not exist yet."""
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "medalist"
