"""What a command does, told from its source: train a network, fit an estimator, neither, or something that hides it.

A command whose script fits an estimator or calls ``backward`` is a job under every check. The
script is read by meaning (renamed variables, aliases), and so are the ways round: an attribute
fetched by name, ``exec`` of a string, a helper module beside the script, another script started
from it. What still cannot be told is OPAQUE, which the checks treat as training until its log says
more; nobody gains by hiding. Nothing is run or imported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from enum import IntEnum

from medalist.core.errors import InputError
from medalist.source.tree import Script, parse

Reader = Callable[[str], str | None]
"""Text of a file by its path relative to the job's folder; None when there is none."""


class Kind(IntEnum):
    """What a script was found to do; the larger value wins where it does several."""

    NONE = 0
    ESTIMATOR = 1
    OPAQUE = 2
    NETWORK = 3

    @property
    def trains(self) -> bool:
        return self is not Kind.NONE


_NETWORK_ATTRIBUTES = {"backward", "fit_one_cycle", "fine_tune"}
_ESTIMATOR_ATTRIBUTES = {"fit", "partial_fit", "fit_predict", "fit_transform"}
_NETWORK_CALLS = re.compile(
    r"torch\.autograd\.(grad|backward)|jax\.(value_and_)?grad|.*\bTrainer\(\)\.(train|fit)"
    r"|(tensorflow|keras)\..*\.(fit|train_on_batch)|.*\.GradientTape"
)
_ESTIMATOR_CALLS = re.compile(
    r"(lightgbm|xgboost|catboost)\.(train|cv)"
    r"|sklearn\.model_selection\.(\w+\.)?(cross_val\w*|cross_validate|learning_curve|validation_curve)"
)
_PREPARATION = re.compile(
    r"sklearn\.(preprocessing|impute|feature_extraction|feature_selection|compose|decomposition)\..*\(\)"
)
_BY_NAME = re.compile(r"getattr|operator\.(methodcaller|attrgetter)|.*\.__getattribute__|.*\.__getattr__")
_RUNS_TEXT = re.compile(r"(builtins\.)?(exec|eval|compile)")
_IMPORTS_BY_NAME = re.compile(r"__import__|importlib\.import_module|runpy\.run_module")
_RUNS_FILE = re.compile(r"runpy\.run_path|importlib\.util\.spec_from_file_location")
_STARTS_PROCESS = re.compile(
    r"subprocess\.\w+|os\.(system|popen|exec\w+|spawn\w+|posix_spawnp?)|asyncio\.create_subprocess_\w+|pty\.spawn"
)
_RUNS_SCRIPTS = re.compile(
    r"torch\.distributed\.(run|launch)|accelerate\.commands\.launch|c?[pP]rofile|trace|pdb|debugpy|coverage"
    r"|line_profiler|memory_profiler|scalene|kernprof"
)
_MAX_FILES = 40


def kind_of_command(argv: Sequence[str], read: Reader) -> Kind:
    """The kind of ``python ARGV...``: a script with arguments, ``-c CODE`` or ``-m MODULE``."""
    words = interpreter_words(argv)
    if not words:
        return Kind.OPAQUE
    if words[0] == "-c":
        return kind_of_script(words[1], read) if len(words) > 1 else Kind.OPAQUE
    if words[0] == "-m":
        return _Reading(read).command_module(words[1:]) if len(words) > 1 else Kind.OPAQUE
    code = read(words[0])
    if code is None or "\0" in code:  # compiled, or an archive: Python runs those too
        return Kind.OPAQUE
    return kind_of_script(code, read)


def interpreter_words(argv: Sequence[str]) -> tuple[str, ...]:
    """``argv`` of a Python interpreter without its options: what begins with the script, ``-c``, ``-m`` or ``-``.

    ``-uc CODE`` and ``-cCODE`` become ``-c CODE``, likewise for ``-m``; () when only options were given.
    """
    words = list(argv)
    while words:
        word = words.pop(0)
        found = re.fullmatch(r"-[bBdEhiIOPqsSuvVxR]*([cm])(.*)", word, re.DOTALL)
        if found and not word.startswith("--"):
            return (f"-{found[1]}", *([found[2]] if found[2] else []), *words)
        if word in ("-W", "-X", "--check-hash-based-pycs"):
            words[:1] = []
        elif not word.startswith("-") or word == "-":
            return (word, *words)
    return ()


def script_of(argv: Sequence[str], read: Reader) -> str:
    """The path of the file that ``python ARGV...`` runs: the script, a module's file, or the script that a
    launcher or profiler is handed (``-m torch.distributed.run train.py``). "" where none of them is there."""
    words = interpreter_words(argv)
    if not words or words[0] in ("-c", "-"):
        return ""
    if words[0] != "-m":
        return words[0] if words[0].endswith(".py") else ""
    base = words[1].replace(".", "/") if len(words) > 1 else ""
    places = (*_module_files(base), *_handed(words[1:])[:1])
    return next((path for path in places if read(path) is not None), "")


def _module_files(base: str) -> tuple[str, ...]:
    return f"{base}.py", f"{base}/__main__.py"


def _handed(words: Sequence[str]) -> list[str]:
    """The scripts that ``-m WORDS`` is handed to run."""
    runs_them = bool(words) and _RUNS_SCRIPTS.fullmatch(words[0])
    return [word for word in words[1:] if word.endswith(".py")] if runs_them else []


