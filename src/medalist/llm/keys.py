"""Keys of providers: which are seen, and how their values stay out of everything that is written or sent.

Children never get them (``workspace/environment`` is an allow-list). What Medalist itself writes,
asks or raises on behalf of a language model passes ``redact``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from medalist.llm.names import PROVIDERS

KEY_VARIABLES = tuple(dict.fromkeys(key for each in PROVIDERS.values() for key in each.key_variables))
"""Every variable that may hold a provider's key."""

_SECRET_ENDINGS = ("_API_KEY", "_ACCESS_KEY", "_TOKEN", "_SECRET", "_PASSWORD")
_SHORTEST_SECRET = 8
"""Shorter values are words that stand everywhere; replacing those would hide nothing and spoil texts."""

HIDDEN = "***"


def seen_keys(env: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The names of the provider keys that are set."""
    return tuple(variable for variable in KEY_VARIABLES if env.get(variable, "").strip())


def secrets(env: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Values that must not be written: providers' keys, and what else is named like a secret. Longest first."""
    values = {
        value.strip()
        for variable, value in env.items()
        if (variable in KEY_VARIABLES or variable.endswith(_SECRET_ENDINGS))
        and len(value.strip()) >= _SHORTEST_SECRET
    }
    return tuple(sorted(values, key=len, reverse=True))


def redact(text: str, env: Mapping[str, str] = os.environ) -> str:
    """``text`` with every secret's value replaced by ``***``, also where it stands escaped inside JSON."""
    for secret in secrets(env):
        text = text.replace(secret, HIDDEN)
        escaped = json.dumps(secret)[1:-1]
        if escaped != secret:
            text = text.replace(escaped, HIDDEN)
    return text
