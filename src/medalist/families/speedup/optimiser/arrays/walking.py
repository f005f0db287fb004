"""What every walker of the lifting shares: the meaning of names, calls of NumPy, and when an array may be stacked."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Mapping

from medalist.families.speedup.optimiser.arrays.axes import index, length, number
from medalist.families.speedup.optimiser.arrays.ranks import Ranks
from medalist.families.speedup.optimiser.arrays.values import (
    Bound,
    CannotLift,
    Plain,
    Position,
    Series,
    Stack,
    Value,
    varies,
)
from medalist.families.speedup.optimiser.facts import Kind
from medalist.families.speedup.optimiser.rewriting import Source, loads, stores

Lifted = tuple[ast.expr, Value]

_DRAWING = frozenset(
    {
        "random",
        "normal",
        "standard_normal",
        "integers",
        "randint",
        "uniform",
        "choice",
        "permutation",
        "rand",
        "randn",
    }
)


class Walker:
    """A walker over expressions of one function body.

    ``environment`` says what the names of the program mean; names that it lacks are global and the same for all
    items. ``count`` is the code of the number of items; ``numpy`` the program's name for
    NumPy. ``notes`` collects what the text around has to bring: ``errstate`` when a branch is evaluated for items
    that do not take it.
    """

    def __init__(self, source: Source, numpy: str, attributes: Mapping[str, Kind]) -> None:
        self.source = source
        self.numpy = numpy
        self.environment: dict[str, Bound] = {}
        self.count: ast.expr = length(ast.Name("stack", ast.Load()))
        self.positions: ast.expr | None = None
        self.notes: set[str] = set()
        self.ranks = Ranks(source, self.environment, attributes)

    def np(self, name: str, *arguments: ast.expr, **keywords: ast.expr) -> ast.Call:
        """A call of NumPy's ``name``."""
        function = ast.Attribute(ast.Name(self.numpy, ast.Load()), name, ast.Load())
        return ast.Call(
            function, list(arguments), [ast.keyword(key, value) for key, value in keywords.items()]
        )

    def function(self, call: ast.Call) -> Lifted | None:
        """The lifted call of a function of the program; None when it is none. For those who can lift functions."""
        del call
        return None

    def operand(self, node: ast.expr) -> tuple[ast.expr, Stack | Plain]:
        """As `lift`, with lists of stacks stacked: an array or something plain."""
        return self.stacked(*self.lift(node))

    def stacked(self, code: ast.expr, value: Value) -> tuple[ast.expr, Stack | Plain]:
        """A value as an array where it can be one. Raises `CannotLift`."""
        if isinstance(value, Stack | Plain):
            return code, value
        if isinstance(value, Position) and self.positions is not None:
            return self.positions, Stack(0)
        if isinstance(value, Series):
            parts = value.items if value.items is not None else (value.item,)
            ranks = {part.rank for part in parts if isinstance(part, Stack)}
            if len(ranks) == 1 and all(isinstance(part, Stack) for part in parts):
                return self.np("stack", code, axis=number(1)), Stack(ranks.pop() + 1)
            if ranks == {0} and all(isinstance(p, Stack) or p in (Plain(0), Plain()) for p in parts):
                together = self.np("broadcast_arrays", ast.Starred(code, ast.Load()))
                return self.np("stack", together, axis=number(1)), Stack(1)
        raise CannotLift("this is no array for all items at once")

    def lift(self, node: ast.expr) -> Lifted:
        """The lifted form of an expression and what it is. Raises `CannotLift`."""
        raise NotImplementedError

    def varying(self, node: ast.AST) -> set[str]:
        """Names in ``node`` that depend on the item."""
        inside = {g.target for one in ast.walk(node) for g in getattr(one, "generators", ())}
        own = {name for target in inside for name in stores(target)}
        return {
            name
            for name in loads(node) - own
            if name in self.environment and varies(self.environment[name].value)
        }

    def renamed(self, node: ast.expr) -> ast.expr:
        """A copy of an expression that is the same for all items, with the names it has in lifted code."""
        return Renamer(self.environment).visit(copy.deepcopy(node))

    def result_of_one(self, node: ast.expr) -> Value | None:
        """What an expression without a lifted form gives, as a value of lifted code; None when that is not known."""
        del node
        return None


class Renamer(ast.NodeTransformer):
    """Gives names their meaning in lifted code."""

    def __init__(self, environment: Mapping[str, Bound], keep: Iterable[str] = ()) -> None:
        self.environment = environment
        self.keep = set(keep)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        bound = self.environment.get(node.id)
        if bound is None or node.id in self.keep or not isinstance(node.ctx, ast.Load):
            return node
        return copy.deepcopy(bound.code)


def draws(source: Source, node: ast.AST) -> bool:
    """Whether a call draws from a random stream, or from anything else that goes on from call to call."""
    if not isinstance(node, ast.Call):
        return False
    name = source.library_name(node.func)
    if name.startswith(("random.", "numpy.random.", "torch.rand", "time.", "builtins.next")):
        return True
    return not name and isinstance(node.func, ast.Attribute) and node.func.attr in _DRAWING


def entry_code(code: ast.expr, place: int) -> ast.expr:
    if isinstance(code, ast.List):
        return code.elts[place]
    return index(copy.deepcopy(code), number(place))
