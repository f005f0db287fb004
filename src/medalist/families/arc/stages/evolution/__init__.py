"""The stage that breeds typed programs, from near misses of the stages before it and from random ones."""

from medalist.families.arc.stages.evolution.stage import Evolution, stage

__all__ = ["Evolution", "stage"]
