"""The command line's common options, once: what they are called and what they say about themselves."""

from __future__ import annotations

from typing import Annotated

import typer

from medalist.core.errors import UsageError

Json = Annotated[bool, typer.Option("--json", help="Progress to stderr; stdout ends with one JSON line.")]
Out = Annotated[
    str | None, typer.Option("--out", metavar="RUN", help="The run's folder (default: a new one in runs/).")
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything random.")]
Engineer = Annotated[str, typer.Option("--engineer", help="Who works: playbook (needs no API key).")]
NoHints = Annotated[bool, typer.Option("--no-hints", help="Leave the training hints out.")]
Sandbox = Annotated[str, typer.Option("--sandbox", help="auto, bubblewrap, landlock or plain.")]
SetEngineer = Annotated[
    str | None, typer.Option("--engineer", help="Who works, instead of the set's engineers.")
]
SetSandbox = Annotated[str | None, typer.Option("--sandbox", help="Instead of the set's sandbox.")]
SetSeed = Annotated[int | None, typer.Option("--seed", help="One seed, instead of the set's.")]
Executor = Annotated[str, typer.Option("--executor", help="Where attempts run: local.")]
Model = Annotated[str | None, typer.Option("--model", hidden=True)]
Panel = Annotated[str | None, typer.Option("--panel", hidden=True)]
Critic = Annotated[str | None, typer.Option("--critic", hidden=True)]
MaxCost = Annotated[float | None, typer.Option("--max-cost", hidden=True)]


def refuse_later_features(executor: str = "local", **unused: object) -> None:
    """Raises UsageError for an option whose feature this version does not have, and names the option."""
    if executor == "ray":
        raise UsageError(
            "The executor 'ray' is not part of this version.", next_step="Leave --executor away."
        )
    if executor != "local":
        raise UsageError(
            f"There is no executor {executor!r}.", next_step="Leave --executor away, or give local."
        )
    for name, value in unused.items():
        if value is not None:
            raise UsageError(
                f"--{name.replace('_', '-')} is not part of this version; it comes with language models.",
                next_step="Leave it away: the playbook needs no language model.",
            )
