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
    A list's ``items`` is the one kind that its items have in common, a tuple's one for each; () where that is unknown.
    The ``shape`` of a list, tuple or dict is its length. NumPy's scalars are numbers with a ``dtype``, Python's have none;
    a variable that held ints and floats is a float. ``type_name`` is the class of an object or dict: ``Extractor`` for
    one of the program's own, ``pandas.DataFrame`` for a library's. What agreed in nothing is an object without one.
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
