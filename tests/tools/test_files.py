"""Files at a desk: inside the workspace and the task's public folder, nowhere else, and never by a detour."""

from __future__ import annotations

import os

import pytest

OUTSIDE = [
    "/etc/passwd",
    "../../secret.txt",
    "a/../../../secret.txt",
    "~/../../secret.txt",
    "input/../../secret.txt",
]


@pytest.fixture
def desk(office):
    (office.attempt / "secret.txt").write_text("the answer is 7")
    (office.attempt.parent / "secret.txt").write_text("the answer is 7")
    (office.attempt.parent / "task" / "secret.txt").write_text("the answer is 7")
    return office


@pytest.mark.parametrize("path", [*OUTSIDE, "planted", "folder/secret.txt", "pipe", "hard"])
def test_nothing_outside_is_read(desk, path):
    (desk.root / "planted").symlink_to(desk.attempt / "secret.txt")
    (desk.root / "folder").symlink_to(desk.attempt)
    os.mkfifo(desk.root / "pipe")
    os.link(desk.attempt / "secret.txt", desk.root / "hard")
    for tool, more in (
        ("read_file", {}),
        ("edit_file", {"old": "7", "new": "8"}),
        ("list_files", {}),
        ("validate", {}),
    ):
        answer = desk.do(tool, path=path, **more)
        assert answer.startswith(("Refused: ", "Error: ")) or "is not valid" in answer, (tool, answer)
        assert "the answer" not in answer
    if path == "hard":
        return  # a second name of a file outside is for the sandbox to prevent
    searched = desk.do("search_files", pattern="answer|root", path=path)
    assert "the answer" not in searched
    assert "root:" not in searched
    asked = desk.do("ask_oracle", question="?", files=path)
    assert asked.startswith("Refused: ")


@pytest.mark.parametrize(
    "path", [*OUTSIDE, "planted", "folder/new.txt", "folder/deep/new.txt", "input/new.txt", "."]
)
def test_nothing_outside_is_written(desk, path):
    (desk.root / "planted").symlink_to(desk.attempt / "secret.txt")
    (desk.root / "folder").symlink_to(desk.attempt)
    desk.do("list_jobs")
    before = sorted(os.listdir(desk.attempt))
    answer = desk.do("write_file", path=path, content="mine")
    assert answer.startswith(("Refused: ", "Error: ")), answer
    assert sorted(os.listdir(desk.attempt)) == before
    assert (desk.attempt / "secret.txt").read_text() == "the answer is 7"
    assert not (desk.session.workspace.public / "new.txt").exists()


def test_nothing_is_run_or_submitted_from_outside(desk):
    (desk.attempt / "outside.py").write_text("print(1)")
    (desk.root / "folder").symlink_to(desk.attempt)
    (desk.root / "link.py").symlink_to(desk.attempt / "outside.py")
    for command, folder in (
        ("python ../outside.py", "."),
        ("python link.py", "."),
        ("python outside.py", "folder"),
        ("python outside.py", ".."),
        ("ls", "input"),
    ):
        for tool in ("run_command", "start_job"):
            assert desk.do(tool, command=command, folder=folder).startswith("Refused: ")
    assert desk.do("submit", folder="folder").startswith("Refused: ")


def test_the_tasks_files_are_read_by_every_name_they_have(desk):
    public = desk.session.workspace.public
    for path in (
        "input/numbers.csv",
        "./input/numbers.csv",
        str(public / "numbers.csv"),
        "x/../input/numbers.csv",
    ):
        assert "id,value" in desk.do("read_file", path=path)
    assert "numbers.csv" in desk.do("list_files", path="input")
    assert "input/numbers.csv:2:1,4" in desk.do("search_files", pattern="^1", path="input")


def test_a_file_is_read_in_windows_of_lines(desk):
    desk.write("long.txt", "".join(f"line {number}\n" for number in range(1, 1001)))
    first = desk.do("read_file", path="long.txt", lines=3)
    assert first.splitlines()[1:] == ["line 1", "line 2", "line 3"]
    assert "first_line=4 reads on" in first
    assert desk.do("read_file", path="long.txt", first_line=999).endswith("line 999\nline 1000")
    assert "has no line 2000" in desk.do("read_file", path="long.txt", first_line=2000)


def test_what_is_no_text_is_said_to_be_none(desk):
    (desk.root / "model.bin").write_bytes(b"PK\0\0" * 100)
    for tool, more in (("read_file", {}), ("edit_file", {"old": "PK", "new": ""})):
        assert "is not text (400 bytes)" in desk.do(tool, path="model.bin", **more)
    assert desk.do("read_file", path="none.txt").startswith("Refused: ")
    assert "is a folder" in desk.do("read_file", path=".")
    (desk.root / "wide.txt").write_text("x" * 10_000)
    assert "characters of this line are left out" in desk.do("read_file", path="wide.txt")


def test_an_edit_replaces_one_exact_piece(desk):
    desk.write("a.py", "one = 1\ntwo = 2\none = 1\n")
    assert "stands 2 times" in desk.do("edit_file", path="a.py", old="one = 1", new="one = 3")
    assert "Line 2 is the nearest" in desk.do("edit_file", path="a.py", old="two =  2", new="two = 3")
    assert "is empty" in desk.do("edit_file", path="a.py", old="", new="x")
    assert (
        desk.do("edit_file", path="a.py", old="two = 2\none", new="two = 3\none") == "Edited a.py at line 2."
    )
    assert (desk.root / "a.py").read_text() == "one = 1\ntwo = 3\none = 1\n"


def test_many_files_are_listed_in_part(desk):
    for number in range(200):
        desk.write(f"images/{number:03d}.png", "")
    listed = desk.do("list_files", path="images")
    assert "059.png" in listed
    assert "060.png" not in listed
    assert "140 more (.png)" in listed


def test_a_search_names_file_and_line_and_never_hangs(desk):
    desk.write("work/train.py", "x = 1\nmodel.fit(x)\n")
    desk.write("work/notes.txt", "fit\n")
    assert "work/train.py:2:model.fit(x)" in desk.do("search_files", pattern=r"\.fit\(", name="*.py")
    assert desk.do("search_files", pattern="nowhere at all") == "Nothing in . matches."
    assert "nmatched" in desk.do("search_files", pattern="(")
