"""What was seen of a program while it ran: where its time goes, and what its variables held. Transformations read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Group = Literal["array", "tensor", "int", "float", "bool", "str", "none", "list", "tuple", "dict", "object"]


@dataclass(frozen=True)
class Kind:
    """What a variable held on every occasion that was looked at.

    ``dtype`` is NumPy's or torch's name without the library (``float64``); ``ndim`` the number of axes; ``shape`` the
    lengths that never changed, None where one did. ``detached`` says of a tensor that no gradient passes it.
    ``items`` are the kinds of a list's or tuple's items where all are known; ``type_name`` the class of an object.
    """

    group: Group
    dtype: str = ""
    ndim: int = 0
    shape: tuple[int | None, ...] = ()
    contiguous: bool = False
    detached: bool = True
    items: tuple[Kind, ...] = ()
    type_name: str = ""


@dataclass(frozen=True)
class LoopFacts:
    """An outermost ``for`` or ``while`` of a function, by the line of its keyword in the program as it was probed.

    ``variables`` are the local names that were bound when it began, ``bound_after`` those bound when it ended.
    ``seconds`` is the time spent in it over the whole run, inner calls included; ``entered`` how often it began.
    """

    function: str
    line: int
    seconds: float
    entered: int
    variables: Mapping[str, Kind] = field(default_factory=dict)
    bound_after: Mapping[str, Kind] = field(default_factory=dict)


@dataclass(frozen=True)
class FunctionFacts:
    """A function or method of the program, by its qualified name (``Extractor.normalise``).

    ``seconds`` cumulative over the run. ``attributes`` are the kinds of ``self``'s attributes, for a method.
    """

    name: str
    calls: int
    seconds: float
    own_seconds: float
    arguments: Mapping[str, Kind] = field(default_factory=dict)
    returns: Kind | None = None
    attributes: Mapping[str, Kind] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """One run of one program text. Names and lines hold for exactly that text."""

    seconds: float
    functions: Mapping[str, FunctionFacts] = field(default_factory=dict)
    loops: tuple[LoopFacts, ...] = ()

    def loop_at(self, line: int) -> LoopFacts | None:
        """What was seen of the loop whose keyword stands on ``line``."""
        return next((loop for loop in self.loops if loop.line == line), None)

    def share(self, seconds: float) -> float:
        """``seconds`` as a share of the whole run."""
        return seconds / self.seconds if self.seconds > 0 else 0.0
