"""Where a script writes down its batch size, learning rate and threads, found by what the values are used for.

A batch size is what a DataLoader (or a hand-written batch loop) takes, whatever its name; from
there the constant is traced back through variables, argparse defaults, config classes and dicts.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from medalist.source.tree import Script

_BATCH_NAMES = re.compile(
    r"(per_device_)?(train_)?(batch_?size|batch|bs|batch_sz|minibatch(_size)?)", re.IGNORECASE
)
_EVALUATION = re.compile(r"val|eval|test|infer|pred|holdout", re.IGNORECASE)
_THREAD_KEYWORDS = {"n_jobs", "num_threads", "nthread", "thread_count", "n_threads", "num_workers", "workers"}
_THREAD_CALLS = re.compile(r"torch\.set_num_threads|cv2\.setNumThreads|threadpoolctl\.threadpool_limits")
_THREAD_VARIABLES = {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"}
_OPTIMISERS = re.compile(r"(torch\.optim|timm\.optim|torch_optimizer|transformers)\b.*")
_MAX_DEPTH = 12


@dataclass(frozen=True)
class Site:
    """One constant in a script and what it stands for."""

    node: ast.Constant
    what: str

    @property
    def value(self) -> int:
        """The number written there; a number in quotes (an environment variable's) is read too."""
        return int(self.node.value)  # type: ignore[arg-type]

    @property
    def line(self) -> int:
        return self.node.lineno

    @property
    def is_loader(self) -> bool:
        return self.what in {"num_workers", "workers"}


def constant_behind(script: Script, expression: ast.expr | None, depth: int = 0) -> ast.Constant | None:
    """The number that decides ``expression``: traced through names, options, configs, ``min(...)`` and products."""
    if expression is None or depth > _MAX_DEPTH:
        return None
    match expression:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return expression
        case ast.Name():
            binding = script.binding(expression)
            if binding is None or binding.path:
                return None
            if binding.kind == "parameter":
                given = (constant_behind(script, each, depth + 1) for each in script.arguments_for(binding))
                found = next((each for each in given if each is not None), None)
                return found or constant_behind(script, binding.value, depth + 1)
            return constant_behind(script, binding.value, depth + 1) if binding.kind == "assign" else None
        case ast.Attribute():
            default = _option_default(script, expression.attr)
            binding = script.attribute_binding(expression)
            traced = constant_behind(script, binding.value, depth + 1) if binding is not None else None
            return traced or constant_behind(script, default, depth + 1)
        case ast.Subscript(value=owner, slice=ast.Constant(value=str() as key)):
            return constant_behind(script, _item(script, owner, key), depth + 1)
        case ast.Call(args=arguments) if arguments:
            traced_all = (constant_behind(script, each, depth + 1) for each in arguments)
            return next((each for each in traced_all if each is not None), None)
        case ast.BinOp(left=left, right=right):
            return constant_behind(script, left, depth + 1) or constant_behind(script, right, depth + 1)
        case _:
            return None


def _option_default(script: Script, name: str) -> ast.expr | None:
    for call, callee in script.calls:
        if callee.endswith(".add_argument"):
            flags = [str(each.value) for each in call.args if isinstance(each, ast.Constant)]
            if any(flag.lstrip("-").replace("-", "_") == name for flag in flags):
                return script.argument(call, "default")
    return None


def _item(script: Script, owner: ast.expr, key: str) -> ast.expr | None:
    if isinstance(owner, ast.Name):
        binding = script.binding(owner)
        owner = binding.value if binding is not None and binding.value is not None else owner
    if isinstance(owner, ast.Dict):
        for name, value in zip(owner.keys, owner.values, strict=True):
            if isinstance(name, ast.Constant) and name.value == key:
                return value
    if isinstance(owner, ast.Call):
        return next((keyword.value for keyword in owner.keywords if keyword.arg == key), None)
    return None


def batch_site(script: Script) -> Site | None:
    """Where the training batch size is written, None when no constant decides it."""
    for candidates in (_loader_batches(script), _loop_batches(script), _named_batches(script)):
        for expression in candidates:
            node = constant_behind(script, expression)
            if node is not None and isinstance(node.value, int) and node.value > 0:
                return Site(node, "batch size")
    return None


def _loader_batches(script: Script) -> list[ast.expr]:
    """What data loaders and trainers take as batch size, those that shuffle first, evaluation's last."""
    found: list[tuple[int, ast.expr]] = []
    for call, name in script.calls:
        loader = name.endswith("DataLoader") or name.endswith("DataLoader>")
        keyword = script.argument(call, "per_device_train_batch_size") or script.argument(
            call, "batch_size", 1 if loader else None
        )
        if keyword is None or name.endswith(".add_argument"):
            continue
        shuffle = script.argument(call, "shuffle")
        shuffles = shuffle is not None and script.value(shuffle) is not False
        sampler = script.argument(call, "sampler") is not None
        evaluates = bool(_EVALUATION.search(_target(script, call)))
        rank = (0 if shuffles or sampler else 1) + (4 if evaluates else 0) + (0 if loader else 2)
        found.append((rank, keyword))
    return [expression for _, expression in sorted(found, key=lambda each: each[0])]


def _target(script: Script, call: ast.Call) -> str:
    """The name a call's result is assigned to, "" when it is not."""
    for around in script.ancestors(call):
        if isinstance(around, ast.Assign):
            return " ".join(node.id for node in ast.walk(around.targets[0]) if isinstance(node, ast.Name))
        if isinstance(around, ast.stmt):
            return ""
    return ""


def _loop_batches(script: Script) -> Iterator[ast.expr]:
    """Steps of hand-written batch loops around ``backward``: ``range(0, n, B)``, ``x.split(B)``, ``randint(n, (B,))``."""
    for loop in training_loops(script):
        for node in ast.walk(loop):
            if not isinstance(node, ast.Call):
                continue
            name = script.name(node.func)
            if name == "range" and len(node.args) == 3:
                yield node.args[2]
            elif name.endswith(".split") and node.args:
                yield node.args[-1]
            elif name == "torch.randint" and isinstance(node.args[-1], ast.Tuple):
                yield node.args[-1].elts[0]


def _named_batches(script: Script) -> Iterator[ast.expr]:
    for node in script.nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [each.id if isinstance(each, ast.Name) else getattr(each, "attr", "") for each in targets]
            if any(_BATCH_NAMES.fullmatch(name) for name in names):
                yield node.value
        elif isinstance(node, ast.Call) and script.name(node.func).endswith(".add_argument"):
            flags = [str(each.value).lstrip("-") for each in node.args if isinstance(each, ast.Constant)]
            default = script.argument(node, "default")
            if default is not None and any(_BATCH_NAMES.fullmatch(flag.replace("-", "_")) for flag in flags):
                yield default


def backward_calls(script: Script) -> list[ast.Call]:
    """Every ``loss.backward()`` that stands as a statement of its own."""
    return [
        call
        for call, _ in script.calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "backward"
        and any(isinstance(around, ast.Expr) for around in list(script.ancestors(call))[:1])
    ]


def training_loops(script: Script) -> list[ast.For | ast.While]:
    """Loops around ``backward``, innermost first, each once."""
    loops: list[ast.For | ast.While] = []
    for call in backward_calls(script):
        loops += [loop for loop in script.loops_around(call) if loop not in loops]
    return loops


def learning_rate_sites(script: Script) -> list[tuple[ast.Constant, str]]:
    """Constants behind ``lr`` and ``max_lr`` of optimisers and schedulers, each once, with the callee's name."""
    found: dict[ast.Constant, str] = {}
    for call, name in script.calls:
        if not _OPTIMISERS.fullmatch(name):
            continue
        scheduler = "lr_scheduler" in name
        wanted = script.argument(call, "max_lr", 1) if scheduler else script.argument(call, "lr", 1)
        node = constant_behind(script, wanted)
        if node is not None and node.value:
            found.setdefault(node, name)
    return list(found.items())


def thread_sites(script: Script) -> list[Site]:
    """Numbers that limit threads or loader workers: keywords, torch's setter, environment variables."""
    sites: list[Site] = []
    for call, name in script.calls:
        if _THREAD_CALLS.fullmatch(name):
            argument = call.args[0] if call.args else script.argument(call, "limits")
            sites += _site(constant_behind(script, argument), name)
        for keyword in call.keywords:
            if keyword.arg in _THREAD_KEYWORDS:
                sites += _site(constant_behind(script, keyword.value), keyword.arg)
    for node in script.nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            key = node.targets[0].slice
            if isinstance(key, ast.Constant) and key.value in _THREAD_VARIABLES:
                sites += _site(node.value, str(key.value))
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in _THREAD_KEYWORDS:
                    sites += _site(constant_behind(script, value), str(key.value))
    unique = {site.node: site for site in sites}
    return list(unique.values())


def _site(node: ast.expr | None, what: str) -> list[Site]:
    if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
        return []
    is_number = isinstance(node.value, int) or (isinstance(node.value, str) and node.value.isdigit())
    return [Site(node, what)] if is_number else []
