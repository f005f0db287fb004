"""Every transformation that the search may try."""

from __future__ import annotations

import importlib

from medalist.families.speedup.optimiser.transformation import Transformation

_PACKAGES = ("numeric", "arrays", "plain", "training")


def transformations() -> tuple[Transformation, ...]:
    """All of them, those of a package together; in no order that matters."""
    found: list[Transformation] = []
    for name in _PACKAGES:
        package = importlib.import_module(f"medalist.families.speedup.optimiser.{name}")
        found += getattr(package, "TRANSFORMATIONS", ())
    return tuple(found)
