"""Closed-form detectors: each looks at the training pairs, works out its parameters, and proposes a program.

They run first and cost little. A detector proposes whatever explains its part of the pairs; the stage keeps what
gives every training output and believes those most whose rivals give the same test answers.
"""

from medalist.families.arc.stages.detectors.stage import Detectors, stage

__all__ = ["Detectors", "stage"]
