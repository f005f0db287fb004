"""How many there are of something, and grids that show a number: as cells in a row, as a size, as one cell."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import Grid, Piece
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.colours import by_frequency, ranked
from medalist.families.arc.operators.geometry import fits
from medalist.families.arc.operators.pieces import background, main_colour
from medalist.families.arc.operators.selecting import measured


@operator(tags=("counting", "object detection"), cost=1.4)
def how_many(pieces: tuple[Piece, ...]) -> int:
    """The number of pieces.

    >>> how_many((Piece(np.array([[3]], np.int8), 0, 0),))
    1
    """
    return len(pieces)


@operator(tags=("counting", "colour fill"), cost=1.1)
def colours_on(grid: Grid) -> int:
    """The number of colours on the background.

    >>> colours_on(np.array([[0, 0, 3, 4]], np.int8))
    2
    """
    return len(by_frequency(grid))


@operator(tags=("counting",), cost=1.1)
def cells_on(grid: Grid) -> int:
    """The number of cells that are not background.

    >>> cells_on(np.array([[0, 0, 3, 4]], np.int8))
    2
    """
    return int(np.count_nonzero(grid != background(grid)))


@operator(tags=("counting",), by=("cells", "height", "width", "colours", "holes"), cost=1.8)
def measure(piece: Piece, *, by: str) -> int:
    """A measure of a piece.

    >>> measure(Piece(np.array([[3, 3]], np.int8), 0, 0), by="width")
    2
    """
    return int(measured((piece,), by)[0])


@operator(tags=("counting", "array manipulation"), cost=1.2)
def enlarge_by(grid: Grid, times: int) -> Grid:
    """Each cell as a square of ``times`` times ``times``.

    >>> enlarge_by(np.array([[1, 2]], np.int8), 2).tolist()
    [[1, 1, 2, 2], [1, 1, 2, 2]]
    """
    _check(times)
    fits(grid.shape[0] * times, grid.shape[1] * times)
    return grid.repeat(times, axis=0).repeat(times, axis=1)


@operator(tags=("counting", "pattern copy"), down=(True, False), across=(True, False), cost=1.2)
def repeat_by(grid: Grid, times: int, *, down: bool, across: bool) -> Grid:
    """The grid ``times`` times below itself, beside itself, or both.

    >>> repeat_by(np.array([[1, 2]], np.int8), 2, down=False, across=True).tolist()
    [[1, 2, 1, 2]]
    """
    _check(times)
    rows, columns = times if down else 1, times if across else 1
    fits(grid.shape[0] * rows, grid.shape[1] * columns)
    return np.tile(grid, (rows, columns))


def _check(times: int) -> None:
    if times < 2:
        raise NoValue("not several times")


@operator(tags=("counting",), across=(True, False), cost=1.2)
def row_of(grid: Grid, number: int, *, across: bool) -> Grid:
    """So many cells in a row (or a column) of the most frequent colour on the background.

    >>> row_of(np.array([[0, 0, 3, 4, 4]], np.int8), 3, across=True).tolist()
    [[4, 4, 4]]
    """
    fits(number, 1)
    shape = (1, number) if across else (number, 1)
    return np.full(shape, ranked(grid, 0), np.int8)


@operator(tags=("counting",), shape=("square", "diagonal"), cost=1.4)
def square_of(grid: Grid, number: int, *, shape: str) -> Grid:
    """A square so many cells long of the most frequent colour on the background, or its diagonal alone.

    >>> square_of(np.array([[0, 0, 3, 4, 4]], np.int8), 2, shape="diagonal").tolist()
    [[4, 0], [0, 4]]
    """
    fits(number, number)
    colour = ranked(grid, 0)
    if shape == "square":
        return np.full((number, number), colour, np.int8)
    return np.where(np.eye(number, dtype=np.bool_), np.int8(colour), np.int8(0))


@operator(tags=("counting",), cost=1.8)
def fill_up(pieces: tuple[Piece, ...], canvas: Grid) -> Grid:
    """One cell a piece in its main colour, in their order along the rows of a grid of the shape of ``canvas``.

    >>> fill_up((Piece(np.array([[3, 3]], np.int8), 1, 1),), np.array([[0, 0]], np.int8)).tolist()
    [[3, 0]]
    """
    if len(pieces) > canvas.size:
        raise NoValue("more pieces than cells")
    out = np.zeros(canvas.shape, np.int8)
    out.flat[: len(pieces)] = [main_colour(each.cells) for each in pieces]
    return out


@operator(tags=("counting", "colour fill"), rank=(0, 1, -1), cost=1.1)
def one_cell(grid: Grid, *, rank: int) -> Grid:
    """A single cell of the most frequent (0), next (1) or rarest (-1) colour but 0.

    >>> one_cell(np.array([[0, 0, 3, 4, 4]], np.int8), rank=0).tolist()
    [[4]]
    """
    colours, counts = _counted(grid)
    if not -len(colours) <= rank < len(colours) or counts.count(counts[rank]) > 1:
        raise NoValue("not so many colours, or two are as frequent")
    return np.array([[colours[rank]]], np.int8)


def _counted(grid: Grid) -> tuple[list[int], list[int]]:
    """The colours that are there but 0, the most frequent first, and their numbers of cells."""
    counts = np.bincount(grid.ravel(), minlength=10)
    counts[0] = 0
    colours = [colour for colour in np.argsort(-counts, kind="stable").tolist() if counts[colour]]
    return colours, counts[colours].tolist()


@operator(tags=("counting", "colour fill"), across=(True, False), least=(False, True), cost=1.2)
def colours_in_line(grid: Grid, *, across: bool, least: bool) -> Grid:
    """The colours but 0, one cell each, from the most frequent to the rarest (or back), in a line.

    >>> colours_in_line(np.array([[0, 0, 3, 4, 4]], np.int8), across=True, least=False).tolist()
    [[4, 3]]
    """
    colours, counts = _counted(grid)
    if not colours or len(set(counts)) < len(counts):
        raise NoValue("two are as frequent")
    line = np.array([colours[::-1] if least else colours], np.int8)
    return line if across else line.T.copy()


@operator(tags=("counting", "array manipulation"), side=("left", "right", "down", "up"), cost=1.2)
def colour_bars(grid: Grid, *, side: str) -> Grid:
    """A bar for each colour but 0, the longest first, as long as it has cells, from one side on.

    >>> colour_bars(np.array([[0, 0, 3, 4, 4]], np.int8), side="left").tolist()
    [[4, 4], [3, 0]]
    """
    colours, lengths = _counted(grid)
    if not colours:
        raise NoValue("nothing but background")
    fits(len(colours), lengths[0])
    shown = np.arange(lengths[0]) < np.array(lengths)[:, None]
    out = np.where(shown, np.array(colours, np.int8)[:, None], np.int8(0))
    if side in ("right", "down"):
        out = out[:, ::-1]
    return (out if side in ("left", "right") else out.T).copy()
