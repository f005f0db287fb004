"""Sandbox by containers, through Docker: comparable hardware, for its engine holds cores, memory and GPUs.

The container is this machine's own environment on nothing: its image is empty (``IMAGE_COMMAND`` makes it, without a
network), and what a program needs is bound into it for reading only, as bubblewrap does: the system's libraries, the
interpreter, what the policy names. So a program runs on the very libraries that it was written and calibrated with,
and no image can be out of date. Inside there is no network, no other process, no capability, no variable of the
parent's, one writable folder, ``/tmp`` and shared memory within the container's own limit.

Who starts Medalist is who runs inside: files in the workspace keep one owner. Root is still without any capability
there, and its isolation says so. What it needs: a Linux engine on this machine (not inside a virtual machine, as
Docker Desktop has it, for processes are watched and frozen from outside), and about half a second for each start.
"""

from __future__ import annotations

import csv
import io
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from medalist.machine.children import ENGINE_VARIABLES
from medalist.workspace.policy import Command, SandboxPolicy, Wrapped, interpreter_paths, kept
from medalist.workspace.system import SYSTEM_FILES, SYSTEM_FOLDERS, folders_to_mask, gpu_devices

IMAGE = "medalist-sandbox:1"
IMAGE_COMMAND = f"tar -c -T /dev/null | docker import - {IMAGE}"
"""Makes the image: an empty one."""

DOOR = "/run/medalist"
"""Where the folder with the socket to the outside lies in the container."""

_ANSWER_SECONDS = 15.0
_ENGINE_VARIABLES = ("HOME", "PATH", *ENGINE_VARIABLES)


class DockerSandbox:
    """Runs the command in a container, started by ``docker_outside.py`` and entered by ``docker_inside.py``."""

    name = "docker"
    groups_hold = False

    @property
    def isolation(self) -> str:
        return "docker" if os.geteuid() else "docker (root without capabilities)"

    def missing(self) -> str:
        docker = shutil.which("docker")
        if docker is None:
            return "Docker is not installed (https://docs.docker.com/engine/install)"
        command = [docker, "image", "inspect", "--format", "{{.Id}}", IMAGE]
        try:
            asked = subprocess.run(
                command, capture_output=True, text=True, timeout=_ANSWER_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return f"Docker's engine does not answer within {_ANSWER_SECONDS:.0f} s (`docker info`)"
        except OSError as error:
            return f"{docker} cannot be run: {error.strerror}"
        return "" if asked.returncode == 0 else _complaint(asked.stderr)

    def wrap(self, command: Command, policy: SandboxPolicy) -> Wrapped:
        docker = shutil.which("docker") or "docker"
        here = Path(__file__).parent
        folder = Path(tempfile.gettempdir()) / f"medalist-door-{secrets.token_hex(6)}"
        name = folder.name
        inside = {"door": f"{DOOR}/socket", "links": _links(command.env)}
        entry = (sys.executable, "-I", "-S", str(here / "docker_inside.py"), json.dumps(inside))
        run = (docker, "run", *_options(command, policy), "--name", name)
        run += ("--mount", _bind(folder / "door", DOOR), IMAGE, *entry)
        run += kept(command.argv, cores=command.cores, parent=None)
        outside = {"folder": str(folder), "parent": os.getpid(), "stop": [docker, "kill", name]}
        start = (sys.executable, "-I", "-S", str(here / "docker_outside.py"), json.dumps(outside))
        return Wrapped((*start, *run), _engine_environment(os.environ), told=folder / "told.json")


def _complaint(said: str) -> str:
    """What Docker's client says, with what mends it."""
    lines = said.strip().splitlines() or ["it said nothing"]
    lowered = said.lower()
    if "permission denied" in lowered:
        return (
            "you may not talk to Docker's engine (`sudo usermod -aG docker $USER`, then log in again; "
            "who is in that group can become root)"
        )
    if "no such image" in lowered:
        return f"its empty image is missing (`{IMAGE_COMMAND}`)"
    if "cannot connect" in lowered:
        return f"Docker's engine is not running (`sudo systemctl start docker`): {lines[-1]}"
    return f"Docker says: {lines[-1]}"


def _options(command: Command, policy: SandboxPolicy) -> Iterator[str]:
    yield from ("--rm", "--pull", "never", "--log-driver", "none")
    yield from ("--network", "host" if policy.network else "none", "--ipc", "private")
    yield from ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
    yield from ("--user", f"{os.geteuid()}:{os.getegid()}")
    if command.cores:
        yield from ("--cpuset-cpus", ",".join(map(str, command.cores)))
    if policy.memory_bytes is not None:  # the same limit with swap means: no swap
        yield from ("--memory", str(policy.memory_bytes), "--memory-swap", str(policy.memory_bytes))
        yield from ("--shm-size", str(policy.memory_bytes))
    if policy.max_processes is not None:
        yield from ("--pids-limit", str(policy.max_processes))
    for device in gpu_devices():  # the driver's libraries come with the system's folders
        yield from ("--device", str(device))
    for folder in sorted({"/tmp", *(os.path.dirname(link) for link in _links(command.env))}):
        yield from ("--tmpfs", f"{folder}:rw,exec,nosuid,nodev,mode=1777")
    yield from _mounts(policy)
    for name, value in command.env.items():
        yield from ("--env", f"{name}={value}")
    yield from ("--workdir", str(command.cwd))


def _mounts(policy: SandboxPolicy) -> Iterator[str]:
    """Each folder once, those around others first: Docker mounts them by depth, whatever their order here."""
    shown = [Path(name) for name in (*SYSTEM_FOLDERS, *SYSTEM_FILES)]
    shown += [*interpreter_paths(policy), *policy.readable]
    masked = {*folders_to_mask((*policy.readable, policy.writable)), *policy.hidden}
    bound: dict[Path, bool] = {}
    for path in sorted({*shown, *masked, policy.writable}, key=lambda path: (len(path.parts), path)):
        if not path.exists():
            continue
        around = next((parent for parent in path.parents if parent in bound), None)
        readable = path not in masked or path in policy.readable
        if path == policy.writable:
            yield from ("--mount", _bind(path, path, writable=True))
        elif not readable and path.is_dir():
            yield from ("--tmpfs", f"{path}:mode=0555,size=64k")
        elif not readable:
            yield from ("--mount", _bind(Path(os.devnull), path))
        elif around is None or not bound[around]:
            yield from ("--mount", _bind(path, path))
        bound[path] = readable


def _bind(source: Path, destination: Path | str, *, writable: bool = False) -> str:
    """The value of ``--mount``, which is a line of CSV."""
    line = io.StringIO()
    fields = ["type=bind", f"src={os.path.realpath(source)}", f"dst={destination}"]
    csv.writer(line, lineterminator="").writerow(fields if writable else [*fields, "readonly"])
    return line.getvalue()


def _links(env: Mapping[str, str]) -> dict[str, str]:
    """The short name of the temporary folder (``environment.temporary_name``), inside as outside."""
    temporary = Path(env.get("TMPDIR", "/tmp"))
    return {str(temporary): str(temporary.readlink())} if temporary.is_symlink() else {}


def _engine_environment(parent: Mapping[str, str]) -> dict[str, str]:
    """For Docker's client alone: where its engine is."""
    return {name: parent[name] for name in _ENGINE_VARIABLES if name in parent}
