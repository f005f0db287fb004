"""A chain of layers written out as array arithmetic: the lines that go forward through it, and those that go back."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from medalist.families.speedup.optimiser.training import formulas
from medalist.families.speedup.optimiser.training.networks import (
    Activation,
    Chain,
    Dropout,
    Elementwise,
    Layer,
    Linear,
)

# Forward from x, and the gradient by x from the gradient by y, as NumPy and numba both take it.
_FORWARD = {
    "tanh": "np.tanh({x})",
    "sigmoid": "one / (one + np.exp(-{x}))",
    "relu": "np.maximum({x}, zero)",
    "leaky_relu": "np.where({x} > zero, {x}, real({slope}) * {x})",
    "elu": "np.where({x} > zero, {x}, np.exp(np.minimum({x}, zero)) - one)",
    "softplus": "np.maximum({x}, zero) + np.log1p(np.exp(-np.abs({x})))",
    "silu": "{x} / (one + np.exp(-{x}))",
}
_BACKWARD = {
    "tanh": "slope * (one - {y} * {y})",
    "sigmoid": "slope * {y} * (one - {y})",
    "relu": "np.where({y} > zero, slope, zero)",
    "leaky_relu": "np.where({x} > zero, slope, real({slope}) * slope)",
    "elu": "np.where({x} > zero, slope, slope * ({y} + one))",
    "softplus": "slope / (one + np.exp(-{x}))",
    "silu": "slope * (one + {x} - {y}) / (one + np.exp(-{x}))",
}


@dataclass(frozen=True)
class Arithmetic:
    """Lines of Python for one step. ``parameters`` are the names of the arrays in the order of their ``paths``.

    ``widths`` says of each dropout, as an expression, how wide what it drops from is, and which share it drops.
    """

    parameters: tuple[str, ...]
    paths: tuple[str, ...]
    forward: tuple[str, ...]
    backward: tuple[str, ...]
    output: str
    masks: tuple[str, ...]
    widths: tuple[tuple[str, str], ...]
    width: str
    """How wide the output is, as an expression."""


def arithmetic_of(chain: Chain) -> Arithmetic | None:
    """The arithmetic of a chain, None for one that nothing is learned in or that has an unknown activation."""
    linear = [layer for layer in chain if isinstance(layer, Linear)]
    known = all(layer.kind in _FORWARD for layer in chain if isinstance(layer, Activation))
    if not linear or not known or len({layer.path for layer in linear}) < len(linear):
        return None
    writer = _Writer()
    try:
        for layer in chain:
            writer.add(layer)
    except formulas.Unknown:
        return None
    return Arithmetic(
        parameters=tuple(writer.parameters),
        paths=tuple(writer.paths),
        forward=tuple(writer.forward),
        backward=tuple(writer.backward_lines()),
        output=writer.value,
        masks=tuple(f"mask{number}" for number in range(1, len(writer.widths) + 1)),
        widths=tuple(writer.widths),
        width=writer.width,
    )


class _Writer:
    """Writes a chain layer by layer; ``value`` is the name of what the last one gives."""

    def __init__(self) -> None:
        self.parameters: list[str] = []
        self.paths: list[str] = []
        self.forward = ["value0 = inputs[batch]"]
        self.widths: list[tuple[str, str]] = []
        self.value = "value0"
        self.width = "inputs.shape[1]"
        self._back: list[list[str]] = []
        self._linear = 0

    def add(self, layer: Layer) -> None:
        """Put a layer behind those that were added."""
        x, y = self.value, f"value{len(self.forward)}"
        match layer:
            case Linear():
                self._add_linear(layer, x, y)
            case Activation():
                slope = repr(layer.slope)
                self.forward.append(f"{y} = {_FORWARD[layer.kind].format(x=x, slope=slope)}")
                self._back.append([f"slope = {_BACKWARD[layer.kind].format(x=x, y=y, slope=slope)}"])
            case Elementwise():
                formula = ast.parse(layer.formula, mode="eval").body
                self.forward.append(f"{y} = {formulas.written(formula, x)}")
                self._back.append([f"slope = slope * ({formulas.written(formulas.slope(formula), x)})"])
            case Dropout():
                self.widths.append((self.width, layer.share))
                mask = f"mask{len(self.widths)}[batch]"
                self.forward.append(f"{y} = {x} * {mask}")
                self._back.append([f"slope = slope * {mask}"])
        self.value = y

    def _add_linear(self, layer: Linear, x: str, y: str) -> None:
        self._linear += 1
        weight, bias = f"weight{self._linear}", f"bias{self._linear}"
        product = f"np.dot({x}, {weight}.T)"
        self.forward.append(f"{y} = {product} + {bias}" if layer.bias else f"{y} = {product}")
        self.parameters.append(weight)
        self.paths.append(f"{layer.path}.weight")
        lines = [f"{weight}_slope = np.dot(slope.T, {x})"]
        if layer.bias:
            self.parameters.append(bias)
            self.paths.append(f"{layer.path}.bias")
            lines.append(f"{bias}_slope = slope.sum(axis=0)")
        if self._linear > 1:
            lines.append(f"slope = np.dot(slope, {weight})")
        self._back.append(lines)
        self.width = f"{layer.path}.out_features"

    def backward_lines(self) -> list[str]:
        """The way back, down to the first layer that learns."""
        lines: list[str] = []
        for back in reversed(self._back):
            lines += back
            if any(line.startswith("weight1_slope") for line in back):
                break
        return lines


def clipping(parameters: tuple[str, ...]) -> list[str]:
    """The lines that shorten a gradient to ``longest`` where it is longer, as torch's ``clip_grad_norm_`` does."""
    squares = " + ".join(f"({name}_slope * {name}_slope).sum()" for name in parameters)
    return [
        f"shrink = longest / (math.sqrt({squares}) + 1e-6)",
        "if shrink < 1.0:",
        *(f"    {name}_slope *= real(shrink)" for name in parameters),
    ]
