"""Names of language models: how a person writes them, which provider they belong to, which key they need.

    anthropic:claude-sonnet-4-5            a provider's model, as pydantic-ai names it
    openai:my-model@http://gpu-box:8000/v1 any OpenAI-compatible server (vLLM, llama.cpp, a LiteLLM proxy)
    anthropic:claude-x@http://proxy:4000   the same provider's protocol at another address
    ollama:qwen3                           a local Ollama
    hf:/models/qwen?tokenizer=/tok&dtype=bf16  a Hugging Face folder, served by Medalist itself
    o3, DeepSeek-R1, claude-sonnet-4-5     well-known names need no provider

Standard library only: this is read by commands that never call a language model.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from medalist.core.errors import UsageError

CUSTOMARY_PANEL = ("openai:o3", "deepseek:deepseek-reasoner")
"""The oracle's panel where nothing else is said (SPEC O1)."""


@dataclass(frozen=True)
class Provider:
    """Where requests go and what they need. ``key_variables``: any one of them will do, the first is customary.

    ``base_url_variable`` names the environment variable that moves the provider elsewhere ("" for
    none); ``priced_as`` its name in the price list ("" where asking costs nothing).
    """

    title: str
    key_variables: tuple[str, ...] = ()
    base_url_variable: str = ""
    priced_as: str = ""


_OPENAI = Provider("OpenAI", ("OPENAI_API_KEY",), "OPENAI_BASE_URL", "openai")

PROVIDERS: dict[str, Provider] = {
    "anthropic": Provider("Anthropic", ("ANTHROPIC_API_KEY",), "ANTHROPIC_BASE_URL", "anthropic"),
    "openai": _OPENAI,
    "openai-chat": _OPENAI,
    "openai-responses": _OPENAI,
    "deepseek": Provider("DeepSeek", ("DEEPSEEK_API_KEY",), "DEEPSEEK_BASE_URL", "deepseek"),
    "google": Provider("Google", ("GOOGLE_API_KEY", "GEMINI_API_KEY"), "GOOGLE_BASE_URL", "google"),
    "openrouter": Provider("OpenRouter", ("OPENROUTER_API_KEY",), "OPENROUTER_BASE_URL", "openrouter"),
    "ollama": Provider("Ollama", (), "OLLAMA_BASE_URL"),
    "hf": Provider("a local Hugging Face folder"),
}
"""``openai`` speaks the Responses API to OpenAI itself and chat completions, which every compatible server
understands, to any other address; ``openai-chat`` and ``openai-responses`` fix the choice."""

_SPELLINGS = {"google-gla": "google", "gemini": "google"}
_NICKNAMES = {
    "deepseek-r1": "deepseek:deepseek-reasoner",
    "deepseek-v3": "deepseek:deepseek-chat",
    "claude": "anthropic:claude-sonnet-4-5",
}
_FAMILIES = (
    (re.compile(r"(gpt-|o\d)"), "openai"),
    (re.compile(r"claude-"), "anthropic"),
    (re.compile(r"deepseek-"), "deepseek"),
    (re.compile(r"gemini-"), "google"),
)
_DISPLAYED = {"deepseek-reasoner": "DeepSeek-R1", "deepseek-chat": "DeepSeek-V3"}
_HF_OPTIONS = ("tokenizer", "dtype")


@dataclass(frozen=True)
class LlmName:
    """A parsed name. ``model`` is the provider's own word for it, a folder for ``hf``.

    ``base_url`` is the address written in the name, "" for the provider's own; ``options`` what
    follows ``?`` in an ``hf`` name. ``str()`` gives one canonical spelling, which parses to the same.
    """

    provider: str
    model: str
    base_url: str = ""
    options: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        query = f"?{urlencode(self.options, safe='/:')}" if self.options else ""
        address = f"@{self.base_url}" if self.base_url else ""
        return f"{self.provider}:{self.model}{query}{address}"


def parse_name(text: str) -> LlmName:
    """Read a name as a person writes it. Raises UsageError that shows how one looks."""
    stripped = text.strip()
    written = _NICKNAMES.get(stripped.lower(), stripped)
    head, colon, rest = written.partition(":")
    if not colon:
        head, rest = _family(written), written.lower()
    provider = _SPELLINGS.get(head.lower(), head.lower())
    if provider not in PROVIDERS or not rest:
        raise UsageError(
            f"{text!r} does not name a language model.",
            next_step=f"Write PROVIDER:MODEL with one of {', '.join(PROVIDERS)}; "
            "any OpenAI-compatible server goes as openai:MODEL@http://HOST:PORT/v1.",
        )
    if provider == "hf":
        return _local_folder(text, rest)
    model, _, address = rest.partition("@http")
    return LlmName(provider, model, _checked_url(text, f"http{address}") if address else "")


def key_variable(name: LlmName | str) -> str:
    """The environment variable whose key this name needs, "" when it can do without.

    A server named by its address may need none (vLLM, llama.cpp), so none is asked for; where the
    variable is set, its value is sent.
    """
    parsed = _parsed(name)
    variables = PROVIDERS[parsed.provider].key_variables
    return variables[0] if variables and not parsed.base_url else ""


def key_of(name: LlmName | str, env: Mapping[str, str] = os.environ) -> str:
    """The key to send, "" when none is set. White space around it, as copying leaves it, is no part of a key."""
    variables = PROVIDERS[_parsed(name).provider].key_variables
    return next((key for variable in variables if (key := env.get(variable, "").strip())), "")


def missing_key(name: LlmName | str, env: Mapping[str, str] = os.environ) -> str:
    """The variable that must be set before this name can be asked, "" when nothing is missing."""
    return "" if key_of(name, env) else key_variable(name)


def base_url_of(name: LlmName | str, env: Mapping[str, str] = os.environ) -> str:
    """Where its requests go: the name's own address, else the provider's variable, else "" (its usual place)."""
    parsed = _parsed(name)
    return parsed.base_url or env.get(PROVIDERS[parsed.provider].base_url_variable, "")


def display(name: LlmName | str) -> str:
    """What people call it: ``O3``, ``DeepSeek-R1``, ``GPT-4o``; the model's own word otherwise."""
    parsed = _parsed(name)
    model = parsed.model.rstrip("/").rsplit("/", 1)[-1]
    if re.match(r"o\d", model):
        return model[0].upper() + model[1:]
    return _DISPLAYED.get(model, re.sub(r"^gpt-", "GPT-", model))


def _parsed(name: LlmName | str) -> LlmName:
    return parse_name(name) if isinstance(name, str) else name


def _family(model: str) -> str:
    return next((provider for start, provider in _FAMILIES if start.match(model.lower())), "")


def _local_folder(text: str, rest: str) -> LlmName:
    folder, _, query = rest.partition("?")
    options = dict(parse_qsl(query))
    unknown = options.keys() - set(_HF_OPTIONS)
    if unknown or not folder:
        raise UsageError(
            f"{text!r} does not name a Hugging Face folder"
            + (f": {', '.join(sorted(unknown))} is unknown." if unknown else "."),
            next_step="Write hf:/FOLDER, with ?tokenizer=/FOLDER2&dtype=bf16 where they are needed.",
        )
    return LlmName("hf", folder, options=options)


def _checked_url(text: str, url: str) -> str:
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise UsageError(
            "The address of a language model holds a user or a password, which would be written to logs.",
            where=f"@{parts.hostname or ''}",
            next_step="Leave them out, and set the provider's key variable instead.",
        )
    if not parts.hostname:
        raise UsageError(f"{text!r} holds no address after @.", next_step="Write @http://HOST:PORT/v1.")
    return url.rstrip("/")