def kind_of_script(code: str, read: Reader | None = None) -> Kind:
    """The kind of a script's text; ``read`` opens the helper modules and scripts beside it.

    Text that is not Python is NONE: it will not run.
    """
    return _Reading(read or (lambda path: None)).text(code)


class _Reading:
    """One walk over a script and the files it leads to, each read once."""

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._seen: set[str] = set()

    def text(self, code: str) -> Kind:
        try:
            script = parse(code)
        except InputError:
            return Kind.NONE
        kinds = [self._attributes(script), self._imports(script)]
        for call, name in script.calls:
            kinds.append(self._call(script, call, name))
        return max(kinds)

    def file(self, path: str) -> Kind:
        """The kind of a file beside the script; NONE when it is not there or was read before."""
        if path in self._seen or len(self._seen) >= _MAX_FILES:
            return Kind.NONE
        self._seen.add(path)
        code = self._read(path)
        return self.text(code) if code is not None else Kind.NONE

    def module(self, name: str) -> Kind:
        base = name.replace(".", "/")
        return max(self.file(path) for path in (*_module_files(base), f"{base}/__init__.py"))

    def command_module(self, words: Sequence[str]) -> Kind:
        """Of ``-m WORDS``: the module's, and that of scripts it is handed."""
        return max([self.module(words[0]), *map(self.file, _handed(words))])

    def _attributes(self, script: Script) -> Kind:
        found = Kind.NONE
        for node in script.nodes:
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                found = max(found, _kind_of_attribute(node.attr, script.name(node.value)))
        return found

    def _imports(self, script: Script) -> Kind:
        found = Kind.NONE
        for node in script.nodes:
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or "", *(f"{node.module or ''}.{alias.name}" for alias in node.names)]
            else:
                continue
            for name in names:
                found = max(found, self.module(name.lstrip(".")))
        return found

    def _call(self, script: Script, call: ast.Call, name: str) -> Kind:
        if _NETWORK_CALLS.fullmatch(name):
            return Kind.NETWORK
        if _ESTIMATOR_CALLS.fullmatch(name):
            return Kind.ESTIMATOR
        if _STARTS_PROCESS.fullmatch(name):
            return max(Kind.OPAQUE, *(self._command_word(word) for word in _words(call)), Kind.NONE)
        if _BY_NAME.fullmatch(name):
            position = 1 if name == "getattr" else 0
            wanted = fold_text(script, call.args[position]) if len(call.args) > position else None
            return Kind.OPAQUE if wanted is None else _kind_of_attribute(wanted, "?")
        return self._dynamic(script, call, name)

    def _dynamic(self, script: Script, call: ast.Call, name: str) -> Kind:
        """Code that is run from a text, a module's name or a file's."""
        for pattern, follow in (
            (_RUNS_TEXT, self.text),
            (_IMPORTS_BY_NAME, self.module),
            (_RUNS_FILE, self.file),
        ):
            if pattern.fullmatch(name) and call.args:
                given = fold_text(script, call.args[-1] if "spec_from" in name else call.args[0])
                return Kind.OPAQUE if given is None else follow(given)
        return Kind.NONE

    def _command_word(self, word: str) -> Kind:
        """A word of a command line: a script's path, or code after ``-c``."""
        paths = re.findall(r"[\w./-]+\.py\b", word)
        kinds = [self.file(path) for path in paths]
        if not paths and ("import " in word or "(" in word):
            kinds.append(self.text(word))
        return max(kinds, default=Kind.NONE)


def _kind_of_attribute(attribute: str, owner: str) -> Kind:
    if attribute in _NETWORK_ATTRIBUTES:
        return Kind.NETWORK
    if attribute in _ESTIMATOR_ATTRIBUTES and not _PREPARATION.fullmatch(owner):
        return Kind.ESTIMATOR
    return Kind.NONE


def _words(call: ast.Call) -> list[str]:
    nodes = [node for argument in call.args for node in ast.walk(argument)]
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def fold_text(script: Script, expression: ast.expr, depth: int = 0) -> str | None:
    """The text an expression spells, through ``+``, ``join``, ``[::-1]``, f-strings and simple names; None if unknown."""
    if depth > 20:
        return None
    match expression:
        case ast.Constant(value=str() as text):
            return text
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _join([fold_text(script, side, depth + 1) for side in (left, right)], "")
        case ast.JoinedStr(values=values):
            return _join([fold_text(script, value, depth + 1) for value in values], "")
        case ast.FormattedValue(value=value):
            return fold_text(script, value, depth + 1)
        case ast.Subscript(value=value, slice=ast.Slice(lower=None, upper=None, step=ast.UnaryOp())):
            text = fold_text(script, value, depth + 1)
            return text[::-1] if text is not None else None
        case ast.Call(func=ast.Attribute(value=glue, attr="join"), args=[ast.List(elts=parts)]):
            spelled = [fold_text(script, part, depth + 1) for part in parts]
            return _join(spelled, fold_text(script, glue, depth + 1) or "")
        case _:
            known = script.value(expression)
            if isinstance(known, str) and known != "?":
                return known
            if not isinstance(expression, ast.Name):
                return None
            binding = script.binding(expression)
            if binding is None or binding.kind != "assign" or binding.path or binding.value is None:
                return None
            return fold_text(script, binding.value, depth + 1)


def _join(parts: list[str | None], glue: str) -> str | None:
    return None if None in parts else glue.join(part for part in parts if part is not None)
