"""langchain-openai's client with this project's rules for retries, time-outs and error sentences."""

import asyncio
import warnings
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import openai
from langchain_core.outputs import ChatResult
from langchain_openai import ChatOpenAI
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential_jitter,
)

from . import tracing
from .errors import PopcornError

ATTEMPTS = 4
BACKOFF_SECONDS = 0.5
LONGEST_WAIT = 60.0
"""A server that asks for a longer pause than this many seconds is not waited for."""

# The refusal of a response format is handled by falling back; the advice would name a method that is not used here.
warnings.filterwarnings("ignore", message=r"\s*(This model does not|Invalid schema for).*[Ss]tructured")


class Refused(PopcornError):
    """The endpoint did not accept the request as it stands (400, 422); `said` holds its words."""

    def __init__(self, sentence: str, said: str) -> None:
        super().__init__(sentence)
        self.said = said


class Chat(ChatOpenAI):
    """ChatOpenAI that repeats only what may succeed when repeated, and fails with one sentence.

    `max_retries` of the client itself is 0: it would also repeat time-outs, 408 and 409.
    """

    label: str = ""
    """The name by which the user asked for the model."""

    key_variable: str = ""
    """The environment variable that holds the key, for error sentences."""

    async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
        with tracing.span(f"chat {self.model_name}", self._asked(), client=True) as tell:
            return await self._answer(tell, *args, **kwargs)

    async def _answer(self, tell: tracing.Tell, *args: Any, **kwargs: Any) -> ChatResult:
        seconds = float(self.request_timeout or 600)  # type: ignore[arg-type]
        try:
            async for attempt in AsyncRetrying(**_policy()):
                # The client's own time-out is one for each read; waiting for one's turn does not count.
                with attempt:
                    tell({"popcorn.tries": attempt.retry_state.attempt_number})
                    async with _turn(self.label), asyncio.timeout(seconds):
                        return _answered(await super()._agenerate(*args, **kwargs), tell)
        except (openai.OpenAIError, TimeoutError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise explain(error, self) from error
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        with tracing.span(f"chat {self.model_name}", self._asked(), client=True) as tell:
            try:
                for attempt in Retrying(**_policy()):
                    with attempt:
                        tell({"popcorn.tries": attempt.retry_state.attempt_number})
                        return _answered(super()._generate(*args, **kwargs), tell)
            except (openai.OpenAIError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
                raise explain(error, self) from error
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _asked(self) -> tracing.Attributes:
        """What a trace says of a call, by OpenTelemetry's conventions for generative models."""
        provider = "openai_compatible" if "@" in self.label else self.label.partition(":")[0]
        server = urlsplit(str(self.openai_api_base))
        return {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": self.model_name,
            "gen_ai.request.temperature": self.temperature,
            "gen_ai.request.top_p": self.top_p,
            "gen_ai.request.seed": self.seed,
            "gen_ai.request.max_tokens": self.max_tokens,
            "server.address": server.hostname,
            "server.port": server.port,
        }


def _answered(result: ChatResult, tell: tracing.Tell) -> ChatResult:
    if not result.generations:
        raise ValueError("no choices")
    message, said = result.generations[0].message, result.generations[0].message.response_metadata
    counts = getattr(message, "usage_metadata", None) or {}
    finish = said.get("finish_reason")
    tell({
        "gen_ai.response.model": said.get("model_name"),
        "gen_ai.response.finish_reasons": [finish] if finish else None,
        "gen_ai.usage.input_tokens": counts.get("input_tokens"),
        "gen_ai.usage.output_tokens": counts.get("output_tokens"),
    })  # fmt: skip
    return result


_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


def _turn(label: str) -> AbstractAsyncContextManager[None]:
    """The embedded model answers one request at a time; others of this event loop queue here, without a time-out."""
    if label != "embedded":
        return nullcontext()
    return _turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(1))


def explain(error: Exception, chat: Chat) -> PopcornError:
    """The sentence for what went wrong, with what to do about it."""
    name, url = chat.label, str(chat.openai_api_base)
    if isinstance(error, openai.APITimeoutError | TimeoutError):
        return PopcornError(
            f"The language model {name} gave no answer within {chat.request_timeout} seconds; "
            "resume later or allow more with llm_timeout."
        )
    if isinstance(error, openai.APIConnectionError):
        return PopcornError(f"The language model {name} cannot be reached; check that a server is running at {url}.")
    if isinstance(error, openai.APIStatusError):
        return _explain_status(error, name, url, chat.key_variable)
    return PopcornError(
        f"The server at {url} did not answer as an OpenAI-compatible chat API ({_short(error)}); check the address."
    )


def _explain_status(error: openai.APIStatusError, name: str, url: str, variable: str) -> PopcornError:
    status = error.status_code
    if status in (401, 403):
        return PopcornError(f"The language model {name} refused the key ({status}); check the variable {variable}.")
    if status == 402 or error.code == "insufficient_quota":
        return PopcornError(f"The account behind {variable} has no credit left for {name}; top it up, then resume.")
    if status == 404:
        return PopcornError(f"The server at {url} knows no model or path for {name} (404); check both names.")
    if status == 429:
        return PopcornError(f"The language model {name} limits the rate of requests (429); resume later.")
    if status >= 500:
        return PopcornError(f"The server of the language model {name} fails ({status}); resume later.")
    if _overflows(str(error)):
        return PopcornError(
            f"The prompt is too long for the language model {name}; ask for fewer exemplars (k) or set context_tokens."
        )
    return Refused(f"The language model {name} refused the request ({status}): {_short(error)}.", str(error))


def _overflows(said: str) -> bool:
    return "context" in said.lower() and any(word in said.lower() for word in ("length", "size", "exceed", "window"))


def _short(error: Exception) -> str:
    body = getattr(error, "body", None)
    text = body.get("message") if isinstance(body, dict) else None
    return " ".join(str(text or error).split())[:200].rstrip(".") or type(error).__name__


def _policy() -> dict[str, Any]:
    return {
        "retry": retry_if_exception(_may_pass),
        "stop": stop_after_attempt(ATTEMPTS),
        "wait": _pause(),
        "reraise": True,
    }


def _may_pass(error: BaseException) -> bool:
    """Connection errors, 429 and 5xx; not time-outs, empty accounts, or pauses longer than LONGEST_WAIT."""
    if isinstance(error, openai.APITimeoutError):
        return False
    if isinstance(error, openai.APIConnectionError):
        return True
    if not isinstance(error, openai.APIStatusError) or error.code == "insufficient_quota":
        return False
    return (error.status_code == 429 or error.status_code >= 500) and (_asked_pause(error) or 0) <= LONGEST_WAIT


def _pause() -> Callable[[RetryCallState], float]:
    backoff = wait_exponential_jitter(multiplier=BACKOFF_SECONDS, max=20, jitter=BACKOFF_SECONDS)

    def wait(state: RetryCallState) -> float:
        asked = _asked_pause(state.outcome.exception() if state.outcome else None)
        return backoff(state) if asked is None else asked

    return wait


def _asked_pause(error: BaseException | None) -> float | None:
    """Seconds of the Retry-After header; None where it is absent or a date."""
    if not isinstance(error, openai.APIStatusError):
        return None
    try:
        return max(0.0, float(error.response.headers["retry-after"]))
    except (KeyError, ValueError):
        return None
