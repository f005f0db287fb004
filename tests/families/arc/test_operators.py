"""Every operator shows an example that runs, gives a value or NoValue on any grid, and leaves its argument alone."""

import doctest
import importlib
import inspect
import itertools
from pkgutil import iter_modules

import numpy as np
import pytest

import medalist.families.arc.operators as package
from medalist.families.arc.grids.cells import CLEAR, Piece
from medalist.families.arc.grids.kernels import fingerprint
from medalist.families.arc.language.operator import Kind, Operator, operators
from medalist.families.arc.language.program import CANNOT

MODULES = [
    importlib.import_module(f"{package.__name__}.{each.name}") for each in iter_modules(package.__path__)
]

SHAPES = [(1, 1), (1, 5), (6, 1), (2, 2), (3, 3), (3, 9), (7, 4), (10, 10), (13, 18), (30, 30)]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_examples_in_docstrings_run(module):
    assert doctest.testmod(module, extraglobs={"np": np, "Piece": Piece}).failed == 0


def test_every_operator_has_an_example():
    without = [name for name, each in operators().items() if ">>>" not in (each.function.__doc__ or "")]
    assert without == []


def test_the_registry_lists_every_operator_of_every_file():
    source = "".join(inspect.getsource(module) for module in MODULES)
    assert len(operators()) == source.count("\n@operator(")


@pytest.mark.parametrize("name", operators())
def test_a_blind_operator_gives_a_value_or_none_and_changes_nothing(name):
    each = operators()[name]
    if not each.blind:
        pytest.skip("needs a literal that is learned")
    for arguments in itertools.islice(zip(*(_values(kind) for kind in each.takes), strict=True), 60):
        before = fingerprint(arguments)
        for literals in _literals(each):
            try:
                value = each.function(*arguments, **literals)
            except CANNOT:
                continue
            assert _is(each.gives, value), (literals, arguments, value)
        assert fingerprint(arguments) == before


def _literals(each: Operator) -> list[dict]:
    every = [
        dict(zip(each.choices, values, strict=True)) for values in itertools.product(*each.choices.values())
    ]
    return every[:: max(1, len(every) // 24)]


def _values(kind: Kind):
    """Values of one type, endless: of every shape, with few and many cells off the background."""
    rng = np.random.default_rng(sum(map(ord, kind)))
    while True:
        for height, width in SHAPES:
            if kind in (Kind.GRID, Kind.MASK):
                grid = _grid(rng, height, width)
                yield grid if kind is Kind.GRID else grid > 0
            elif kind is Kind.PIECE:
                yield _piece(rng, height, width)
            elif kind is Kind.NUMBER:
                yield int(rng.integers(-1, 12))
            elif kind is Kind.PIECES:
                count = int(rng.integers(0, 6))
                yield tuple(_piece(rng, *SHAPES[rng.integers(9)]) for _ in range(count))
            else:
                yield tuple(_grid(rng, height, width) for _ in range(rng.integers(0, 4)))


def _grid(rng, height, width):
    colours = rng.permutation(10)[: rng.integers(1, 5)].astype(np.int8)
    shown = rng.random((height, width)) < rng.choice([0.0, 0.1, 0.5, 1.0])
    return np.where(shown, rng.choice(colours, (height, width)), np.int8(rng.choice([0, 0, 7])))


def _piece(rng, height, width):
    cells = _grid(rng, height, width)
    cells[rng.random((height, width)) < rng.choice([0.0, 0.3])] = CLEAR
    return Piece(cells, int(rng.integers(-2, 12)), int(rng.integers(-2, 12)))


def _is(kind, value) -> bool:
    if kind is Kind.GRID:
        return isinstance(value, np.ndarray) and value.ndim == 2 and value.dtype == np.int8
    if kind is Kind.MASK:
        return isinstance(value, np.ndarray) and value.dtype == np.bool_
    if kind is Kind.PIECE:
        return (
            isinstance(value, Piece)
            and _is(Kind.GRID, value.cells)
            and type(value.row) is type(value.column) is int
        )
    if kind is Kind.NUMBER:
        return type(value) is int
    return isinstance(value, tuple) and all(
        _is(Kind.PIECE if kind is Kind.PIECES else Kind.GRID, each) for each in value
    )


SPLITS = [each for each in operators().values() if each.takes == (Kind.GRID,) and each.gives is Kind.PIECES]


@pytest.mark.parametrize("each", SPLITS, ids=lambda each: each.name)
def test_what_is_cut_out_of_a_grid_knows_where_it_lay(each):
    for grid in itertools.islice(_values(Kind.GRID), 40):
        for literals in _literals(each):
            try:
                pieces = each.function(grid, **literals)
            except CANNOT:
                continue
            for cells, row, column in pieces:
                below = grid[row : row + cells.shape[0], column : column + cells.shape[1]]
                assert (below == cells)[cells != CLEAR].all()


@pytest.mark.parametrize("side", ["up", "down", "left", "right"])
def test_pieces_that_slide_keep_their_cells_and_do_not_overlap(side):
    fields = {name: each.function for name, each in operators().items()}
    for grid in itertools.islice(_values(Kind.GRID), 40):
        try:
            pieces = fields["objects"](grid, diagonal=False, by_colour=True)
        except CANNOT:
            continue
        after = fields["draw"](grid, fields["slide_each"](grid, pieces, side=side))
        assert (
            np.bincount(after.ravel(), minlength=10).tolist()
            == np.bincount(grid.ravel(), minlength=10).tolist()
        )
