"""Cores are shared out once each as far as they go."""

import pytest

from medalist.machine.leases import split_cores


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
