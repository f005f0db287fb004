"""Who sits on the oracle's panel, and who writes the verdict (SPEC O1).

    --panel A,B  >  MEDALIST_PANEL=A,B  >  o3 and DeepSeek-R1, where their keys are seen  >  the --model itself

The critic is ``--critic``, else the ``--model``, else the panel's first that can be asked.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from medalist.llm.names import CUSTOMARY_PANEL, key_variable, missing_key, parse_name
from medalist.llm.settings import LlmSettings

VARIABLE = "MEDALIST_PANEL"


@dataclass(frozen=True)
class Panel:
    """Names as ``llm.names`` spells them. No members: no language model is at hand, and ``critic`` is ""."""

    members: tuple[str, ...] = ()
    critic: str = ""


def choose_panel(settings: LlmSettings, env: Mapping[str, str] = os.environ) -> Panel:
    """The panel that settings and environment come to. Raises UsageError for a name that cannot be read.

    A member that was named stays on the panel though its key is missing: the oracle names it and
    leaves it out. Of the customary pair only those are taken whose keys are seen.
    """
    named = settings.panel or tuple(filter(None, (each.strip() for each in env.get(VARIABLE, "").split(","))))
    alone = tuple(filter(None, [settings.model or settings.critic]))
    members = named or _customary(settings, env) or alone
    unique = tuple(dict.fromkeys(str(parse_name(member)) for member in members))
    if not unique:
        return Panel()
    wanted = settings.critic or settings.model
    at_hand = next((member for member in unique if not missing_key(member, env)), unique[0])
    return Panel(unique, str(parse_name(wanted)) if wanted else at_hand)


def _customary(settings: LlmSettings, env: Mapping[str, str]) -> tuple[str, ...]:
    """The customary pair's part whose keys are there, and meant for the provider itself.

    A key that goes to a server which ``--model`` names by its address is no key of that provider's:
    nobody asked for questions to be sent there.
    """
    model = parse_name(settings.model) if settings.model else None
    elsewhere = key_variable(f"{model.provider}:{model.model}") if model and model.base_url else ""
    return tuple(
        member
        for member in CUSTOMARY_PANEL
        if not missing_key(member, env) and key_variable(member) != elsewhere
    )
