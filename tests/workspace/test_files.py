"""Files of a workspace are opened for what they are: no link, no pipe, nothing outside."""

import os
from pathlib import Path

import pytest

from medalist.core.errors import JobError, StoreError
from medalist.workspace.files import open_inside, read_inside


@pytest.fixture
def root(tmp_path: Path) -> Path:
    inside = tmp_path / "workspace"
    (inside / "deep" / "er").mkdir(parents=True)
    (inside / "deep" / "er" / "log.txt").write_text("0123456789")
    (tmp_path / "outside.txt").write_text("hidden")
    (inside / "link.txt").symlink_to(tmp_path / "outside.txt")
    (inside / "up").symlink_to(tmp_path)
    os.mkfifo(inside / "pipe")
    return inside


def test_parts_of_a_file(root: Path) -> None:
    name = "deep/er/log.txt"
    assert read_inside(root, name) == b"0123456789"
    assert read_inside(root, name, offset=7) == b"789"
    assert read_inside(root, name, offset=-2) == b"89"
    assert read_inside(root, name, offset=-99, limit=3) == b"012"
    assert read_inside(root, name, offset=99) == b""


@pytest.mark.parametrize("name", ["link.txt", "up/outside.txt", "pipe", "deep", "deep/er", "link.txt/x"])
@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_WRONLY | os.O_CREAT | os.O_TRUNC])
def test_only_plain_files_open(root: Path, name: str, flags: int) -> None:
    with pytest.raises((JobError, StoreError)):
        open_inside(root, name, flags)
    assert (root.parent / "outside.txt").read_text() == "hidden"


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../outside.txt", "deep/../../outside.txt"])
def test_only_paths_inside_count(root: Path, name: str) -> None:
    with pytest.raises(JobError, match="not a path inside"):
        open_inside(root, name, os.O_RDONLY)


def test_what_is_missing_is_missing(root: Path) -> None:
    for name in ("absent.txt", "absent/log.txt"):
        with pytest.raises(FileNotFoundError):
            read_inside(root, name)


def test_no_descriptor_is_left_open(root: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for name in ("deep/er/log.txt", "link.txt", "up/outside.txt", "pipe", "absent/log.txt"):
        try:
            read_inside(root, name)
        except (JobError, FileNotFoundError):
            continue
    assert len(os.listdir("/proc/self/fd")) == before
