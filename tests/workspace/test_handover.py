"""What the parent takes out of a workspace is a copy of plain files, and never what a link points at."""

import os
from pathlib import Path

import pytest

from medalist.core.errors import StoreError, SubmissionInvalid
from medalist.workspace.handover import read_inside, take_file, take_tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    inside = tmp_path / "workspace"
    (inside / "c01" / "artifacts").mkdir(parents=True)
    (inside / "c01" / "submission.csv").write_text("id,target\n1,0\n")
    (inside / "c01" / "artifacts" / "model.bin").write_text("weights")
    (tmp_path / "answers.csv").write_text("hidden")
    (inside / "c01" / "soft.csv").symlink_to(tmp_path / "answers.csv")
    (inside / "c01" / "hard.csv").hardlink_to(tmp_path / "answers.csv")
    (inside / "c01" / "up").symlink_to(tmp_path)
    return inside


def test_a_plain_file_is_copied(root: Path, tmp_path: Path) -> None:
    copy = take_file(root, "c01/submission.csv", tmp_path / "out" / "submission.csv")
    assert copy.read_text() == "id,target\n1,0\n" == read_inside(root, Path("c01") / "submission.csv")


@pytest.mark.parametrize(
    "trap",
    [
        "c01/soft.csv",
        "c01/hard.csv",
        "c01/up/answers.csv",
        "../answers.csv",
        "c01/absent.csv",
        "c01/artifacts",
    ],
)
def test_a_trap_is_refused(root: Path, tmp_path: Path, trap: str) -> None:
    with pytest.raises(SubmissionInvalid):
        take_file(root, trap, tmp_path / "copy.csv")
    assert not (tmp_path / "copy.csv").exists()


def test_a_pipe_does_not_hold_the_parent_up(root: Path, tmp_path: Path) -> None:
    os.mkfifo(root / "pipe.csv")
    with pytest.raises(SubmissionInvalid):
        take_file(root, "pipe.csv", tmp_path / "copy.csv")


def test_a_copy_that_cannot_be_written_is_not_the_submissions_fault(root: Path) -> None:
    with pytest.raises(StoreError):
        take_file(root, "c01/submission.csv", Path("/proc/nowhere/submission.csv"))


def test_a_tree_is_taken_without_its_links(root: Path, tmp_path: Path) -> None:
    os.mkfifo(root / "c01" / "pipe")
    assert take_tree(root, "c01", tmp_path / "out") == 2
    assert sorted(path.name for path in (tmp_path / "out").rglob("*") if path.is_file()) == [
        "model.bin",
        "submission.csv",
    ]
