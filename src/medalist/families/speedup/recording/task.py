"""``record_task``: a task folder out of a user's own slow script, which is run in the sandbox and never touched.

    1  the script and what lies beside it are copied, and the copy runs once with every function watched
    2  what is put before the judge is chosen (``choice``), and the script laid out as a program (``layout``)
    3  the program runs again, twice on what was recorded and then on fresh inputs (``checking``)
    4  the folder is written: contract.toml, CONTRACT.md, program.py, inputs.py, recorded.npz, and recording.json

There is no oracle: the slow program is what a candidate is compared with.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medalist.core.errors import InputError, MedalistError, StoreError
from medalist.families.speedup.recording.carrying import modules_beside, names_of, with_modules
from medalist.families.speedup.recording.choice import Choice, choose
from medalist.families.speedup.recording.contract_text import ENTRY, contract_md, contract_toml, fence
from medalist.families.speedup.recording.layout import Layout, lay_out
from medalist.families.speedup.recording.room import Limits, Room, Tell

RECORDING_FILE = "recording.json"
"""Beside the contract: what was recorded of which script."""

TARGET = 2.0
"""How many times as fast the contract of a script asks for, unless a person says."""

_DRAWS = Path(__file__).with_name("draws.py")
_MODULE = "medalist.families.speedup.recording"
_BY_HAND = "Run it by hand first: it must end by itself, with exit status 0."
_ADVICE = {
    "EOFError": "It asks for input: give it as arguments instead.",
    "ModuleNotFoundError": "Install the missing package into the environment that Medalist runs in.",
    "FileNotFoundError": "Put the files it reads beside the script: it sees nothing else of this machine.",
    "PermissionError": "Put the files it reads and writes beside the script: it sees nothing else of this machine.",
    "ConnectionError": "It runs without a network: keep what it downloads beside the script.",
    "URLError": "It runs without a network: keep what it downloads beside the script.",
}


@dataclass(frozen=True)
class Found:
    """A choice that was tried: what ``checking`` says of it, and where its recorded data lies."""

    choice: Choice
    check: dict[str, Any]
    recorded: Path

    @property
    def level(self) -> int:
        """How far fresh inputs go (``recording.draws``)."""
        return self.check["level"]

    @property
    def call(self) -> dict[str, Any]:
        """The final plan: without what is not the same twice."""
        quiet = {"quiet": self.check["quiet"]} if self.choice.is_whole else {}
        return {**self.choice.call, **quiet, "dropped": self.check["unstable"]}


@dataclass(frozen=True)
class Recorded:
    """One run of a script: the watch's report, what it printed, its arguments, and the modules beside it."""

    script: Path
    text: str
    layout: Layout
    modules: Mapping[str, str]
    arguments: tuple[str, ...]
    report: dict[str, Any]
    printed: str

    def program(self, call: Mapping[str, Any]) -> str:
        """The program that a judge can call by this plan."""
        return with_modules(self.layout.returning(call.get("variables", ())), self.modules) + fence(call)


def record_task(
    script: Path,
    folder: Path,
    *,
    arguments: Sequence[str] = (),
    target: float = TARGET,
    limits: Limits | None = None,
    tell: Tell = lambda text: None,
) -> Path:
    """Record ``script`` (called with ``arguments``) and write the task into ``folder``, which is returned.

    ``target`` is how many times as fast the contract asks for; ``tell`` hears of the progress. Raises InputError for a
    script that cannot be recorded, with the reason in a sentence, and StoreError when the folder cannot be written.
    """
    text = _read(script)
    layout = lay_out(text)
    with tempfile.TemporaryDirectory(prefix="medalist-recording-") as scratch:
        root = Path(scratch).resolve()
        room = Room(root, script, limits or Limits(), tell)
        report, printed = _watch(room, script, arguments, tell)
        recorded = Recorded(script, text, layout, modules_beside(script), tuple(arguments), report, printed)
        choices = choose(report, printed, layout, script.name, arguments)
        found = _first_that_can_be_drawn(room, root, recorded, choices, tell)
        try:
            _write(folder, recorded, found, target)
        except OSError as error:
            raise StoreError(
                f"The task cannot be written: {error.strerror or error}.", where=str(folder)
            ) from error
    return folder


