"""Transformations for programs over arrays and tables: many items at once instead of one after another."""

from medalist.families.speedup.optimiser.arrays.comprehensions import AppliedFunctions, StackedComprehensions
from medalist.families.speedup.optimiser.arrays.places import GatheredPlaces
from medalist.families.speedup.optimiser.arrays.selection import SelectedMedians
from medalist.families.speedup.optimiser.arrays.spectra import HalfSpectra
from medalist.families.speedup.optimiser.arrays.stacking import StackedLoops

TRANSFORMATIONS = (
    StackedLoops(),
    StackedComprehensions(),
    AppliedFunctions(),
    GatheredPlaces(),
    HalfSpectra(),
    SelectedMedians(),
)
"""What the search may try, in no order."""
