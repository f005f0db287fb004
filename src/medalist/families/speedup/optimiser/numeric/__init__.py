"""Numeric loops made fast: compiled by numba, or said in NumPy's own words."""

from __future__ import annotations

from medalist.families.speedup.optimiser.numeric.expressions import CompiledComprehensions
from medalist.families.speedup.optimiser.numeric.interchange import ColumnsAtOnce
from medalist.families.speedup.optimiser.numeric.loops import CompiledLoops
from medalist.families.speedup.optimiser.numeric.selection import QuickSelection
from medalist.families.speedup.optimiser.transformation import Transformation

TRANSFORMATIONS: tuple[Transformation, ...] = (
    CompiledLoops(),
    CompiledComprehensions(),
    ColumnsAtOnce(),
    QuickSelection(),
)

__all__ = ["TRANSFORMATIONS"]
