"""Statements of a program as a compiled function of numbers and arrays (numba's nopython mode).

Lists become arrays, comprehensions and array expressions loops, tensors the arrays beneath them, attributes of the
receiver parameters. What the statements call of the program's own is compiled along with them.
"""

# ruff: noqa: N802 - libcst's own names for what a visitor does

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import libcst as cst

from medalist.families.speedup.optimiser.numeric.buffers import Buffer, with_buffers
from medalist.families.speedup.optimiser.numeric.callees import Callees
from medalist.families.speedup.optimiser.numeric.desugar import written_out
from medalist.families.speedup.optimiser.numeric.growing import begin_empty
from medalist.families.speedup.optimiser.numeric.inference import Inference
from medalist.families.speedup.optimiser.numeric.obstacles import obstacle
from medalist.families.speedup.optimiser.numeric.ordering import selecting
from medalist.families.speedup.optimiser.numeric.places import Function, Source
from medalist.families.speedup.optimiser.numeric.plain import ArrayBuiltins, PlainNumbers
from medalist.families.speedup.optimiser.numeric.scalars import by_element
from medalist.families.speedup.optimiser.numeric.syntax import (
    Names,
    Statement,
    Usage,
    all_names,
    code,
    dotted,
    global_names,
    statements,
    walk,
)
from medalist.families.speedup.optimiser.numeric.values import FLOAT, UNKNOWN, Value


@dataclass
class Kernel:
    """A compiled function. ``arguments`` are its parameters with what the caller passes for each.

    ``outputs`` are the names that it returns, in order; ``buffers`` those of them that were lists before. ``lists`` are
    parameters that are lists outside and are changed inside; ``changed`` all arrays that are.
    """

    name: str
    text: str
    arguments: dict[str, str] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    buffers: Mapping[str, Buffer] = field(default_factory=dict)
    values: Mapping[str, Value] = field(default_factory=dict)
    lists: Collection[str] = ()
    changed: Collection[str] = ()


