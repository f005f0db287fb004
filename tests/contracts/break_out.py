"""Run inside a sandbox by the contract: tries every way we know to read, write, talk or signal outside.

It does not know the secret it looks for. Whatever it gets hold of it prints, so that the secret in
its output, or a trace outside, is a breach. The last line says that every attempt was made.
"""

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

AIMS = json.loads(sys.argv[1])
SECRET = AIMS["secret"]
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, CLONE_NEWUSER, MS_BIND = 0x20000, 0x10000000, 0x1000


def processes() -> Iterator[str]:
    yield from (name for name in os.listdir("/proc") if name.isdigit())


def read(path: str | Path) -> None:
    print(path, Path(path).read_bytes()[:100_000])


def read_by_every_name() -> None:
    relative = os.path.relpath(SECRET)
    for path in (
        SECRET,
        relative,
        f"input/../{AIMS['beside']}",
        f"/proc/self/root{SECRET}",
        f"/proc/1/root{SECRET}",
    ):
        attempt(read, path)


def read_through_planted_links() -> None:
    os.symlink(SECRET, "soft")
    attempt(read, "soft")
    os.symlink(os.path.dirname(SECRET), "folder")
    attempt(read, f"folder/{os.path.basename(SECRET)}")
    os.link(SECRET, "hard")
    read("hard")


def read_through_other_processes() -> None:
    for name in processes():
        for inside in ("environ", "cmdline", f"root{SECRET}", f"cwd/{AIMS['beside']}", "maps"):
            attempt(read, f"/proc/{name}/{inside}")
        attempt(read_descriptors, name)


def read_descriptors(name: str) -> None:
    for descriptor in os.listdir(f"/proc/{name}/fd"):
        path = f"/proc/{name}/fd/{descriptor}"
        if os.path.isfile(path):
            attempt(read, path)
        elif os.path.isdir(path):
            attempt(read, f"{path}/{AIMS['beside']}")


def read_memory_of_the_parent() -> None:
    for pid in (AIMS["parent"], AIMS["canary"]):
        if LIBC.ptrace(16, pid, 0, 0) == 0:  # PTRACE_ATTACH
            breach("attached to a process outside")
        attempt(read, f"/proc/{pid}/mem")


def read_by_other_programs() -> None:
    for command in (
        ["cat", SECRET],
        ["cp", SECRET, "copied"],
        ["grep", "-rs", "hidden", os.path.dirname(SECRET)],
    ):
        print(subprocess.run(command, capture_output=True, check=False).stdout)


def search_the_whole_tree() -> None:
    for top in (
        "/home",
        "/root",
        "/mnt",
        "/srv",
        "/var",
        "/tmp",
        "/run",
        "/work",
        os.path.dirname(AIMS["outside"]),
    ):
        for folder, _, names in os.walk(top):
            for name in names:
                if name == os.path.basename(SECRET) or name.startswith("medalist-secret"):
                    attempt(read, os.path.join(folder, name))


def read_another_attempt() -> None:
    read(AIMS["other_attempt"])


def mount_it_here() -> None:
    os.mkdir("mounted")
    source, target = os.path.dirname(SECRET).encode(), b"mounted"
    for flags in (0, CLONE_NEWUSER | CLONE_NEWNS):
        if flags and os.fork():
            os.wait()
            return
        if flags:
            LIBC.unshare(flags)
        if LIBC.mount(source, target, None, MS_BIND, None) == 0:
            attempt(read, f"mounted/{os.path.basename(SECRET)}")
        if flags:
            os._exit(0)


def climb_out_of_a_chroot() -> None:
    if os.fork():
        os.wait()
        return
    os.makedirs("cage", exist_ok=True)
    folder = os.open(".", os.O_RDONLY)
    attempt(os.chroot, "cage")
    os.fchdir(folder)
    for _ in range(40):
        os.chdir("..")
    attempt(os.chroot, ".")
    attempt(read, SECRET)
    os._exit(0)


