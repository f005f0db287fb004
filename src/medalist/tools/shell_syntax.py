"""A shell command line taken apart: every command in it with its words, its input and the files it writes.

Nested ones too: substitutions, subshells, groups, bodies of loops and functions. What a word will be
is known where it is literal or made of variables the line itself sets once; a word that is not known
says so. This is no shell: it finds what a line may run, in any order and on every branch.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_RESERVED = {"if", "then", "elif", "else", "fi", "do", "done", "while", "until", "esac", "{", "}", "!", "in"}
_LOOPS = {"while", "until"}
_ENDS_WORD = set(" \t\n;&|()<>")
_REDIRECTION = re.compile(r"(\d*)(<<<|<<-|<<|<>|<&|>&|>>|>\||<|>)|(&>>?)")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)\+?=", re.DOTALL)
_SPLITS = re.compile(r"[\s*?\[]")  # an unquoted value that holds these becomes other words
_PARAMETER = re.compile(r"\w+|[@*#?$!-]")
_SETS_VARIABLES = {"read", "mapfile", "readarray", "getopts", "printf", "unset", "let", "for", "select"}
_EXPORTS = {"export", "declare", "local", "readonly", "typeset"}


class ShellSyntaxError(ValueError):
    """A quote or bracket is never closed."""


@dataclass(frozen=True)
class Word:
    """One word as the shell would hand it on; ``known`` is False where that is only certain when it runs."""

    text: str
    known: bool = True


@dataclass
class ShellCommand:
    """One simple command. ``input`` is its here-document or here-string, ``input_file`` where its input is
    redirected from, ``piped`` whether another command feeds it; ``writes`` are files it is redirected to.
    ``bare`` is True for words and nothing else."""

    words: list[Word] = field(default_factory=list)
    input: Word | None = None
    input_file: Word | None = None
    piped: bool = False
    writes: list[Word] = field(default_factory=list)
    bare: bool = True


@dataclass(frozen=True)
class ShellLine:
    """Every command of a line. ``loops`` tells of a ``while`` or ``until``; ``single`` of one bare command
    and nothing around it."""

    commands: tuple[ShellCommand, ...]
    loops: bool
    single: bool


def parse_shell(text: str, variables: Mapping[str, str] | None = None) -> ShellLine:
    """Take a line, or a whole script, apart. ``variables`` are known beforehand. Raises ShellSyntaxError."""
    parser = _Parser(text, dict(variables or {}))
    parser.parse()
    commands = tuple(parser.commands)
    single = len(commands) == 1 and commands[0].bare and not parser.joined
    return ShellLine(commands, parser.loops, single)


class _Parser:
    """One pass over the text; commands found on the way are collected in ``commands``."""

    def __init__(self, text: str, variables: dict[str, str | None]) -> None:
        self.text = text
        self.at = 0
        self.variables = variables
        self.assigned: set[str] = set()
        self.commands: list[ShellCommand] = []
        self.loops = False
        self.joined = False
        self._bodies: list[tuple[ShellCommand, str, bool, bool]] = []

    # ---- commands

    def parse(self, until: str = "") -> None:
        """Read commands up to an unquoted ``until``, or the end."""
        command = ShellCommand()
        while self.at < len(self.text):
            char = self.text[self.at]
            if self.text.startswith("\\\n", self.at):
                self.at += 2
            elif char in " \t\r":
                self.at += 1
            elif char == "#":
                end = self.text.find("\n", self.at)
                self.at = end if end >= 0 else len(self.text)
            elif (found := _REDIRECTION.match(self.text, self.at)) and not self._is_substitution(found):
                self._redirect(command, found)
            elif char in ";&|()\n":
                operator = self._operator(char)
                self._finish(command)
                command = ShellCommand(piped=operator in ("|", "|&"), bare=operator not in ("|", "|&"))
                if operator == until:
                    return
            else:
                word = self._word()
                self._take_word(command, word)
        if until:
            raise ShellSyntaxError(f"a {until!r} is missing")
        self._finish(command)

    def _operator(self, char: str) -> str:
        for operator in ("&&", "||", "|&", ";;", char):
            if self.text.startswith(operator, self.at):
                self.at += len(operator)
                if operator == "\n":
                    self._read_bodies()
                rest = self.text[self.at :].strip()
                self.joined = self.joined or operator not in ("\n", ";") or bool(rest)
                return operator
        raise AssertionError(char)

    def _take_word(self, command: ShellCommand, word: Word) -> None:
        if not command.words:
            if word.known and word.text in _RESERVED:
                self.loops = self.loops or word.text in _LOOPS
                self.joined = True
                return
            found = _ASSIGNMENT.match(word.text)
            if found:
                self._assign(found[1], word.text[found.end() :] if word.known else None)
                command.bare = False
                return
        command.words.append(word)

    def _assign(self, name: str, value: str | None) -> None:
        """A variable set twice is not known: which one holds depends on what runs."""
        self.variables[name] = None if name in self.assigned else value
        self.assigned.add(name)

    def _finish(self, command: ShellCommand) -> None:
        if not command.words and command.bare:
            return
        program = command.words[0].text if command.words else ""
        if program in _SETS_VARIABLES:
            for word in command.words[1:]:
                self._assign(word.text, None)
        elif program in _EXPORTS:
            for word in command.words[1:]:
                if found := _ASSIGNMENT.match(word.text):
                    self._assign(found[1], word.text[found.end() :] if word.known else None)
        if program not in ("for", "case", "select"):
            self.commands.append(command)

    # ---- redirections

    def _is_substitution(self, found: re.Match[str]) -> bool:
        return found[0] in ("<", ">") and self.text.startswith("(", found.end())

    def _redirect(self, command: ShellCommand, found: re.Match[str]) -> None:
        self.at = found.end()
        operator = found[2] or found[3]
        command.bare = False
        while self.text[self.at : self.at + 1] in (" ", "\t"):
            self.at += 1
        start = self.at
        target = self._word()
        if operator in ("<<", "<<-"):
            quoted = bool(re.search(r"['\"\\]", self.text[start : self.at]))
            self._bodies.append((command, target.text, operator == "<<-", quoted))
        elif operator == "<<<":
            command.input = Word(target.text + "\n", target.known)
        elif operator == "<" and found[1] in ("", "0"):
            command.input_file = target
        elif operator in (">", ">>", ">|", "<>", "&>", "&>>"):
            command.writes.append(target)
        elif operator == "<&":
            command.input = Word("", known=False)

    def _read_bodies(self) -> None:
        """The here-documents whose commands the line just ended announced."""
        for command, delimiter, strip_tabs, quoted in self._bodies:
            lines: list[str] = []
            while self.at < len(self.text):
                end = self.text.find("\n", self.at)
                end = end if end >= 0 else len(self.text)
                line = self.text[self.at : end]
                self.at = min(end + 1, len(self.text))
                line = line.lstrip("\t") if strip_tabs else line
                if line == delimiter:
                    break
                lines.append(line + "\n")
            body = "".join(lines)
            command.input = Word(body) if quoted else self._expanded(body)
        self._bodies.clear()

    def _expanded(self, body: str) -> Word:
        """A text in which only ``$``, backquotes and backslashes have a meaning, as in a here-document."""
        outer_text, outer_at = self.text, self.at
        self.text, self.at = body, 0
        try:
            return self._quoted("")
        finally:
            self.text, self.at = outer_text, outer_at

    # ---- words

    def _word(self) -> Word:
        pieces: list[str] = []
        known = True
        start = self.at
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in "<>" and self.text.startswith("(", self.at + 1) and self.at == start:
                self.at += 2
                self.parse(")")
                return Word("", known=False)
            if char in _ENDS_WORD:
                break
            piece = self._piece(char, first=self.at == start)
            pieces.append(piece.text)
            known = known and piece.known
        if self.at == start:
            self.at += 1  # an operator where a word should be: the shell will say so
        return Word("".join(pieces), known)

    def _piece(self, char: str, *, first: bool) -> Word:
        if char == "'":
            end = self.text.find("'", self.at + 1)
            if end < 0:
                raise ShellSyntaxError("a quote (') is never closed")
            text, self.at = self.text[self.at + 1 : end], end + 1
            return Word(text)
        if char == '"':
            self.at += 1
            return self._quoted('"')
        if char == "\\":
            self.at += 2
            following = self.text[self.at - 1 : self.at]
            return Word("" if following == "\n" else following)
        if char in "$`":
            value = self._expansion()
            return Word(value.text, value.known and not _SPLITS.search(value.text))
        self.at += 1
        if char == "~" and first and self.text[self.at : self.at + 1] in ("", "/", *_ENDS_WORD):
            home = self.variables.get("HOME")
            return Word(home or "~", home is not None)
        is_group = char in "{}[" and first and self.text[self.at : self.at + 1] in ("", *_ENDS_WORD)
        return Word(char, known=is_group or char not in "*?[{")

    def _quoted(self, closing: str) -> Word:
        """The rest of a double-quoted text, or with ``closing`` "" all that is left."""
        pieces: list[str] = []
        known = True
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == closing:
                self.at += 1
                return Word("".join(pieces), known)
            if char == "\\" and self.text[self.at + 1 : self.at + 2] in ("$", "`", "\\", "\n", closing):
                following = self.text[self.at + 1 : self.at + 2]
                pieces.append("" if following == "\n" else following)
                self.at += 2
            elif char in "$`":
                piece = self._expansion()
                pieces.append(piece.text)
                known = known and piece.known
            else:
                pieces.append(char)
                self.at += 1
        if closing:
            raise ShellSyntaxError(f"a quote ({closing}) is never closed")
        return Word("".join(pieces), known)

    def _expansion(self) -> Word:
        """What begins with ``$`` or a backquote."""
        rest = self.text[self.at : self.at + 3]
        if rest.startswith("`"):
            return self._backquoted()
        if rest.startswith("$(("):
            self.at = self._closing("((", "))")
            return Word("0", known=False)
        if rest.startswith("$("):
            self.at += 2
            self.parse(")")
            return Word("", known=False)
        if rest.startswith("${"):
            start = self.at + 2
            self.at = self._closing("{", "}")
            return self._variable(self.text[start : self.at - 1])
        if rest.startswith("$'"):
            found = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL).match(self.text, self.at)
            if found is None:
                raise ShellSyntaxError("a quote ($') is never closed")
            self.at = found.end()
            return _escaped(found[1])
        if rest.startswith('$"'):
            self.at += 2
            return self._quoted('"')
        found = _PARAMETER.match(self.text, self.at + 1)
        self.at = found.end() if found else self.at + 1
        return self._variable(found[0]) if found else Word("$")

    def _variable(self, name: str) -> Word:
        value = self.variables.get(name)
        return Word(f"${{{name}}}", known=False) if value is None else Word(value)

    def _backquoted(self) -> Word:
        found = re.compile(r"`((?:[^`\\]|\\.)*)`", re.DOTALL).match(self.text, self.at)
        if found is None:
            raise ShellSyntaxError("a backquote is never closed")
        inner = _Parser(re.sub(r"\\([`\\$])", r"\1", found[1]), self.variables)
        inner.assigned = self.assigned
        inner.parse()
        self.commands += inner.commands
        self.loops = self.loops or inner.loops
        self.at = found.end()
        return Word("", known=False)

    def _closing(self, opening: str, closing: str) -> int:
        """Where what is opened at this place closes, the closing included."""
        depth = 0
        for position in range(self.at, len(self.text)):
            if self.text.startswith(opening, position):
                depth += 1
            elif self.text.startswith(closing, position):
                depth -= 1
                if depth == 0:
                    return position + len(closing)
        raise ShellSyntaxError(f"a {closing!r} is missing")


def _escaped(text: str) -> Word:
    try:
        return Word(codecs.decode(text, "unicode_escape"))
    except UnicodeDecodeError:
        return Word(text, known=False)
