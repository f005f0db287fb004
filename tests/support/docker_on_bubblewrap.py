"""A stand-in for Docker's client and engine: a real executable that does with bubblewrap what it is asked for.

Like Docker's, its containers outlive who asked for them: nothing here ends them but their own first process.
Answers ``image inspect`` and ``run`` as Docker does as far as Medalist asks, and refuses an option that it does not
know. What it was called with is appended as JSON lines to the file in DOCKER_CONFIG, where Docker keeps its settings;
a file ``says`` beside that is said as an error instead. Limits on memory, processes and cores it only records.
"""

import csv
import json
import os
import sys
from collections.abc import MutableMapping
from pathlib import Path

IGNORED = {"--rm", "--pull", "--log-driver", "--ipc", "--security-opt", "--cap-drop", "--user", "--name"}
RECORDED = {"--cpuset-cpus", "--memory", "--memory-swap", "--shm-size", "--pids-limit", "--device"}
FLAGS = {"--rm", "--read-only"}


def install(folder: Path, environment: MutableMapping[str, str]) -> Path:
    """Put it first on the PATH of ``environment``, as ``docker``; returns the file that its calls are recorded in."""
    folder.mkdir(parents=True, exist_ok=True)
    client = folder / "docker"
    client.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {os.path.abspath(__file__)} "$@"\n')
    client.chmod(0o755)
    environment["PATH"] = os.pathsep.join([str(folder), environment["PATH"]])
    environment["DOCKER_CONFIG"] = str(folder)
    return folder / "calls.jsonl"


def main(arguments: list[str]) -> None:
    settings = Path(os.environ["DOCKER_CONFIG"])
    with (settings / "calls.jsonl").open("a") as record:
        record.write(json.dumps(arguments) + "\n")
    if (settings / "says").exists():
        sys.exit((settings / "says").read_text())
    if arguments[0] == "image":
        print("sha256:0")
    elif arguments[0] == "run":
        run(arguments[1:])


def run(arguments: list[str]) -> None:
    """Become the container."""
    mounts: dict[str, list[str]] = {}
    options = ["--unshare-all", "--new-session", "--as-pid-1", "--clearenv"]
    options += ["--proc", "/proc", "--dev", "/dev", "--ro-bind", "/sys", "/sys", "--cap-drop", "ALL"]
    waiting = iter(arguments)
    for name in waiting:
        if not name.startswith("--"):
            break
        value = "" if name in FLAGS else next(waiting)
        if name == "--mount":
            fields = next(csv.reader([value]))
            named = dict(field.split("=", 1) for field in fields if "=" in field)
            kind = "--ro-bind" if "readonly" in fields else "--bind"
            mounts[named["dst"]] = [kind, named["src"], named["dst"]]
        elif name == "--tmpfs":
            folder = value.split(":")[0]
            mounts[folder] = ["--tmpfs", folder]
        elif name == "--env":
            options += ["--setenv", *value.split("=", 1)]
        elif name == "--workdir":
            mounts["chdir"] = ["--chdir", value]
        elif name == "--network":
            options += ["--share-net"] if value == "host" else []
        elif name not in IGNORED | RECORDED | FLAGS:
            sys.exit(f"unknown flag: {name}")
    for folder in sorted(mounts, key=lambda folder: folder.count("/") if folder != "chdir" else 99):
        options += mounts[folder]
    for switch in ("acpi", "bus", "fs", "irq", "mtrr", "pressure", "sys", "sysrq-trigger"):
        if os.path.exists(f"/proc/{switch}"):
            options += ["--ro-bind", f"/proc/{switch}", f"/proc/{switch}"]
    os.execvp("bwrap", ["bwrap", *options, *waiting])


if __name__ == "__main__":
    main(sys.argv[1:])
