"""The contract of a speed-up task: what is timed, what must stay the same function, and how well; read from a file.

A task is a folder with ``contract.toml``. An engineer sees the files that ``Contract.public`` lists and nothing else
of the folder; the oracle, where there is one, is the judge's alone. Reading a contract runs none of its code.
"""

from __future__ import annotations

import importlib.util
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, get_args

from medalist.core.errors import InputError

CONTRACT_FILE = "contract.toml"
TASKS = Path(__file__).parent / "tasks"
"""The tasks that come with Medalist, a folder each."""

Semantics = Literal["preserve", "quality"]
"""``preserve``: the same function within tolerance. ``quality``: any program that learns as well."""


@dataclass(frozen=True)
class Function:
    """A function in a file of the task's folder, written ``file.py:name`` in the contract."""

    file: Path
    name: str

    def load(self) -> Callable[..., Any]:
        """Run the file as a module of its own and return the function.

        Only for files of the task's author, never for a candidate. Raises InputError when the function is missing;
        what the file itself raises passes through.
        """
        spec = importlib.util.spec_from_file_location(f"task_{self.file.stem}", self.file)
        if spec is None or spec.loader is None:
            raise InputError("This file cannot be loaded as Python.", where=str(self.file))
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        if not hasattr(module, self.name):
            raise InputError(f"There is no function {self.name!r}.", where=str(self.file))
        return getattr(module, self.name)


@dataclass(frozen=True)
class Output:
    """How closely the arrays whose names match ``pattern`` must agree with the oracle's.

    An array agrees when its shape is the oracle's and every element ``a`` keeps ``|a - b| <= atol + rtol * |b|``.
    """

    pattern: str
    rtol: float = 0.0
    atol: float = 0.0


@dataclass(frozen=True)
class Quality:
    """What ``semantics = "quality"`` asks in place of equality.

    ``output`` holds one row of class scores for each entry of ``answer``, which ``Contract.answers`` makes and a
    candidate never sees. Over ``seeds`` hidden draws or more the mean accuracy may lie at most ``loss`` below the
    oracle's, shown at one-sided ``confidence``, and must reach ``chance_factor`` times ``chance``.
    """

    output: str
    answer: str
    chance: float
    seeds: int = 5
    loss: float = 0.01
    confidence: float = 0.95
    chance_factor: float = 3.0


@dataclass(frozen=True)
class Budgets:
    """Limits of a grading; passing one ends it with that reason."""

    import_seconds: float = 30.0
    call_seconds: float = 60.0
    answer_bytes: int = 64 * 2**20
    memory_bytes: int = 4 * 2**30


@dataclass(frozen=True)
class Contract:
    """One task. ``required`` are names that a candidate must define; ``public`` what an engineer may read, the
    program and what makes inputs always among it.

    ``derived`` computes, from a call's inputs and what a candidate answered, the arrays of the answer that must follow
    from the others; under ``quality`` the judge believes no such array that does not.
    """

    name: str
    title: str
    folder: Path
    program: Path
    entry: str
    required: tuple[str, ...]
    public: tuple[Path, ...]
    inputs: Function
    outputs: tuple[Output, ...]
    oracle: Function | None = None
    answers: Function | None = None
    derived: Function | None = None
    target: float = 36.0
    semantics: Semantics = "preserve"
    threads: int = 1
    budgets: Budgets = Budgets()
    quality: Quality | None = None

    def output(self, name: str) -> Output | None:
        """The rule for the array called ``name``: the first whose pattern matches, None when nothing is asked of it."""
        return next((rule for rule in self.outputs if fnmatchcase(name, rule.pattern)), None)

    def under(self, semantics: Semantics) -> Contract:
        """The same task under the other reading. Raises InputError when the task does not say what quality is."""
        if semantics == "quality" and self.quality is None:
            raise InputError(
                f"The task {self.name!r} does not say what quality is.",
                where=str(self.folder / CONTRACT_FILE),
                next_step="Add a [quality] table, or grade it with --semantics preserve.",
            )
        return replace(self, semantics=semantics)


def find_task(name: str) -> Contract:
    """The contract of a task that comes with Medalist. Raises InputError that lists those there are."""
    folders = {path.parent.name: path.parent for path in TASKS.glob(f"*/{CONTRACT_FILE}")}
    if name not in folders:
        raise InputError(
            f"There is no built-in speed-up task {name!r}.",
            next_step=f"There are: {', '.join(sorted(folders))}.",
        )
    return read_contract(folders[name])


def read_contract(folder: Path) -> Contract:
    """The contract in ``folder``. Raises InputError with what is missing or misspelt, and where."""
    path = folder / CONTRACT_FILE
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"The folder holds no {CONTRACT_FILE}.", where=str(folder)) from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"The contract is not valid TOML: {error}.", where=str(path)) from None
    try:
        return _contract(folder.resolve(), table)
    except KeyError as error:
        raise InputError(f"The contract lacks {error}.", where=str(path)) from None
    except (TypeError, ValueError) as error:
        raise InputError(f"The contract is not well-formed: {error}.", where=str(path)) from None


def _contract(folder: Path, table: dict[str, Any]) -> Contract:
    semantics = table.get("semantics", "preserve")
    if semantics not in get_args(Semantics):
        raise ValueError(f"semantics is {semantics!r}, not one of {', '.join(get_args(Semantics))}")
    quality = table.get("quality")
    program, inputs = _file(folder, table["program"]), _function(folder, table["inputs"]["maker"])
    public = [_file(folder, name) for name in table.get("public", [])]
    contract = Contract(
        name=table["name"],
        title=table.get("title", ""),
        folder=folder,
        program=program,
        entry=table["entry"],
        required=tuple(table.get("required", [table["entry"]])),
        public=tuple(dict.fromkeys([*public, program, inputs.file])),
        inputs=inputs,
        outputs=tuple(Output(**rule) for rule in table["outputs"]),
        oracle=_function(folder, table["oracle"]["function"]) if "oracle" in table else None,
        answers=_function(folder, table["answers"]["maker"]) if "answers" in table else None,
        derived=_function(folder, table["derived"]["function"]) if "derived" in table else None,
        target=float(table.get("target", 36.0)),
        semantics=semantics,
        threads=int(table.get("threads", 1)),
        budgets=Budgets(**table.get("budgets", {})),
        quality=Quality(**quality) if quality else None,
    )
    if contract.quality and contract.answers is None:
        raise ValueError("[quality] needs [answers], which makes what is held back")
    return contract


def _function(folder: Path, text: str) -> Function:
    file, _, name = text.partition(":")
    if not name.isidentifier():
        raise ValueError(f"{text!r} is not written file.py:function")
    return Function(_file(folder, file), name)


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise ValueError(f"the file {name!r} is not there")
    return path
