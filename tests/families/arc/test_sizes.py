"""Output sizes are predicted by the simplest rule that all pairs bear out."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.solving.sizes import output_sizes


def _puzzle(sizes: list[tuple[tuple[int, int], tuple[int, int]]], tests: list[tuple[int, int]]) -> Puzzle:
    rng = np.random.default_rng(5)

    def grid(shape: tuple[int, int]) -> np.ndarray:
        return rng.integers(0, 4, shape).astype(np.int8)

    return Puzzle(
        tuple(Pair(grid(before), grid(after)) for before, after in sizes), tuple(grid(each) for each in tests)
    )


def test_the_same_size_comes_before_a_constant() -> None:
    rules = output_sizes(_puzzle([((5, 7), (5, 7)), ((5, 7), (5, 7))], [(6, 6)]), most=8)
    assert rules[0].sizes[-1] == (6, 6)
    assert (5, 7) in [rule.sizes[-1] for rule in rules]


def test_multiples_and_margins_are_read_off_either_axis() -> None:
    assert output_sizes(_puzzle([((2, 3), (4, 9)), ((4, 5), (8, 15))], [(6, 2)]))[0].sizes[-1] == (12, 6)
    assert output_sizes(_puzzle([((6, 3), (3, 6)), ((4, 5), (5, 4))], [(9, 2)]))[0].sizes[-1] == (2, 9)


def test_a_crop_of_the_figure_is_measured_whatever_the_ground() -> None:
    def scene(ground: int, height: int, width: int) -> np.ndarray:
        grid = np.full((12, 12), ground, np.int8)
        grid[2 : 2 + height, 3 : 3 + width] = 4
        return grid

    pairs = tuple(Pair(scene(0, h, w), np.full((h, w), 4, np.int8)) for h, w in ((3, 2), (4, 7)))
    assert output_sizes(Puzzle(pairs, (scene(8, 5, 4),)))[0].sizes == ((3, 2), (4, 7), (5, 4))


def test_no_rule_is_no_prediction() -> None:
    assert output_sizes(_puzzle([((9, 9), (13, 4)), ((9, 9), (7, 11)), ((9, 9), (1, 2))], [(9, 9)])) == ()
