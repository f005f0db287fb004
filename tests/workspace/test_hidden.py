"""What a policy hides cannot be read, though it lies below what can; built-in tasks' oracles are hidden from engineers."""

import sys
from pathlib import Path

import pytest

import medalist
from medalist.core.errors import SandboxUnavailable
from medalist.workspace.environment import child_environment
from medalist.workspace.policy import Command, SandboxPolicy
from medalist.workspace.process import Child
from medalist.workspace.sandbox import SANDBOXES, choose_sandbox

PACKAGE = Path(medalist.__file__).parent
READ = """
import sys
from pathlib import Path
for path in map(Path, sys.argv[1:]):
    try:
        found = path.read_bytes() if path.suffix else "\\n".join(sorted(each.name for each in path.iterdir())).encode()
    except OSError:
        found = b""
    print(len(found))
"""


@pytest.fixture(params=[sandbox.name for sandbox in SANDBOXES if sandbox.isolation != "none"])
def sandbox(request):
    try:
        return choose_sandbox(request.param)[0]
    except SandboxUnavailable as error:
        pytest.skip(error.what)


def sizes(sandbox, folder, policy, *paths):
    command = Command(
        (sys.executable, "-I", "-c", READ, *map(str, paths)), child_environment(folder, 1), folder
    )
    with (folder / "said").open("wb") as said:
        child = Child(sandbox.wrap(command, policy), cwd=folder, stdout=said)
        assert child.wait(60)
    return [int(line) for line in (folder / "said").read_text().split()]


def test_a_hidden_folder_and_a_hidden_file_hold_nothing_and_their_neighbours_do(sandbox, tmp_path):
    folder = tmp_path / "work"
    (folder / ".tmp").mkdir(parents=True)
    policy = SandboxPolicy(folder, hidden=(PACKAGE / "families", PACKAGE / "core" / "errors.py"))
    hidden = [PACKAGE / "families" / "speedup" / "family.py", PACKAGE / "core" / "errors.py"]
    shown = [PACKAGE / "core" / "task.py", PACKAGE / "workspace" / "keeper.py"]
    found = sizes(sandbox, folder, policy, *hidden, *shown)
    assert found[:2] == [0, 0]
    assert all(found[2:])


def test_an_engineer_cannot_read_what_built_in_tasks_keep_for_their_judge(open_workspace):
    from medalist.workspace.jobs import JobSpec

    workspace = open_workspace()
    if workspace.sandbox.isolation == "none":
        pytest.skip("there is no sandbox here")
    oracle = PACKAGE / "families" / "speedup" / "tasks" / "complex" / "oracle.py"
    assert oracle.is_file()
    (workspace.root / "read.py").write_text(READ)
    job = workspace.jobs.start(JobSpec(("read.py", str(oracle), str(PACKAGE / "core" / "task.py")), name="r"))
    assert job.wait(60) == 0
    peeked, control = map(int, job.tail().split())
    assert peeked == 0
    assert control > 0
