"""Shares of several sources: as set at first, then by what paid."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from medalist.search.shares import PaidShares


def drawn(shares: PaidShares, *available: str, times: int = 400) -> Counter[str]:
    return Counter(shares.choose(available) for _ in range(times))


def test_the_share_that_was_set_is_about_what_is_drawn():
    shares = PaidShares({"model": 0.9, "family": 0.1}, random.Random(0))
    assert drawn(shares, "model", "family")["model"] > 300


def test_what_pays_is_drawn_more_and_what_does_not_is_never_shut_out():
    shares = PaidShares({"model": 0.5, "family": 0.5}, random.Random(0))
    for _ in range(12):
        shares.tell("model", paid=True)
        shares.tell("family", paid=False)
    counts = drawn(shares, "model", "family")
    assert counts["model"] > 300
    assert counts["family"] > 0


def test_a_share_of_nought_is_drawn_only_alone():
    shares = PaidShares({"model": 1.0, "family": 0.0}, random.Random(0))
    assert drawn(shares, "model", "family") == {"model": 400}
    assert drawn(shares, "family") == {"family": 400}


def test_nobody_to_choose_from():
    with pytest.raises(ValueError):
        PaidShares({"model": 1.0}, random.Random(0)).choose([])
