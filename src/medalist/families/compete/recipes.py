"""Recipes: what a candidate is made of, in a form that operators can change and a run can resume from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from medalist.training.sizing import job_key


@dataclass(frozen=True)
class Recipe:
    """An estimator with its options: all that is needed to write a candidate's scripts again.

    ``kit`` names the module of ``families/compete/kit`` that writes the scripts ("tabular",
    "image", "ensemble", ...); ``options`` holds JSON values only. ``expected_cpu_seconds`` is the
    kit's estimate of the whole training on this machine, used to plan, never to judge.
    """

    kit: str
    estimator: str
    options: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    folds: int = 5
    title: str = ""
    expected_cpu_seconds: float = 10.0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Recipe:
        return Recipe(**data)


def sizing_key(recipe: Mapping[str, Any]) -> str:
    """The key under which a recipe's batch is measured (``training.sizing.job_key``); "" where it has none."""
    options = recipe.get("options", {})
    if "batch" not in options:
        return ""
    return job_key(recipe["kit"], recipe["estimator"], options.get("size"))
