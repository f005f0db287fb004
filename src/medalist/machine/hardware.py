"""What this machine offers a run: cores, memory and GPUs, after every limit a container sets.

Limits come from the scheduler's affinity, cpusets, CPU quotas and memory limits of control groups
(v1 and v2, each group and those above it). The parsing functions take a root folder, so that they
are tested on recorded file trees.
"""

from __future__ import annotations

import hashlib
import math
import os
import platform
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from medalist.machine.gpu import read_gpus

_NO_LIMIT_V1 = 1 << 60  # v1 writes "no limit" as the largest multiple of a page


@dataclass(frozen=True)
class Gpu:
    """One GPU as it is, whatever it is doing."""

    index: int
    name: str
    memory_bytes: int


@dataclass(frozen=True)
class Hardware:
    """What may be used here.

    ``core_ids`` are the cores the process may run on; ``cores`` may be fewer where a quota grants
    less time than that many cores have. ``container`` is "" outside one. ``fingerprint`` is equal on
    machines whose timings may be compared.
    """

    cores: int
    core_ids: tuple[int, ...]
    memory_bytes: int
    gpus: tuple[Gpu, ...]
    platform: str
    container: str
    fingerprint: str

    def share(self, core_ids: Sequence[int]) -> Hardware:
        """The machine as one sees it who was given these of its cores; all of it for none."""
        return replace(self, cores=len(core_ids), core_ids=tuple(core_ids)) if core_ids else self


def read_hardware(root: Path = Path("/"), affinity: Collection[int] | None = None) -> Hardware:
    """The machine as it is now. ``root`` and ``affinity`` stand in for the real ones in tests."""
    allowed = set(affinity) if affinity is not None else os.sched_getaffinity(0)
    core_ids = tuple(sorted(allowed & (cpuset(root) or allowed) or allowed))
    quota = cpu_quota(root)
    cores = len(core_ids) if quota is None else max(1, min(len(core_ids), math.floor(quota + 0.05)))
    limit = memory_limit_bytes(root)
    total = total_memory_bytes(root)
    gpus = tuple(Gpu(each.index, each.name, each.memory_total_bytes) for each in read_gpus())
    found = Hardware(
        cores=cores,
        core_ids=core_ids[:cores],
        memory_bytes=min(total, limit) if limit is not None else total,
        gpus=gpus,
        platform=f"{platform.system()} {platform.machine()}, {processor_name(root)}",
        container=container_name(root),
        fingerprint="",
    )
    return Hardware(**{**vars(found), "fingerprint": _fingerprint(found)})


def control_groups(root: Path) -> dict[str, list[Path]]:
    """For each controller ("" is v2), this process's group folder and those above it, innermost first.

    A container often sees its own group mounted as the root while /proc/self/cgroup names the path
    on the host; the mount point itself is therefore always among them.
    """
    groups: dict[str, list[Path]] = {}
    base = root / "sys/fs/cgroup"
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        for controller in controllers.split(","):
            mount = base / controller if controller else base
            parts = [part for part in path.split("/") if part not in ("", "..")]
            chain = [mount.joinpath(*parts[:depth]) for depth in range(len(parts), -1, -1)]
            groups[controller] = [folder for folder in chain if folder.is_dir()]
    return groups


def cpu_quota(root: Path) -> float | None:
    """Cores' worth of time that the tightest group grants (1.5 say), or None without a quota."""
    groups = control_groups(root)
    quotas = []
    for folder in groups.get("", []):
        quota, _, period = _read(folder / "cpu.max").partition(" ")
        quotas += _ratio(quota, period)
    for folder in groups.get("cpu", []):
        quotas += _ratio(_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us"))
    return min(quotas, default=None)


def cpuset(root: Path) -> set[int] | None:
    """The cores that the innermost group with a cpuset allows, or None where none says."""
    groups = control_groups(root)
    for controller, name in (("", "cpuset.cpus.effective"), ("cpuset", "cpuset.cpus")):
        for folder in groups.get(controller, []):
            if cores := parse_core_list(_read(folder / name)):
                return cores
    return None


def memory_limit_bytes(root: Path) -> int | None:
    """The tightest memory limit of the groups this process is in, or None without one."""
    groups = control_groups(root)
    texts = [_read(folder / "memory.max") for folder in groups.get("", [])]
    texts += [_read(folder / "memory.limit_in_bytes") for folder in groups.get("memory", [])]
    limits = [int(text) for text in texts if text.isdigit()]
    return min((limit for limit in limits if limit < _NO_LIMIT_V1), default=None)


def parse_core_list(text: str) -> set[int]:
    """``"0-2,5"`` as {0, 1, 2, 5}."""
    cores: set[int] = set()
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if first.isdigit():
            cores.update(range(int(first), int(last or first) + 1))
    return cores


def total_memory_bytes(root: Path) -> int:
    """Physical memory in bytes; what sysconf says where /proc does not."""
    for line in _read(root / "proc/meminfo").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def processor_name(root: Path) -> str:
    """The processor's model name, or "" where the kernel gives none."""
    for line in _read(root / "proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return ""


def container_name(root: Path) -> str:
    """The kind of container around this process ("docker", "podman", "kubernetes"), or ""."""
    if (root / "run/.containerenv").exists():
        return "podman"
    groups = _read(root / "proc/self/cgroup")
    if "kubepods" in groups or (root / "var/run/secrets/kubernetes.io").exists():
        return "kubernetes"
    return "docker" if "docker" in groups or (root / ".dockerenv").exists() else ""


def _fingerprint(hardware: Hardware) -> str:
    """Twelve hex digits over what decides a timing: processor, cores, memory in GiB, GPUs."""
    parts = [
        hardware.platform,
        hardware.cores,
        round(hardware.memory_bytes / 2**30),
        *(asdict(gpu)["name"] for gpu in hardware.gpus),
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def _ratio(quota: str, period: str) -> list[float]:
    """Quota over period where both are numbers ("max" and -1 mean no quota)."""
    if not (quota.isdigit() and period.isdigit() and int(period) > 0):
        return []
    return [int(quota) / int(period)]


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
