"""Transformations for programs over texts, lists and dictionaries: look up and count once instead of searching anew."""

from medalist.families.speedup.optimiser.plain.counting import CountedOnce, IndexedMatches
from medalist.families.speedup.optimiser.plain.growing import AppendedEntries, CollectedParts
from medalist.families.speedup.optimiser.plain.membership import IndexedPlaces, SetMembership, SetsOfDocuments
from medalist.families.speedup.optimiser.plain.once import CompiledPatterns, HoistedCalls, RememberedFunctions
from medalist.families.speedup.optimiser.plain.tables_as_lists import CellsFromLists, RowsFromLists

TRANSFORMATIONS = (
    CellsFromLists(),
    RowsFromLists(),
    SetMembership(),
    SetsOfDocuments(),
    IndexedPlaces(),
    CountedOnce(),
    IndexedMatches(),
    CollectedParts(),
    AppendedEntries(),
    CompiledPatterns(),
    RememberedFunctions(),
    HoistedCalls(),
)
"""What the search may try, in no order."""
