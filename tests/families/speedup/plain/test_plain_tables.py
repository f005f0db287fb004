"""Cells, rows and groups of tables: the edited program answers as the original, or nothing is offered."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from edited_programs import assert_edited_equal, edits_of

from medalist.families.speedup.optimiser.plain.groups import GroupedRows
from medalist.families.speedup.optimiser.plain.tables_as_lists import CellsFromLists, RowsFromLists
from medalist.families.speedup.optimiser.transformation import Transformation

_RNG = np.random.default_rng(1)
TABLE = pd.DataFrame(
    {
        "price": _RNG.random(50) * 100,
        "amount": _RNG.integers(0, 9, 50),
        "city": _RNG.choice(["Rome", "Oslo", "Bern"], 50),
    }
)

FITTING: dict[str, tuple[Transformation, str]] = {
    "cells read and written": (
        CellsFromLists(),
        """
import pandas as pd
def run(table):
    table["level"] = 0.0
    for i in range(len(table)):
        before = table.loc[i - 1, "level"] if i > 0 else 1.0
        table.loc[i, "level"] = 0.9 * before + table["price"].iloc[i]
        if table.iloc[i]["city"] == "Rome":
            table.at[i, "level"] += table["amount"].values[i]
    return table
""",
    ),
    "a new column": (
        CellsFromLists(),
        """
import pandas as pd
def run(table):
    for i in range(len(table)):
        table.loc[i, "double"] = table["price"][i] * 2
    return table
""",
    ),
    "rows": (
        RowsFromLists(),
        """
import pandas as pd
def run(table):
    totals, order = {}, []
    for label, row in table.iterrows():
        if row["city"] not in totals:
            totals[row["city"]] = 0.0
        totals[row["city"]] += row["price"] * row.amount
        order.append((label, row["city"]))
    return {"totals": totals, "order": order}
""",
    ),
    "named rows": (
        RowsFromLists(),
        """
import pandas as pd
def run(table):
    best = {}
    for one in table.itertuples():
        if one.city not in best or best[one.city][0] < one.price:
            best[one.city] = (one.price, one.Index)
    return best
""",
    ),
    "groups": (
        GroupedRows(),
        """
import pandas as pd
def run(table):
    rows = []
    for city in list(table["city"].unique()) + ["Paris"]:
        own = table[table["city"] == city]
        rows.append((city, len(own), own["price"].sum(), table.loc[table.city == city, "amount"].max()))
    return pd.DataFrame(rows[:-1], columns=["city", "count", "price", "amount"])
""",
    ),
}


@pytest.mark.parametrize("name", FITTING)
def test_an_edit_is_offered_and_answers_the_same(name: str) -> None:
    transformation, text = FITTING[name]
    assert_edited_equal(transformation, text, [TABLE])


@pytest.mark.parametrize("name", FITTING)
def test_other_names_change_nothing(name: str) -> None:
    transformation, text = FITTING[name]
    for number, old in enumerate(("run(table)", "row", "label", "own", "before")):
        text = text.replace(old, old if "(" in old else f"v{number}_").replace("iterv0_s", "iterrows")
    text = text.replace("iterv1_s", "iterrows")
    assert_edited_equal(transformation, text, [TABLE])


def test_a_table_that_is_used_whole_in_the_loop_is_left_alone() -> None:
    text = """
import pandas as pd
def run(table):
    sums = []
    for i in range(len(table)):
        table.loc[i, "price"] = table.loc[i, "price"] + 1
        sums.append(table.sum(numeric_only=True)["price"])
    return sums
"""
    assert edits_of(CellsFromLists(), text, [TABLE]) == []


def test_a_row_that_is_handed_on_is_left_alone() -> None:
    text = """
import pandas as pd
def run(table):
    return [sum_of(row) for _, row in table.iterrows()] + loop(table)
def loop(table):
    out = []
    for _, row in table.iterrows():
        out.append(sum_of(row))
    return out
def sum_of(row):
    return row["price"] + row["amount"]
"""
    assert edits_of(RowsFromLists(), text, [TABLE]) == []
