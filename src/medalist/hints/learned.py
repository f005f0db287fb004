"""Learned hints: failures that were resolved, kept for the next attempt (SQLite).

A resolved failure is added with its evidence. The same failure, told by its signature (the error without
numbers, paths and quoted names), is counted instead of stored again. A person reviews: promoted hints
count as findings that must be fixed, dropped ones are never used again nor relearned.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from medalist.core.errors import InputError, StoreError
from medalist.core.home import home_folder
from medalist.hints.review import Finding

Status = Literal["learned", "promoted", "dropped"]
_SCHEMA = """
CREATE TABLE IF NOT EXISTS hints (
    number INTEGER PRIMARY KEY,
    signature TEXT NOT NULL UNIQUE,
    error TEXT NOT NULL,
    fix TEXT NOT NULL,
    evidence TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'learned',
    times INTEGER NOT NULL DEFAULT 1,
    first_seen REAL NOT NULL,
    last_seen REAL NOT NULL
)
"""
_COLUMNS = "number, signature, error, fix, evidence, status, times, first_seen, last_seen"


@dataclass(frozen=True)
class LearnedHint:
    """A failure and what resolved it. ``evidence`` says where it was seen (run, attempt, before and after);
    ``times`` how often; ``first_seen`` and ``last_seen`` are seconds since the epoch."""

    number: int
    signature: str
    error: str
    fix: str
    evidence: str
    status: Status
    times: int
    first_seen: float
    last_seen: float


class LearnedHints:
    """The learned hints of one file, made on the first `add`. Every call opens and closes the file, so
    that attempts side by side may share it. Raises `StoreError` when the file cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, error: str, fix: str, evidence: str, *, now: float) -> LearnedHint:
        """Record that ``fix`` resolved ``error``; a known signature is counted, and its fix is renewed
        unless a person promoted or dropped it. Raises `ValueError` for an error without text."""
        signature = signature_of(error)
        if not signature:
            raise ValueError("an error with some text is needed to recognise it again")
        with self._open() as connection:
            connection.execute(
                "INSERT INTO hints (signature, error, fix, evidence, first_seen, last_seen)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (signature) DO UPDATE SET"
                " times = times + 1, last_seen = excluded.last_seen,"
                " fix = CASE status WHEN 'learned' THEN excluded.fix ELSE fix END,"
                " evidence = CASE status WHEN 'learned' THEN excluded.evidence ELSE evidence END",
                (signature, last_error_line(error), fix, evidence, now, now),
            )
            row = connection.execute(f"SELECT {_COLUMNS} FROM hints WHERE signature = ?", (signature,))
            return LearnedHint(*row.fetchone())

    def list(self, status: Status | None = None) -> list[LearnedHint]:
        """The hints of one status, or all, the most frequent first."""
        if not self.path.exists():
            return []
        with self._open() as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM hints ORDER BY times DESC, number").fetchall()
        hints = [LearnedHint(*row) for row in rows]
        return [hint for hint in hints if status in (None, hint.status)]

    def promote(self, number: int) -> LearnedHint:
        """Trust a hint: from now on it must be fixed. Raises `InputError` for an unknown number."""
        return self._mark(number, "promoted")

    def drop(self, number: int) -> LearnedHint:
        """Never use a hint again. Raises `InputError` for an unknown number."""
        return self._mark(number, "dropped")

    def explain(self, log: str) -> list[Finding]:
        """The learned hints whose error stands in ``log``, promoted ones first."""
        lines = {signature_of(line): number for number, line in enumerate(log.splitlines(), 1)}
        usable = [hint for hint in self.list() if hint.status != "dropped" and hint.signature in lines]
        usable.sort(key=lambda hint: hint.status != "promoted")
        return [_finding(hint, lines[hint.signature]) for hint in usable]

    def _mark(self, number: int, status: Status) -> LearnedHint:
        known = {hint.number: hint for hint in self.list()}
        if number not in known:
            raise InputError(
                f"There is no learned hint number {number}.",
                where=str(self.path),
                next_step="`medalist hints learned` lists the numbers there are.",
            )
        with self._open() as connection:
            connection.execute("UPDATE hints SET status = ? WHERE number = ?", (status, number))
        return next(hint for hint in self.list() if hint.number == number)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=10.0)
            try:
                with connection:
                    connection.execute(_SCHEMA)
                    yield connection
            finally:
                connection.close()
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"The learned hints cannot be used: {error}.",
                where=str(self.path),
                next_step="Check the folder's permissions, or move the file away: a new one is made.",
            ) from None


def default_path(environment: Mapping[str, str] = os.environ) -> Path:
    """`hints.sqlite` in Medalist's home folder."""
    return home_folder(environment) / "hints.sqlite"


def error_line(text: str) -> str:
    """The last line of ``text`` that names an error, "" where none does."""
    lines = [line.strip() for line in text.splitlines()]
    named = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Warning|Interrupt)\b", line)]
    return (named or [""])[-1]


def last_error_line(text: str) -> str:
    """The last line of ``text`` that names an error, else its last line that is not empty."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return error_line(text) or (lines or [""])[-1]


def signature_of(text: str) -> str:
    """What makes two failures the same: the error line without paths, quoted names and numbers."""
    line = last_error_line(text)
    line = re.sub(r"""(['"`]).*?\1""", "<name>", line)
    line = re.sub(r"(?:[A-Za-z]:)?[\w.-]*/[\w./-]+", "<path>", line)
    line = re.sub(r"0x[0-9a-fA-F]+|\d+(?:\.\d+)?", "<n>", line)
    return re.sub(r"\s+", " ", line).strip()


def _finding(hint: LearnedHint, line: int) -> Finding:
    promoted = hint.status == "promoted"
    return Finding(
        hint_id=f"learned-{hint.number}",
        priority="CRITICAL" if promoted else "IMPORTANT",
        line=line,
        message=f"Seen {hint.times} times before: {hint.error}",
        fix=hint.fix,
        must_fix=promoted,
        mechanical=False,
    )
