"""Core leases: never twice, whole or not at all, and all of them at once for timing."""

import threading

import pytest

from medalist.machine.leases import CoreLeases, split_cores


def test_nobody_gets_a_core_that_somebody_has() -> None:
    leases = CoreLeases([0, 1, 2, 3])
    first, second = leases.take(3), leases.take(2)
    assert first == (0, 1, 2)
    assert second is None
    assert leases.free == 1
    leases.give_back(first)
    assert leases.take(2) == (0, 1)


def test_the_exclusive_lease_waits_for_everybody() -> None:
    leases = CoreLeases(range(2))
    held = leases.take(1)
    assert leases.take_all() is None
    leases.give_back(held or ())
    assert leases.take_all() == (0, 1)


def test_what_no_waiting_mends_is_an_error() -> None:
    leases = CoreLeases([5])
    with pytest.raises(ValueError, match="2 cores were asked for"):
        leases.take(2)
    with pytest.raises(ValueError, match="not taken"):
        leases.give_back([5])


def test_threads_do_not_share_cores() -> None:
    leases, taken = CoreLeases(range(50)), []
    threads = [threading.Thread(target=lambda: taken.append(leases.take(5))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(core for cores in taken for core in cores) == list(range(50))


@pytest.mark.parametrize(
    ("cores", "parts", "shares"),
    [
        (4, 2, [(0, 1), (2, 3)]),
        (5, 2, [(0, 1, 2), (3, 4)]),
        (2, 2, [(0,), (1,)]),
        (2, 5, [(0,), (1,), (0,), (1,), (0,)]),
    ],
)
def test_cores_are_split_as_far_as_they_go_and_then_shared_in_turn(
    cores: int, parts: int, shares: list[tuple[int, ...]]
) -> None:
    assert split_cores(range(cores), parts) == shares
