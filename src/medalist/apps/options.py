"""The command line's common options, once: what they are called and what they say about themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from medalist.core.errors import UsageError

if TYPE_CHECKING:
    from medalist.llm.settings import LlmSettings

Json = Annotated[bool, typer.Option("--json", help="Progress to stderr; stdout ends with one JSON line.")]
Out = Annotated[
    str | None, typer.Option("--out", metavar="RUN", help="The run's folder (default: a new one in runs/).")
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything random.")]
Engineer = Annotated[
    str,
    typer.Option(
        "--engineer",
        help="Who works: playbook (asks no language model), agent, evolution; several with commas "
        "work side by side, and a team joins what they made.",
    ),
]
TrialEngineer = Annotated[
    str,
    typer.Option("--engineer", help="Who works: playbook (asks no language model), agent, evolution."),
]
NoHints = Annotated[bool, typer.Option("--no-hints", help="Leave the training hints out.")]
Sandbox = Annotated[str, typer.Option("--sandbox", help="auto, bubblewrap, landlock, docker or plain.")]
SetEngineer = Annotated[
    str | None, typer.Option("--engineer", help="Who works, instead of the set's engineers; A,B for several.")
]
SetSandbox = Annotated[str | None, typer.Option("--sandbox", help="Instead of the set's sandbox.")]
SetSeed = Annotated[int | None, typer.Option("--seed", help="One seed, instead of the set's.")]
Executor = Annotated[str, typer.Option("--executor", help="Where attempts run: local.")]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="The language model that works: PROVIDER:NAME, openai:NAME@http://HOST:PORT/v1 for a server of "
        "your own, hf:/FOLDER; A,B for several.",
    ),
]
TrialModel = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="The language model that works, named as in `medalist compete --help`.",
    ),
]
Panel = Annotated[
    str | None, typer.Option("--panel", metavar="A,B", help="Language models that the oracle asks.")
]
Critic = Annotated[
    str | None, typer.Option("--critic", metavar="C", help="The one that joins the panel's answers.")
]
MaxCost = Annotated[
    float | None,
    typer.Option("--max-cost", metavar="USD", min=0.0, help="What language models may cost, each attempt."),
]
MaxTokens = Annotated[
    int | None,
    typer.Option("--max-tokens", metavar="N", min=0, help="Tokens that they may use, each attempt."),
]


def refuse_other_executors(executor: str) -> None:
    """Raises UsageError for an executor that this version does not have."""
    if executor == "ray":
        raise UsageError(
            "The executor 'ray' is not part of this version.", next_step="Leave --executor away."
        )
    if executor != "local":
        raise UsageError(
            f"There is no executor {executor!r}.", next_step="Leave --executor away, or give local."
        )


def asked_of_language_models(
    panel: str | None, critic: str | None, max_cost: float | None, max_tokens: int | None
) -> dict[str, Any]:
    """The fields of ``LlmSettings`` that were given on the command line."""
    given = {
        "panel": None if panel is None else tuple(name.strip() for name in panel.split(",") if name.strip()),
        "critic": critic,
        "max_cost_usd": max_cost,
        "max_tokens": max_tokens,
    }
    return {name: value for name, value in given.items() if value is not None}


def llm_settings(
    panel: str | None, critic: str | None, max_cost: float | None, max_tokens: int | None
) -> LlmSettings:
    """What the command line says of language models, the rest as usual."""
    from medalist.llm.settings import LlmSettings

    return LlmSettings(**asked_of_language_models(panel, critic, max_cost, max_tokens))
