"""What greedy composition chooses among: layers of output size, as bits over the cells of all training outputs.

A layer is right where it shows the output's colour and wrong where it shows another; where it is clear it is neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medalist.families.arc.grids.cells import CLEAR, Grid
from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.language.operator import Kind
from medalist.families.arc.language.program import Program, call
from medalist.families.arc.operators.pieces import painted
from medalist.families.arc.solving.states import State

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Layer:
    """``put`` lays it over the program of what is below; ``alone`` is its program as the lowest layer, if it has one.

    ``cost`` is what it adds to the length of a program.
    """

    put: Callable[[Program], Program]
    alone: Program | None
    cost: float


class Layers:
    """Layers that differ on the training outputs, with their bits: shape (layers, words) each."""

    def __init__(self, puzzle: Puzzle, grounds: Sequence[int]) -> None:
        self.puzzle = puzzle
        self.grounds = grounds
        self.layers: list[Layer] = []
        self.target = np.concatenate([output.ravel() for output in puzzle.outputs])
        self.size = len(self.target)
        self._seen: dict[bytes, int] = {}
        self._right: list[bytes] = []
        self._wrong: list[bytes] = []
        self._shapes = [output.shape for output in puzzle.outputs]
        self._width = -(-self.size // 64) * 8

    def matrices(self) -> tuple[Words, Words]:
        """Bits of where each layer is right and where it is wrong."""
        shape = (len(self.layers), self._width // 8)
        right = np.frombuffer(b"".join(self._right), np.uint64).reshape(shape)
        wrong = np.frombuffer(b"".join(self._wrong), np.uint64).reshape(shape)
        return right, wrong

    def pack(self, cells: npt.NDArray[np.bool_]) -> bytes:
        """A flag a training output cell, as words padded with zeros."""
        return np.packbits(cells, bitorder="little").tobytes().ljust(self._width, b"\0")

    def pair_bits(self, number: int) -> Words:
        """The cells of one training output."""
        flags = np.zeros(self.size, np.bool_)
        start = sum(output.size for output in self.puzzle.outputs[:number])
        flags[start : start + self.puzzle.outputs[number].size] = True
        return np.frombuffer(self.pack(flags), np.uint64)

    def add(self, state: State) -> None:
        """Every layer that a state makes: none for one of another size."""
        pairs = len(self._shapes)
        values = state.values[:pairs]
        if state.kind == Kind.GRID:
            if state.sized:
                self._add_grid(state, np.concatenate([value.ravel() for value in values]))
            else:
                self._add_parts(state)
        elif state.kind == Kind.MASK:
            if all(value.shape == shape for value, shape in zip(values, self._shapes, strict=True)):
                self._add_mask(state, np.concatenate([value.ravel() for value in values]))
        elif state.kind in (Kind.PIECE, Kind.PIECES):
            self._add_pieces(state)

    def _add_grid(self, state: State, cells: Grid) -> None:
        program = state.program
        self._keep(cells, None, Layer(lambda _: program, program, state.cost))
        for clear in self.grounds:
            self._keep(
                cells,
                cells != clear,
                Layer(
                    lambda below, c=clear: call("over", program, below, clear=c), program, state.cost + 0.5
                ),
            )

    def _add_parts(self, state: State) -> None:
        """A smaller grid as each of the equal parts that make up the output, where there are few of them."""
        parts = {
            (shape[0] // value.shape[0], shape[1] // value.shape[1])
            if shape[0] % value.shape[0] == 0 and shape[1] % value.shape[1] == 0
            else (0, 0)
            for value, shape in zip(state.values, self._shapes, strict=False)
        }
        if len(parts) != 1:
            return
        down, across = parts.pop()
        if not 2 <= down * across <= 9:
            return
        for row in range(down):
            for column in range(across):
                self._add_part(state, row, column)

    def _add_part(self, state: State, row: int, column: int) -> None:
        canvases = []
        for value, shape in zip(state.values, self._shapes, strict=False):
            canvas = np.full(shape, CLEAR, np.int8)
            height, width = value.shape
            canvas[row * height : (row + 1) * height, column * width : (column + 1) * width] = value
            canvases.append(canvas.ravel())
        cells = np.concatenate(canvases)
        for clear in (CLEAR, *self.grounds):
            self._keep(
                cells,
                (cells != CLEAR) & (cells != clear),
                Layer(
                    lambda below, c=clear: call(
                        "lay_part", state.program, below, row=row, column=column, clear=c
                    ),
                    None,
                    state.cost + 0.8 + (0.2 if clear != CLEAR else 0.0),
                ),
            )

    def _add_mask(self, state: State, flags: npt.NDArray[np.bool_]) -> None:
        counts = np.bincount(self.target[flags], minlength=10)
        for colour in np.argsort(-counts, kind="stable")[:2].tolist():
            if counts[colour]:
                cells = np.full(self.size, colour, np.int8)
                self._keep(
                    cells,
                    flags,
                    Layer(
                        lambda below, c=colour: call("tint", state.program, below, colour=c),
                        None,
                        state.cost + 1.0,
                    ),
                )

    def _add_pieces(self, state: State) -> None:
        one = state.kind == Kind.PIECE
        canvases = []
        for value, shape in zip(state.values, self._shapes, strict=False):
            canvas = np.full(shape, CLEAR, np.int8)
            canvases.append(painted(canvas, (value,) if one else value).ravel())
        cells = np.concatenate(canvases)
        name = "lay" if one else "lay_all"
        program = state.program
        self._keep(
            cells, cells != CLEAR, Layer(lambda below: call(name, program, below), None, state.cost + 0.5)
        )

    def _keep(self, cells: Grid, shown: npt.NDArray[np.bool_] | None, layer: Layer) -> None:
        right = cells == self.target
        wrong = ~right
        if shown is not None:
            right &= shown
            wrong &= shown
        if not right.any():
            return
        bits, faults = self.pack(right), self.pack(wrong)
        key = bits + faults
        if key in self._seen:
            return
        self._seen[key] = len(self.layers)
        self.layers.append(layer)
        self._right.append(bits)
        self._wrong.append(faults)


@dataclass(frozen=True)
class Stack:
    """Layers by number, the topmost first; ``left`` cells of the training outputs are still uncovered."""

    chosen: tuple[int, ...]
    left: int
    cost: float


def stacks(layers: Layers, covered: Words, starts: int, most: int, dearness: float = 0.12) -> Iterator[Stack]:
    """Greedy stacks from several first layers; cells in ``covered`` need not be given.

    Each next layer is never wrong where nothing covers it, and covers the most there, less for dear layers.
    """
    right, wrong = layers.matrices()
    costs = np.array([layer.cost for layer in layers.layers])
    discount = np.exp(-dearness * costs)
    everything = np.frombuffer(layers.pack(np.ones(layers.size, np.bool_)), np.uint64)
    firsts = _best(right, wrong, everything & ~covered, discount, starts)
    for first in firsts:
        yield _stack(first, right, wrong, everything & ~covered, discount, costs, most)


def _best(
    right: Words, wrong: Words, open_cells: Words, discount: npt.NDArray[np.float64], most: int
) -> list[int]:
    """The layers that are nowhere wrong and cover the most, which differ in what they cover."""
    allowed = np.flatnonzero(~(wrong & open_cells).any(axis=1))
    if not len(allowed):
        return []
    gains = right[allowed] & open_cells
    score = np.bitwise_count(gains).sum(axis=1) * discount[allowed]
    order = np.argsort(-score, kind="stable")
    found: dict[bytes, int] = {}
    for place in order[: 8 * most].tolist():
        if score[place] > 0:
            found.setdefault(gains[place].tobytes(), int(allowed[place]))
        if len(found) == most:
            break
    return list(found.values())


def _stack(
    first: int,
    right: Words,
    wrong: Words,
    open_cells: Words,
    discount: npt.NDArray[np.float64],
    costs: npt.NDArray[np.float64],
    most: int,
) -> Stack:
    chosen = [first]
    open_cells = open_cells & ~right[first]
    while open_cells.any() and len(chosen) < most:
        following = _best(right, wrong, open_cells, discount, 1)
        if not following:
            break
        chosen.append(following[0])
        open_cells = open_cells & ~right[following[0]]
    left = int(np.bitwise_count(open_cells).sum())
    return Stack(tuple(chosen), left, float(costs[chosen].sum()))
