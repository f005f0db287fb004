"""The door to exploring: the command that starts it, its answer, and the child's ``main``.

``python -m medalist.families.compete.explore --public DIR`` writes facts.json (``facts.Facts``) and
EXPLORE.md. Input that cannot be used ends with status 3 and, as the last line,
``{"error": {"what", "where", "next_step"}}``. Importing this loads nothing heavy; pandas comes with
``explore_folder``, inside ``main``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from medalist.core.errors import InputError, MedalistError, MetricNotOffered, UsageError

FAILED = 3
SETTINGS = (
    "metric",
    "metric_source",
    "id_column",
    "targets",
    "problem",
    "modality",
    "split",
    "group_column",
    "group_rule",
    "time_column",
    "train",
    "test",
    "sample",
)
"""Settings that exploring obeys; each is a string, ``targets`` with commas between.

``metric_source`` ("description") is set by the family's ``open``, so that the guess can be told."""

_KINDS: dict[str, type[MedalistError]] = {
    "InputError": InputError,
    "MetricNotOffered": MetricNotOffered,
    "UsageError": UsageError,
}


class Ended(Protocol):
    """What a finished command left: its return code and everything it printed."""

    @property
    def returncode(self) -> int | None: ...
    @property
    def output(self) -> str: ...


def explore_command(out: str, settings: Mapping[str, Any], *, public: str = "input") -> list[str]:
    """Arguments after ``python`` that explore ``public`` and write ``out`` and EXPLORE.md beside it."""
    command = ["-m", "medalist.families.compete.explore", "--public", public, "--out", out]
    for name in SETTINGS:
        value = settings.get(name)
        if value:
            written = ",".join(value) if isinstance(value, (list, tuple)) else str(value)
            command += ["--set", f"{name}={written}"]
    return command


def refuse_failed(ended: Ended) -> None:
    """Raise what the child reported, as the InputError (or other UsageError) it was; nothing when it succeeded."""
    if ended.returncode == 0:
        return
    lines = ended.output.strip().splitlines()
    try:
        error = json.loads(lines[-1])["error"] if lines else {}
        kind = _KINDS.get(error.get("kind", ""), InputError)
        raise kind(error["what"], where=error.get("where", ""), next_step=error.get("next_step", ""))
    except (json.JSONDecodeError, KeyError, TypeError):
        raise InputError(
            f"Exploring the folder failed: {lines[-1] if lines else f'exit status {ended.returncode}'}.",
            next_step="Run `python -m medalist.families.compete.explore --public DIR` to see all it prints.",
        ) from None


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parse(sys.argv[1:] if arguments is None else arguments)
    from medalist.families.compete.explore_folder import explore
    from medalist.families.compete.explore_report import write_report

    try:
        facts = explore(options.public, dict(item.split("=", 1) for item in options.set))
        options.out.write_text(facts.as_json(), encoding="utf-8")
        options.out.with_name("EXPLORE.md").write_text(write_report(facts), encoding="utf-8")
    except MedalistError as error:
        return _fail(type(error).__name__, error.what, error.where, error.next_step)
    except OSError as error:
        what = f"A file cannot be read or written: {error.strerror or error}."
        return _fail("InputError", what, str(error.filename or ""), "Check permissions and free disk space.")
    print(json.dumps({"facts": str(options.out), "metric": facts.metric, "problem": facts.problem}))
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m medalist.families.compete.explore")
    parser.add_argument("--public", type=Path, required=True, help="the competition's public folder")
    parser.add_argument(
        "--out", type=Path, default=Path("facts.json"), help="EXPLORE.md is written beside it"
    )
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help=", ".join(SETTINGS))
    return parser.parse_args(arguments)


def _fail(kind: str, what: str, where: str, next_step: str) -> int:
    print(json.dumps({"error": {"kind": kind, "what": what, "where": where, "next_step": next_step}}))
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
