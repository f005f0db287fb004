"""Facts as JSON and back: they are found out in a sandbox, and what comes out of one is data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from medalist.families.speedup.optimiser.facts import Facts, FunctionFacts, Kind, LoopFacts


def facts_as_json(facts: Facts) -> dict[str, Any]:
    """JSON values only."""
    return asdict(facts)


def facts_from_json(data: Mapping[str, Any]) -> Facts:
    """What ``facts_as_json`` gave, after a way through JSON. Raises KeyError and TypeError for anything else."""
    functions = {name: _function(each) for name, each in data["functions"].items()}
    return Facts(float(data["seconds"]), functions, tuple(map(_loop, data["loops"])))


def _kind(data: Mapping[str, Any]) -> Kind:
    return Kind(**{**data, "shape": tuple(data["shape"]), "items": tuple(map(_kind, data["items"]))})


def _kinds(data: Mapping[str, Any]) -> dict[str, Kind]:
    return {name: _kind(each) for name, each in data.items()}


def _function(data: Mapping[str, Any]) -> FunctionFacts:
    returns = _kind(data["returns"]) if data["returns"] else None
    kinds = {name: _kinds(data[name]) for name in ("arguments", "attributes")}
    return FunctionFacts(**{**data, **kinds, "returns": returns})


def _loop(data: Mapping[str, Any]) -> LoopFacts:
    return LoopFacts(**{**data, **{name: _kinds(data[name]) for name in ("variables", "bound_after")}})
