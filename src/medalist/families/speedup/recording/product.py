"""The way back: out of a program that was made fast, a script beside which the user's own can be thrown away.

The script does what the original does and prints the same; that is tried, in the sandbox, with the original's
arguments and the files beside it. The original is never written.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medalist.core.errors import InputError, MedalistError, StoreError
from medalist.families.speedup.recording.carrying import modules_beside, with_modules
from medalist.families.speedup.recording.layout import FENCE, FORMS, lay_out, restore
from medalist.families.speedup.recording.room import Limits, Room, Tell
from medalist.families.speedup.recording.task import RECORDING_FILE, watching
from medalist.families.speedup.recording.texts import changing_lines, line_template, same_text

_RTOL = 1e-3


@dataclass(frozen=True)
class FastScript:
    """The script that was written to ``file``. ``same`` says whether it printed what the original printed.

    ``changed`` is False where nothing of the program was changed; ``said`` is a sentence for a person.
    """

    file: Path
    same: bool
    changed: bool
    said: str


def is_recorded(task: Path) -> bool:
    """Whether the task in this folder was recorded from a script."""
    return (task / RECORDING_FILE).is_file()


def write_fast_script(
    task: Path,
    program: Path,
    folder: Path,
    script: Path,
    *,
    limits: Limits | None = None,
    tell: Tell = lambda text: None,
) -> FastScript:
    """Write ``<script>_fast.py`` into ``folder``, out of ``program``, a candidate of the recorded ``task``.

    ``script`` is the user's, whose neighbours a run needs. Raises InputError for a task that was not recorded, and
    StoreError when the file cannot be written. A script that no longer prints the same is written and said to.
    """
    if not is_recorded(task):
        raise InputError("The task was not recorded from a script.", where=str(task))
    about = json.loads((task / RECORDING_FILE).read_text(encoding="utf-8"))
    own = program.read_text(encoding="utf-8")
    changed = _before_fence(own) != _before_fence((task / "program.py").read_text(encoding="utf-8"))
    file = folder / f"{Path(about['script']).stem}_fast.py"
    if not changed:
        _write(file, about["text"])
        return FastScript(file, True, False, "Nothing was changed: it is the original.")
    texts = [restore(own, about["whole"], about["text"], form=form) for form in range(len(FORMS))]
    said = ""
    for text in dict.fromkeys(texts):
        said = _difference(text, about, script, limits or Limits(), tell)
        if not said:
            _write(file, text)
            return FastScript(file, True, True, f"It prints what {about['script']} prints.")
    _write(file, texts[0])
    return FastScript(file, False, True, said)


def as_candidate(task: Path, script: Path) -> str:
    """The text of ``script``, another version of the one that was recorded, as a candidate of the recorded ``task``.

    Raises InputError for what is no such script.
    """
    if not is_recorded(task):
        raise InputError("The task was not recorded from a script.", where=str(task))
    text = script.read_text(encoding="utf-8")
    if FENCE in text:
        return text
    _, added = (task / "program.py").read_text(encoding="utf-8").split(FENCE, 1)
    return f"{with_modules(lay_out(text).text, modules_beside(script)).rstrip()}\n\n\n{FENCE}{added}"


def _before_fence(program: str) -> str:
    return program.split(FENCE)[0].rstrip()


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"The script cannot be written: {error.strerror or error}.", where=str(file)
        ) from error


def _difference(text: str, about: dict[str, Any], script: Path, limits: Limits, tell: Tell) -> str:
    """How a script differs from what was recorded when it runs in the original's place; "" when it does not."""
    name = about["script"]
    with tempfile.TemporaryDirectory(prefix="medalist-recording-") as scratch:
        room = Room(Path(scratch).resolve(), script, limits, tell)
        (room.work / "script" / name).write_text(text, encoding="utf-8")
        try:
            room.run(watching("script", name, "out", about["arguments"]), f"Running the fast {name}")
            report, printed = json.loads(room.read("out/report.json")), room.read("out/printed.txt")
        except MedalistError as error:
            return error.what
        if report["error"]:
            return f"It fails when it is run as a script: {report['error']}"
        if same_text(printed, about["printed"], about["quiet"], _RTOL):
            return ""
        quiet = [*about["quiet"], *_lines_that_tell_the_time(room, about)]
    lines = [
        [line for line in each.splitlines() if line_template(line) not in quiet]
        for each in (printed, about["printed"])
    ]
    if len(lines[0]) != len(lines[1]):
        return f"It prints {len(lines[0])} lines where the original prints {len(lines[1])}."
    for own, theirs in zip(*lines, strict=True):
        if not same_text(own, theirs, (), _RTOL):
            return f"It prints {own!r} where the original prints {theirs!r}."
    return ""


def _lines_that_tell_the_time(room: Room, about: dict[str, Any]) -> list[str]:
    """Templates of lines that are not the same when the original runs again by another clock."""
    room.copy_script("again")
    (room.work / "again" / about["script"]).write_text(about["text"], encoding="utf-8")
    argv = watching("again", about["script"], "out_again", about["arguments"], stretched=True)
    room.run(argv, f"Running {about['script']} once more, to see what it prints of the time")
    return changing_lines(about["printed"], room.read("out_again/printed.txt")) or []
