"""How every verb that makes something ends: a summary or one JSON line on stdout, sentences on stderr, a status."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from medalist.apps.interrupt import Interrupted, ignore_interrupts, on_interrupt
from medalist.core.errors import MedalistError

if TYPE_CHECKING:
    from medalist.runs.results import AttemptResult

INTERRUPTED = 130


@dataclass(frozen=True)
class Delivery:
    """What a verb made: its JSON object, whether the product is valid, and how to show it to a person."""

    data: Mapping[str, Any]
    good: bool
    show: Callable[[], None]


def deliver(
    work: Callable[[], Delivery],
    *,
    as_json: bool,
    at_hand: Callable[[], Mapping[str, Any]],
    again: str = "medalist resume",
) -> None:
    """Do ``work``, print what it made, exit with its status.

    When it is stopped or fails, ``at_hand`` tells what stands by then, under the same keys; ``again``
    is the command that goes on with a run. Raises typer.Exit always.
    """
    data: Mapping[str, Any] | None = None
    try:
        on_interrupt(Interrupted)
        made = work()
        data, status = made.data, 0 if made.good else 1
        if not as_json:
            made.show()
    except KeyboardInterrupt:
        status = INTERRUPTED
        print("Stopped. What was made is kept.", file=sys.stderr)
    except MedalistError as error:
        status = error.exit_status
        print(error, file=sys.stderr)
    except OSError as error:
        status = 1
        print(_about(error), file=sys.stderr)
    ignore_interrupts()
    if as_json:
        sys.stdout.flush()
        print(json.dumps(data if data is not None else at_hand(), ensure_ascii=False), flush=True)
    elif status == INTERRUPTED:
        _name_the_run(at_hand(), again)
    raise typer.Exit(status)


def first_result(started: list[Path]) -> AttemptResult:
    """The result as it stands on disk, or a blank one when nothing was started."""
    from medalist.runs.results import AttemptResult, read_result
    from medalist.runs.store import FileStore

    if not started:
        return AttemptResult(run_dir=None)
    try:
        return read_result(FileStore(started[0]))
    except MedalistError:
        return AttemptResult(run_dir=started[0])


def _name_the_run(data: Mapping[str, Any], again: str) -> None:
    if data.get("run_dir"):
        print(f"Go on with: {again} {data['run_dir']}", file=sys.stderr)


def _about(error: OSError) -> str:
    """An operating system's refusal in three lines."""
    advice = {
        errno.ENOSPC: "Free disk space, or name a folder on another disk with --out.",
        errno.EACCES: "Name a folder you may read and write.",
        errno.EROFS: "The disk is read-only; name another folder with --out.",
        errno.EMFILE: "Too many open files; raise the limit with `ulimit -n`.",
    }
    where = f"\nWhere: {error.filename}" if error.filename else ""
    step = advice.get(error.errno or 0, "Mend that, then `medalist resume` the run if one was started.")
    return f"The operating system refused: {error.strerror or error}.{where}\nNext: {step}"
