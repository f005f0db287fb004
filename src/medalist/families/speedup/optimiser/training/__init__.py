"""Transformations of programs that train with torch: loading, optimisers, frozen parts, whole training steps."""

from __future__ import annotations

from medalist.families.speedup.optimiser.training.loaders import InMemoryLoaders
from medalist.families.speedup.optimiser.training.optimisers import FusedOptimisers
from medalist.families.speedup.optimiser.transformation import Transformation

TRANSFORMATIONS: tuple[Transformation, ...] = (InMemoryLoaders(), FusedOptimisers())
