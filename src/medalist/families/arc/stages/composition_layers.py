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
from medalist.families.arc.stages.composition_tables import MOST_STATES

Words = npt.NDArray[np.uint64]

_DEARNESS = 0.12
"""How much less, in logarithms, a layer is worth for each unit of cost."""
_SIMPLE = 1.5
"""Up to this cost a state's colours are layers one by one."""
_CHUNK = 6
"""Words that are compared at a time: most layers are wrong in the first of them."""
_LITTLE = 0.05
"""What a cell counts that is as in the input, or as on a plain canvas."""


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
        self.sized: list[State] = []
        """The first states that are grids of the outputs' size."""
        self._seen: set[bytes] = set()
        self._canvases: set[tuple[tuple[int, ...], ...]] = set()
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

    def telling(self) -> Words:
        """The cells that an output does not share with its input, or with a plain canvas where they differ in size."""
        plain = np.concatenate(
            [
                (pair.input == pair.output if pair.same_shape else np.isin(pair.output, self.grounds)).ravel()
                for pair in self.puzzle.train
            ]
        )
        return np.frombuffer(self.pack(~plain), np.uint64)

    def add(self, state: State) -> None:
        """Every layer that a state makes: none for one of another size."""
        pairs = len(self._shapes)
        values = state.values[:pairs]
        if state.kind == Kind.GRID:
            if state.expected:
                if len(self.sized) < MOST_STATES:
                    self.sized.append(state)
                self._add_canvases(state)
                self._add_grid(state, np.concatenate([value.ravel() for value in values]))
            elif not state.sized:
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
        self._add_recoloured(state, cells)

    def _add_canvases(self, state: State) -> None:
        """Plain canvases of each colour of outputs, of the size of the state, where there are none of it yet."""
        sizes = tuple(value.shape for value in state.values)
        if sizes in self._canvases:
            return
        self._canvases.add(sizes)
        for colour in np.unique(self.target).tolist():
            program = call("blank", state.program, colour=colour)
            cells = np.full(self.size, colour, np.int8)
            self._keep(cells, None, Layer(lambda _, p=program: p, program, state.cost + 0.3))

    def _add_recoloured(self, state: State, cells: Grid) -> None:
        """A state in other colours: those that always lie under one colour of the output, and each of the others."""
        counts = np.bincount(cells * np.intp(10) + self.target, minlength=100).reshape(10, 10)
        certain = np.count_nonzero(counts, axis=1) == 1
        likeliest = counts.argmax(axis=1)
        tables = [np.where(certain, likeliest, -1)] if certain.any() else []
        mostly = 2 * counts.max(axis=1) > counts.sum(axis=1)
        for colour in np.flatnonzero(mostly & ~certain).tolist() if state.cost <= _SIMPLE else ():
            table = np.full(10, -1)
            table[colour] = likeliest[colour]
            tables.append(table)
        for table in tables:
            literal = tuple(table.tolist())
            changes = sum(colour >= 0 and colour != own for own, colour in enumerate(literal))
            shown = table.astype(np.int8)[cells]
            alone = call("recoloured_over", state.program, state.program, table=literal)
            self._keep(
                shown,
                shown >= 0,
                Layer(
                    lambda below, t=literal: call("recoloured_over", state.program, below, table=t),
                    alone,
                    state.cost + 1.0 + 0.1 * changes,
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
        self._seen.add(key)
        self.layers.append(layer)
        self._right.append(bits)
        self._wrong.append(faults)


@dataclass(frozen=True)
class Stack:
    """Layers by number, the topmost first; ``left`` cells of the training outputs are still uncovered."""

    chosen: tuple[int, ...]
    left: int
    cost: float


class Greedy:
    """Greedy stacks over the layers as they are when it is made.

    Each next layer is never wrong where nothing covers it, and covers the most there, less for dear layers. Cells
    that tell little (``Layers.telling``) count little: what a layer changes comes before what it leaves as it is.
    """

    def __init__(self, layers: Layers) -> None:
        self.right, self.wrong = layers.matrices()
        self.costs = np.array([layer.cost for layer in layers.layers])
        self._discount = np.exp(-_DEARNESS * self.costs)
        self._telling = layers.telling()
        self._all = np.frombuffer(layers.pack(np.ones(layers.size, np.bool_)), np.uint64)
        telling_first = np.argsort(-np.bitwise_count(self.wrong).sum(axis=0, dtype=np.int64), kind="stable")
        self._columns = [
            telling_first[start : start + _CHUNK] for start in range(0, len(telling_first), _CHUNK)
        ]
        self._chunks = [np.ascontiguousarray(self.wrong[:, columns]) for columns in self._columns]

    def _nowhere_wrong(self, open_cells: Words) -> npt.NDArray[np.intp]:
        """The layers that are not wrong in any of the cells."""
        allowed: npt.NDArray[np.intp] | None = None
        for columns, chunk in zip(self._columns, self._chunks, strict=True):
            part = open_cells[columns]
            if not part.any():
                continue
            if allowed is None:
                allowed = np.flatnonzero(~(chunk & part).any(axis=1))
            else:
                allowed = allowed[~(chunk[allowed] & part).any(axis=1)]
        return np.arange(len(self.costs)) if allowed is None else allowed

    def stacks(self, covered: Words, starts: int, most: int) -> Iterator[Stack]:
        """One stack of at most ``most`` layers from each of the best ``starts`` first layers.

        Cells in ``covered`` need not be given.
        """
        open_cells = self._all & ~covered
        for first in self._best(open_cells, starts):
            yield self._stack(first, open_cells, most)

    def _best(self, open_cells: Words, most: int) -> list[int]:
        """The layers that are nowhere wrong and cover the most, which differ in what they cover."""
        allowed = self._nowhere_wrong(open_cells)
        if not len(allowed):
            return []
        gains = self.right[allowed] & open_cells
        covers = np.bitwise_count(gains).sum(axis=1)
        tells = np.bitwise_count(gains & self._telling).sum(axis=1)
        score = (tells + _LITTLE * covers) * self._discount[allowed]
        order = np.argsort(-score, kind="stable")
        found: dict[bytes, int] = {}
        for place in order[: 8 * most].tolist():
            if covers[place] > 0:
                found.setdefault(gains[place].tobytes(), int(allowed[place]))
            if len(found) == most:
                break
        return list(found.values())

    def _stack(self, first: int, open_cells: Words, most: int) -> Stack:
        chosen = [first]
        open_cells = open_cells & ~self.right[first]
        while open_cells.any() and len(chosen) < most:
            following = self._best(open_cells, 1)
            if not following:
                break
            chosen.append(following[0])
            open_cells = open_cells & ~self.right[following[0]]
        left = int(np.bitwise_count(open_cells).sum())
        return Stack(tuple(chosen), left, float(self.costs[chosen].sum()))
