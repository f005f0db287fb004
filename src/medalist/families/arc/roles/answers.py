"""What a language model must answer in each role. Only what asks imports this, for it needs pydantic.

An answer that breaks a rule here goes back to the language model with the reason (``llm.door``). Code is not parsed
here but in the sandbox: a text that Python's parser dies of must not take this process along.
"""

from __future__ import annotations

import re

from pydantic import BaseModel, Field, field_validator

from medalist.families.arc.tagger import TECHNIQUES

_FENCED = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)```", re.DOTALL)
_MOST_CHARACTERS = 60_000


class Analysis(BaseModel):
    """The rule of the puzzle in words."""

    observations: str = Field(description="what is the same and what changes between inputs and outputs")
    rule: str = Field(description="the rule, step by step, exact enough to be programmed")
    output_size: str = Field(default="", description="how the output's size follows from the input")


class Code(BaseModel):
    """A program that solves the puzzle."""

    rule: str = Field(default="", description="the rule that the program follows, in a sentence or two")
    code: str = Field(description="the whole Python file with solve(grid)")

    @field_validator("code")
    @classmethod
    def _a_program(cls, code: str) -> str:
        fenced = _FENCED.search(code)
        code = (fenced.group(1) if fenced else code).strip().encode(errors="replace").decode() + "\n"
        if len(code) > _MOST_CHARACTERS:
            raise ValueError(f"the program is longer than {_MOST_CHARACTERS} characters")
        if not re.search(r"^(?:def\s+solve\s*\(|solve\s*=)", code, re.MULTILINE):
            raise ValueError("the program must define a function solve(grid)")
        return code


class Tags(BaseModel):
    """Which techniques a puzzle or a program needs."""

    techniques: list[str] = Field(description="those of the list that apply, in the list's own words")

    @field_validator("techniques")
    @classmethod
    def _known(cls, techniques: list[str]) -> list[str]:
        """In the list's order; what is not in it is left out, unless that leaves nothing."""
        said = {" ".join(each.lower().replace("-", " ").replace("_", " ").split()) for each in techniques}
        known = [each for each in TECHNIQUES if each in said or each.replace("colour", "color") in said]
        if said and not known:
            raise ValueError(f"none of these is in the list: {', '.join(TECHNIQUES)}")
        return known
