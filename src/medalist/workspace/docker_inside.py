"""The first process of a container: takes the job's descriptors from outside, starts its keeper, tells how it ended.

The connection to ``docker_outside.py`` is the container's lifeline: when it closes, this process ends, and the kernel
ends all others of its PID namespace. Runs by path and without site-packages, so it holds to the standard library.

    python -I -S docker_inside.py SETTINGS COMMAND...      SETTINGS is a JSON object, see ``main``
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
from typing import NoReturn


def main(arguments: list[str]) -> int:
    """Settings: ``door`` (the socket to the outside), ``links`` (symbolic links to make: name to target)."""
    settings = json.loads(arguments[0])
    outside = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    outside.connect(settings["door"])
    said, descriptors, _, _ = socket.recv_fds(outside, 16, 3)
    if not said:
        return 128 + signal.SIGKILL
    for name, target in settings["links"].items():
        os.symlink(target, name)
    child = os.fork()
    if child == 0:
        _become(arguments[1:], descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    ended = os.pidfd_open(child)
    if outside in select.select([outside, ended], [], [])[0]:
        os._exit(128 + signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    end = {
        "returncode": code if code >= 0 else 128 - code,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "max_rss_bytes": usage.ru_maxrss * 1024,
    }
    outside.sendall(json.dumps(end).encode())
    return int(end["returncode"])


def _become(command: list[str], descriptors: list[int]) -> NoReturn:
    for standard, descriptor in enumerate(descriptors):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    os.execve(command[0], command, os.environ)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
