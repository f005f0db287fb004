"""Fission: statements of a loop over items that have no lifted form stay a loop of their own, behind the lifted ones."""

from __future__ import annotations

import ast

from medalist.families.speedup.optimiser.arrays.outer_loops import LoopBody
from medalist.families.speedup.optimiser.arrays.sequences import item_loop
from medalist.families.speedup.optimiser.arrays.values import CannotLift
from medalist.families.speedup.optimiser.rewriting import bound, loads


class ItemLoop(LoopBody):
    """A walker for the body of a loop over items that leaves to single items what it cannot lift.

    What is left must be there for its effect alone, on something around the loop: it binds no name of the loop.
    """

    lifted = 0
    left = 0

    @property
    def worthwhile(self) -> bool:
        """Whether anything was lifted at all."""
        return self.lifted > 0 or not self.left

    def statement(self, node: ast.stmt) -> list[ast.stmt]:
        """One statement's lifted form, or a loop over single items. Raises `CannotLift`."""
        before, made = dict(self.environment), set(self.made)
        try:
            steps = super().statement(node)
        except CannotLift:
            self.environment.clear()
            self.environment.update(before)
            self.made = made
            return [self._item_by_item(node)]
        self.lifted += any(isinstance(one, ast.Call) for one in ast.walk(node))
        return steps

    def _item_by_item(self, node: ast.stmt) -> ast.stmt:
        leaving = (ast.Break, ast.Continue, ast.Return, ast.FunctionDef, ast.Lambda)
        if self.masks or not isinstance(node, ast.Expr | ast.Assign | ast.AugAssign | ast.If | ast.For):
            raise CannotLift("a statement on one path, or of a kind that is not known")
        if bound(node) & self.local or any(isinstance(one, leaving) for one in ast.walk(node)):
            raise CannotLift("a statement that is more than an effect")
        if loads(node) & self.local - set(self.environment):
            raise CannotLift("a name that is carried from one item to the next")
        inner, sources = self.single_items(node)
        target, iterable = item_loop(sources)
        self.left += 1
        return ast.For(target, iterable, [inner], [])
