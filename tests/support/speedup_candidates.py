"""Candidates for the task ``complex``: cheats, honest programs, well-known rewrites, and each as one whole text.

Many a file is a known program with one thing changed: its line ``Behind: PATH`` names that program, below
tests/families/speedup, and the file's own text is put behind that one's, so that its definitions take the place of
those before. ``python tests/support/speedup_candidates.py FILE`` prints the whole of one.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
import tomllib
from pathlib import Path

from speedup_grading import SPEEDUP

CHEATS = sorted((SPEEDUP.parents[1] / "cheats").glob("*.py"))
HONEST = sorted([*(SPEEDUP / "honest").glob("*.py"), *(SPEEDUP / "reference").glob("*.py")])
EXPECTED = tomllib.loads((SPEEDUP / "rewrites" / "expected.toml").read_text())
"""By the name of a well-known rewrite, what must be found in it."""


def whole(path: Path) -> str:
    """The candidate's text."""
    text = path.read_text()
    base = re.search(r'^(?:# )?Behind: (\S+?)(?:""")?$', text, re.MULTILINE)
    return f"{whole(SPEEDUP / base[1])}\n\n{text}" if base else text


def laid_out(path: Path, folder: Path) -> Path:
    """The whole candidate as a file of its own name in ``folder``."""
    file = folder / path.name
    file.write_text(whole(path))
    return file


def refused_as(cheat: Path) -> list[str]:
    """The reasons that do for a cheat."""
    return cheat.read_text().splitlines()[1].removeprefix("# Refused as: ").split(" | ")


def lacking(path: Path) -> str:
    """What of the tools that a candidate needs is not here; "" where all are."""
    needed = re.findall(r'^Needs: (.*?)(?:""")?$', whole(path), re.MULTILINE)
    tools = [tool for line in needed for tool in line.split(", ")]
    return ", ".join(tool for tool in tools if not shutil.which(tool) and not importlib.util.find_spec(tool))


if __name__ == "__main__":
    print(whole(Path(sys.argv[1])))
