"""What to try first: edits of lines in which much of a run is spent, whatever they say of themselves."""

from medalist.families.speedup.optimiser.facts import Facts, FunctionFacts, LoopFacts
from medalist.families.speedup.optimiser.touching import promise
from medalist.families.speedup.optimiser.transformation import Edit

BASE = """import math


class Model:
    def fit(self, values):
        total = 0.0
        for value in values:
            total += value
        while total > 10:
            total /= 2
        return total
"""
FACTS = Facts(
    10.0,
    {"Model.fit": FunctionFacts("Model.fit", 1, 9.5, 9.5)},
    (LoopFacts("Model.fit", 7, 6.0, 1), LoopFacts("Model.fit", 9, 3.0, 1)),
)


def edited(old: str, new: str, seconds: float = 9.5) -> Edit:
    return Edit("any", "any", "", BASE.replace(old, new), seconds)


def test_an_edit_promises_what_is_spent_in_the_loops_it_touches() -> None:
    assert promise(BASE, edited("total += value", "total += value * 1"), FACTS) == 6.0
    assert promise(BASE, edited("total /= 2", "total *= 0.5"), FACTS) == 3.0
    assert promise(BASE, edited("return total", "return total * 1"), FACTS) == 0.5
    both = BASE[BASE.index("        for") : BASE.index("        return")]
    assert promise(BASE, edited(both, "        total = helper(values)\n"), FACTS) == 9.0
    assert promise(BASE, edited("total /= 2", "total *= 0.5", seconds=1.0), FACTS) == 1.0
