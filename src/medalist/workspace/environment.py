"""The environment variables of an engineer's code: an allow-list, so that no key of the parent's gets in."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
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
        "TMPDIR": str(temporary_name(workspace)),
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


_LONGEST_NAME = 70
"""A socket's whole name has at most 107 characters, and multiprocessing adds 35 to TMPDIR's."""


def temporary_name(workspace: Path) -> Path:
    """What children call their temporary folder: a short link to it where its own name is long.

    Deep in a run's folders no process could open a Unix socket under TMPDIR, and PyTorch's loading
    workers, managers and fork servers all do. The link stands from ``link_temporary_folder`` on.
    """
    link = _short_link(workspace)
    with suppress(OSError):
        if link.lstat().st_uid == os.geteuid() and link.readlink() == temporary_folder(workspace):
            return link
    return temporary_folder(workspace)


def link_temporary_folder(workspace: Path) -> None:
    """Make the short link where it is needed; a system folder that cannot be written leaves the long name."""
    if len(str(temporary_folder(workspace))) > _LONGEST_NAME:
        with suppress(OSError):
            _short_link(workspace).symlink_to(temporary_folder(workspace))


def unlink_temporary_folder(workspace: Path) -> None:
    """Take the link away, if there is one of ours."""
    name = temporary_name(workspace)
    if name != temporary_folder(workspace):
        name.unlink(missing_ok=True)


def _short_link(workspace: Path) -> Path:
    digest = hashlib.sha256(str(workspace).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"medalist-{digest}"