@dataclass
class Compiler:
    """Makes the kernels of one edit; ``made`` are those that were needed along the way, in the order of need."""

    source: Source
    names: Names
    np: str
    numba: str
    made: dict[str, Kernel] = field(default_factory=dict)

    @classmethod
    def of(cls, source: Source) -> Compiler:
        """A compiler for one edit of the program."""
        imports = source.imports.copy()
        source = replace(source, imports=imports)
        return cls(
            source,
            Names(all_names(source.module)),
            imports.alias("numpy", "np"),
            imports.alias("numba", "numba"),
        )

    def compile(
        self,
        function: Function,
        block: Sequence[Statement],
        variables: Mapping[str, Value],
        live_out: Collection[str],
        *,
        name: str,
        purpose: str,
        parameters: Sequence[str] | None = None,
    ) -> Kernel | None:
        """The statements as a kernel; None where they cannot be compiled.

        ``variables`` say what names hold; ``live_out`` are names that are read after the statements. With
        ``parameters`` given, the statements are a whole function's body, and its ``return`` is the kernel's.
        """
        names = Names(global_names(self.source.module).union(self.made, live_out, *map(all_names, block)))
        body = selecting(written_out(block, names), self.source.imports)
        fresh = Usage.of(body).first_is_write
        variables = {name: held for name, held in variables.items() if name not in fresh}
        seen = Inference(variables, self.source.imports)
        seen.run(body)
        attributes = self._attributes(function, body, variables, names)
        inside = _inside(variables, attributes)
        body = _visited(body, PlainNumbers(seen, attributes, self.np))
        if _passes_gradients(block, variables):
            return None
        callees = Callees(self, function, _without_tensors(seen.variables), attributes)
        body = callees.replaced(body)
        if body is None:
            return None
        inference = Inference(inside, self.source.imports)
        inference.variables.update(callees.results)
        inference.run(body)
        body, buffers = with_buffers(body, inference, names, self.np)
        begun = {name for part in body for node in walk(part) for name in begin_empty(node)}  # type: ignore[arg-type]
        if any(not _list_compiles(inference.variables.get(name, UNKNOWN)) for name in begun):
            return None
        inference = self._with_arrays(inference, inside, callees.results, buffers, body)
        body = _visited(body, ArrayBuiltins(inference, self.np))
        body = by_element(body, inference, names, self.np)
        usage = Usage.of(body)
        outer = self._parameters(usage, variables, attributes, inside, parameters)
        if outer is None or obstacle(body, self.source.imports, {*outer, *self.source.constants, *self.made}):
            return None
        outputs = (
            []
            if parameters is not None
            else sorted(usage.writes.keys() & set(live_out), key=list(usage.writes).index)
        )
        outputs = [output for output in outputs if output in seen.variables or output in buffers]
        if any(_is_tensor_number(seen.variables.get(output, UNKNOWN)) for output in outputs):
            return None
        returned = ", ".join(buffers[output].whole if output in buffers else output for output in outputs)
        lines = [*body, *(statements(f"return {returned}") if returned else [])]
        changed = usage.stores | callees.changed
        lists = [part for part in outer if part in changed and variables.get(part, UNKNOWN).group == "list"]
        kernel = Kernel(name, "", outer, outputs, buffers, seen.variables, lists, changed)
        kernel.text = self._definition(name, list(outer), lines, purpose)
        return kernel

    def _attributes(
        self, function: Function, body: Sequence[Statement], variables: Mapping[str, Value], names: Names
    ) -> dict[str, str]:
        """Names for the receiver's numbers and arrays, by ``receiver.attribute``."""
        if not function.receiver:
            return {}
        locals_ = set(Usage.of(body).reads) | set(Usage.of(body).writes)
        found = {}
        for name, held in variables.items():
            receiver, _, attribute = name.partition(".")
            if receiver == function.receiver and held.known:
                found[name] = attribute if attribute not in locals_ else names.fresh(attribute)
        return found

    @staticmethod
    def _with_arrays(
        inference: Inference,
        inside: Mapping[str, Value],
        results: Mapping[str, Value],
        buffers: Mapping[str, Buffer],
        body: Sequence[Statement],
    ) -> Inference:
        """What is known once the lists are arrays."""
        known = {name: held for name, held in inference.variables.items() if name not in buffers}
        again = Inference({**inside, **results}, inference.imports)
        for name, buffer in buffers.items():
            again.variables[name] = Value("array", buffer.dtype, len(buffer.axes))
        for name, held in known.items():
            again.variables.setdefault(name, held)
        again.run(body)
        return again

    def _parameters(
        self,
        usage: Usage,
        variables: Mapping[str, Value],
        attributes: Mapping[str, str],
        inside: Mapping[str, Value],
        parameters: Sequence[str] | None,
    ) -> dict[str, str] | None:
        """What the kernel takes from outside, with the caller's words for it; None where something cannot be passed."""
        back = {short: full for full, short in attributes.items()}
        wanted = list(parameters or ())
        for name in usage.reads:
            outside = name in back or (name in variables and name not in usage.first_is_write)
            if outside and name not in wanted and name not in self.source.constants:
                wanted.append(name)
        if any(name in back for name in usage.writes):
            return None
        result: dict[str, str] = {}
        for name in wanted:
            held = inside.get(name, UNKNOWN)
            if not held.known or held.group == "range" or (held.group == "tuple" and not _plain_tuple(held)):
                return None
            original = variables[back.get(name, name)]
            if original.group == "list" and name in usage.writes and name in usage.stores:
                return None
            result[name] = self._passed(back.get(name, name), original)
        return result

    def _passed(self, words: str, held: Value) -> str:
        """How the caller hands over what it holds."""
        if held.group == "list":
            floating = _as_array(held).dtype == "float64"
            return (
                f"{self.np}.array({words}, dtype={self.np}.float64)"
                if floating
                else f"{self.np}.array({words})"
            )
        if held.tensor and held.ndim == 0:
            return f"{words}.item()"
        return f"{words}.detach().numpy()" if held.tensor else words

    def _definition(
        self, name: str, parameters: Sequence[str], body: Sequence[Statement], purpose: str
    ) -> str:
        inner = cst.IndentedBlock(body=[*statements(f'"""{purpose}"""'), *body])
        function = cst.FunctionDef(
            name=cst.Name(name),
            params=cst.Parameters(params=[cst.Param(cst.Name(parameter)) for parameter in parameters]),
            body=inner,
            decorators=[cst.Decorator(cst.parse_expression(f'{self.numba}.njit(error_model="numpy")'))],
        )
        return code(function)


