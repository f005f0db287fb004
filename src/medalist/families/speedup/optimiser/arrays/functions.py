"""Lifted siblings of a program's functions: what treats one item gets a neighbour that treats a stack of them."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping
from dataclasses import dataclass, field

from medalist.families.speedup.optimiser.arrays.axes import index, length
from medalist.families.speedup.optimiser.arrays.bodies import Body
from medalist.families.speedup.optimiser.arrays.storing import Storing
from medalist.families.speedup.optimiser.arrays.values import (
    Bound,
    CannotLift,
    Plain,
    Position,
    Record,
    Series,
    Stack,
    Value,
    Widen,
    plain_of,
    stack_of,
    varies,
)
from medalist.families.speedup.optimiser.arrays.walking import Lifted
from medalist.families.speedup.optimiser.facts import Facts, Kind
from medalist.families.speedup.optimiser.rewriting import Source, Splice
from medalist.families.speedup.optimiser.writing import written

_MOST_WIDENINGS = 12
_TEXT_METHODS = frozenset(
    {"lower", "upper", "strip", "lstrip", "rstrip", "title", "capitalize", "replace", "join"}
)
_TRUTH_METHODS = frozenset(
    {"startswith", "endswith", "isdigit", "isalpha", "isalnum", "isspace", "isupper", "islower"}
)
_NUMBER_METHODS = frozenset({"count", "find", "rfind"})
_VECTORS_OF_ONE = frozenset(
    {"numpy.polyfit", "numpy.convolve", "numpy.correlate", "numpy.bincount", "numpy.polyval"}
)
_LONGEST_LINE = 100
_NOTE = "For many at once, along the first axis."


@dataclass
class Functions:
    """The lifted functions of one edit. ``definitions`` are their texts, by the function they stand behind."""

    source: Source
    facts: Facts
    numpy: str
    definitions: dict[str, list[str]] = field(default_factory=dict)
    made: dict[tuple[str, tuple[tuple[str, Value], ...]], tuple[str, Value]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    busy: list[str] = field(default_factory=list)

    def splices(self) -> list[Splice]:
        """The new definitions, each behind the function that it is the sibling of."""
        functions = self.source.functions
        return [
            self.source.after(functions[name], "\n".join(texts) if len(texts) > 1 else texts[0])
            for name, texts in self.definitions.items()
        ]

    def resolve(self, func: ast.expr, owner: str) -> str | None:
        """The qualified name of a function of the program that is called; ``owner`` is the caller's class."""
        functions = self.source.functions
        if isinstance(func, ast.Name) and func.id in functions:
            return func.id
        if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name):
            if func.value.id == "self" and f"{owner}.{func.attr}" in functions:
                return f"{owner}.{func.attr}"
            if f"{func.value.id}.{func.attr}" in functions:
                return f"{func.value.id}.{func.attr}"
            owners = [name for name in functions if name.endswith(f".{func.attr}")]
            if len(owners) == 1 and func.value.id not in self.source.imports and not hasattr(str, func.attr):
                return owners[0]
        return None

    def attributes(self, qualified: str) -> Mapping[str, Kind]:
        """What ``self`` held in a method."""
        seen = self.facts.functions.get(qualified)
        return seen.attributes if seen is not None else {}

    def body(self, qualified: str, wide: frozenset[str]) -> Body:
        """A walker for the body of a function of the program."""
        walker = Body(self.source, self.numpy, self.attributes(qualified), self, wide)
        walker.owner = qualified.rpartition(".")[0]
        return walker

    # ---- what a body asks

    def call(self, body: Storing, call: ast.Call) -> Lifted | None:
        """The lifted call of a function of the program; None when it has none. Raises `CannotLift`."""
        qualified = self.resolve(call.func, body.owner)
        if qualified is None or body.varying(call.func):
            return None
        given = self._arguments(body, qualified, call)
        name, value = self._lifted(qualified, {key: what for key, (_, what) in given.items()})
        keywords = {keyword.arg for keyword in call.keywords}
        positional = [code for key, (code, _) in given.items() if key not in keywords]
        named = [ast.keyword(key, code) for key, (code, _) in given.items() if key in keywords]
        func = copy.deepcopy(call.func)
        if isinstance(func, ast.Attribute):
            func.attr = name
        elif isinstance(func, ast.Name):
            func.id = name
        return ast.Call(func, positional, named), value

    def result(self, call: ast.expr) -> Value | None:
        """What an expression without a lifted form gives for one item, as far as was seen or is known."""
        if isinstance(call, ast.JoinedStr):
            return Stack(0, text=True)
        if isinstance(call, ast.Subscript) and isinstance(call.value, ast.Name):
            return Stack(0)  # an entry of a dictionary or a list, looked up by what varies
        if not isinstance(call, ast.Call):
            return None
        name = self.source.library_name(call.func)
        if name in (
            "builtins.len",
            "builtins.ord",
            "builtins.hash",
            "builtins.int",
            "builtins.float",
            "builtins.sum",
        ):
            return Stack(0)
        if name == "builtins.str":
            return Stack(0, text=True)
        if name == "builtins.isinstance" or name == "builtins.bool":
            return Stack(0, boolean=True)
        if name in _VECTORS_OF_ONE:
            return Stack(1)
        if name == "numpy.histogram":
            return Series((Stack(1), Stack(1)))
        qualified = self.resolve(call.func, "") or self._only_method(call.func)
        if qualified is not None:
            seen = self.facts.functions.get(qualified)
            return stack_of(seen.returns) if seen is not None else None
        if isinstance(call.func, ast.Attribute) and not name:
            method = call.func.attr
            if method == "get" and isinstance(call.func.value, ast.Name):
                return Stack(0)
            if method in _TEXT_METHODS or method in _TRUTH_METHODS or method in _NUMBER_METHODS:
                return Stack(0, boolean=method in _TRUTH_METHODS, text=method in _TEXT_METHODS)
        return None

    def _only_method(self, func: ast.expr) -> str | None:
        if (
            not isinstance(func, ast.Attribute)
            or not isinstance(func.value, ast.Name)
            or func.value.id != "self"
        ):
            return None
        found = [name for name in self.source.functions if name.endswith(f".{func.attr}")]
        return found[0] if len(found) == 1 else None

    # ---- lifting a function

    def _arguments(self, body: Storing, qualified: str, call: ast.Call) -> dict[str, Lifted]:
        function = self.source.functions[qualified]
        decorators = [self.source.library_name(one) for one in function.decorator_list]
        if any(name not in ("builtins.staticmethod",) for name in decorators):
            raise CannotLift("a decorated function")
        arguments = function.args
        if arguments.vararg or arguments.kwarg or arguments.posonlyargs:
            raise CannotLift("a function with starred parameters")
        names = [one.arg for one in arguments.args]
        if "." in qualified and not decorators:
            names = names[1:]
        pairs = list(zip(names, call.args, strict=False))
        pairs += [(keyword.arg or "", keyword.value) for keyword in call.keywords]
        if len(call.args) > len(names):
            raise CannotLift("too many arguments")
        given: dict[str, Lifted] = {}
        for name, argument in pairs:
            code, value = body.lift(argument)
            if isinstance(value, Position):
                code, value = body.stacked(code, value)
            elif not isinstance(value, Plain | Stack | Series | Record):
                raise CannotLift("a ragged argument")
            given[name] = (code, value)
        return given

    def _lifted(self, qualified: str, values: dict[str, Value]) -> tuple[str, Value]:
        key = (qualified, tuple(sorted(values.items())))
        if key in self.made:
            return self.made[key]
        if qualified in self.busy or len(self.busy) > 8:
            raise CannotLift("a function that calls itself")
        function = self.source.functions[qualified]
        name = self.source.fresh(f"{function.name}_of_all", self.names)
        self.busy.append(qualified)
        checkpoint = ({k: list(v) for k, v in self.definitions.items()}, dict(self.made), set(self.names))
        self.names.add(name)
        try:
            definition, value = self._definition(qualified, function, values, name)
        except CannotLift:
            self.definitions, self.made, self.names = checkpoint
            raise
        finally:
            self.busy.pop()
        self.definitions.setdefault(qualified, []).append(definition)
        self.made[key] = (name, value)
        return name, value

    def _definition(
        self, qualified: str, function: ast.FunctionDef, values: dict[str, Value], name: str
    ) -> tuple[str, Value]:
        wide: frozenset[str] = frozenset()
        for _ in range(_MOST_WIDENINGS):
            body = self.body(qualified, wide)
            self._enter(body, qualified, function, values)
            try:
                statements, result = body.run(function.body)
            except Widen as more:
                wide |= {more.name}
                continue
            if result is None or not varies(result[1]):
                raise CannotLift("a function whose result is the same for all items")
            code, value = result
            if not isinstance(value, Stack | Series):
                code, value = body.stacked(code, value)
            statements = [*_described(statements, self.source.indentation(function)), ast.Return(code)]
            return self._text(function, name, _guarded(statements, body)), value
        raise CannotLift("a function whose names never settle")

    def _enter(self, body: Body, qualified: str, function: ast.FunctionDef, values: dict[str, Value]) -> None:
        seen = self.facts.functions.get(qualified)
        leader = next((key for key, value in values.items() if isinstance(value, Stack)), None)
        for argument in [*function.args.args, *function.args.kwonlyargs]:
            value = values.get(argument.arg, Plain())
            if isinstance(value, Plain) and value.rank is None and seen is not None:
                value = plain_of(seen.arguments.get(argument.arg))
            body.environment[argument.arg] = Bound(ast.Name(argument.arg, ast.Load()), value)
        if leader is None:
            several = next((key for key, value in values.items() if varies(value)), None)
            if several is None:
                raise CannotLift("no argument depends on the item")
            code: ast.expr = ast.Name(several, ast.Load())
            body.count = length(code if isinstance(values[several], Record) else index(code, ast.Constant(0)))
        else:
            body.count = length(ast.Name(leader, ast.Load()))

    def _text(self, function: ast.FunctionDef, name: str, statements: list[ast.stmt]) -> str:
        sibling = copy.copy(function)
        sibling.name, sibling.body, sibling.returns = name, statements, None
        sibling.args = copy.deepcopy(function.args)
        for argument in [*sibling.args.args, *sibling.args.kwonlyargs]:
            argument.annotation = None
        if not ast.get_docstring(function):
            note = ast.Expr(
                ast.Constant(f"As `{function.name}`, for many at once: they stand along the first axis.")
            )
            sibling.body = [note, *statements]
        comments = {line: text for line, text in self.source.comments.items() if line > function.lineno}
        return written([ast.fix_missing_locations(sibling)], self.source.indentation(function), comments)


