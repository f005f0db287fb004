"""What a sandbox must hold and how one is asked: the protocol that all sandboxes share."""

from __future__ import annotations

import json
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import medalist


@dataclass(frozen=True)
class SandboxPolicy:
    """What code inside may do.

    ``writable`` is the one folder it may change; ``readable`` are folders and files it may read besides
    the interpreter and the system's libraries. ``hidden`` are those below them that it may not read all the
    same; nothing shown may lie below a hidden one. ``memory_bytes`` and ``max_processes`` bound the whole
    tree of one start (None: no bound); ``workspace/limits.py`` says what holds them. ``network`` opens
    the host's network.
    """

    writable: Path
    readable: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    memory_bytes: int | None = None
    max_processes: int | None = None
    network: bool = False


@dataclass(frozen=True)
class Wrapped:
    """A command as the operating system is to start it, and its whole environment.

    ``keeper_is_child`` says that what is started is not the keeper itself but its parent. ``told`` is a file for what
    starts it elsewhere, below an engine: where that is and what it used (``workspace/docker_outside.py``).
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    keeper_is_child: bool = False
    told: Path | None = None


@dataclass(frozen=True)
class Command:
    """What is to run inside: ``argv`` in ``cwd``, on the cores with the ids in ``cores`` (empty: all)."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    cores: tuple[int, ...] = ()


class Sandbox(Protocol):
    """A way to hold an engineer's code. Implementations are stateless and start nothing themselves."""

    @property
    def name(self) -> str:
        """``"bubblewrap"``, ``"landlock"``, ``"docker"`` or ``"plain"``."""
        ...

    @property
    def isolation(self) -> str:
        """What is stamped on grades: the mechanisms at work, or ``"none"``."""
        ...

    @property
    def groups_hold(self) -> bool:
        """Whether a control group of who starts it holds what runs inside; an engine puts it into groups of its own."""
        ...

    def missing(self) -> str:
        """Why this sandbox cannot even be tried on this machine, with what mends that; "" when it can."""
        ...

    def wrap(self, command: Command, policy: SandboxPolicy) -> Wrapped:
        """``command`` so that it runs under ``policy``, below a keeper (``workspace/keeper.py``)."""
        ...


def kept(
    argv: Sequence[str],
    *,
    cores: Sequence[int],
    parent: int | None,
    confinement: Mapping[str, Any] | None = None,
) -> tuple[str, ...]:
    """``argv`` below a keeper; see ``keeper.main`` for the settings."""
    settings = {"cores": list(cores), "parent": parent, "confinement": confinement}
    keeper = Path(__file__).with_name("keeper.py")
    return (sys.executable, "-I", "-S", str(keeper), json.dumps(settings), *argv)


def interpreter_paths(policy: SandboxPolicy) -> tuple[Path, ...]:
    """What the interpreter and this package need for reading: never a whole home or project folder.

    The prefix of a virtual environment may be the folder of a project, data beside it, so only the
    parts of a prefix that hold code are listed. What lies in /usr is readable anyhow and left out,
    save where it lies around a path of the policy, whose surroundings are hidden.
    """
    found = [Path(medalist.__file__).parent, Path(sys.executable), Path(sys.executable).resolve()]
    for prefix in {sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve().parent.parent)}:
        found += [Path(prefix, part) for part in ("bin", "lib", "lib64", "include", "pyvenv.cfg")]
    found += [Path(sysconfig.get_path(kind)) for kind in ("stdlib", "platstdlib", "purelib", "platlib")]
    found += [Path(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    usr = Path("/usr")
    hidden = [path.parent for path in (*policy.readable, policy.writable) if path.is_relative_to(usr)]
    return tuple(
        path
        for path in dict.fromkeys(found)
        if path.exists()
        and (not path.is_relative_to(usr) or any(path.is_relative_to(each) for each in hidden))
    )
