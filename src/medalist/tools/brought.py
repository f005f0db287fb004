"""What a family's workshop may bring to the desk: tools of its own trade, in place of some that all families have.

Optional: a workshop that is no ``BringsTools`` leaves an engineer all common tools and the checks on training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from medalist.tools.definition import Tool


@dataclass(frozen=True)
class Brought:
    """``keeps`` names the common tools that remain (None: all), ``adds`` are the family's own.

    ``workflow`` is how to work, a step a sentence, where it differs from training's; ``ending`` is the tool by which
    an engineer says that it is done, ``shell`` the one that takes a command line. ``steps`` bounds an agent where
    nobody set another limit, and is never told. ``checked`` False lets programs run as they are, unread and
    unwatched: where their training is the very thing that is worked on.
    """

    keeps: frozenset[str] | None = None
    adds: tuple[Tool, ...] = ()
    workflow: tuple[str, ...] = ()
    ending: str = "finish"
    shell: str = "run_command"
    steps: int = 500
    checked: bool = True

    def leaves(self, name: str) -> bool:
        """Whether the common tool ``name`` remains."""
        return self.keeps is None or name in self.keeps


@runtime_checkable
class BringsTools(Protocol):
    """A workshop whose engineers sit at a desk of its own."""

    def bring(self) -> Brought:
        """What lies on the desk. Called once, when an engineer that uses tools sits down, before or after ``prepare``."""
        ...


def brought_by(workshop: object) -> Brought:
    """What ``workshop`` brings; all common tools where it brings nothing."""
    return workshop.bring() if isinstance(workshop, BringsTools) else Brought()
