"""The kit for folders that mix kinds: texts, tables and images in one competition.

The text kit already reads table columns beside the texts; images beside a table add the image kit's
recipes, the quickest and the one that sees both right after the table's first.
"""

from __future__ import annotations

from pathlib import Path

from medalist.families.compete.facts import Facts
from medalist.families.compete.kit import image, tabular, text
from medalist.families.compete.kit.features import feature_columns
from medalist.families.compete.recipes import Recipe
from medalist.machine.hardware import Hardware
from medalist.training.sizing import MeasuredSizes


def drafts(
    facts: Facts,
    hardware: Hardware,
    budget_seconds: float,
    weights: Path | None = None,
    measured: MeasuredSizes | None = None,
) -> list[Recipe]:
    """Recipes in the order to try them; each names the kit that writes its scripts."""
    columns = feature_columns(facts)
    found = []
    if columns.texts:
        found += text.drafts(facts, hardware, budget_seconds)
    elif any((columns.numbers, columns.flags, columns.categories, columns.dates, columns.strings)):
        found += tabular.drafts(facts, hardware, budget_seconds)
    if facts.image:
        pictures = image.drafts(facts, hardware, budget_seconds, weights, measured)
        found = [*found[:1], *pictures[:2], *found[1:], *pictures[2:]]
    return found
