"""Cell rules: a stage that learns what each cell becomes from what surrounds it, where grids keep their shape."""

from medalist.families.arc.stages.cell_rules.proposing import CellRules, stage

__all__ = ["CellRules", "stage"]