def _described(statements: list[ast.stmt], indentation: str) -> list[ast.stmt]:
    """The statements with a docstring that says that there are many items now."""
    if statements and isinstance(statements[0], ast.Expr) and isinstance(statements[0].value, ast.Constant):
        docstring = str(statements[0].value.value).rstrip()
        first, _, rest = docstring.partition("\n")
        if len(first) + len(_NOTE) < _LONGEST_LINE and not rest:
            return [ast.Expr(ast.Constant(f"{first} {_NOTE}")), *statements[1:]]
        below = f"{docstring}\n\n{indentation}    {_NOTE}\n{indentation}    "
        return [ast.Expr(ast.Constant(below)), *statements[1:]]
    return statements


def _guarded(statements: list[ast.stmt], body: Body) -> list[ast.stmt]:
    """Statements under ``errstate`` where both sides of a choice are computed for all items."""
    if "errstate" not in body.notes or not any(
        isinstance(one, ast.Div | ast.Pow | ast.FloorDiv | ast.Mod)
        or (
            isinstance(one, ast.Attribute)
            and one.attr in ("log", "sqrt", "log1p", "log2", "log10", "exp", "divide")
        )
        for statement in statements
        for one in ast.walk(statement)
    ):
        return statements
    quiet = ast.Call(
        ast.Attribute(ast.Name(body.numpy, ast.Load()), "errstate", ast.Load()),
        [],
        [ast.keyword("all", ast.Constant("ignore"))],
    )
    head = statements[:1] if isinstance(statements[0], ast.Expr) else []
    return [*head, ast.With([ast.withitem(quiet, None)], statements[len(head) :])]
