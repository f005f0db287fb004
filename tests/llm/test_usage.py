"""The ledger: whatever is asked at once, what is spent stays within the limit."""

import contextlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medalist.core.errors import CostLimit
from medalist.llm.usage import Ledger, Usage

Calls = st.lists(
    st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 1000), st.booleans()), max_size=60
)


@given(Calls, st.floats(0, 3), st.integers(0, 5000))
def test_what_is_spent_never_passes_the_limit(
    calls: list[tuple[float, float, int, bool]], usd: float, tokens: int
) -> None:
    """Calls that use at most what they reserved, in any order of reserving and settling."""
    ledger, under_way = Ledger(usd, tokens), []
    for worst, share, size, settle in calls:
        with contextlib.suppress(CostLimit):
            under_way.append((ledger.reserve(worst, size), share))
        if settle and under_way:
            reservation, part = under_way.pop(0)
            ledger.settle(reservation, reservation.usd * part, int(reservation.tokens * part))
        assert ledger.spent_usd <= usd + 1e-6
        assert ledger.spent_tokens <= tokens


def test_threads_reserve_no_more_together_than_there_is() -> None:
    ledger = Ledger(max_cost_usd=1.0)

    def reserve(_: int) -> bool:
        try:
            ledger.reserve(0.1, 10)
        except CostLimit:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(reserve, range(200))) == 10


def test_settling_gives_back_what_was_not_used() -> None:
    ledger = Ledger(max_cost_usd=1.0, max_tokens=100)
    first = ledger.reserve(1.0, 100)
    with pytest.raises(CostLimit):
        ledger.reserve(0.1, 1)
    ledger.settle(first, 0.25, 40)
    room = ledger.room()
    assert (room.usd, room.tokens, room.open_reservations) == (0.75, 60, 0)
    ledger.reserve(0.75, 60)


def test_a_refusal_says_what_is_left_and_how_to_give_more() -> None:
    ledger = Ledger(max_cost_usd=0.5, spent_usd=0.4)
    with pytest.raises(CostLimit) as raised:
        ledger.reserve(0.2, 1)
    assert "$0.1000" in raised.value.what
    assert "--max-cost" in raised.value.next_step
    with pytest.raises(CostLimit, match="tokens"):
        Ledger(max_tokens=10).reserve(0.0, 11)


def test_without_a_limit_everything_is_counted_and_nothing_refused() -> None:
    ledger = Ledger()
    assert not ledger.limited
    ledger.settle(ledger.reserve(1e9, 10**12), 2.0, 30)
    assert (ledger.spent_usd, ledger.spent_tokens) == (2.0, 30)


def test_usages_add_up() -> None:
    total = Usage(1, 10, 5, 2, 0.5) + Usage(1, 1, 1, 0, 0.0, 1)
    assert total == Usage(2, 11, 6, 2, 0.5, 1)
    assert total.tokens == 17
