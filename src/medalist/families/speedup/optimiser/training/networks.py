"""Feed-forward networks read from a program's text: the chain of layers that a module's ``forward`` applies.

A chain knows linear layers, element-wise functions and dropout. Any other thing that a ``forward`` does (two branches,
a convolution, a loop) makes it no chain, and nothing is said of it.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from medalist.families.speedup.optimiser.training import formulas
from medalist.families.speedup.optimiser.training.reading import (
    body_of,
    class_of,
    construction,
    dotted,
    is_constant,
    method,
    substituted,
)
from medalist.source.tree import Script

_MAX_DEPTH = 12


@dataclass(frozen=True)
class Linear:
    """``torch.nn.Linear`` at ``path``, an expression that begins with the module's name."""

    path: str
    bias: bool


@dataclass(frozen=True)
class Activation:
    """An element-wise function; ``kind`` as in ``torch.nn.functional``, ``slope`` for a leaky one."""

    kind: str
    slope: float = 0.0


@dataclass(frozen=True)
class Dropout:
    """Dropout while training, with the probability that the expression ``share`` gives."""

    share: str


@dataclass(frozen=True)
class Elementwise:
    """A formula of one variable ``x`` for every element, as its text (`formulas`)."""

    formula: str


Layer = Linear | Activation | Dropout | Elementwise
Chain = tuple[Layer, ...]

_ACTIVATIONS = {
    "tanh": "tanh",
    "Tanh": "tanh",
    "sigmoid": "sigmoid",
    "Sigmoid": "sigmoid",
    "relu": "relu",
    "relu_": "relu",
    "ReLU": "relu",
    "leaky_relu": "leaky_relu",
    "LeakyReLU": "leaky_relu",
    "elu": "elu",
    "ELU": "elu",
    "softplus": "softplus",
    "Softplus": "softplus",
    "silu": "silu",
    "SiLU": "silu",
    "log_softmax": "log_softmax",
    "LogSoftmax": "log_softmax",
}
_SLOPES = {"leaky_relu": 0.01}
_FLAT = frozenset(("flatten", "Flatten", "Identity", "float", "contiguous", "squeeze"))


def chain_of(script: Script, model: ast.expr, name: str = "forward", root: str = "model") -> Chain | None:
    """The layers that the method ``name`` of the module behind ``model`` applies, None when it is no chain.

    Paths of layers begin with ``root``.
    """
    try:
        definition = class_of(script, model)
        if definition is not None:
            return _Reader(script, definition, root).method(name, ())
        made = construction(script, model)
        return _made(script, made, root, 0) if made is not None and name == "forward" else None
    except _NoChain:
        return None


class _NoChain(ValueError):
    """The network does something that a chain does not."""


def _made(script: Script, call: ast.Call, path: str, depth: int) -> Chain:
    """The layers of a module that ``call`` constructs and that is found at ``path``."""
    definition = script.definition(call.func)
    if depth > _MAX_DEPTH:
        raise _NoChain
    if isinstance(definition, ast.ClassDef):
        return _Reader(script, definition, path, depth).method("forward", ())
    library, _, kind = script.name(call.func).rpartition(".")
    if not library.startswith("torch.nn"):
        raise _NoChain
    if kind == "Sequential":
        chain: Chain = ()
        for index, item in enumerate(_items(script, call)):
            made = construction(script, item)
            if made is None:
                raise _NoChain
            chain += _made(script, made, f"{path}[{index}]", depth + 1)
        return chain
    if kind == "Linear":
        bias = script.argument(call, "bias", 2)
        return (Linear(path, bias is None or script.value(bias) is not False),)
    if kind == "Dropout":
        return (Dropout(f"{path}.p"),)
    if kind in _FLAT:
        return ()
    return (_activation(script, call, kind, 0),)


def _items(script: Script, call: ast.Call) -> list[ast.expr]:
    """The modules that a sequence is made of, also out of a list that is written in one piece."""
    match call.args:
        case [ast.Starred(value=ast.Name(id=name) as variable)]:
            bound = script.binding(variable)
            grown = any(
                isinstance(other.func, ast.Attribute) and dotted(other.func.value) == name
                for other, _ in script.calls
            )
            if bound is None or not isinstance(bound.value, ast.List) or grown:
                raise _NoChain
            return bound.value.elts
        case modules:
            return modules


