"""The clock over an engineer's work: who swallows it once is stopped the next time."""

import time
from contextlib import suppress

import pytest

from medalist.core.budget import Budget
from medalist.core.errors import BudgetSpent
from medalist.runs import ending
from medalist.runs.ending import clock_and_signals


def work_swallowing_one() -> None:
    with clock_and_signals(Budget(0.01)):
        with suppress(BudgetSpent):
            time.sleep(60)
        time.sleep(60)


def test_a_swallowed_clock_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "LIMIT_GRACE_SECONDS", 0.05)
    with pytest.raises(BudgetSpent):
        work_swallowing_one()
