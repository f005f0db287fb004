"""The door for a person: a prompt in the workspace that takes the agent's tools as commands.

A line that begins with a tool's name calls it; any other is a shell command, run in the sandbox like
the agent's. Lines are read in a thread, so that the checks go on while the person thinks.
"""

from __future__ import annotations

import asyncio
import posixpath
import re
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TextIO

from medalist.apps.line_reading import lines_of
from medalist.tools.definition import Tool
from medalist.tools.desk import Desk
from medalist.tools.telling import duration
from medalist.tools.tool import all_tools, call

PROMPT = "medalist> "
_LOOK_SECONDS = 0.5
_WHOLE_LINE = {"command", "question", "search", "summary"}
"""Parameters that take all words of a line which no other is named for."""
_PLACES = {"path", "folder"}
_GREETING = """\
You are the engineer. The workspace is {workspace}; the task's files lie in input/.
Lines are shell commands, in the sandbox; `help` lists the tools beside them, `read_brief` says what is
to be solved. {training}Ctrl-D ends the attempt, and what is in place then is graded. Time left: {left}."""
_TRAINING = "Training is started with `start_job train.py`. "


class BadLine(Exception):
    """A line cannot be made a tool call of; the text says why."""


class Player:
    """A person, or a script that types; see ``engineers.guest.Guest``. ``say`` prints a text."""

    def __init__(self, lines: TextIO, say: Callable[[str], None]) -> None:
        self._say = say
        self._lines = Lines(lines)
        self._folder = "."
        self._running: asyncio.Task[None] | None = None

    def arrive(self, desk: Desk) -> None:
        self._say("The task is being explored, and a baseline put in place...")

    async def work(self, desk: Desk) -> None:
        self._say(
            _GREETING.format(
                workspace=desk.session.workspace.root,
                training=_TRAINING if desk.brought.leaves("start_job") else "",
                left=duration(desk.session.budget.remaining),
            )
        )
        self._lines.open(asyncio.get_running_loop(), [tool.name for tool in all_tools(desk)])
        try:
            with _Interrupts(self._interrupted):
                while not desk.submitted_finally and (line := await self._next_line(desk)) is not None:
                    self._running = asyncio.create_task(self._take(desk, line.strip()))
                    await asyncio.wait([self._running])
                    if self._running.cancelled():
                        self._say("Not waited for any more. What it started goes on; list_jobs shows it.")
                    else:
                        self._running.result()
                    self._running = None
        except asyncio.CancelledError:
            self._say("\nThe time is over.")
            raise
        finally:
            if self._running is not None:
                self._running.cancel()
            self._lines.close()

    async def _next_line(self, desk: Desk) -> str | None:
        """The next line; meanwhile what happens to jobs is printed above the prompt."""
        wanted = self._lines.ask()
        while not (await asyncio.wait([wanted], timeout=_LOOK_SECONDS))[0]:
            desk.open()
            if notes := desk.take_notes():
                self._say("\n" + "\n".join(f"News: {note}" for note in notes))
                self._lines.prompt_again()
        return wanted.result()

    async def _take(self, desk: Desk, line: str) -> None:
        if not line or line.startswith("#"):
            return
        first, _, rest = line.partition(" ")
        tools = {tool.name: tool for tool in all_tools(desk)}
        if first in ("help", "?"):
            self._say(help_text(tools, rest.strip()))
        elif first == "cd":
            self._change_folder(desk, rest.strip())
        else:
            try:
                name, arguments = tool_call(line, tools, self._folder, shell=desk.brought.shell)
            except BadLine as wrong:
                self._say(f"{wrong}\n{help_text(tools, first)}")
                return
            self._say(await call(desk, name, arguments))

    def _change_folder(self, desk: Desk, wanted: str) -> None:
        folder = posixpath.normpath(posixpath.join(self._folder, wanted or "."))
        root = desk.session.workspace.root
        if folder.startswith("..") or not (root / folder).is_dir():
            self._say(f"There is no folder {wanted!r} in the workspace.")
            return
        self._folder = folder
        self._say(f"Commands run in {folder} now.")

    def _interrupted(self) -> bool:
        """Ctrl-C stops waiting for what runs, and says how the attempt ends where nothing does."""
        if self._running is None:
            self._say("\nCtrl-D ends the attempt; Ctrl-C once more interrupts it, to go on with later.")
            self._lines.prompt_again()
            return False
        self._running.cancel()
        return True


def tool_call(
    line: str, tools: Mapping[str, Tool], folder: str = ".", *, shell: str = "run_command"
) -> tuple[str, dict[str, Any]]:
    """The tool that a line calls, and its arguments; ``folder`` is where the person stands.

    A line that calls none is a command line for the tool ``shell``.
    ``name=value`` names a parameter, other words fill the parameters in order. Raises BadLine.
    """
    first, _, rest = line.partition(" ")
    tool = tools.get(first)
    if tool is None:
        return shell, {"command": line, "folder": folder}
    known: Mapping[str, Mapping[str, Any]] = tool.parameters["properties"]
    given: dict[str, str] = {}
    words = []
    for word in _words(rest):
        name, sign, value = word.partition("=")
        if sign and name in known:
            given[name] = value
        else:
            words.append(word)
    free = [name for name in known if name not in given]
    if free and free[0] in _WHOLE_LINE and words:
        given[free[0]] = _joined(words, rest) if free[0] == "command" else " ".join(words)
    elif len(words) > len(free):
        raise BadLine(f"{first} takes {len(known)} values; put quotes around one with blanks in it.")
    else:
        given |= dict(zip(free, words, strict=False))
    if first == "start_job" and "command" in given and not given["command"].startswith("python"):
        given["command"] = f"python {given['command']}"
    for name in _PLACES & set(known):
        if name in given or name == "folder" or name not in tool.parameters["required"]:
            given[name] = posixpath.normpath(posixpath.join(folder, given.get(name, _default(known[name]))))
    return first, {name: _typed(name, known[name]["type"], value) for name, value in given.items()}