def _activation(script: Script, call: ast.Call, kind: str, position: int) -> Activation:
    """The activation that ``call`` names, its own options beginning at ``position``."""
    known = _ACTIVATIONS.get(kind)
    options = {keyword.arg for keyword in call.keywords} - {"inplace"}
    if known is None or len(call.args) > position + 1:
        raise _NoChain
    if known == "log_softmax":
        axis = script.value(script.argument(call, "dim", position))
        if axis not in (1, -1):
            raise _NoChain
        return Activation(known)
    if known in _SLOPES:
        given = script.argument(call, "negative_slope", position)
        slope = _SLOPES[known] if given is None else script.value(given)
        if not isinstance(slope, float):
            raise _NoChain
        return Activation(known, slope)
    if options or len(call.args) > position:
        raise _NoChain
    return Activation(known)


_Part = tuple[Chain | None, formulas.Formula]


def _over(base: Chain | None, chain: Chain, formula: formulas.Formula) -> formulas.Formula:
    """A formula of what ``chain`` gives, as one of what ``base`` gives, whose element-wise continuation it must be."""
    if base is None or chain[: len(base)] != base:
        raise _NoChain
    inner: formulas.Formula = formulas.X
    for layer in chain[len(base) :]:
        if isinstance(layer, Elementwise):
            inner = formulas.within(ast.parse(layer.formula, mode="eval").body, inner)
        elif isinstance(layer, Activation) and layer.kind in formulas.FUNCTIONS:
            inner = formulas.function(layer.kind, inner)
        else:
            raise _NoChain
    return formulas.within(formula, inner)


