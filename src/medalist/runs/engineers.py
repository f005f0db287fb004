"""From an engineer's name to the engineer: who can be asked for, what each needs, and the object that works.

What belongs to language models is imported only here, and only for an attempt that uses one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from medalist.core.errors import UsageError
from medalist.core.family import BringsEngineers, Family, find_family
from medalist.engineers.engineer import Engineer
from medalist.llm.keys import KEY_VARIABLES
from medalist.llm.names import PROVIDERS, missing_key, parse_name
from medalist.llm.panel import VARIABLE as PANEL_VARIABLE
from medalist.llm.prices import VARIABLE as PRICES_VARIABLE
from medalist.runs.spec import ASKING, GUEST, TEAM, AttemptSpec, RunSpec
from medalist.runs.store import Store

LLM_VARIABLES = (
    *KEY_VARIABLES,
    *dict.fromkeys(each.base_url_variable for each in PROVIDERS.values() if each.base_url_variable),
    PANEL_VARIABLE,
    PRICES_VARIABLE,
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip
"""Environment variables that an attempt's own process needs to ask language models; engineers' code gets none."""

_PROVIDER_MODULES = {"anthropic": "pydantic_ai.models.anthropic", "google": "pydantic_ai.models.google"}
_OTHER_PROVIDERS = "pydantic_ai.models.openai"


def uses_llm(spec: AttemptSpec) -> bool:
    """Whether an attempt may ask a language model."""
    return bool(spec.llm.model or spec.llm.panel)


def modules_to_preload(attempts: Iterable[AttemptSpec]) -> tuple[str, ...]:
    """What these attempts will import beside the usual, if they ask language models: slow once, and slower each time."""
    found: dict[str, None] = {}
    for spec in filter(uses_llm, attempts):
        for name in filter(None, (spec.llm.model, *spec.llm.panel, spec.llm.critic)):
            found[_PROVIDER_MODULES.get(parse_name(name).provider, _OTHER_PROVIDERS)] = None
        if spec.engineer in ASKING:
            found[f"medalist.engineers.{spec.engineer}"] = None
    return tuple(found)


def refuse_unused_models(spec: RunSpec) -> None:
    """Raises UsageError where language models are named and nobody of the run would ask them."""
    named = spec.models or spec.llm.model or spec.llm.panel or spec.llm.critic
    if named and not {*ASKING, GUEST}.intersection(spec.engineers):
        raise UsageError(
            "The playbook asks no language model.",
            next_step=f"Choose who does with --engineer {' or '.join(ASKING)}, or name no language model.",
        )


def refuse_what_cannot_work(
    attempts: Iterable[AttemptSpec], env: Mapping[str, str] = os.environ, *, guest_is_here: bool = False
) -> None:
    """Say what is missing before anything is made.

    Raises UsageError: no language model named, one whose key is not set, a family whose tasks only
    its playbook can do, a guest without a door, a list of tool calls that cannot be read. A panel's
    member without a key is no error; it is left out when it is asked (SPEC O3).
    """
    for spec in attempts:
        family = find_family(spec.task.family)
        if spec.engineer == GUEST and not guest_is_here:
            raise UsageError(
                "A guest's attempt goes on only with the guest.",
                next_step="Open its door: medalist mcp --resume RUN, or medalist play --resume RUN.",
            )
        if spec.engineer in (*ASKING, TEAM, GUEST, "scripted") and not hasattr(family, "workshop"):
            raise UsageError(
                f"The family {family.name!r} offers no workshop, so only its playbook can work on it.",
                next_step="Leave --engineer away.",
            )
        if spec.engineer in ASKING:
            _refuse_unaskable(spec, env)
        if spec.engineer == "scripted":
            _scripted(spec.task.settings)
        for name in (*spec.llm.panel, *filter(None, [spec.llm.critic])):
            parse_name(name)


def _scripted(settings: Mapping[str, Any]) -> Engineer:
    from medalist.engineers.scripted import ScriptedEngineer

    return ScriptedEngineer.among(settings)


def _refuse_unaskable(spec: AttemptSpec, env: Mapping[str, str]) -> None:
    if not spec.llm.model:
        raise UsageError(
            f"The engineer {spec.engineer!r} needs a language model.",
            where="--model",
            next_step="Name one, such as --model anthropic:claude-sonnet-4-5, or work without: --engineer playbook.",
        )
    variable = missing_key(spec.llm.model, env)
    if variable:
        raise UsageError(
            f"There is no key for {spec.llm.model}.",
            where=f"environment variable {variable}",
            next_step=f"Set it (export {variable}=...), name a server of your own with "
            "--model openai:NAME@http://HOST:PORT/v1, or work without: --engineer playbook.",
        )


def engineer_for(spec: AttemptSpec, family: Family, settings: Mapping[str, Any], store: Store) -> Engineer:
    """The engineer that an attempt names. Raises UsageError for a guest, who comes by himself."""
    match spec.engineer:
        case "playbook":
            return family.playbook(settings)
        case name if name in ASKING and isinstance(family, BringsEngineers):
            return family.engineer(name, spec.llm, settings)
        case "agent":
            from medalist.engineers.agent import AgentEngineer

            return AgentEngineer(spec.llm, settings)
        case "evolution":
            from medalist.engineers.evolution import EvolutionEngineer

            return EvolutionEngineer(spec.llm, settings)
        case "scripted":
            return _scripted(settings)
        case "team":
            from medalist.engineers.team import TeamEngineer

            return TeamEngineer(tuple(store.folder(member) for member in spec.members), settings)
        case _:
            refuse_what_cannot_work([spec])
            raise UsageError(f"There is no engineer {spec.engineer!r}.")
