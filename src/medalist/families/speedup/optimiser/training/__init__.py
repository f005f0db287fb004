"""Transformations of programs that train with torch: loading, optimisers, frozen parts, whole training steps."""

from __future__ import annotations

from medalist.families.speedup.optimiser.training.frozen import FrozenParts
from medalist.families.speedup.optimiser.training.loaders import InMemoryLoaders
from medalist.families.speedup.optimiser.training.optimisers import FusedOptimisers
from medalist.families.speedup.optimiser.training.written_out import WrittenOutSteps
from medalist.families.speedup.optimiser.transformation import Transformation

TRANSFORMATIONS: tuple[Transformation, ...] = (
    WrittenOutSteps(compiled=True),
    WrittenOutSteps(compiled=False),
    FrozenParts(),
    InMemoryLoaders(),
    FusedOptimisers(),
)
