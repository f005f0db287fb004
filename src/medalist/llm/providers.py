"""From a name to pydantic-ai's model of it, at the right address and with the right key. Opens no connection."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping

import httpx2
from pydantic_ai.models import Model
from pydantic_ai.settings import ModelSettings

from medalist.llm.names import LlmName, base_url_of, key_of

_USUAL_ADDRESSES = {
    "openai": "https://api.openai.com/v1",
    "openai-chat": "https://api.openai.com/v1",
    "openai-responses": "https://api.openai.com/v1",
    "deepseek": "https://api.deepseek.com",
    "openrouter": "https://openrouter.ai/api/v1",
    "ollama": "http://127.0.0.1:11434/v1",
}
_NO_KEY = "none-needed"
"""Sent where a server needs no key, since the SDKs insist on one."""

_OPENAI_HOST = "api.openai.com"
_KNOWS_NO_MAX_TOKENS = re.compile(r"(.*/)?(o\d|gpt-[5-9])")
"""OpenAI's newer models, which refuse the name that every other server gives to the longest answer."""

_ONE_TRY = ModelSettings(max_retries=0)
"""The door alone makes requests again, so that each is counted and told."""


def build_model(
    name: LlmName, http_client: httpx2.AsyncClient, *, base_url: str = "", env: Mapping[str, str] = os.environ
) -> Model:
    """The model that sends ``name``'s requests through ``http_client``.

    ``base_url`` wins over what the name and the environment say; ``hf`` needs it, for there is
    somebody to be asked only once its server runs.
    """
    _spare_the_sdks_a_process()
    address = base_url or base_url_of(name, env)
    key = key_of(name, env) or _NO_KEY
    if name.provider == "anthropic":
        return _anthropic(name.model, address, key, http_client)
    if name.provider == "google":
        return _google(name.model, address, key, http_client)
    return _openai_protocol(name, address, key, http_client)


def _spare_the_sdks_a_process() -> None:
    """Answer beforehand what the providers' SDKs ask of ``platform`` for their headers.

    Python would start ``uname -p`` for the processor's name, with the parent's whole environment,
    keys included; ``platform.uname()`` is one object that remembers.
    """
    vars(platform.uname()).setdefault("processor", platform.machine())


def _openai_protocol(name: LlmName, address: str, key: str, http_client: httpx2.AsyncClient) -> Model:
    from pydantic_ai.models.ollama import OllamaModel
    from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
    from pydantic_ai.models.openrouter import OpenRouterModel
    from pydantic_ai.profiles.openai import OpenAIModelProfile
    from pydantic_ai.providers.deepseek import DeepSeekProvider
    from pydantic_ai.providers.ollama import OllamaProvider
    from pydantic_ai.providers.openai import OpenAIProvider
    from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider
    from pydantic_ai.providers.openrouter import OpenRouterProvider

    from medalist.llm.openai_client import LongConversations

    address = address or _USUAL_ADDRESSES[name.provider]
    client = LongConversations(base_url=address, api_key=key, http_client=http_client)
    newer = _KNOWS_NO_MAX_TOKENS.match(name.model) is not None
    # A limit holds only where the server knows the word for it: most know max_tokens alone.
    capped = OpenAIModelProfile(openai_chat_supports_max_completion_tokens=newer)
    own = httpx2.URL(address).host == _OPENAI_HOST
    match name.provider:
        case "deepseek":
            return OpenAIChatModel(
                name.model, provider=DeepSeekProvider(openai_client=client), settings=_ONE_TRY
            )
        case "openrouter":
            return OpenRouterModel(
                name.model, provider=OpenRouterProvider(openai_client=client), settings=_ONE_TRY
            )
        case "ollama":
            provider = OllamaProvider(openai_client=client)
            return OllamaModel(name.model, provider=provider, profile=capped, settings=_ONE_TRY)
        case "openai" | "openai-responses" if own or name.provider == "openai-responses":
            return OpenAIResponsesModel(
                name.model, provider=OpenAIProvider(openai_client=client), settings=_ONE_TRY
            )
        case "openai-chat" if own:
            return OpenAIChatModel(
                name.model, provider=OpenAIProvider(openai_client=client), settings=_ONE_TRY
            )
    provider = OpenAICompatibleProvider(name=name.provider.removesuffix("-chat"), openai_client=client)
    return OpenAIChatModel(name.model, provider=provider, profile=capped, settings=_ONE_TRY)


def _anthropic(model: str, address: str, key: str, http_client: httpx2.AsyncClient) -> Model:
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    provider = AnthropicProvider(api_key=key, base_url=address or None, http_client=http_client)
    return AnthropicModel(model, provider=provider, settings=_ONE_TRY)


def _google(model: str, address: str, key: str, http_client: httpx2.AsyncClient) -> Model:
    from google.genai.types import HttpRetryOptions
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider

    once = HttpRetryOptions(attempts=1)
    provider = GoogleProvider(
        api_key=key, base_url=address or None, http_client=http_client, retry_options=once
    )
    return GoogleModel(model, provider=provider)
