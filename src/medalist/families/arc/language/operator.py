"""Operators: pure functions over grids that programs are made of. Adding one is adding a function.

The types of an operator's positional parameters say what a program may put in; its keyword-only parameters are
literals (numbers, text, nested tuples of them). A literal that search may try blindly has its ``choices``; one
without choices is found out by a stage that knows how. Operators and what they call use Python's builtins, NumPy and
this package's ``operators`` and ``grids`` alone, since a solution is also given out as one stand-alone file made of
their source; none changes its argument, and one that makes no sense for what it was given raises ``NoValue``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

_registry: dict[str, Operator] = {}


class NoValue(ValueError):
    """An operator makes no sense for what it was given."""


class Kind(StrEnum):
    """The type of a value, named by the annotation that operators write."""

    GRID = "Grid"
    MASK = "Mask"
    PIECE = "Piece"
    PIECES = "tuple[Piece, ...]"
    NUMBER = "int"
    GRIDS = "tuple[Grid, ...]"


@dataclass(frozen=True)
class Operator:
    """A function with its types. ``tags`` are the techniques that a program with it is said to use (SPEC A3)."""

    name: str
    function: Callable[..., Any]
    takes: tuple[Kind, ...]
    gives: Kind
    choices: Mapping[str, Sequence[Any]]
    tags: tuple[str, ...]
    cost: float
    """What a program pays for it in length; 1.0 for most."""

    @property
    def blind(self) -> bool:
        """Whether search may apply it without knowing anything: every literal has its choices."""
        wanted = [
            name
            for name, parameter in inspect.signature(self.function).parameters.items()
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        ]
        return all(name in self.choices for name in wanted)


def operator(*, tags: Sequence[str] = (), cost: float = 1.0, **choices: Sequence[Any]) -> Callable[[F], F]:
    """Register the decorated function under its own name. Raises ValueError for a name taken or a type unknown."""

    def register(function: F) -> F:
        name = function.__name__
        if name in _registry and _registry[name].function.__module__ != function.__module__:
            raise ValueError(f"two operators are called {name}")
        signature = inspect.signature(function)
        takes = tuple(
            Kind(parameter.annotation)
            for parameter in signature.parameters.values()
            if parameter.kind is not inspect.Parameter.KEYWORD_ONLY
        )
        _registry[name] = Operator(
            name, function, takes, Kind(signature.return_annotation), dict(choices), tuple(tags), cost
        )
        return function

    return register


def operators() -> Mapping[str, Operator]:
    """Every operator by name, from every file in ``operators/``, in the order of files and lines."""
    _load()
    return _in_order(len(_registry))


@cache
def _load() -> None:
    import medalist.families.arc.operators as package

    for module in iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")


@cache
def _in_order(_known: int) -> Mapping[str, Operator]:
    """By file and line, whatever was imported first: what search tries first must not depend on who called it."""
    places = {
        name: (each.function.__module__, each.function.__code__.co_firstlineno)
        for name, each in _registry.items()
    }
    return {name: _registry[name] for name in sorted(places, key=lambda name: places[name])}


def find_operator(name: str) -> Operator:
    """Raises KeyError for a name nobody has."""
    return operators()[name] if name not in _registry else _registry[name]