class _Reader:
    """Reads the methods of one module class; ``root`` is where an instance is found."""

    def __init__(self, script: Script, definition: ast.ClassDef, root: str, depth: int = 0) -> None:
        self._script = script
        self._definition = definition
        self._root = root
        self._depth = depth

    def method(self, name: str, given: Chain) -> Chain:
        """The layers of the method ``name`` put behind ``given``."""
        function = method(self._definition, name)
        if function is None or len(function.args.args) != 2 or self._depth > _MAX_DEPTH:
            raise _NoChain
        values: dict[str, Chain] = {function.args.args[1].arg: given}
        for statement in body_of(function):
            match statement:
                case ast.Assign(targets=[ast.Name(id=target)]):
                    values[target] = self._value(statement.value, values)
                case ast.Return(value=ast.expr() as returned):
                    return self._value(returned, values)
                case _:
                    raise _NoChain
        raise _NoChain

    def _value(self, expression: ast.expr, values: Mapping[str, Chain]) -> Chain:
        try:
            return self._layers(expression, values)
        except _NoChain:
            chain, formula = self._formula(expression, values)
            if chain is None:
                raise
            return (*chain, Elementwise(formulas.written(formula, "x")))

    def _formula(self, expression: ast.expr, values: Mapping[str, Chain]) -> _Part:
        """An expression as a formula of what a chain gives; of no chain for a constant."""
        match expression:
            case ast.Constant(value=int() | float()):
                return None, formulas.number(expression)
            case ast.Name(id=name) if name not in values and is_constant(self._script, expression):
                return None, formulas.number(expression)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                chain, inner = self._formula(operand, values)
                return chain, ast.UnaryOp(ast.USub(), inner)
            case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() as exponent)) if (
                1 < exponent < 5
            ):
                chain, inner = self._formula(left, values)
                return chain, formulas.power(inner, exponent)
            case ast.BinOp(
                left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() as operator, right=right
            ):
                chain, (one, other) = self._together([left, right], values)
                return chain, ast.BinOp(one, operator, other)
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                chain, (one, other) = self._together([left, right], values)
                return chain, ast.Compare(one, [operator], [other])
            case ast.Call():
                return self._called(expression, values)
            case _:
                return self._layers(expression, values), formulas.X

    def _called(self, call: ast.Call, values: Mapping[str, Chain]) -> _Part:
        """A function or a method of a tensor as a formula."""
        outside = isinstance(call.func, ast.Name) or (
            isinstance(call.func, ast.Attribute) and self._is_outside(call.func)
        )
        own = [call.func.value] if isinstance(call.func, ast.Attribute) and not outside else []
        given = [*own, *call.args]
        name = self._script.name(call.func).rpartition(".")[2] if outside else getattr(call.func, "attr", "")
        if name == "clamp" or name == "clip":
            bounds = [
                self._script.argument(call, bound, at - len(own)) for bound, at in (("min", 1), ("max", 2))
            ]
            parts = [part for part in (given[0], *bounds) if part is not None]
            chain, (inner, *held) = self._together(parts, values)
            low = held.pop(0) if bounds[0] is not None else None
            return chain, formulas.clamp(inner, low, held[0] if held else None)
        if call.keywords:
            raise _NoChain
        if name == "where" and len(given) == 3:
            chain, (condition, one, other) = self._together(given, values)
            return chain, formulas.where(condition, one, other)
        if name in ("maximum", "minimum", "max", "min") and len(given) == 2:
            chain, (one, other) = self._together(given, values)
            return chain, formulas.larger(one, other, smaller=name.startswith("min"))
        if name in ("zeros_like", "ones_like") and len(given) == 1:
            return None, ast.Name("zero" if name == "zeros_like" else "one")
        if name in formulas.FUNCTIONS and len(given) == 1:
            chain, inner = self._formula(given[0], values)
            return chain, formulas.function(name, inner)
        return self._layers(call, values), formulas.X

    def _together(
        self, expressions: list[ast.expr], values: Mapping[str, Chain]
    ) -> tuple[Chain | None, list[formulas.Formula]]:
        """Several expressions as formulas of what one and the same chain gives."""
        parts = [self._formula(expression, values) for expression in expressions]
        chains = [chain for chain, _ in parts if chain is not None]
        base = min(chains, key=len, default=None)
        return base, [formula if chain is None else _over(base, chain, formula) for chain, formula in parts]

    def _layers(self, expression: ast.expr, values: Mapping[str, Chain]) -> Chain:
        if isinstance(expression, ast.Name) and expression.id in values:
            return values[expression.id]
        if not isinstance(expression, ast.Call):
            raise _NoChain
        callee = expression.func
        if isinstance(callee, ast.Attribute) and not self._is_outside(callee):
            owner = callee.value
            if isinstance(owner, ast.Name) and owner.id == "self":
                return self._applied(expression, callee, values)
            before = self._value(owner, values)  # a method of the tensor: x.tanh()
            if callee.attr in _FLAT or callee.attr in ("view", "reshape"):
                return before
            return (*before, _activation(self._script, expression, callee.attr, 0))
        name = self._script.name(callee)
        library, _, kind = name.rpartition(".")
        if not expression.args or not library.startswith("torch"):
            raise _NoChain
        before = self._value(expression.args[0], values)
        if kind == "flatten":
            return before
        if kind == "dropout":
            return (*before, self._dropout(expression))
        return (*before, _activation(self._script, expression, kind, 1))

    def _applied(self, call: ast.Call, callee: ast.Attribute, values: Mapping[str, Chain]) -> Chain:
        """A call of ``self.attribute``: a method of the class, or a module that it holds."""
        if len(call.args) != 1 or call.keywords:
            raise _NoChain
        before = self._value(call.args[0], values)
        if method(self._definition, callee.attr) is not None:
            return _Reader(self._script, self._definition, self._root, self._depth + 1).method(
                callee.attr, before
            )
        made = construction(self._script, callee)
        if made is None:
            raise _NoChain
        return before + _made(self._script, made, f"{self._root}.{callee.attr}", self._depth + 1)

    def _dropout(self, call: ast.Call) -> Dropout:
        training = self._script.argument(call, "training", 2)
        if (
            training is not None
            and dotted(training) != "self.training"
            and self._script.value(training) is not True
        ):
            raise _NoChain
        share = self._script.argument(call, "p", 1)
        if share is None:
            return Dropout("0.5")
        own = substituted(share, {"self": ast.Name(self._root)})
        if (
            isinstance(share, ast.Constant)
            or dotted(share).startswith("self.")
            or is_constant(self._script, share)
        ):
            return Dropout(ast.unparse(own))
        raise _NoChain

    def _is_outside(self, callee: ast.Attribute) -> bool:
        """Whether an attribute is a function of a library and not a method of a value."""
        return self._script.name(callee).startswith("torch.") and "()" not in self._script.name(callee)
