"""The environment variables of an engineer's code: an allow-list, so that no key of the parent's gets in."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

PASSED_ON = (
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "LD_LIBRARY_PATH",
    "CUDA_HOME",
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
    "NVIDIA_DRIVER_CAPABILITIES",
)
"""Names whose values a child gets from its parent: locale, and where the GPU and its libraries are."""

THREAD_COUNTS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def child_environment(
    workspace: Path,
    cores: int,
    extra: Mapping[str, str] | None = None,
    parent: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """All the variables of a child that runs in ``workspace`` with ``cores`` cores.

    Idle OpenMP threads sleep rather than spin (PASSIVE): spinning ones take the cores of other jobs.
    The hash seed is fixed so that equal scripts give equal results. ``extra`` comes last and wins.
    """
    environment = {name: parent[name] for name in PASSED_ON if name in parent}
    environment.setdefault("LANG", "C.UTF-8")
    environment |= {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": str(workspace),
        "TMPDIR": str(temporary_folder(workspace)),
        "OMP_WAIT_POLICY": "PASSIVE",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONIOENCODING": "utf-8",
    }
    environment |= dict.fromkeys(THREAD_COUNTS, str(max(1, cores)))
    return environment | dict(extra or {})


def temporary_folder(workspace: Path) -> Path:
    """Where a child's temporary files go: in the workspace, for there is no other place to write."""
    return workspace / ".tmp"
