"""Rows of tables treated one by one become arithmetic with columns; comprehensions are lifted like loops."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from edited_programs import assert_edited_equal, edits_of

from medalist.families.speedup.optimiser.arrays.comprehensions import AppliedFunctions, StackedComprehensions
from medalist.families.speedup.optimiser.arrays.stacking import StackedLoops

_RNG = np.random.default_rng(1)
TABLE = pd.DataFrame(
    {
        "price": _RNG.random(60) * 100,
        "amount": _RNG.integers(0, 9, 60),
        "city": _RNG.choice(["Rome", "Oslo", "Bern"], 60),
        "age": np.where(_RNG.random(60) < 0.2, np.nan, _RNG.random(60) * 90),
    }
)

LOOPS = {
    "iterrows": """
import numpy as np
import pandas as pd
def tax(price, city):
    if city == "Rome":
        return price * 0.2
    return price * 0.1
def run(table):
    totals = []
    count = 0
    for label, row in table.iterrows():
        total = row["price"] * row["amount"] + tax(row["price"], row["city"])
        if row["amount"] == 0:
            total = 1.0
        elif row.city in ("Oslo", "Bern") and total > 100:
            total -= 5
            count += 1
        totals.append(total)
    table["total"] = totals
    return {"table": table, "count": count}
""",
    "itertuples": """
import numpy as np
import math
def run(table):
    kept = []
    for row in table.itertuples():
        share = math.sqrt(row.price) / (row.amount + 1)
        kept.append({"share": share, "city": row.city, "constant": 3})
    return kept
""",
    "cells by position": """
import numpy as np
def run(table):
    table["ratio"] = 0.0
    table["bin"] = "low"
    for i in range(len(table)):
        ratio = table.loc[i, "price"] / (table["amount"].iloc[i] + 1)
        table.loc[i, "ratio"] = ratio
        if table.iloc[i]["price"] > 50:
            table.at[i, "bin"] = "high"
    return table
""",
    "texts": """
import numpy as np
def run(table):
    names = []
    for _, row in table.iterrows():
        names.append(f"{row['city'].lower()}-{row['amount']}")
    return names
""",
}


@pytest.mark.parametrize("name", LOOPS)
def test_loops_over_rows_become_arithmetic_with_columns(name: str) -> None:
    assert_edited_equal(StackedLoops(), LOOPS[name], [TABLE])


APPLIED = {
    "a function of the row": """
import numpy as np
import pandas as pd
def group(row):
    if pd.isna(row["age"]):
        return "unknown"
    if row["age"] < 20:
        return "young"
    elif row["age"] < 60 and row["amount"] > 2:
        return "busy"
    return "old"
def run(table):
    table["group"] = table.apply(group, axis=1)
    return table
""",
    "a lambda of the row": """
import pandas as pd
def run(table):
    table["score"] = table.apply(lambda row: row["price"] * 2 if row["amount"] > 3 else row["price"] - 1, axis=1)
    return table
""",
    "a lambda of an entry": """
import pandas as pd
import numpy as np
def run(table):
    limit = 40.0
    table["clipped"] = table["price"].apply(lambda value: min(max(value, 10.0), limit))
    return table
""",
}


@pytest.mark.parametrize("name", APPLIED)
def test_applied_functions_become_arithmetic_with_columns(name: str) -> None:
    assert_edited_equal(AppliedFunctions(), APPLIED[name], [TABLE])


def test_a_comprehension_over_items_is_lifted() -> None:
    text = """
import numpy as np
def describe(item, power):
    scaled = item ** power
    return np.array([scaled.mean(), scaled.max() - scaled.min()])
def run(items):
    return np.stack([describe(one, 2) for one in items if one.mean() > 0.4])
"""
    assert_edited_equal(StackedComprehensions(), text, [_RNG.random((20, 4, 4))])


def test_a_function_of_the_row_that_draws_numbers_is_left_alone() -> None:
    text = """
import pandas as pd
import random
def run(table):
    return table.apply(lambda row: row["price"] + random.random(), axis=1)
"""
    assert edits_of(AppliedFunctions(), text, [TABLE]) == []
