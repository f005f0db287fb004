"""Array expressions as loops over their elements: a compiled kernel then allocates nothing in its inner loops.

``np.sqrt(np.sum((a[i] - a[j]) ** 2))`` becomes a loop that adds squares; ``row[:] = x * 2`` a loop that stores.
Arrays that are only ever used by the element, such as a difference that is squared and summed, vanish.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import libcst as cst

from medalist.families.speedup.optimiser.numeric.elements import Elements, NotElementwise
from medalist.families.speedup.optimiser.numeric.inference import Inference
from medalist.families.speedup.optimiser.numeric.reductions import Loop, Reductions
from medalist.families.speedup.optimiser.numeric.syntax import (
    Names,
    Statement,
    Usage,
    assigned,
    body_of,
    code,
    only,
    statements,
    walk,
    with_body,
)


def by_element(block: Sequence[Statement], inference: Inference, names: Names, np: str) -> list[Statement]:
    """The block with its array expressions as loops, where they can be said so."""
    candidates = _deferrable(block, inference)
    while True:
        scalarizer = _Scalarizer(inference, dict(candidates), Names(names.taken), np)
        result = scalarizer.block(block)
        left = {name for name in candidates if name in scalarizer.needed(result)}
        if not left:
            names.taken |= scalarizer.names.taken
            return result
        for name in left:
            del candidates[name]


def _deferrable(block: Sequence[Statement], inference: Inference) -> dict[str, cst.BaseExpression]:
    """Names that are bound once, to an array that is computed and not a view."""
    writes = Usage.of(block)
    found: dict[str, cst.BaseExpression] = {}
    for statement in block:
        for node in walk(statement):
            parts = assigned(node) if isinstance(node, cst.SimpleStatementLine) else None
            if parts is None or not isinstance(parts[0], cst.Name):
                continue
            name = parts[0].value
            computed = isinstance(
                parts[1], cst.BinaryOperation | cst.UnaryOperation | cst.Call | cst.Comparison
            )
            held = inference.value(parts[1])
            if computed and held.is_array and writes.writes.get(name) == 1 and name not in writes.stores:
                try:
                    Elements(inference, {}).lengths(parts[1])
                    Elements(inference, {}).at(parts[1], ["k"] * held.ndim, {})
                except NotElementwise:
                    continue
                found[name] = parts[1]
    return found


class _Scalarizer:
    def __init__(
        self, inference: Inference, deferred: dict[str, cst.BaseExpression], names: Names, np: str
    ) -> None:
        self.inference = Inference(inference.variables, inference.imports)
        self.deferred = deferred
        self.elements = Elements(self.inference, deferred)
        self.names = names
        self.np = np

    def needed(self, block: Iterable[Statement]) -> set[str]:
        """Deferred names that are still read as whole arrays."""
        return set(self.whole) | {
            name for name in self.deferred if name in Usage.of(block).reads and name not in self.defined
        }

    def block(self, block: Iterable[Statement]) -> list[Statement]:
        self.whole: set[str] = set()
        self.defined: set[str] = set()
        return self._block(block)

    def _block(self, block: Iterable[Statement]) -> list[Statement]:
        result: list[Statement] = []
        for statement in block:
            result.extend(self._statement(statement))
        return result

    def _statement(self, node: Statement) -> list[Statement]:
        if isinstance(node, cst.SimpleStatementLine):
            return self._line(node)
        if isinstance(node, cst.If):
            before, test = self._reduced(node.test)
            changed = with_body(node.with_changes(test=test), self._block(body_of(node)))
            if isinstance(node.orelse, cst.Else):
                orelse = with_body(node.orelse, self._block(body_of(node.orelse)))
                changed = changed.with_changes(orelse=orelse)
            elif isinstance(node.orelse, cst.If):
                *early, last = self._statement(node.orelse)
                orelse = with_body(cst.Else(cst.IndentedBlock([])), [*early, last]) if early else last
                changed = changed.with_changes(orelse=orelse)
            return [*before, changed]
        if isinstance(node, cst.For | cst.While):
            self._check_whole(node.iter if isinstance(node, cst.For) else node.test)
            return [with_body(node, self._block(body_of(node)))]
        self._check_whole(node)
        return [node]

    def _line(self, node: cst.SimpleStatementLine) -> list[Statement]:
        parts = assigned(node)
        if parts is not None and isinstance(parts[0], cst.Name) and parts[0].value in self.deferred:
            # Numbers inside, such as a mean that is taken away, are computed where the array was.
            before, value = self._reduced(parts[1])
            assert isinstance(value, cst.BaseExpression)
            lines, value = self.elements.settled(value, self.names)
            self.deferred[parts[0].value] = value
            return [*before, *(part for line in lines for part in statements(line))]
        before, changed = self._reduced(node)
        stored = self._stored(changed)
        if stored is not None:
            return [*before, *self._dressed(node, stored)]
        self._check_whole(changed)
        assert isinstance(changed, cst.SimpleStatementLine)
        return [*before, changed]

    @staticmethod
    def _dressed(original: cst.SimpleStatementLine, made: list[Statement]) -> list[Statement]:
        return [made[0].with_changes(leading_lines=original.leading_lines), *made[1:]] if made else made

    def _check_whole(self, node: cst.CSTNode) -> None:
        self.whole |= Usage.of([node]).reads.keys() & self.deferred.keys()

    # Stores

    def _stored(self, node: cst.CSTNode) -> list[Statement] | None:
        """``row[...] = array expression`` as a loop; None for anything else."""
        small = only(node)
        if isinstance(small, cst.AugAssign):
            target, value, operator = small.target, small.value, code(small.operator).strip()
        elif isinstance(small, cst.Assign) and len(small.targets) == 1:
            target, value, operator = small.targets[0].target, small.value, "="
        else:
            return None
        if not isinstance(target, cst.Subscript) and not (operator != "=" and isinstance(target, cst.Name)):
            return None
        computed = isinstance(value, cst.BinaryOperation | cst.UnaryOperation | cst.Call) or operator != "="
        try:
            ndim = self.elements.axes(target)
            if ndim == 0 or not (computed or self._mentions_deferred(value)):
                return None
            loop = Loop(self.elements.lengths(target), [self.names.index() for _ in range(ndim)])
            loop.begins, value = self.elements.settled(value, self.names)
            place = code(self.elements.at(target, loop.counters, {}))
            element = self.elements.at(value, loop.counters, loop.used)
        except NotElementwise:
            return None
        loop.turns.append(f"{place} {operator} {code(element)}")
        return self._written(loop)

    def _mentions_deferred(self, node: cst.CSTNode) -> bool:
        return bool(Usage.of([node]).reads.keys() & self.deferred.keys())

    def _written(self, loop: Loop) -> list[Statement]:
        self.defined |= loop.used.keys()
        return loop.written(self.elements)

    # Reductions

    def _reduced(self, node: cst.CSTNode) -> tuple[list[Statement], cst.CSTNode]:
        """The code with its reductions as names, and the loops that compute them."""
        taker = Reductions(self.elements, self.names, self.np)
        changed = node.visit(taker)
        assert isinstance(changed, cst.CSTNode)
        self.defined |= taker.defined
        return taker.before, changed