def _visited(body: Sequence[Statement], transformer: cst.CSTTransformer) -> list[Statement]:
    module = cst.Module(list(body)).visit(transformer)
    assert isinstance(module, cst.Module)
    return [
        part for part in module.body if isinstance(part, cst.SimpleStatementLine | cst.BaseCompoundStatement)
    ]


def _without_tensors(variables: Mapping[str, Value]) -> dict[str, Value]:
    return {name: _as_array(held) for name, held in variables.items()}


def _as_array(held: Value) -> Value:
    """What a kernel sees of a value: tensors as arrays, lists of numbers and of rows too."""
    if held.is_array:
        return Value("number", held.dtype) if held.ndim == 0 else replace(held, tensor=False)
    if held.group == "tuple":
        return replace(held, items=tuple(_as_array(item) for item in held.items))
    if held.group != "list" or held.item is None:
        return held
    inner = _as_array(held.item)
    alike = len({item.dtype for item in inner.items}) == 1
    if inner.group == "tuple" and alike and all(item.is_number for item in inner.items):
        inner = Value("array", inner.items[0].dtype, 1)
    if inner.is_number:
        return Value("array", inner.dtype, 1)
    return replace(inner, ndim=inner.ndim + 1) if inner.is_array else UNKNOWN


def _inside(variables: Mapping[str, Value], attributes: Mapping[str, str]) -> dict[str, Value]:
    """What the kernel's names hold."""
    return {attributes.get(name, name): _as_array(held) for name, held in variables.items()}


def _list_compiles(held: Value) -> bool:
    """Whether a list that stays one is a list of numbers or of tuples of such."""
    item = held.item or UNKNOWN
    return item.is_number or (item.group == "tuple" and all(part.is_number for part in item.items))


def _is_tensor_number(held: Value) -> bool:
    return held.tensor and held.ndim == 0


def _passes_gradients(block: Iterable[Statement], variables: Mapping[str, Value]) -> bool:
    """Whether a tensor through which gradients pass is used otherwise than for the numbers that it holds."""
    finder = _Gradients({name for name, held in variables.items() if held.grad})
    for statement in block:
        statement.visit(finder)
    return finder.found


class _Gradients(cst.CSTVisitor):
    def __init__(self, names: set[str]) -> None:
        self.names = names
        self.found = False

    def visit_Call(self, node: cst.Call) -> bool:
        """``x[i].item()``, ``float(x[i])``, ``x.detach()`` and ``len(x)`` take numbers and no gradient."""
        if isinstance(node.func, cst.Attribute) and node.func.attr.value in (
            "item",
            "detach",
            "size",
            "tolist",
        ):
            return False
        return dotted(node.func) not in ("float", "len", "int")

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        return node.attr.value != "shape"

    def visit_Name(self, node: cst.Name) -> None:
        self.found |= node.value in self.names


def _plain_tuple(held: Value) -> bool:
    return bool(held.items) and all(item.is_number or item.is_array for item in held.items)


__all__ = ["FLOAT", "Compiler", "Kernel"]
