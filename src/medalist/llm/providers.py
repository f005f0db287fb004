"""From a name to pydantic-ai's model of it, at the right address and with the right key. Opens no connection."""

from __future__ import annotations

import os
from collections.abc import Mapping

import httpx2
from pydantic_ai.models import Model
from pydantic_ai.settings import ModelSettings

from medalist.llm.names import LlmName, base_url_of, key_of

OLLAMA_ADDRESS = "http://127.0.0.1:11434/v1"
_NO_KEY = "none-needed"
"""Sent where a server needs no key, since the SDKs insist on one."""

_OPENAI_HOSTS = ("api.openai.com",)
_ONE_TRY = ModelSettings(max_retries=0)
"""The door alone makes requests again, so that each is counted and told."""


def build_model(
    name: LlmName, http_client: httpx2.AsyncClient, *, base_url: str = "", env: Mapping[str, str] = os.environ
) -> Model:
    """The model that sends ``name``'s requests through ``http_client``.

    ``base_url`` wins over what the name and the environment say; ``hf`` needs it, for there is
    somebody to be asked only once its server runs.
    """
    address = base_url or base_url_of(name, env)
    key = key_of(name, env) or _NO_KEY
    if name.provider == "anthropic":
        return _anthropic(name.model, address, key, http_client)
    if name.provider == "google":
        return _google(name.model, address, key, http_client)
    return _openai_protocol(name, address, key, http_client)


def _openai_protocol(name: LlmName, address: str, key: str, http_client: httpx2.AsyncClient) -> Model:
    from openai import AsyncOpenAI
    from pydantic_ai.models.ollama import OllamaModel
    from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
    from pydantic_ai.models.openrouter import OpenRouterModel
    from pydantic_ai.providers.deepseek import DeepSeekProvider
    from pydantic_ai.providers.ollama import OllamaProvider
    from pydantic_ai.providers.openai import OpenAIProvider
    from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider
    from pydantic_ai.providers.openrouter import OpenRouterProvider

    def client(usual: str) -> AsyncOpenAI:
        return AsyncOpenAI(base_url=address or usual, api_key=key, http_client=http_client)

    def own(provider: OpenAIProvider) -> bool:
        return httpx2.URL(provider.base_url).host in _OPENAI_HOSTS

    match name.provider:
        case "deepseek":
            provider = DeepSeekProvider(openai_client=client("https://api.deepseek.com"))
            return OpenAIChatModel(name.model, provider=provider, settings=_ONE_TRY)
        case "ollama":
            provider = OllamaProvider(openai_client=client(OLLAMA_ADDRESS))
            return OllamaModel(name.model, provider=provider, settings=_ONE_TRY)
        case "openrouter":
            provider = OpenRouterProvider(openai_client=client("https://openrouter.ai/api/v1"))
            return OpenRouterModel(name.model, provider=provider, settings=_ONE_TRY)
        case "hf":
            provider = OpenAICompatibleProvider(name="hf", openai_client=client(address))
            return OpenAIChatModel(name.model, provider=provider, settings=_ONE_TRY)
    openai = OpenAIProvider(openai_client=client("https://api.openai.com/v1"))
    if name.provider == "openai-responses" or (name.provider == "openai" and own(openai)):
        return OpenAIResponsesModel(name.model, provider=openai, settings=_ONE_TRY)
    provider = openai if own(openai) else OpenAICompatibleProvider(name="openai", openai_client=openai.client)
    return OpenAIChatModel(name.model, provider=provider, settings=_ONE_TRY)


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
