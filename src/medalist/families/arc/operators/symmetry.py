"""Hidden cells restored: from the period of a pattern, from its mirror images, or beyond where it was drawn."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import LARGEST_SIDE, Grid, Mask
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.panels_parts import ground


def hidden_cells(grid: Grid, hidden: str) -> Mask:
    """The cells to restore: of a colour ("5"), or "beyond columns", "beyond rows", "beyond": outside the drawing.

    The drawing is the box of all that is not the most frequent colour. Raises NoValue where nothing is hidden.

    >>> hidden_cells(np.array([[3, 0, 0, 0]], np.int8), "beyond columns").tolist()
    [[False, True, True, True]]
    """
    if hidden.isdecimal():
        mask = grid == int(hidden)
    else:
        drawn = grid != ground(grid, -1)
        rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
        mask = np.ones(grid.shape, bool)
        if rows.size:
            down = slice(None) if hidden == "beyond columns" else slice(rows[0], rows[-1] + 1)
            across = slice(None) if hidden == "beyond rows" else slice(columns[0], columns[-1] + 1)
            mask[down, across] = False
    if not mask.any() or mask.all():
        raise NoValue("nothing is hidden, or all")
    return mask


def lattices(height: int, width: int) -> list[tuple[int, int, int]]:
    """Periods (down, across, slant) a pattern may have, smallest tiles first: ``slant`` is the step across that goes
    with a step of ``down``."""
    plain = [(down, across, 0) for down in range(1, height + 1) for across in range(1, width + 1)]
    slanted = [
        (down, across, slant)
        for down in (1, 2, 3)
        for across in range(2, min(width, 12) + 1)
        for slant in range(1, across)
    ]
    return sorted((*plain, *slanted), key=lambda each: (each[0] * each[1], each[2] > 0, each))


@operator(tags=("pattern copy", "symmetry"))
def continue_pattern(grid: Grid, *, hidden: str, seen: float = 1.5) -> Grid:
    """Hidden cells filled in from the smallest tile that what is not hidden repeats.

    Every cell of the tile must be seen ``seen`` times on average, else the pattern is a guess: NoValue.

    >>> continue_pattern(np.array([[1, 2, 1, 0, 1, 2]], np.int8), hidden="0").tolist()
    [[1, 2, 1, 2, 1, 2]]
    """
    return periodic(grid, hidden_cells(grid, hidden), seen)


def periodic(grid: Grid, mask: Mask, seen: float) -> Grid:
    """The cells of the mask filled in from the smallest tile that the others repeat; NoValue where none does."""
    height, width = grid.shape
    shown = ~mask
    colours = grid[shown].astype(np.int64)
    rows, columns = np.arange(height)[:, None], np.arange(width)[None, :]
    for down, across, slant in lattices(height, width):
        if down * across * seen > colours.size:
            break
        place = (rows % down) * across + (columns - slant * (rows // down)) % across
        tile = np.full(down * across, -1, np.int64)
        tile[place[shown]] = colours
        if (tile[place[shown]] == colours).all() and (tile[place[mask]] >= 0).all():
            return tile[place].astype(np.int8)
    raise NoValue("no period")


@operator(tags=("pattern copy",))
def extended(grid: Grid, *, down: int, across: int, parts: int = 2) -> Grid:
    """The pattern of a grid gone on with beyond its last row and column, to ``down`` and ``across`` ``parts``-ths of
    its height and width.

    >>> extended(np.array([[1, 2, 1, 2]], np.int8), down=2, across=3).tolist()
    [[1, 2, 1, 2, 1, 2]]
    """
    height, width = grid.shape[0] * down // parts, grid.shape[1] * across // parts
    if height < grid.shape[0] or width < grid.shape[1] or max(height, width) > LARGEST_SIDE:
        raise NoValue("not longer, or too long")
    out = np.zeros((height, width), np.int8)
    mask = np.ones(out.shape, bool)
    out[: grid.shape[0], : grid.shape[1]] = grid
    mask[: grid.shape[0], : grid.shape[1]] = False
    return periodic(out, mask, 1.2)


def mirror_maps(grid: Grid, shown: Mask) -> list[tuple[str, int]]:
    """The mirror images under which all that is shown on both sides agrees, by their overlap at least half the grid.

    Each is an axis ("rows", "columns": places sum to the number; "diagonal": column minus row is it for both sides
    swapped, "antidiagonal": row plus column).
    """
    height, width = grid.shape
    found = []
    for axis, size in (("rows", height), ("columns", width)):
        sums = sorted(
            range(size // 2, size + size // 2 + 1), key=lambda total: (abs(total - size + 1), total)
        )
        for total in sums:
            if _agrees(grid, shown, axis, total):
                found.append((axis, total))
                break
    for axis, sums in (("diagonal", range(-2, 3)), ("antidiagonal", range(width - 4, width + 3))):
        for total in sorted(sums, key=abs):
            if height >= 5 and _agrees(grid, shown, axis, total):
                found.append((axis, total))
                break
    return found


def mirrored_places(shape: tuple[int, ...], axis: str, total: int) -> tuple[Grid, Grid, Mask]:
    """For each cell the row and column of its mirror image, and whether that lies within the grid."""
    rows, columns = np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij")
    if axis == "rows":
        there = (total - rows, columns)
    elif axis == "columns":
        there = (rows, total - columns)
    elif axis == "diagonal":
        there = (columns - total, rows + total)
    else:
        there = (total - columns, total - rows)
    row, column = there
    inside = (row >= 0) & (row < shape[0]) & (column >= 0) & (column < shape[1])
    return np.where(inside, row, 0), np.where(inside, column, 0), inside


def _agrees(grid: Grid, shown: Mask, axis: str, total: int) -> bool:
    row, column, inside = mirrored_places(grid.shape, axis, total)
    both = inside & shown & shown[row, column]
    apart = both & ((row != np.indices(grid.shape)[0]) | (column != np.indices(grid.shape)[1]))
    if 2 * int((inside & shown).sum()) < int(shown.sum()) or 4 * int(apart.sum()) < grid.size:
        return False
    return bool((grid[row, column] == grid)[both].all())


@operator(tags=("symmetry", "pattern copy"))
def restore_mirrored(grid: Grid, *, hidden: str) -> Grid:
    """Hidden cells filled in from the mirror images of what is shown; raises NoValue where some have none.

    >>> restore_mirrored(np.array([[1, 2, 3, 3, 5, 1], [4, 4, 6, 6, 4, 4]], np.int8), hidden="5").tolist()
    [[1, 2, 3, 3, 2, 1], [4, 4, 6, 6, 4, 4]]
    """
    mask = hidden_cells(grid, hidden)
    maps = mirror_maps(grid, ~mask)
    out = grid.copy()
    left = mask.copy()
    for _ in range(4):
        for axis, total in maps:
            row, column, inside = mirrored_places(grid.shape, axis, total)
            takes = left & inside & ~left[row, column]
            out[takes] = out[row, column][takes]
            left &= ~takes
    if left.any():
        raise NoValue("hidden cells without an image")
    return out


@operator(tags=("symmetry",))
def place_of(restored: Grid, grid: Grid, *, hidden: str) -> Grid:
    """What a restored grid shows in the box of the cells that were hidden in ``grid``.

    >>> place_of(np.array([[1, 2, 1]], np.int8), np.array([[1, 0, 1]], np.int8), hidden="0").tolist()
    [[2]]
    """
    mask = hidden_cells(grid, hidden)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if restored.shape != grid.shape:
        raise NoValue("not the same grid")
    return restored[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].copy()


SIDES = {
    "left-right": (0, 2),
    "top-bottom": (0, 1),
    "half turn": (0, 3),
    "both": (0, 1, 2, 3),
    "all": tuple(range(8)),
}
"""Images of a point (y, x) about a centre, by sign of y (1), of x (2) and exchange (4), that belong together."""


@operator(tags=("symmetry", "pattern copy"))
def symmetrised(grid: Grid, *, centre: str, sides: str, background: int = -1) -> Grid:
    """All that is drawn, with its images about a centre, laid where nothing is drawn.

    ``centre`` is the middle of all cells of a colour ("3"), of all that is "drawn", or of the "grid".

    >>> symmetrised(np.array([[2, 0, 3, 0, 0]], np.int8), centre="3", sides="left-right", background=0).tolist()
    [[2, 0, 3, 0, 2]]
    """
    base = ground(grid, background)
    if centre == "grid":
        middle_row, middle_column = grid.shape[0] - 1, grid.shape[1] - 1
    else:
        about = np.argwhere(grid != base if centre == "drawn" else grid == int(centre))
        if not len(about):
            raise NoValue("no centre")
        middle_row, middle_column = (about.min(axis=0) + about.max(axis=0)).tolist()
    out = grid.copy()
    for row, column in np.argwhere(grid != base).tolist():
        y, x = 2 * row - middle_row, 2 * column - middle_column
        for side in SIDES[sides]:
            there_y, there_x = (x, y) if side & 4 else (y, x)
            r = (middle_row - there_y if side & 1 else middle_row + there_y) / 2
            c = (middle_column - there_x if side & 2 else middle_column + there_x) / 2
            if r != int(r) or c != int(c):
                raise NoValue("images fall between cells")
            if 0 <= r < grid.shape[0] and 0 <= c < grid.shape[1] and out[int(r), int(c)] == base:
                out[int(r), int(c)] = grid[row, column]
    return out
