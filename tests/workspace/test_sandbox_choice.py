"""The sandbox is chosen by what a probe finds; what was found is remembered while it holds."""

import json
from pathlib import Path

import pytest

from medalist.core.errors import SandboxUnavailable, UsageError
from medalist.workspace.bubblewrap import BubblewrapSandbox
from medalist.workspace.landlock import LandlockSandbox
from medalist.workspace.plain import PlainSandbox
from medalist.workspace.policy import Command, SandboxPolicy, Wrapped
from medalist.workspace.probe import PROMISES, probe
from medalist.workspace.sandbox import SANDBOXES, choose_sandbox


class Boastful(PlainSandbox):
    """Says that it isolates, and does not."""

    name = "boastful"
    isolation = "walls of paper"


class Broken(PlainSandbox):
    """Starts nothing."""

    name = "broken"
    isolation = "total"

    def wrap(self, command: Command, policy: SandboxPolicy) -> Wrapped:
        return Wrapped(("/bin/false",), command.env)


class Absent(PlainSandbox):
    name = "absent"
    isolation = "perfect"

    def missing(self) -> str:
        return "absent is not installed"


class Unasked(PlainSandbox):
    """Fails a test that probes it."""

    def wrap(self, command: Command, policy: SandboxPolicy) -> Wrapped:
        raise AssertionError("probed again")


def test_the_strongest_that_holds_is_taken() -> None:
    sandbox, report = choose_sandbox()
    assert report.holds
    reports = [probe(each) for each in SANDBOXES]
    assert sandbox.name == next(each.name for each in reports if each.holds)
    assert (report.warning == "") == (report.isolation != "none")


def test_a_sandbox_that_only_boasts_is_found_out() -> None:
    report = probe(Boastful())
    assert report.runs
    assert not report.holds
    assert (
        {"network", "write_outside", "hidden_files", "signal_parent"} <= set(report.breaches) <= set(PROMISES)
    )


def test_plain_is_the_last_resort_and_loud() -> None:
    sandbox, report = choose_sandbox(sandboxes=[Absent(), Broken(), Boastful(), PlainSandbox()])
    assert sandbox.name == "plain"
    for word in (
        "NO SANDBOX",
        "absent is not installed",
        "broken does not start",
        "boastful",
        "apt-get install bubblewrap",
    ):
        assert word in report.warning


@pytest.mark.parametrize("sandbox", [Absent(), Broken(), Boastful()])
def test_one_asked_for_by_name_must_hold(sandbox: PlainSandbox) -> None:
    with pytest.raises(SandboxUnavailable) as raised:
        choose_sandbox(sandbox.name, sandboxes=[sandbox])
    assert "apt-get install bubblewrap" in raised.value.next_step


def test_names_that_do_not_exist_are_answered_with_those_that_do() -> None:
    with pytest.raises(UsageError, match="bubblewrap, landlock, plain"):
        choose_sandbox("docker-in-docker")


def test_reports_are_remembered_until_something_changes(tmp_path: Path) -> None:
    cache = tmp_path / "state" / "sandbox.json"
    _, first = choose_sandbox("plain", cache=cache, sandboxes=[PlainSandbox()])
    _, second = choose_sandbox("plain", cache=cache, sandboxes=[Unasked()])
    assert second == first
    content = json.loads(cache.read_text())
    content["versions"]["kernel"] = "another"
    cache.write_text(json.dumps(content))
    with pytest.raises(AssertionError, match="probed again"):
        choose_sandbox("plain", cache=cache, sandboxes=[Unasked()])


@pytest.mark.parametrize("content", ["", "{", "[]", '{"versions": 3}', '{"reports": {}}', "\x00\xff"])
def test_a_spoilt_memory_is_no_harm(tmp_path: Path, content: str) -> None:
    cache = tmp_path / "sandbox.json"
    cache.write_text(content)
    assert choose_sandbox("plain", cache=cache)[1].runs
    assert "plain" in json.loads(cache.read_text())["reports"]


def test_a_memory_that_cannot_be_written_is_no_harm() -> None:
    assert choose_sandbox("plain", cache=Path("/proc/nowhere/sandbox.json"))[1].runs


def system_competition() -> tuple[Path, Path]:
    """Some folder deep in /usr that every machine has, as if it were a public one, and one beside it."""
    parent = next(
        path for path in sorted(Path("/usr/lib").iterdir()) if path.is_dir() and len(list(path.iterdir())) > 1
    )
    public, private = sorted(parent.iterdir())[:2]
    return public, private


def test_a_competition_among_system_folders_has_its_surroundings_hidden() -> None:
    public, private = system_competition()
    policy = SandboxPolicy(Path("/w"), readable=(public,))
    command = Command(("true",), {}, Path("/w"))
    mounts = BubblewrapSandbox().wrap(command, policy).argv
    hidden = mounts.index(str(public.parent))
    assert mounts[hidden - 1] == "--tmpfs"
    assert mounts.index("/usr") < hidden < mounts.index(str(public))
    settings = json.loads(LandlockSandbox().wrap(command, policy).argv[4])
    readable = [Path(path) for path in settings["confinement"]["readable"]]
    assert public in readable
    assert not any(private.is_relative_to(path) for path in readable)
    assert Path("/usr/bin") in readable
