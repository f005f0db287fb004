"""What is written of a recorded task: the fence that hands data to the program, the contract, and its text for engineers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from medalist.families.speedup.recording.choice import Choice
from medalist.families.speedup.recording.layout import FENCE

ENTRY = "recorded_entry"
PUBLIC = ("program.py", "inputs.py", "recorded.npz", "contract.toml", "CONTRACT.md")

_LEAST_CALL_SECONDS = 60.0
_LONGER = 8.0
_LEAST_MEMORY_BYTES = 4 << 30
_PARTS = ("values.py", "building.py", "texts.py", "calls.py")

_FENCE_TEXT = '''


{fence}


def {entry}(**arrays):
    """What the judge calls: {what}."""
    return _recorded_parts()["call"](_RECORDED_PLAN, globals(), arrays)


def _recorded_parts(made={{}}):  # the same from call to call
    if not made:
        exec(compile(_RECORDED_PARTS, "recorded_parts", "exec"), made)
    return made


_RECORDED_PLAN = {plan}

_RECORDED_PARTS = r\'\'\'
{parts}\'\'\'
'''

_FRESH = {
    0: "the recorded inputs themselves, since no others suit it: a weak judge, which cannot tell an answer that was"
    " worked out from one that was written down",
    1: "fresh inputs of the recorded kind: rows in another order, numbers moved a little within their range, words"
    " exchanged between texts, other seeds",
    2: "the recorded inputs with their rows in another order, and other seeds",
    3: "the recorded inputs with other seeds",
}


def fence(call: Mapping[str, Any]) -> str:
    """The text behind the user's program that lets it be called with arrays. Standard library and NumPy alone."""
    what = (
        "the script as a whole"
        if call["kind"] == "whole"
        else f"`{call['name']}` with its recorded arguments"
    )
    sources = ((Path(__file__).parent / name).read_text(encoding="utf-8") for name in _PARTS)
    parts = "".join(re.sub(r"^from medalist\..*\n", "", source, flags=re.M) for source in sources)
    return _FENCE_TEXT.format(fence=FENCE, entry=ENTRY, what=what, plan=repr(dict(call)), parts=parts)


def contract_toml(script: Path, call: Mapping[str, Any], check: Mapping[str, Any], target: float) -> str:
    """The contract of a recorded task."""
    required = [ENTRY, call["name"].partition(".")[0], *call.get("milestones", ())]
    seconds = max(_LEAST_CALL_SECONDS, _LONGER * check["seconds"])
    memory = max(_LEAST_MEMORY_BYTES, 3 * check["peak_bytes"])
    lines = [
        f"name = {_text(re.sub(r'[^A-Za-z0-9_-]+', '-', script.stem))}",
        f"title = {_text(f'{script.name}, recorded')}",
        'program = "program.py"',
        f"entry = {_text(ENTRY)}",
        f"required = {json.dumps(sorted(set(required)))}",
        f"public = {json.dumps(PUBLIC)}",
        f"target = {target:.6g}",
        'semantics = "preserve"',
        "threads = 1",
        "",
        "[inputs]",
        'maker = "inputs.py:make_inputs"',
        "",
        "[budgets]",
        "import_seconds = 60",
        f"call_seconds = {seconds:.0f}",
        "answer_bytes = 268435456",
        f"memory_bytes = {memory}",
    ]
    for name, (rtol, atol) in check["tolerances"].items():
        lines += [
            "",
            "[[outputs]]",
            f"pattern = {_text(name)}",
            f"rtol = {float(rtol)!r}",
            f"atol = {float(atol)!r}",
        ]
    lines += [
        "",
        "# Answers that the recorded inputs do not give, but others may.",
        "[[outputs]]",
        'pattern = "*"',
    ]
    lines += ["rtol = 1e-6", "atol = 1e-9"]
    return "\n".join(lines) + "\n"


