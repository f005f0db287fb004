"""What a shell command line would run, found out before it runs.

Training goes through ``start_job``, which reviews the script and keeps it under the checks. So every
way a line could start Python is followed: wrappers, pipes, here-documents, ``-c``, other shells,
shell scripts, programs that are handed a script. What trains, or cannot be read, is refused with the
call to make instead; so is sleeping and polling, for which there is ``wait``.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from medalist.tools.definition import Refused
from medalist.tools.shell_syntax import ShellCommand, ShellSyntaxError, Word, parse_shell
from medalist.tools.shell_words import (
    HARMLESS,
    HIDES_CODE,
    NOTEBOOKS,
    PYTHON,
    READS_SCRIPTS,
    SHELLS,
    TRAINERS,
    TRAINS_WORD,
    WRAPPERS,
)
from medalist.training.kind import Kind, interpreter_words

KindOf = Callable[[Sequence[str], str], Kind]
"""The kind of ``python ARGV...`` in a folder of the workspace."""
ReadText = Callable[[str], str | None]
"""A text file by its path in the workspace; None when there is none that may be read."""

LONGEST_SLEEP_SECONDS = 5.0
_DEEPEST = 6
_SLEEPS_IN_CODE = re.compile(r"\bsleep\(\s*(\d+(?:\.\d+)?)")
_SHEBANG = re.compile(r"#!.*?\b(python|bash|sh|dash|zsh)")
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_USE_FILE = (
    "Write it to a file with write_file and start that: start_job(command='python train.py', folder=...)."
)


@dataclass
class LineReading:
    """What a line that may run was found to do. ``opaque`` says that programs were named of which nobody
    knows what they run in turn; ``code_on_stdin`` that Python reads code from its input, which was read here."""

    opaque: bool = False
    code_on_stdin: bool = False


def script_call(line: str) -> tuple[str, ...] | None:
    """What follows ``python`` in a line that is ``python script.py arguments``, or ``python -m module arguments``,
    and nothing else; None otherwise."""
    try:
        parsed = parse_shell(line)
    except ShellSyntaxError:
        return None
    words = parsed.commands[0].words if parsed.single else []
    if len(words) < 2 or not all(word.known for word in words):
        return None
    program, *rest = (word.text for word in words)
    argv = interpreter_words(rest)
    is_script = bool(argv) and (not argv[0].startswith("-") or (argv[0] == "-m" and len(argv) > 1))
    return argv if PYTHON.fullmatch(program) and is_script else None


def read_line(line: str, *, folder: str, root: str, kind_of: KindOf, read: ReadText) -> LineReading:
    """Read a command line that is to run in ``folder`` of the workspace at ``root``. Raises Refused."""
    reading = _Reading(root, kind_of, read)
    reading.line(line, folder, 0)
    return reading.found


class _Reading:
    """One walk over a line and all that it leads to. Folders and paths are relative to the workspace."""

    def __init__(self, root: str, kind_of: KindOf, read: ReadText) -> None:
        self.found = LineReading()
        self._root = root
        self._kind_of = kind_of
        self._read = read
        self._written: set[str] = set()
        self._folder = "."
        self._depth = 0
        self._loops = False

    def line(self, text: str, folder: str, depth: int) -> None:
        if depth > _DEEPEST:
            raise Refused(
                "The command starts shells within shells too deeply to be read. Run it step by step."
            )
        try:
            here = posixpath.normpath(posixpath.join(self._root, folder))
            parsed = parse_shell(text, {"HOME": self._root, "PWD": here})
        except ShellSyntaxError as error:
            raise Refused(f"The command line is not complete: {error}.") from error
        before = (self._folder, self._depth, self._loops)
        self._folder, self._depth, self._loops = folder, depth, self._loops or parsed.loops
        for command in parsed.commands:
            self._written |= {self._path(word) for word in command.writes}
            self._program(command.words, command)
        self._folder, self._depth, self._loops = before

    # ---- programs

    def _program(self, words: Sequence[Word], command: ShellCommand) -> None:
        """Follow one command; raises Refused for what may not run from here."""
        if not words:
            return
        program = words[0]
        name = posixpath.basename(program.text)
        if not program.known and name not in HARMLESS:
            raise Refused(
                f"What `{_shown(words)}` runs is only known when it runs. Write the program's name out."
            )
        if PYTHON.fullmatch(name):
            self._python(words[1:], command)
        elif name in SHELLS or name in ("source", "."):
            self._shell(words[1:], command)
        elif name in ("eval", "trap"):
            self._eval(words[1:] if name == "eval" else words[1:2])
        elif name in WRAPPERS:
            self._wrapper(words, command)
        elif name == "find":
            self._find(words, command)
        elif name == "cd" or name == "pushd":
            self._change_folder(words)
        elif name in ("sleep", "tail", "watch"):
            self._waits(name, [word.text for word in words[1:]])
        elif name in HARMLESS:
            self._writes(name, words)
        else:
            self._other(name, words, command)

    def _wrapper(self, words: Sequence[Word], command: ShellCommand) -> None:
        """``timeout 60 python x.py``: what comes after the wrapper's own options and figures."""
        inner = list(words[1:])
        while inner and re.fullmatch(r"-.*|\w+=.*|[\d.]+[smhdkKMG%]?|[\d,-]+", inner[0].text, re.DOTALL):
            inner.pop(0)
        if posixpath.basename(words[0].text) in ("xargs", "parallel"):
            inner.append(Word("{}", known=False))
        if inner and " " in inner[0].text:  # env -S, parallel: a line within the line
            self._eval(inner)
        else:
            self._program(inner, command)

    def _find(self, words: Sequence[Word], command: ShellCommand) -> None:
        for position, word in enumerate(words):
            if word.text in ("-exec", "-execdir", "-ok", "-okdir"):
                inner = words[position + 1 :]
                ends = [place for place, each in enumerate(inner) if each.text in (";", "+")]
                self._program(
                    [
                        Word(each.text, each.known and "{}" not in each.text)
                        for each in inner[: min(ends, default=99)]
                    ],
                    command,
                )

    def _change_folder(self, words: Sequence[Word]) -> None:
        target = words[1] if len(words) > 1 else Word(self._root)
        self._folder = self._path(target) if target.known else "?"

    def _waits(self, name: str, words: Sequence[str]) -> None:
        """Sleeping for long, sleeping in a loop, and what never ends."""
        seconds = _sleep_seconds(words) if name == "sleep" else 0.0
        follows = any(re.fullmatch(r"-\w*[fF]\w*|--follow.*|--retry", word) for word in words)
        short = seconds is not None and seconds <= LONGEST_SLEEP_SECONDS
        if (
            (name == "sleep" and (self._loops or not short))
            or name == "watch"
            or (name == "tail" and follows)
        ):
            raise Refused(
                f"`{' '.join([name, *words])}` waits by the clock. Use the tool `wait`: it returns as soon as there "
                "is news of a job; read_job shows what one has printed."
            )

    def _writes(self, name: str, words: Sequence[Word]) -> None:
        named = [word for word in words[1:] if not word.text.startswith("-")]
        if name in ("cp", "mv", "ln", "install", "rsync") and named:
            target = self._path(named[-1])
            self._written |= {target, *(posixpath.join(target, _base(each)) for each in named[:-1])}
        elif name in ("tee", "truncate") or (name == "sed" and any(w.text.startswith("-i") for w in words)):
            self._written |= {self._path(word) for word in named}

    def _other(self, name: str, words: Sequence[Word], command: ShellCommand) -> None:
        """A program nobody knows: it may be a script itself, or run one that it is handed."""
        if name in TRAINERS and any(TRAINS_WORD.fullmatch(word.text) for word in words[1:]):
            raise Refused(f"`{_shown(words)}` trains where nobody can review it. {_USE_FILE}")
        if name in NOTEBOOKS:
            raise Refused(f"`{name}` runs code that cannot be read before it runs. {_USE_FILE}")
        if "/" in words[0].text and self._executable(words, command):
            return
        for position, word in enumerate(words[1:], 1):
            inner = posixpath.basename(word.text)
            if PYTHON.fullmatch(inner) or inner in SHELLS:
                self._program(words[position:], command)
                return
            if word.text.endswith(".py"):
                self._script([word, *words[position + 1 :]], may_be_missing=True)
        hides = name in HIDES_CODE or "/" in words[0].text or not all(word.known for word in words)
        self.found.opaque = self.found.opaque or hides

    def _executable(self, words: Sequence[Word], command: ShellCommand) -> bool:
        """Whether the program is a script of the workspace, which is then followed by its first line."""
        path = self._path(words[0])
        self._not_just_written(path, words)
        text = self._read(path)
        found = _SHEBANG.match(text or "")
        if text is None or (found is None and not path.endswith((".py", ".sh"))):
            return False
        if (found and found[1] == "python") or path.endswith(".py"):
            self._script(list(words))
        else:
            self.line(text, self._folder, self._depth + 1)
        return True

    # ---- shells

    def _shell(self, words: Sequence[Word], command: ShellCommand) -> None:
        """``bash -c LINE``, ``bash script.sh``, ``source script.sh``, or a shell that reads its input."""
        rest = list(words)
        runs_line = False
        while rest and re.fullmatch(r"[-+].+", rest[0].text):
            flag = rest.pop(0).text
            runs_line = runs_line or bool(re.fullmatch(r"-[a-z]*c[a-z]*", flag))
            if flag in ("-o", "+o", "--rcfile", "--init-file") and rest:
                rest.pop(0)
        if rest and runs_line:
            self._eval(rest[:1])
        elif rest:
            path = self._path(rest[0]) if rest[0].known else ""
            self._not_just_written(path, words)
            text = self._read(path) if path else None
            if text is None:
                raise Refused(f"The shell script `{rest[0].text}` cannot be read, so it is not run.")
            self.line(text, self._folder, self._depth + 1)
        else:
            text = self._input(command)
            if text is None and self._has_input(command):
                raise Refused(
                    "A shell that reads commands from a pipe cannot be read. Write the commands out."
                )
            self.line(text or "", self._folder, self._depth + 1)

    def _eval(self, words: Sequence[Word]) -> None:
        if not all(word.known for word in words):
            raise Refused("A command line that is put together while it runs cannot be read. Write it out.")
        self.line(" ".join(word.text for word in words), self._folder, self._depth + 1)

    # ---- Python

    def _python(self, words: Sequence[Word], command: ShellCommand) -> None:
        argv = interpreter_words([word.text for word in words])
        known = all(word.known for word in words[: len(words) - max(0, len(argv) - 2)])
        if not argv or argv[0] in ("-", "/dev/stdin", "/proc/self/fd/0"):
            self._code_on_stdin(command)
        elif argv[0] == "-c":
            if not known:
                raise Refused(
                    f"The code after -c is put together by the shell, so it cannot be read. {_USE_FILE}"
                )
            self._code(argv[1] if len(argv) > 1 else "")
        elif argv[0] == "-m":
            if not known:
                raise Refused("Which module runs is only known when it runs. Write its name out.")
            self._module(argv[1:])
        else:
            self._script(list(words)[len(words) - len(argv) :])

    def _code_on_stdin(self, command: ShellCommand) -> None:
        text = self._input(command)
        if text is None and self._has_input(command):
            raise Refused(f"Code that Python gets through a pipe cannot be read before it runs. {_USE_FILE}")
        self.found.code_on_stdin = True
        self._code(text or "")

    def _code(self, code: str) -> None:
        kind = self._kind_of(("-c", code), self._folder)
        if kind in (Kind.ESTIMATOR, Kind.NETWORK):
            raise Refused(f"This code trains, and training is started as a job. {_USE_FILE}")
        if kind is Kind.OPAQUE:
            raise Refused(
                "What this code runs cannot be told from its text (it starts processes, or runs code by name). "
                "Start the programs themselves, or write it to a file and start that with start_job."
            )
        longest = max((float(found) for found in _SLEEPS_IN_CODE.findall(code)), default=0.0)
        if longest > LONGEST_SLEEP_SECONDS:
            raise Refused(
                "This code sleeps. Use the tool `wait`: it returns as soon as there is news of a job."
            )

    def _module(self, argv: Sequence[str]) -> None:
        module = argv[0] if argv else ""
        if module == "medalist" or module.startswith("medalist."):
            raise Refused("Medalist's own modules are not run from here; the tools do what they are for.")
        if module in NOTEBOOKS:
            raise Refused(f"`{module}` runs code that cannot be read before it runs. {_USE_FILE}")
        if self._kind_of(("-m", *argv), self._folder).trains:
            raise Refused(
                f"`python -m {shlex.join(argv)}` trains, or hides what it runs, and training is started as a job: "
                f"{self._job_call(('-m', *argv), self._folder)}"
            )
        for position, word in enumerate(argv[1:], 1):
            if word.endswith(".py") and module not in READS_SCRIPTS:
                self._script([Word(each) for each in argv[position:]], may_be_missing=True)

    def _script(self, words: Sequence[Word], *, may_be_missing: bool = False) -> None:
        """``words``: a script's path and its arguments."""
        script = words[0]
        if not script.known:
            raise Refused(
                f"Which script `{_shown(words)}` names is only known when it runs. Write its path out."
            )
        path = self._path(script)
        self._not_just_written(path, words)
        if self._read(path) is None:
            if may_be_missing:
                return
            raise Refused(
                f"There is no script {script.text!r} in the workspace (folder {self._folder!r}) that can be read."
            )
        folder = self._folder if not self._folder.startswith("?") else posixpath.dirname(path)
        relative = posixpath.relpath(path, folder or ".")
        argv = (relative, *(word.text for word in words[1:]))
        if self._kind_of(argv, folder or ".").trains:
            raise Refused(
                f"{script.text} trains (or hides what it runs), and training is started as a job, reviewed and "
                f"watched: {self._job_call(argv, folder or '.')} Its output is kept in a log without `tee`, and it "
                "runs in the background without `&`."
            )

    def _job_call(self, argv: Sequence[str], folder: str) -> str:
        return f"start_job(command={f'python {shlex.join(argv)}'!r}, folder={folder!r})."

    # ---- files

    def _path(self, word: Word) -> str:
        """Where a word leads, counted from the workspace; what leads out of it begins with `..` or `/`."""
        if word.text.startswith("/"):
            full = posixpath.normpath(word.text)
        else:
            full = posixpath.normpath(posixpath.join(self._root, self._folder, word.text))
        inside = full == self._root or full.startswith(self._root + "/")
        return posixpath.relpath(full, self._root) if inside else full

    def _not_just_written(self, path: str, words: Sequence[Word]) -> None:
        if path in self._written:
            raise Refused(
                f"`{_shown(words)}` runs a file that the same command line writes, so it cannot be read before. "
                "Write it with write_file first, then run it in a call of its own."
            )

    def _input(self, command: ShellCommand) -> str | None:
        """The text a command reads as its input, where that is known."""
        if command.input is not None:
            return command.input.text if command.input.known else None
        if command.input_file is not None and command.input_file.known:
            path = self._path(command.input_file)
            self._not_just_written(path, [command.input_file])
            return self._read(path)
        return None

    def _has_input(self, command: ShellCommand) -> bool:
        return command.piped or command.input is not None or command.input_file is not None


def _sleep_seconds(words: Sequence[str]) -> float | None:
    """How long ``sleep WORDS`` takes; None when that is not written out."""
    total = 0.0
    for word in words:
        found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)([smhd]?)", word)
        if found is None:
            return total if total else None
        total += float(found[1]) * _UNITS[found[2]]
    return total


def _base(word: Word) -> str:
    return posixpath.basename(word.text)


def _shown(words: Sequence[Word]) -> str:
    text = " ".join(word.text for word in words)
    return text if len(text) <= 120 else f"{text[:117]}..."
