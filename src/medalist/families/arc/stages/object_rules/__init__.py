"""Learn which objects of a puzzle are acted on, and how, or which of them make the output."""

from medalist.families.arc.stages.object_rules.stage import ObjectRules, stage

__all__ = ["ObjectRules", "stage"]
