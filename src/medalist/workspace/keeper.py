"""The process above each job: it sees the job out, and everything the job started with it.

Runs on the engineer's side of the sandbox, by path and without site-packages, so it holds to the
standard library. Being a subreaper, it inherits daemons that fork twice to get away, and kills
them when the job ends. It dies with its parent, and takes the job along.

    python -I -S keeper.py SETTINGS COMMAND...      SETTINGS is a JSON object, see ``main``
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import resource
import select
import signal
import sys
from types import FrameType
from typing import NoReturn

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_F_SETSIG = 10  # not among fcntl's names before Python 3.14

LIFELINE = "MEDALIST_LIFELINE"
"""The variable that names the reading end of a pipe whose other end Medalist holds for as long as it lives."""


def keep(child: int) -> tuple[int, resource.struct_rusage]:
    """Wait for ``child``, then kill what it left behind; its return code (negative: signal) and usage.

    The caller must have called ``adopt_orphans`` before it forked ``child``.
    """
    while True:
        pid, status, usage = os.wait4(-1, 0)
        if pid == child:
            break
    kill_leftovers()
    return os.waitstatus_to_exitcode(status), usage


def adopt_orphans() -> None:
    """From now on, descendants whose parent dies become this process's children."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent: int, signal_number: int) -> None:
    """Be sent ``signal_number`` when ``parent``'s thread that forked this process ends."""
    _prctl(_PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent:  # it ended before the call
        os.kill(os.getpid(), signal_number)


def die_with_holder(lifeline: int, signal_number: int) -> None:
    """Be sent ``signal_number`` when nobody holds the other end of the pipe ``lifeline`` any more.

    For a keeper whose parent is not Medalist: PR_SET_PDEATHSIG speaks of the parent alone, and says
    nothing of a grandparent that was killed while the parent was still coming up.
    """
    os.set_inheritable(lifeline, False)
    fcntl.fcntl(lifeline, _F_SETSIG, signal_number)
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([lifeline], [], [], 0)[0]:  # it was let go before this was set up
        os.kill(os.getpid(), signal_number)


def kill_leftovers() -> None:
    """Kill and reap every descendant; those that fork meanwhile come back as children and go too."""
    while True:
        for pid in _children():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> list[int]:
    children = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                text = file.read()
        except OSError:
            continue
        if int(text[text.rindex(b")") + 2 :].split()[1]) == os.getpid():
            children.append(int(name))
    return children


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl failed")


def _on_parent_death(number: int, frame: FrameType | None) -> NoReturn:
    kill_leftovers()
    os._exit(128 + signal.SIGKILL)


def limit_resources(open_files: int = 4096) -> None:
    """No core dumps, and as many open files as data loaders with many workers need."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard >= open_files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, hard))


def main(arguments: list[str]) -> int:
    """Keep the command in ``arguments[1:]`` under the settings in ``arguments[0]``.

    Settings: ``parent`` (pid to die with, null inside a PID namespace), ``cores`` (ids to run on,
    empty: all), ``confinement`` (for ``workspace/confine.py``, or null). Beside its parent it dies with
    whoever holds the other end of LIFELINE's pipe, wherever it was given one: everywhere but in Docker.
    """
    settings = json.loads(arguments[0])
    adopt_orphans()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # sent to the whole tree; the job's own answer counts
    signal.signal(signal.SIGUSR1, _on_parent_death)
    if settings["parent"]:
        die_with_parent(settings["parent"], signal.SIGUSR1)
    lifeline = os.environ.pop(LIFELINE, "")
    if lifeline:
        die_with_holder(int(lifeline), signal.SIGUSR1)
    child = os.fork()
    if child == 0:
        _become(arguments[1:], settings)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)  # a pipe to the parent ends when the job closes it, not the keeper
    code, _ = keep(child)
    if code < 0:
        return 128 - code
    return code


def _become(command: list[str], settings: dict) -> NoReturn:
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    os.setsid()
    limit_resources()
    if settings["cores"]:
        os.sched_setaffinity(0, settings["cores"])
    if settings["confinement"]:
        sys.path.append(os.path.dirname(os.path.abspath(__file__)))
        import confine  # pyright: ignore[reportMissingImports]  # beside this file, which runs by path

        confine.confine(settings["confinement"])
    try:
        os.execvpe(command[0], command, os.environ)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(127)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
