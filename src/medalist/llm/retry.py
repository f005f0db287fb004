"""When a failed request is made again, after how long, and what is said when it is not."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic_ai.exceptions import (
    AgentRunError,
    ContentFilterError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelNotFoundError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelTimeoutError,
    UnexpectedModelBehavior,
    UserError,
)
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential_jitter

from medalist.core.errors import LlmError, TooLong
from medalist.llm.keys import redact
from medalist.llm.names import PROVIDERS, LlmName, display

FAILURES = (AgentRunError, UserError, TimeoutError, OSError)
"""What asking a language model raises: pydantic-ai's errors, our own time limit, and sockets."""

_BUSY_STATUSES = (408, 409, 425)
_MOST_CHARACTERS = 600


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential backoff with jitter. A provider's Retry-After wins over it, up to ``longest_wait_seconds``.

    ``attempts`` bounds the requests of one call; ``costly_attempts`` where a provider surely worked for
    nothing, since the answer took too long or came garbled.
    """

    attempts: int = 5
    costly_attempts: int = 2
    first_wait_seconds: float = 0.5
    rate_limit_wait_seconds: float = 2.0
    longest_wait_seconds: float = 120.0

    def retrying(self, **hooks: object) -> AsyncRetrying:
        """tenacity's loop over attempts, which raises the last error as it came."""
        return AsyncRetrying(
            stop=self._stop,
            wait=self._wait_seconds,
            retry=retry_if_exception(may_pass),
            reraise=True,
            **hooks,  # pyright: ignore[reportArgumentType]
        )

    def _stop(self, state: RetryCallState) -> bool:
        error = _error_of(state)
        costly = error is not None and (_out_of_time(error) or _garbled(error))
        return state.attempt_number >= (self.costly_attempts if costly else self.attempts)

    def _wait_seconds(self, state: RetryCallState) -> float:
        error = _error_of(state)
        asked = error.retry_after if isinstance(error, ModelAPIError) else None
        if asked is not None:
            return min(asked, self.longest_wait_seconds)
        rate_limited = isinstance(error, ModelRateLimitError)
        first = self.rate_limit_wait_seconds if rate_limited else self.first_wait_seconds
        return wait_exponential_jitter(initial=first, max=self.longest_wait_seconds, jitter=first)(state)


def may_pass(error: BaseException) -> bool:
    """Whether asking again may help: rate limits, failing servers, dropped connections, no time left, garbage."""
    if isinstance(error, ModelHTTPError):
        if error.provider_retry_hint is False:
            return False
        passing = error.status_code == 429 or error.status_code >= 500 or error.status_code in _BUSY_STATUSES
        return passing and not isinstance(error, ModelQuotaExceededError)
    passing = isinstance(error, (ModelConnectionError, ModelRateLimitError, TimeoutError, ConnectionError))
    return passing or _garbled(error)


def may_be_billed(error: BaseException) -> bool:
    """Whether a provider may have worked on a request that failed like this, and may ask money for it."""
    if isinstance(error, ModelHTTPError):
        return error.in_stream
    if isinstance(error, ModelConnectionError):
        return error.phase not in ("pool", "connect")
    return True


def reason_of(error: BaseException) -> str:
    """One line for an event: what failed, with no secret in it."""
    if _out_of_time(error):
        text = "no answer in time"
    elif isinstance(error, ModelHTTPError):
        text = f"status {error.status_code}: {_said(error)}"
    elif isinstance(error, ModelConnectionError):
        text = f"the connection failed: {error}"
    elif isinstance(error, UnexpectedModelBehavior):
        text = f"{error.message}: {error.__cause__}" if error.__cause__ else error.message
    else:
        text = str(error) or type(error).__name__
    return redact(" ".join(text.split()))[:_MOST_CHARACTERS].rstrip(".")


def as_llm_error(error: BaseException, name: LlmName) -> LlmError:
    """What to raise for a failure that asking again does not mend; an LlmError stays as it is."""
    if isinstance(error, LlmError):
        return error
    kind = TooLong if _too_long(error) else LlmError
    return kind(
        f"{display(name)} gave no usable answer: {reason_of(error)}.",
        where=str(name),
        next_step=_next_step(error, name),
    )


def _next_step(error: BaseException, name: LlmName) -> str:
    provider = PROVIDERS[name.provider]
    if isinstance(error, ModelAuthenticationError):
        return f"Check the key in {' or '.join(provider.key_variables) or 'the server’s settings'}."
    if isinstance(error, ModelNotFoundError):
        return "Check the model's name and the address, and whether the key may use it."
    if isinstance(error, ModelQuotaExceededError):
        return f"Top up the account at {provider.title}, or choose another model."
    if _too_long(error):
        return "Choose a model with a longer context, or ask with less."
    if isinstance(error, ContentFilterError):
        return "Ask differently, or choose another model."
    if isinstance(error, ModelConnectionError) and not _out_of_time(error):
        return f"Check that {name.base_url or provider.title} can be reached from here."
    if may_pass(error):
        return "Try again later, or choose another model."
    return "Choose another model, or look at llm.jsonl for what it said."


def _too_long(error: BaseException) -> bool:
    """pydantic-ai knows every provider's words for it, llama.cpp's left out."""
    if isinstance(error, ModelHTTPError) and error.status_code == 400 and "context size" in _said(error):
        return True
    return isinstance(error, ModelContextWindowExceededError)


def _out_of_time(error: BaseException) -> bool:
    return isinstance(error, (TimeoutError, ModelTimeoutError))


def _garbled(error: BaseException) -> bool:
    """Status 200 and nothing that can be read; pydantic-ai has no word of its own for it."""
    misshapen = isinstance(error, UnexpectedModelBehavior) and not isinstance(error, ContentFilterError)
    return misshapen or type(error) is ModelAPIError


def _said(error: ModelHTTPError) -> str:
    """A provider's own sentence, where its error body has one at a customary place."""
    body = error.body
    if isinstance(body, dict):
        inner = body.get("error", body)
        if isinstance(inner, dict) and isinstance(inner.get("message"), str):
            return inner["message"]
        if isinstance(inner, str):
            return inner
    return str(body) if body else type(error).__name__


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
