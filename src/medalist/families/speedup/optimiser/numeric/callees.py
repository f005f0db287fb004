"""Calls inside a kernel to the program's own functions and methods, which are compiled along with it."""
# ruff: noqa: N802 - libcst's own names for what a visitor does

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import libcst as cst

from medalist.families.speedup.optimiser.numeric.inference import Inference
from medalist.families.speedup.optimiser.numeric.places import Function
from medalist.families.speedup.optimiser.numeric.syntax import Statement, body_of, dotted, only, walk
from medalist.families.speedup.optimiser.numeric.values import UNKNOWN, Value, joined

if TYPE_CHECKING:
    from medalist.families.speedup.optimiser.numeric.kernel import Compiler


class Callees:
    """Compiles what a block calls.

    ``results`` are what the compiled functions return, by their new names; ``changed`` the arrays that they change.
    """

    def __init__(
        self,
        compiler: Compiler,
        function: Function,
        variables: Mapping[str, Value],
        attributes: Mapping[str, str],
    ) -> None:
        self.compiler = compiler
        self.function = function
        self.inference = Inference(variables, compiler.source.imports)
        self.attributes = attributes
        self.results: dict[str, Value] = {}
        self.changed: set[str] = set()

    def replaced(self, block: Sequence[Statement]) -> list[Statement] | None:
        """The block with its calls put to compiled copies; None where a callee cannot be compiled."""
        changer = _Changer(self)
        module = cst.Module(list(block)).visit(changer)
        assert isinstance(module, cst.Module)
        if changer.failed:
            return None
        return [
            part
            for part in module.body
            if isinstance(part, cst.SimpleStatementLine | cst.BaseCompoundStatement)
        ]

    def called(self, node: cst.Call) -> Function | None:
        """The program's own function that is called, if one is."""
        name = dotted(node.func)
        head, _, rest = name.partition(".")
        if rest and head == self.function.receiver:
            return self.compiler.source.functions.get(f"{self.function.class_name}.{rest}")
        return self.compiler.source.functions.get(name) if not rest else None


class _Changer(cst.CSTTransformer):
    def __init__(self, callees: Callees) -> None:
        self.callees = callees
        self.failed = False

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        function = self.callees.called(original_node)
        if function is None or self.failed:
            return updated_node
        made = self._compiled(function, original_node)
        if made is None:
            self.failed = True
            return updated_node
        name, extra = made
        arguments = [*updated_node.args, *(cst.Arg(cst.Name(word)) for word in extra)]
        return updated_node.with_changes(func=cst.Name(name), args=arguments)

    def _compiled(self, function: Function, call: cst.Call) -> tuple[str, list[str]] | None:
        """The name of the compiled copy, and the receiver's attributes that it takes besides."""
        callees, compiler = self.callees, self.callees.compiler
        parameters = [parameter.name.value for parameter in function.node.params.params]
        if function.receiver:
            parameters = parameters[1:]
        plain = not function.node.params.kwonly_params and not function.node.decorators
        if (
            len(parameters) != len(call.args)
            or any(arg.keyword or arg.star for arg in call.args)
            or not plain
        ):
            return None
        name = f"compiled_{function.node.name.value.lstrip('_')}"
        kernel = compiler.made.get(name)
        if kernel is None:
            given = dict(
                zip(parameters, (callees.inference.value(arg.value) for arg in call.args), strict=True)
            )
            variables = {**compiler.source.constants, **compiler.source.attributes(function), **given}
            body = [part for part in body_of(function.node) if not _is_docstring(part)]
            if any(not held.known for held in given.values()) or function is callees.function:
                return None
            kernel = compiler.compile(
                function,
                body,
                variables,
                (),
                name=name,
                purpose=f"``{function.name}``, compiled.",
                parameters=parameters,
            )
            if kernel is None:
                return None
            compiler.made[name] = kernel
        inference = Inference(kernel.values, compiler.source.imports)
        returns = [
            node.value
            for part in body_of(function.node)
            for node in walk(part)
            if isinstance(node, cst.Return)
        ]
        result = joined(inference.value(value) for value in returns if value is not None) or UNKNOWN
        facts = compiler.source.facts_of(function)
        if not result.known and facts is not None and facts.returns is not None:
            from medalist.families.speedup.optimiser.numeric.values import value_of_kind

            result = value_of_kind(facts.returns)
        callees.results[f"{name}()"] = result
        for parameter, arg in zip(parameters, call.args, strict=True):
            if parameter in kernel.changed:
                callees.changed.add(dotted(arg.value))
        return self._extras(kernel, parameters)

    def _extras(self, kernel, parameters) -> tuple[str, list[str]] | None:  # type: ignore[no-untyped-def]
        extras = []
        for parameter, words in kernel.arguments.items():
            if parameter in parameters:
                continue
            short = self.callees.attributes.get(f"{self.callees.function.receiver}.{words.partition('.')[2]}")
            if short is None:
                return None
            extras.append(short)
        return kernel.name, extras


def _is_docstring(statement: Statement) -> bool:
    small = only(statement)
    return isinstance(small, cst.Expr) and isinstance(small.value, cst.SimpleString | cst.ConcatenatedString)
