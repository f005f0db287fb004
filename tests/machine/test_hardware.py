"""Hardware is what a container leaves of the machine: recorded file trees of both control group versions."""

from pathlib import Path

import pytest

from medalist.machine.hardware import (
    cpu_quota,
    cpuset,
    memory_limit_bytes,
    parse_core_list,
    read_hardware,
    total_memory_bytes,
)

V1_NO_LIMIT = "9223372036854771712\n"


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def machine(root: Path, files: dict[str, str]) -> Path:
    common = {
        "proc/meminfo": "MemTotal:       65536000 kB\nMemFree: 1 kB\n",
        "proc/cpuinfo": "processor : 0\nmodel name\t: AMD EPYC 9354\n",
    }
    return tree(root, common | files)


def test_docker_with_version_2_shows_its_own_group_as_the_root(tmp_path: Path) -> None:
    root = machine(
        tmp_path,
        {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/cpu.max": "150000 100000\n",
            "sys/fs/cgroup/memory.max": "4294967296\n",
            "sys/fs/cgroup/cpuset.cpus.effective": "0-3\n",
            ".dockerenv": "",
        },
    )
    found = read_hardware(root, affinity=range(16))
    assert found.core_ids == (0,)  # one and a half cores' time is not two cores
    assert found.cores == 1
    assert found.memory_bytes == 4 << 30
    assert found.container == "docker"
    assert "EPYC" in found.platform


def test_docker_with_version_1_names_a_path_that_is_not_mounted(tmp_path: Path) -> None:
    root = machine(
        tmp_path,
        {
            "proc/self/cgroup": "4:cpu,cpuacct:/docker/abc\n3:memory:/docker/abc\n2:cpuset:/docker/abc\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "400000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "8589934592\n",
            "sys/fs/cgroup/cpuset/cpuset.cpus": "4-7,12\n",
        },
    )
    found = read_hardware(root, affinity=range(16))
    assert found.core_ids == (4, 5, 6, 7)
    assert found.memory_bytes == 8 << 30


def test_the_tightest_of_nested_groups_counts(tmp_path: Path) -> None:
    root = machine(
        tmp_path,
        {
            "proc/self/cgroup": "0::/user.slice/job\n",
            "sys/fs/cgroup/user.slice/memory.max": "1073741824\n",
            "sys/fs/cgroup/user.slice/job/memory.max": "max\n",
            "sys/fs/cgroup/user.slice/cpu.max": "200000 100000\n",
            "sys/fs/cgroup/user.slice/job/cpu.max": "max 100000\n",
        },
    )
    assert memory_limit_bytes(root) == 1 << 30
    assert cpu_quota(root) == 2.0


def test_a_bare_machine_has_what_it_has(tmp_path: Path) -> None:
    root = machine(
        tmp_path,
        {
            "proc/self/cgroup": "3:memory:/\n2:cpu:/\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": V1_NO_LIMIT,
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        },
    )
    found = read_hardware(root, affinity=range(8))
    assert (found.cores, found.container) == (8, "")
    assert found.memory_bytes == 65536000 * 1024 == total_memory_bytes(root)
    assert (cpu_quota(root), cpuset(root), memory_limit_bytes(root)) == (None, None, None)


def test_affinity_narrows_the_cpuset(tmp_path: Path) -> None:
    root = machine(tmp_path, {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpuset.cpus.effective": "0-3\n"})
    assert read_hardware(root, affinity={2, 3, 9}).core_ids == (2, 3)


def test_fingerprints_differ_when_timings_would(tmp_path: Path) -> None:
    root = machine(tmp_path, {})
    same, fewer = read_hardware(root, affinity=range(8)), read_hardware(root, affinity=range(4))
    assert same.fingerprint == read_hardware(root, affinity=range(8)).fingerprint
    assert same.fingerprint != fewer.fingerprint


@pytest.mark.parametrize(
    ("text", "cores"),
    [("0-2,5", {0, 1, 2, 5}), ("7", {7}), ("", set()), ("0-1, 3-4\n".strip(), {0, 1, 3, 4})],
)
def test_core_lists(text: str, cores: set[int]) -> None:
    assert parse_core_list(text) == cores


def test_this_machine_can_be_read() -> None:
    found = read_hardware()
    assert 1 <= found.cores == len(found.core_ids)
    assert found.memory_bytes > 1 << 28