def _default(schema: Mapping[str, Any]) -> str:
    return schema.get("default") or "."


def help_text(tools: Mapping[str, Tool], name: str = "") -> str:
    """One tool with its parameters, or all of them in a line each."""
    tool = tools.get(name)
    if tool is None:
        width = max(map(len, tools))
        lines = [f"  {each.name:<{width}}  {_first_sentence(each)}" for each in tools.values()]
        return "\n".join(
            ["Tools (help NAME says more); any other line is a shell command, cd FOLDER moves:", *lines]
        )
    required = tool.parameters["required"]
    usage = " ".join(each if each in required else f"[{each}]" for each in tool.parameters["properties"])
    told = [
        f"  {each}: {schema.get('description', '')}" for each, schema in tool.parameters["properties"].items()
    ]
    return "\n".join([f"{tool.name} {usage}".rstrip(), tool.description, *told])


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise BadLine(f"That line cannot be read: {error}.") from error


def _joined(words: list[str], rest: str) -> str:
    """Words of a command as they were written, quotes included."""
    return rest.strip() if len(words) == len(_words(rest)) else shlex.join(words)


def _typed(name: str, kind: str, value: str) -> object:
    try:
        match kind:
            case "integer":
                return int(value)
            case "number":
                return float(value)
            case "boolean":
                return value.lower() in ("true", "yes", "1")
            case _:
                return value
    except ValueError as error:
        raise BadLine(f"{name} must be a {kind}, and is {value!r}.") from error


def _first_sentence(tool: Tool) -> str:
    return re.split(r"(?<=[.;])\s", tool.description, maxsplit=1)[0].rstrip(".;")


class _Interrupts:
    """Within, in the main thread's loop: Ctrl-C is told to ``heard``; the next after one in vain is as before."""

    def __init__(self, heard: Callable[[], bool]) -> None:
        self._heard = heard
        self._before: Any = None
        self._in_vain = False

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.getsignal(signal.SIGINT)
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._interrupt)

    def __exit__(self, *exception: object) -> None:
        if self._before is not None:
            asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
            signal.signal(signal.SIGINT, self._before)

    def _interrupt(self) -> None:
        if self._in_vain:
            self._before(signal.SIGINT, None)
        self._in_vain = not self._heard()


def _typed_lines() -> Iterator[str]:
    """What is typed at the prompt, until Ctrl-D."""
    with suppress(EOFError, OSError):
        while True:
            yield input(PROMPT)


class Lines:
    """Lines from a terminal or a pipe, read one at a time in a thread that nothing waits for."""

    def __init__(self, source: TextIO) -> None:
        self._source = source
        self._terminal = source.isatty() and source is sys.stdin
        self._asked = threading.Semaphore(0)
        self._wanted: asyncio.Future[str | None] | None = None
        self._settings: list[Any] | None = None

    def open(self, loop: asyncio.AbstractEventLoop, names: list[str]) -> None:
        """Begin; on a terminal the Tab key completes ``names``."""
        if self._terminal:
            self._prepare_terminal(names)
        threading.Thread(target=self._read, args=(loop,), name="medalist-lines", daemon=True).start()

    def ask(self) -> asyncio.Future[str | None]:
        """The next line, None at the end. A line that was asked for and not read yet is asked for no second time."""
        if self._wanted is None or self._wanted.done():
            self._wanted = asyncio.get_running_loop().create_future()
            self._asked.release()
        return self._wanted

    def prompt_again(self) -> None:
        if self._terminal:
            import readline

            sys.stdout.write(PROMPT + readline.get_line_buffer())
            sys.stdout.flush()

    def close(self) -> None:
        """Leave the terminal as it was found, for the thread may still hold it."""
        if self._settings is not None:
            import termios

            termios.tcsetattr(self._source, termios.TCSANOW, self._settings)

    def _prepare_terminal(self, names: list[str]) -> None:
        import readline
        import termios

        self._settings = termios.tcgetattr(self._source)
        readline.set_completer(
            lambda text, state: [*(f"{name} " for name in names if name.startswith(text)), None][state]
        )
        readline.parse_and_bind("tab: complete")

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        typed = _typed_lines() if self._terminal else lines_of(self._source.fileno())
        with suppress(RuntimeError):  # the attempt has ended meanwhile
            while self._asked.acquire():
                line = next(typed, None)
                loop.call_soon_threadsafe(self._answer, line)
                if line is None:
                    return

    def _answer(self, line: str | None) -> None:
        if self._wanted is not None and not self._wanted.done():
            self._wanted.set_result(line)
