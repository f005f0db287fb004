"""What a language model must answer with when it plays an operator: files that can be run, checked before they are.

Only evolution imports this, for it needs pydantic; an answer that breaks a rule goes back to the
language model with the reason (``llm.door`` lets it mend an answer twice).
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence

from pydantic import BaseModel, Field, field_validator

_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,80}\.(py|txt|md|json|yaml|yml|toml)")
_MOST_FILES = 8
_MOST_CHARACTERS = 200_000
_LONGEST_TITLE = 80


class WrittenFile(BaseModel):
    """One file of a candidate's folder."""

    name: str = Field(description="file name, without a folder")
    content: str = Field(description="the whole file")


class Written(BaseModel):
    """A candidate, as a language model wrote it."""

    title: str = Field(description="what it is, in a few words; it names the candidate in tables")
    files: list[WrittenFile] = Field(description="every file of the candidate's folder, in full")
    notes: str = Field(default="", description="why this should be better, in a sentence or two")
    cores: int = Field(default=1, description="how many CPU cores its training uses")

    @field_validator("title")
    @classmethod
    def _one_line(cls, title: str) -> str:
        return " ".join(title.split())[:_LONGEST_TITLE] or "untitled"

    @field_validator("files")
    @classmethod
    def _can_be_written(cls, files: list[WrittenFile]) -> list[WrittenFile]:
        if len(files) > _MOST_FILES:
            raise ValueError(f"{len(files)} files, and {_MOST_FILES} are the most")
        for file in files:
            if not _FILE_NAME.fullmatch(file.name):
                raise ValueError(f"{file.name!r} is no plain file name; leave folders away")
            if len(file.content) > _MOST_CHARACTERS:
                raise ValueError(f"{file.name} is longer than {_MOST_CHARACTERS} characters")
            _refuse_what_is_not_python(file)
        return files


def _refuse_what_is_not_python(file: WrittenFile) -> None:
    if not file.name.endswith(".py"):
        return
    try:
        with warnings.catch_warnings(action="ignore"):
            ast.parse(file.content)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise ValueError(f"{file.name} is not Python: {error}") from error


def written_type(required: Sequence[str]) -> type[Written]:
    """``Written`` that must hold files of these names."""

    class Candidate(Written):
        """A candidate: its title, and every file of its folder in full."""

        @field_validator("files")
        @classmethod
        def _complete(cls, files: list[WrittenFile]) -> list[WrittenFile]:
            missing = sorted(set(required) - {file.name for file in files})
            if missing:
                raise ValueError(f"{', '.join(missing)} is missing; give every file in full")
            return files

    return Candidate
