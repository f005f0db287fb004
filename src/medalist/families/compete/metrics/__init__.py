"""Metrics by name: direction, what they take, how they are computed (SPEC K7).

``catalogue`` lists them as data (standard library only, for the parent process); the modules
beside it compute with NumPy and load when a score is first asked for. A new metric is a function in
one of those modules and a row in the catalogue.
"""

from medalist.families.compete.metrics.catalogue import METRICS, Metric, find_metric
from medalist.families.compete.metrics.wording import metric_in_text

__all__ = ["METRICS", "Metric", "find_metric", "metric_in_text"]
