"""What an engineer is told of a speed-up task: its own description, the contract in figures, the program, the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from medalist.core.task import Task
from medalist.families.speedup.versions import CANDIDATES

_PROGRAM_CHARACTERS = 24_000


def write_brief(task: Task, product: str, *, at_desk: bool) -> str:
    """Markdown for a language model or a person; ``at_desk`` for who has the speed-up's tools, else for who writes files."""
    told, public = task.settings, task.public
    program = (public / told["program"]).read_text(encoding="utf-8")
    files = sorted(path.name for path in public.iterdir() if not path.name.startswith("."))
    parts = [
        task.description.strip() or f"# {told['title'] or task.id}\n\nMake this program fast.",
        _contract(told),
        f"## Files\n\nIn `input/`, which may only be read: {', '.join(f'`{name}`' for name in files)}.",
        f"## What to hand in\n\n{_handing_in(product, at_desk)}",
        f"## The program\n\n{_shown(program, told['program'])}",
    ]
    return "\n\n".join(parts) + "\n"


def _contract(told: Mapping[str, Any]) -> str:
    """In figures, as a judge holds it; a person may have set another target or reading than the description's."""
    entry = told["entry"]
    file, _, name = told["maker"].partition(":")
    lines = [
        f"- The target is **{told['target']:g} times** as fast; the lower end of the measured interval must reach it.",
        f"- The file must define {_names(told['required'])}. `{entry}` is timed, on data made by `{name}(seed)` of "
        f"`input/{file}`, with a fresh seed each call and {told['threads']} thread{'s' * (told['threads'] > 1)}.",
        f"- Importing it may take {told['import_seconds']:g} s, a call {told['call_seconds']:g} s.",
    ]
    if told["semantics"] == "quality":
        lines.append("- The reading is `quality`: another function is allowed, so long as it learns as well.")
    else:
        rules = "; ".join(_rule(rule) for rule in told["outputs"])
        lines.append(f"- The reading is `preserve`: the answers must be the original's. {rules}.")
    return "## What is judged\n\n" + "\n".join(lines)


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _rule(rule: Mapping[str, Any]) -> str:
    parts = [f"{rule['rtol']:g} of its size"] if rule["rtol"] else []
    parts += [f"{rule['atol']:g}"] if rule["atol"] else []
    return f"`{rule['pattern']}` within {' or '.join(parts) or '0'}"


def _handing_in(product: str, at_desk: bool) -> str:
    source = (
        "One Python file. It may use what is installed here, and code in C or Cython that it compiles while it is "
        "imported: from source in the file, or in a file of source beside it that it names."
    )
    if at_desk:
        return (
            f"{source} `{product}` in your workspace is a copy of the program to work on, and what is handed in unless "
            f"you name another file. Versions that were judged or handed in are kept in `{CANDIDATES}/NAME/`."
        )
    return f"{source} A version is a folder `{CANDIDATES}/NAME/` with `{product}`, which the judge runs and times."


def _shown(program: str, name: str) -> str:
    if len(program) > _PROGRAM_CHARACTERS:
        return f"`input/{name}` has {len(program):,} characters: read it there."
    return f"```python\n{program.rstrip()}\n```"
