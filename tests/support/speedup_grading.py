"""Grading as the rooms above do it: the judge as a process, its last line read; and the toy task's own pieces."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SPEEDUP = Path(__file__).parents[1] / "families" / "speedup"
TOY = SPEEDUP / "toy"


def grade(
    contract: Path, program: Path | None, *options: str, environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What the judge says of a candidate; of the task itself without one."""
    command = [sys.executable, "-m", "medalist.families.speedup.grader", "--contract", str(contract)]
    command += ["--program", str(program)] if program else []
    command += options
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=580, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
