"""How far learned rules are believed: by pairs left out, cost, novelty and the share of rules that agree.

Set by the first answers for 72 same-shape training tasks of the design half:

==================  ===========  =============
left-out pairs      rule's cost  right / first
==================  ===========  =============
all                 any          26 / 26
half to all others  any          14 / 16
a third             any          1 / 7
none                under 12     4 / 6
none                12 and more  1 / 16
==================  ===========  =============

and then measured on the first answers for 33 further tasks of that half:

==============  =============
confidence      right / first
==============  =============
0.65 and more   18 / 18
0.25 to 0.65    4 / 6
under 0.25      0 / 9
==============  =============

Second answers were right 1 time in 61: where the first has a large share of the weight, nothing else is worth much.
Rules that grow (``growth``) were right on 11 of 12 tasks when all changed cells begin in one colour, which is asked
for now, and on 1 of 4 others.
"""

from __future__ import annotations

import math
from itertools import pairwise

CHEAP = 9.0
"""A rule up to this cost is not held against it."""


def of_answer(held: float, cost: float, share: float, first: bool) -> float:
    """For an answer with ``share`` of all rules' weight whose simplest rule has ``cost``; ``held`` is of left-out pairs."""
    known = ((0.0, 0.45), (0.34, 0.4), (0.5, 0.8), (0.7, 0.86), (1.0, 0.94))
    base = 0.0
    for (low, at_low), (high, at_high) in pairwise(known):
        if low <= held <= high:
            base = at_low + (at_high - at_low) * (held - low) / (high - low)
    base *= math.exp(-max(cost - CHEAP, 0.0) / 4.0 * (1.05 - held))
    return max(0.01, min(0.97, base * (math.sqrt(share) if first else share)))


def of_growth(held: float, rules: int) -> float:
    """For rules that grow to the outputs; many rules are less certain."""
    return max(0.05, 0.6 + 0.33 * held - 0.04 * max(0, rules - 2))
