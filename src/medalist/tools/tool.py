"""All tools by name, and the one way to use them: ``call``.

``call`` checks the arguments, writes the events, cuts what is long, adds the news, and turns every
refusal and error into an answer's text: an engineer's mistake never raises.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from medalist.core.errors import BudgetSpent, MedalistError
from medalist.tools.ask_oracle import ask_oracle
from medalist.tools.definition import BadArguments, Refused, Tool, define
from medalist.tools.desk import Desk
from medalist.tools.edit_file import edit_file
from medalist.tools.finish import finish
from medalist.tools.jobs import kill_job, list_jobs, read_job
from medalist.tools.list_files import list_files
from medalist.tools.read_file import read_file
from medalist.tools.read_hints import read_hints
from medalist.tools.read_output import read_output
from medalist.tools.run_command import run_command
from medalist.tools.search_files import search_files
from medalist.tools.start_job import start_job
from medalist.tools.submit import submit
from medalist.tools.validate import validate
from medalist.tools.wait import wait
from medalist.tools.write_file import write_file

__all__ = ["Tool", "all_tools", "call"]

_FUNCTIONS = (
    run_command,
    start_job,
    wait,
    list_jobs,
    read_job,
    kill_job,
    read_file,
    write_file,
    edit_file,
    list_files,
    search_files,
    read_output,
    read_hints,
    ask_oracle,
    validate,
    submit,
    finish,
)
_RECORDED_CHARACTERS = 400


def all_tools(desk: Desk) -> list[Tool]:
    """The tools of this desk in the order they are best told; its ``extra`` ones last."""
    absent = set() if desk.hints else {"read_hints"}
    if desk.oracle is None and not desk.brought.checked:
        absent.add("ask_oracle")  # what stands in for it reviews training scripts
    return [
        *(tool for tool in _own_tools() if desk.brought.leaves(tool.name) and tool.name not in absent),
        *desk.brought.adds,
        *desk.extra,
    ]


@cache
def _own_tools() -> tuple[Tool, ...]:
    return tuple(define(function) for function in _FUNCTIONS)


async def call(desk: Desk, name: str, arguments: Mapping[str, Any] | None) -> str:
    """What tool ``name`` answers to ``arguments``; "Refused: ..." or "Error: ..." where it did not do it.

    Raises only what ends an attempt: BudgetSpent, and StoreError when events cannot be written.
    """
    desk.open()
    started = time.monotonic()
    answer = desk.outputs.cut(await _answer(desk, name, arguments), desk.settings.answer_characters)
    seconds = time.monotonic() - started
    _record(desk, name, arguments, answer, seconds)
    parts = [answer, *(f"News: {note}" for note in desk.take_notes())]
    if name != "wait" and (time_left := desk.clock.line(desk.session)):
        parts.append(time_left)
    return "\n\n".join(parts).encode(errors="replace").decode()  # names of files need not be UTF-8


async def _answer(desk: Desk, name: str, arguments: Mapping[str, Any] | None) -> str:
    tools = {tool.name: tool for tool in all_tools(desk)}
    tool = tools.get(name)
    if tool is None:
        return f"Error: There is no tool {name!r}. Tools: {', '.join(tools)}."
    try:
        return await tool.run(desk, tool.checked({} if arguments is None else arguments))
    except Refused as refused:
        return f"Refused: {refused}"
    except BudgetSpent:
        raise
    except (MedalistError, BadArguments) as error:
        return f"Error: {error}"
    except OSError as error:
        return f"Error: {error.strerror or error} ({error.filename or name})."


def _record(desk: Desk, name: str, arguments: object, answer: str, seconds: float) -> None:
    from medalist.llm.keys import redact

    written = json.dumps(arguments, ensure_ascii=False, default=str)
    told = {"tool": name, "arguments": redact(written)[:_RECORDED_CHARACTERS]}
    refused = answer.startswith("Refused: ")
    if refused:
        reason = redact(answer.removeprefix("Refused: "))[:_RECORDED_CHARACTERS]
        desk.session.events.append("tool_refused", **told, reason=reason)
    desk.session.events.append(
        "tool_called",
        **told,
        answer=redact(answer)[:_RECORDED_CHARACTERS],
        characters=len(answer),
        seconds_used=round(seconds, 3),
        refused=refused,
    )