def contract_md(
    script: Path,
    choice: Choice,
    check: Mapping[str, Any],
    report: Mapping[str, Any],
    modules: Sequence[str],
    target: float,
) -> str:
    """The contract in words, for the engineer."""
    call = choice.call
    asked = _asked_of_whole(call) if choice.is_whole else _asked_of_function(call, choice.share)
    parts = [
        f"# The task `{script.stem}`",
        f"`program.py` is the script `{script.name}`, laid out so that it can be called again and again. It takes"
        f" {check['seconds']:.3g} s of CPU time on one core. Make it at least **{target:g} times** as fast, and keep it"
        " the same program.",
        "## What you hand in",
        "One Python file: `program.py`, changed where it is slow. Everything from the line that begins"
        f" `{FENCE[:28]}` to the end is Medalist's: leave it as it is. The names the judge calls stay: "
        + ", ".join(f"`{name}`" for name in [call["name"], *call.get("milestones", ())])
        + ". It may use the libraries that are installed, and code that it compiles itself, from source in the file,"
        " while it is imported.",
        "## What is timed",
        "The file is imported once. Then it is called again and again in the same process on one core, in turns with"
        " the original; the first call warms up and is not counted.",
        asked,
        f"It runs on {_FRESH[check['level']]}. `inputs.py` makes such inputs: `make_inputs(seed)`."
        " The judge draws its own seed after you hand in.",
        "## What must be the same",
        _table(check),
    ]
    if not choice.is_whole:
        parts.append(
            "Randomness that comes from the shared generators is seeded before each call; draw the same numbers."
        )
    notes = [f"The module `{name}` beside the script is carried as it is." for name in modules]
    notes += _notes(choice, check, report)
    if notes:
        parts += ["## What was left alone", "\n".join(f"- {note}" for note in notes)]
    return "\n\n".join(parts) + "\n"


def _asked_of_function(call: Mapping[str, Any], share: float) -> str:
    changed = "".join(f" It also changes `{name}`, which is compared afterwards." for name in call["changed"])
    return (
        f"A call is one call of `{call['name']}`, which takes {100 * share:.0f} % of the script's time, with arguments"
        f" of the recorded kind.{changed} What it prints does not count."
    )


def _asked_of_whole(call: Mapping[str, Any]) -> str:
    said = [f"A call is one run of the whole script, `{call['name']}()`."]
    if call["argv"]:
        said.append(f"Its command line is `{' '.join(call['argv'])}`.")
    if call["files"]:
        said.append(f"It finds {_listed(call['files'])} beside itself.")
    compared = ["what it prints"] if call["printed"] else []
    compared += [
        f"what `{name}` returns" + "".join(f" and makes of `{each}`" for each in changed)
        for name, changed in call["milestones"].items()
    ]
    compared += [f"what `{name}` holds at the end" for name in call["variables"]]
    compared += [f"the file `{name}` that it writes" for name in call["written"]]
    said.append(f"Compared are {_joined(compared)}. Every seed that it sets is another one in each call.")
    return " ".join(said)


def _table(check: Mapping[str, Any]) -> str:
    lines = ["| answer | shape | agrees when every element is within |", "|---|---|---|"]
    for name, (rtol, atol) in check["tolerances"].items():
        shape = ", ".join(map(str, check["sizes"][name]))
        within = "exactly the same" if not rtol and not atol else f"{rtol:g} of its size, or {atol:.2g}"
        lines.append(f"| `{name}` | ({shape}) | {within} |")
    return "\n".join(lines)


def _notes(choice: Choice, check: Mapping[str, Any], report: Mapping[str, Any]) -> list[str]:
    notes = [f"`{name}` is not the same from run to run, and is not compared." for name in check["unstable"]]
    notes += [
        f"Lines such as “{line}” are not compared: they are not the same from run to run."
        for line in check["quiet"]
    ]
    refused = dict.fromkeys(check["refused"].values())
    notes += [f"Inputs that go further from those recorded were tried, but {why}." for why in refused]
    compared = choice.call.get("written", ())
    notes += [
        f"The file `{name}` that it writes is not compared."
        for name in report["written"]
        if name not in compared
    ]
    return notes + [
        f"`{each.partition(':')[0]}` is not judged alone:{each.partition(':')[2]}."
        for each in choice.left_alone
    ]


def _listed(names: Any) -> str:
    return _joined([f"`{name}`" for name in names])


def _joined(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}" if texts else "nothing"


def _text(text: str) -> str:
    return json.dumps(text)
