"""One factory for every language model: a name in, langchain-openai's client out."""

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from . import embedded_llm
from .errors import InputError

if TYPE_CHECKING:
    from .chat_client import Chat

FORMS = "embedded, openai:<model>, deepseek:<model>, or <model>@<base_url>"
DEMONSTRATION = (
    "The embedded language model is tiny: its writing is a demonstration. For better ideas name a better model, "
    "e.g. --llm openai:<model> (key in OPENAI_API_KEY) or --llm <model>@<url of a compatible server>."
)
SMALL_FILE = 500_000_000
_PROVIDERS = {
    "openai": ("OPENAI_API_KEY", "https://api.openai.com/v1"),
    "deepseek": ("DEEPSEEK_API_KEY", "https://api.deepseek.com"),
}

Method = Literal["json_schema", "json_mode", "text"]


@dataclass(frozen=True)
class Profile:
    """How a model is best used."""

    method: Method = "json_schema"
    """The structured-output method to begin with."""

    context_tokens: int = 8192
    temperature: float = 0.7
    top_p: float = 0.9
    staged: bool = False
    """One small call a field, with examples, instead of one call for the whole record."""


def profile(llm: str, gguf: Path | None = None, context_tokens: int | None = None) -> Profile:
    """What is known of the model: its context, sampling (the paper's, for real models) and way of writing."""
    if llm == "embedded":
        small = gguf is None or (gguf.exists() and gguf.stat().st_size < SMALL_FILE)
        return Profile(context_tokens=context_tokens or embedded_llm.CONTEXT_TOKENS, temperature=0.3, staged=small)
    provider = llm.partition(":")[0] if "@" not in llm else ""
    known = {"openai": 128_000, "deepseek": 64_000}.get(provider, Profile.context_tokens)
    method: Method = "json_mode" if provider == "deepseek" else "json_schema"
    return Profile(method=method, context_tokens=context_tokens or known)


def chat_model(
    llm: str,
    *,
    temperature: float | None = None,
    seed: int = 7,
    timeout: float = 120,
    gguf: Path | None = None,
    max_tokens: int | None = None,
    context_tokens: int | None = None,
) -> "Chat":
    """A client for `llm`; blocking, and for the embedded model it starts the server at the first call.

    Every request gets `timeout` seconds; connection errors, 429 (with Retry-After) and 5xx are tried again with
    back-off, nothing else. Failures raise PopcornError with one sentence, names of another form and missing keys
    InputError; keys come from the environment and stay in the client.
    """
    url, model, variable, key = _endpoint(llm, gguf, context_tokens)
    import openai

    from .chat_client import Chat

    known = profile(llm, gguf, context_tokens)
    local = _is_loopback(url)
    return Chat(
        label=llm,
        key_variable=variable,
        model=model,
        base_url=url,
        api_key=key,
        temperature=known.temperature if temperature is None else temperature,
        top_p=known.top_p,
        seed=seed,
        timeout=timeout,
        max_retries=0,
        max_completion_tokens=max_tokens,
        disable_streaming=True,
        # A proxy of the environment must not get the calls to this machine.
        http_client=openai.DefaultHttpxClient(trust_env=not local),
        http_async_client=openai.DefaultAsyncHttpxClient(trust_env=not local),
        http_socket_options=(),  # else a transport of langchain's would take the proxies away, with a warning
        # No connection outlives its call: a later event loop could not use it.
        default_headers={"Connection": "close"},
    )


def check_model(llm: str, gguf: Path | None = None) -> None:
    """Raise what `chat_model` would raise for this name, without a call and without starting the embedded model."""
    if llm == "embedded":
        embedded_llm.model_file(gguf)
    else:
        _remote(llm)


def _endpoint(llm: str, gguf: Path | None, context_tokens: int | None) -> tuple[str, str, str, str]:
    """(base URL, model name, variable of the key, key)"""
    if llm == "embedded":
        running = embedded_llm.server(gguf, context_tokens)
        return running.url, running.gguf.stem, "POPCORN_API_KEY", running.key
    return _remote(llm)


def _remote(llm: str) -> tuple[str, str, str, str]:
    model, at, url = llm.rpartition("@")
    if at:
        return _own_server(llm, model, url)
    provider, _, model = llm.partition(":")
    if provider not in _PROVIDERS or not model.strip():
        raise InputError(f"Unknown language model {llm!r}; use {FORMS}.")
    variable, url = _PROVIDERS[provider]
    key = os.environ.get(variable, "").strip()
    if not key:
        raise InputError(f"The language model {llm} needs a key; set the environment variable {variable}.")
    return url, model, variable, key


def _own_server(llm: str, model: str, url: str) -> tuple[str, str, str, str]:
    parts = urlsplit(url)
    if not model or parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"Unknown language model {llm!r}; use {FORMS}, e.g. llama3@http://localhost:11434/v1.")
    if parts.password:
        raise InputError("Put the key into the environment variable POPCORN_API_KEY, not into the URL.")
    # Only the key meant for it: the key of another provider must not travel to whatever server is named.
    return url, model, "POPCORN_API_KEY", os.environ.get("POPCORN_API_KEY", "").strip() or "none"


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