def _read(script: Path) -> str:
    try:
        return script.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not text in UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise InputError(f"The script cannot be read: {reason}.", where=str(script)) from error


def watching(
    folder: str, script: str, out: str, arguments: Sequence[str], *, stretched: bool = False
) -> tuple[str, ...]:
    """The command that runs a script under watch; ``stretched`` by clocks that run too fast."""
    return (
        "-m",
        f"{_MODULE}.watching",
        f"{folder}/{script}",
        out,
        "stretched" if stretched else "plain",
        *arguments,
    )


def _watch(room: Room, script: Path, arguments: Sequence[str], tell: Tell) -> tuple[dict[str, Any], str]:
    """Run the script once under watch; its report and what it printed."""
    room.run(watching("script", script.name, "out", arguments), f"Recording {script.name}")
    report = json.loads(room.read("out/report.json"))
    if report["error"]:
        raise InputError(
            f"The script fails when it is run: {report['error']}",
            where=str(script),
            next_step=_ADVICE.get(report.get("error_kind", ""), _BY_HAND),
        )
    tell(f"{script.name} takes {report['seconds']:.3g} s of CPU time besides its imports.")
    return report, room.read("out/printed.txt")


def _first_that_can_be_drawn(
    room: Room, root: Path, recorded: Recorded, choices: Sequence[Choice], tell: Tell
) -> Found:
    """The first choice that runs on fresh inputs; else the first that runs at all. Raises what the last one raised."""
    found: Found | None = None
    failure: MedalistError | None = None
    for number, choice in enumerate(choices):
        try:
            tried = _try(room, root, number, recorded, choice)
        except MedalistError as error:
            tell(error.what)
            failure = error
            continue
        if tried.level > 0:
            return tried
        found = found or tried
    if found is None:
        assert failure is not None
        raise failure
    return found


def _try(room: Room, root: Path, number: int, recorded: Recorded, choice: Choice) -> Found:
    """See whether a choice gives the same answers twice, and on which inputs. Raises InputError."""
    if choice.is_whole:
        folder = room.copy_script(f"check{number}/script").parent
    else:
        folder = room.work / f"check{number}"
        folder.mkdir()
        shutil.copyfile(room.work / "out" / choice.source, folder / "source.npz")
    (folder / "program.py").write_text(recorded.program(choice.call), encoding="utf-8")
    shutil.copyfile(_DRAWS, folder / "inputs.py")
    source = "script" if choice.is_whole else "source.npz"
    plan = {"entry": ENTRY, "call": choice.call, "seeds": choice.seeds, "source": source}
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    title = f"Trying {recorded.script.name} {'as a whole' if choice.is_whole else choice.call['name']} on fresh inputs"
    room.run(("-m", f"{_MODULE}.checking", folder.name), title)
    check = json.loads(room.read(f"{folder.name}/check.json"))
    if not check["tolerances"]:
        raise InputError(
            "What the script computes is not the same from run to run.",
            where=str(recorded.script),
            next_step="Have it set its seeds, and compute nothing from clocks or from other processes.",
        )
    return Found(choice, check, room.take(f"{folder.name}/recorded.npz", root / f"recorded{number}.npz"))


def _write(folder: Path, recorded: Recorded, found: Found, target: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "program.py").write_text(recorded.program(found.call), encoding="utf-8")
    shutil.copyfile(_DRAWS, folder / "inputs.py")
    shutil.copyfile(found.recorded, folder / "recorded.npz")
    about = {
        "script": recorded.script.name,
        "text": recorded.text,
        "arguments": recorded.arguments,
        "printed": recorded.printed,
        "whole": recorded.layout.whole,
        "call": found.call,
        "quiet": found.check["quiet"],
        "level": found.level,
        "share": found.choice.share,
        "seconds": recorded.report["seconds"],
        "left_alone": found.choice.left_alone,
    }
    (folder / RECORDING_FILE).write_text(json.dumps(about, indent=1), encoding="utf-8")
    contract = contract_toml(recorded.script, found.call, found.check, target)
    (folder / "contract.toml").write_text(contract, encoding="utf-8")
    words = contract_md(
        recorded.script, found.choice, found.check, recorded.report, names_of(recorded.modules), target
    )
    (folder / "CONTRACT.md").write_text(words, encoding="utf-8")
