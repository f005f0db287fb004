"""A verdict becomes an edit of the script and a relaunch (SPEC G3, G4).

The script keeps its shape; only the numbers and lines named in ``changes`` differ. Where no edit
can be made with confidence there is none, and ``reason`` says why: a wrong mend costs more than none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from medalist.core.errors import InputError
from medalist.source.edits import Editor
from medalist.source.tree import Script, parse
from medalist.training.checkpoint import Verdict, Verdicts
from medalist.training.loops import accumulate_gradients, insert_monitoring, move_to_gpu
from medalist.training.sites import batch_site, learning_rate_sites, thread_sites

_BATCH_FLAG = re.compile(r"--?(?:train[-_])?(?:batch(?:[-_]size)?|bs)")


@dataclass(frozen=True)
class Recovery:
    """How to go on after a verdict.

    ``code`` and ``argv`` are what to relaunch with; ``code`` is None when there is no mechanical
    edit, and ``reason`` says why. ``changes`` are sentences; ``batch`` the batch size from now on.
    """

    code: str | None
    argv: tuple[str, ...]
    changes: tuple[str, ...] = ()
    batch: int | None = None
    reason: str = ""


def recover(verdict: Verdict, code: str, argv: Sequence[str], *, cores: int) -> Recovery:
    """The edit that answers ``verdict``. ``argv`` is the job's (script first), ``cores`` how many it holds."""
    try:
        editor = Editor(parse(code))
    except InputError as error:
        return Recovery(None, tuple(argv), reason=error.what)
    batch = batch_in_use(editor.script, argv)
    match verdict.kind:
        case Verdicts.DOUBLE_BATCH:
            return _resize(editor, argv, batch, 2)
        case Verdicts.HALVE_BATCH:
            return _resize(editor, argv, batch, 0.5)
        case Verdicts.MORE_THREADS:
            return _more_threads(editor, argv, cores, batch)
        case Verdicts.ADD_MONITORING:
            return _finish(editor, argv, batch, insert_monitoring(editor))
        case Verdicts.USE_GPU:
            return _finish(editor, argv, batch, move_to_gpu(editor))
        case _:
            return Recovery(None, tuple(argv), batch=batch, reason="this verdict ends a job")


def batch_in_use(script: Script, argv: Sequence[str]) -> int | None:
    """The training batch size: the command line's where it gives one, else the script's."""
    for _, value in _batch_words(argv):
        return value
    site = batch_site(script)
    return site.value if site is not None else None


def _batch_words(argv: Sequence[str]) -> list[tuple[int, int]]:
    """(position in argv, value) of batch sizes given on the command line."""
    found: list[tuple[int, int]] = []
    for position, word in enumerate(argv):
        flag, _, attached = word.partition("=")
        if not _BATCH_FLAG.fullmatch(flag):
            continue
        if attached.isdigit():
            found.append((position, int(attached)))
        elif position + 1 < len(argv) and argv[position + 1].isdigit():
            found.append((position + 1, int(argv[position + 1])))
    return found


def _with_batch_words(argv: Sequence[str], batch: int) -> tuple[str, ...]:
    words = list(argv)
    for position, value in _batch_words(argv):
        words[position] = words[position].removesuffix(str(value)) + str(batch)
    return tuple(words)


def _finish(editor: Editor, argv: Sequence[str], batch: int | None, reason: str) -> Recovery:
    """The editor's result; ``reason`` is "" when the edit was made."""
    if reason or not editor.edited:
        return Recovery(None, tuple(argv), batch=batch, reason=reason or "there is nothing to change")
    return Recovery(editor.code(), tuple(argv), tuple(editor.changes), batch)


def set_batch(code: str, argv: Sequence[str], batch: int) -> Recovery:
    """The script with its training batch size set to ``batch``, learning rates left alone."""
    editor = Editor(parse(code))
    return _place_batch(editor, argv, batch_in_use(editor.script, argv), batch)


def _resize(editor: Editor, argv: Sequence[str], batch: int | None, factor: float) -> Recovery:
    if batch is not None and batch * factor < 1:
        return Recovery(None, tuple(argv), batch=batch, reason="a batch of 1 cannot be halved")
    resized = int((batch or 0) * factor)
    if factor > 1:
        _scale_learning_rates(editor, factor)
    else:
        not_accumulated = accumulate_gradients(editor)
        if not_accumulated:
            editor.changes.append(f"no gradient accumulation: {not_accumulated}")
    return _place_batch(editor, argv, batch, resized)


def _place_batch(editor: Editor, argv: Sequence[str], batch: int | None, resized: int) -> Recovery:
    """The last edit of a change of batch size: the number itself, in the script and on the command line."""
    site = batch_site(editor.script)
    if batch is None or (site is None and not _batch_words(argv)):
        return Recovery(None, tuple(argv), reason="no constant in the script decides its batch size")
    if site is not None:
        editor.replace(site.node, str(resized))
    where = f"line {site.line}" if site is not None else "on the command line"
    changes = (f"batch size {batch} -> {resized} ({where})", *editor.changes)
    return Recovery(editor.code(), _with_batch_words(argv, resized), changes, resized)


def _scale_learning_rates(editor: Editor, factor: float) -> None:
    """Linear in the batch for SGD (Goyal et al. 2017), by its square root for adaptive optimisers (Malladi et al. 2022)."""
    for node, callee in learning_rate_sites(editor.script):
        rate = float(node.value)  # type: ignore[arg-type]
        scaled = rate * (factor if callee.endswith("SGD") else math.sqrt(factor))
        editor.replace(node, f"{scaled:.3g}")
        editor.changes.append(f"learning rate {rate:g} -> {scaled:.3g} (line {node.lineno})")


def _more_threads(editor: Editor, argv: Sequence[str], cores: int, batch: int | None) -> Recovery:
    """Every limit below the job's cores is lifted to them; loader workers to one fewer."""
    for site in thread_sites(editor.script):
        wanted = max(1, cores - 1) if site.is_loader else cores
        if site.value in (-1, wanted) or site.value > wanted:
            continue
        quoted = isinstance(site.node.value, str)
        editor.replace(site.node, f'"{wanted}"' if quoted else str(wanted))
        editor.changes.append(f"{site.what} {site.value} -> {wanted} (line {site.line})")
    return _finish(editor, argv, batch, "" if editor.edited else "nothing in the script limits its threads")