def join_other_namespaces() -> None:
    for name in processes():
        for kind in ("mnt", "user", "net", "pid"):
            try:
                descriptor = os.open(f"/proc/{name}/ns/{kind}", os.O_RDONLY)
            except OSError:
                continue
            LIBC.setns(descriptor, 0)
            os.close(descriptor)
    attempt(read, SECRET)
    attempt(os.chdir, AIMS["workspace"])


def read_raw_devices() -> None:
    for device in ("/dev/mem", "/dev/kmem", "/proc/kcore", "/dev/sda", "/dev/vda", "/dev/nvme0n1"):
        if os.path.exists(device):
            with open(device, "rb") as file:
                file.read(16)
                breach(f"read {device}")
    os.mknod("disk", 0o60600, os.makedev(254, 0))
    breach("made a device")


def write_outside() -> None:
    folders = [AIMS["outside"], "input", os.path.dirname(SECRET), AIMS["package"], AIMS["submission"]]
    folders += [
        os.path.dirname(os.__file__),
        "/etc",
        "/usr/local/bin",
        "/var/tmp",
        os.path.dirname(AIMS["workspace"]),
    ]
    for folder in folders:
        attempt(Path(folder, "medalist-was-here").write_text, "x")
    attempt(Path(AIMS["public_file"]).write_text, "changed")
    attempt(os.truncate, SECRET, 0)
    attempt(os.unlink, SECRET)
    attempt(os.rename, AIMS["outside"], AIMS["outside"] + "-moved")
    attempt(os.chmod, SECRET, 0o777)
    attempt(shutil.rmtree, AIMS["outside"])


def write_to_the_kernel() -> None:
    switches = [
        "/sys/fs/cgroup/memory/cgroup.procs",
        "/sys/fs/cgroup/pids/cgroup.procs",
        "/sys/fs/cgroup/cgroup.procs",
    ]
    switches += [f"/proc/{pid}/oom_score_adj" for pid in (AIMS["parent"], AIMS["canary"])]
    for top in os.listdir("/proc"):
        if top.isdigit() or os.path.islink(f"/proc/{top}") or top == "thread-self":
            continue
        switches.append(f"/proc/{top}")
        for folder, _, names in os.walk(f"/proc/{top}"):
            switches += [os.path.join(folder, name) for name in names]
    for switch in switches:
        try:
            os.close(os.open(switch, os.O_WRONLY | os.O_NONBLOCK))
            breach(f"opened {switch} for writing")
        except OSError:
            continue


def talk_to_the_host() -> None:
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        attempt(connect, family, (address, AIMS["port"]))
    attempt(connect, socket.AF_UNIX, b"\0" + AIMS["abstract_socket"].encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.sendto(b"medalist-was-here", ("127.0.0.1", AIMS["port"]))


def connect(family: int, address: object) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as stream:
        stream.settimeout(2)
        stream.connect(address)
        stream.sendall(b"medalist-was-here")
        print("connected", stream.recv(100))


def signal_outside() -> None:
    os.kill(AIMS["canary"], signal.SIGTERM)
    os.kill(AIMS["canary"], signal.SIGKILL)


def breach(what: str) -> None:
    print("BREACH:", what)


def attempt(act: Callable, *arguments: object) -> None:
    try:
        act(*arguments)
    except (OSError, subprocess.SubprocessError, ValueError, MemoryError) as error:
        print("   ", act.__name__, type(error).__name__)


if __name__ == "__main__":
    print(dict(os.environ))
    for act in (
        read_by_every_name,
        read_through_planted_links,
        read_through_other_processes,
        read_memory_of_the_parent,
        read_by_other_programs,
        search_the_whole_tree,
        read_another_attempt,
        mount_it_here,
        climb_out_of_a_chroot,
        join_other_namespaces,
        read_raw_devices,
        write_outside,
        write_to_the_kernel,
        talk_to_the_host,
        signal_outside,
    ):
        print(act.__name__, flush=True)
        attempt(act)
    print("every attempt was made")
