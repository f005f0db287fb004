"""Transformations for programs over texts, lists, dictionaries and rows of tables: once instead of again and again."""

from medalist.families.speedup.optimiser.plain.counting import CountedOnce, IndexedMatches
from medalist.families.speedup.optimiser.plain.groups import EarlierMatches, GroupedRows
from medalist.families.speedup.optimiser.plain.growing import AppendedEntries, CollectedParts
from medalist.families.speedup.optimiser.plain.membership import IndexedPlaces, SetMembership, SetsOfDocuments
from medalist.families.speedup.optimiser.plain.once import CompiledPatterns, HoistedCalls, RememberedFunctions
from medalist.families.speedup.optimiser.plain.tables_as_lists import CellsFromLists, RowsFromLists
from medalist.families.speedup.optimiser.plain.tabulated import TabulatedTerms, TestedCharacters

TRANSFORMATIONS = (
    CellsFromLists(),
    RowsFromLists(),
    GroupedRows(),
    EarlierMatches(),
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
    TabulatedTerms(),
    TestedCharacters(),
)
"""What the search may try, in no order."""
