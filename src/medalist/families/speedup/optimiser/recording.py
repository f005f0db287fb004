"""The recorder: what an instrumented program tells while it runs, and the facts that come of it.

The instrumented text (``instrument``) holds calls of this object's methods at the beginnings and ends of functions and
of outermost loops. Time is the process's CPU time, for a machine may be shared. Looking at variables is rationed: the
first few occasions, then as many as a small share of the run allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import process_time
from typing import Any

from medalist.families.speedup.optimiser.facts import Facts, FunctionFacts, Kind, LoopFacts
from medalist.families.speedup.optimiser.kinds import common, kind_of

_ALWAYS_LOOKED_AT = 3
_SHARE_FOR_LOOKING = 0.05
_PARTS_OF_MODULES = ("_parameters", "_buffers", "_modules")
"""Where a ``torch.nn.Module`` keeps attributes that its dictionary does not show."""


@dataclass
class _Seen:
    """The kinds of some names over several occasions; a name that was not bound each time is dropped."""

    kinds: dict[str, Kind] | None = None
    occasions: int = 0

    def look(self, values: Mapping[str, Any]) -> None:
        found = {name: kind_of(value) for name, value in values.items() if not name.startswith("__")}
        if self.kinds is None:
            self.kinds = found
            return
        self.kinds = {name: common((kind, found[name])) for name, kind in self.kinds.items() if name in found}

    @property
    def known(self) -> dict[str, Kind]:
        return self.kinds or {}


@dataclass
class _Place:
    """A function or a loop: its time, and what was seen where it began and where it ended."""

    name: str
    line: int = 0
    entered: int = 0
    seconds: float = 0.0
    inner_seconds: float = 0.0
    open: int = 0
    before: _Seen = field(default_factory=_Seen)
    after: _Seen = field(default_factory=_Seen)
    attributes: _Seen = field(default_factory=_Seen)


class Recorder:
    """One run's record. ``functions`` and ``loops`` are known by the numbers that the instrumented text calls."""

    def __init__(self, functions: list[tuple[str, tuple[str, ...]]], loops: list[tuple[str, int]]) -> None:
        """``functions``: qualified name and parameters of each; ``loops``: its function's name and its line."""
        self._parameters = [parameters for _, parameters in functions]
        self._functions = [_Place(name) for name, _ in functions]
        self._loops = [_Place(name, line) for name, line in loops]
        self._stack: list[_Place] = []
        self._began = process_time()
        self._looking_seconds = 0.0

    # ---- called by the instrumented text

    def enter(self, number: int, variables: Mapping[str, Any]) -> tuple[int, float]:
        """A function begins; the token is handed back to ``leave``."""
        place = self._functions[number]
        place.entered += 1
        place.open += 1
        if self._may_look(place.before):
            parameters = self._parameters[number]
            given = {name: variables[name] for name in parameters if name in variables}
            self._look(place.before, given)
            if parameters and parameters[0] == "self":
                self._look(place.attributes, _attributes(variables.get("self")))
        self._stack.append(place)
        return number, process_time()

    def returned(self, token: tuple[int, float], value: Any) -> Any:
        """A function is about to return ``value``, which is passed through."""
        seen = self._functions[token[0]].after
        if self._may_look(seen):
            self._look(seen, {"value": value})
        return value

    def leave(self, token: tuple[int, float]) -> None:
        """A function ends, however it does."""
        number, began = token
        place = self._functions[number]
        spent = process_time() - began
        self._stack.pop()
        place.open -= 1
        if place.open == 0:  # a function that calls itself counts once
            place.seconds += spent
        if self._stack and self._stack[-1] is not place:
            self._stack[-1].inner_seconds += spent

    def loop(self, number: int, variables: Mapping[str, Any]) -> tuple[int, float]:
        """An outermost loop begins."""
        place = self._loops[number]
        place.entered += 1
        place.open += 1
        if self._may_look(place.before):
            self._look(place.before, variables)
        return number, process_time()

    def looped(self, token: tuple[int, float], variables: Mapping[str, Any]) -> None:
        """An outermost loop ends, however it does."""
        number, began = token
        place = self._loops[number]
        place.open -= 1
        if place.open == 0:
            place.seconds += process_time() - began
        if self._may_look(place.after):
            self._look(place.after, variables)

    # ---- called by the probe

    def facts(self) -> Facts:
        """What was seen since this recorder was made; places that never ran are left out."""
        functions = {place.name: _function(place) for place in self._functions if place.entered}
        loops = tuple(_loop(place) for place in self._loops if place.entered)
        return Facts(process_time() - self._began, functions, loops)

    def _may_look(self, seen: _Seen) -> bool:
        seen.occasions += 1
        if seen.occasions <= _ALWAYS_LOOKED_AT:
            return True
        return self._looking_seconds < _SHARE_FOR_LOOKING * (process_time() - self._began)

    def _look(self, seen: _Seen, values: Mapping[str, Any]) -> None:
        began = process_time()
        seen.look(values)
        self._looking_seconds += process_time() - began


def _attributes(owner: Any) -> dict[str, Any]:
    """An object's own attributes; a module's parameters, buffers and parts among them."""
    own = dict(getattr(owner, "__dict__", {}))
    for part in _PARTS_OF_MODULES:
        own |= own.pop(part, None) or {}
    return own


def _function(place: _Place) -> FunctionFacts:
    own_seconds = max(0.0, place.seconds - place.inner_seconds)
    return FunctionFacts(
        name=place.name,
        calls=place.entered,
        seconds=place.seconds,
        own_seconds=own_seconds,
        arguments=place.before.known,
        returns=place.after.known.get("value"),
        attributes=place.attributes.known,
    )


def _loop(place: _Place) -> LoopFacts:
    return LoopFacts(
        function=place.name,
        line=place.line,
        seconds=place.seconds,
        entered=place.entered,
        variables=place.before.known,
        bound_after=place.after.known,
    )
