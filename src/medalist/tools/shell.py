"""Command lines as an engineer writes them: the simple ones told apart, and what runs a long one."""

from __future__ import annotations

import re
import shlex

_PYTHON = re.compile(r"(.*/)?python(3(\.\d+)?)?")
_SHELL_MEANING = re.compile(r"[|&;<>()$`\\\n*?\[\]{}~#!]")
_FLAGS = {"-u", "-B", "-O"}


def script_call(command: str) -> tuple[str, ...] | None:
    """What follows ``python`` in ``python script.py arguments``; None for a command line that is more, or other."""
    try:
        words = shlex.split(command)
        plain = shlex.split(re.sub(r"'[^']*'|\"[^\"$`\\]*\"", "", command))
    except ValueError:
        return None
    if any(map(_SHELL_MEANING.search, plain)) or len(words) < 2 or not _PYTHON.fullmatch(words[0]):
        return None
    rest = words[1:]
    while rest and rest[0] in _FLAGS:
        rest = rest[1:]
    return tuple(rest) if rest and not rest[0].startswith("-") else None
