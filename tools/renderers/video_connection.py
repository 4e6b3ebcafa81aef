"""The connection to a video server: its key, from the environment alone, and what can go wrong on it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from ..errors import InputError, PopcornError

OPENAI = "https://api.openai.com/"
KEY_VARIABLE = "POPCORN_VIDEO_API_KEY"
TIMEOUT = httpx.Timeout(60.0, connect=10.0)


class UnknownOutcome(PopcornError):
    """A job was sent and the server's answer is not known: it may be running."""


class Gone(PopcornError):
    """The server knows no such job (404), so it is not running there."""


class Again(PopcornError):
    """What may succeed when it is repeated, after `pause` seconds where the server named them."""

    def __init__(self, sentence: str, pause: float | None = None) -> None:
        super().__init__(sentence)
        self.pause = pause


@dataclass(frozen=True)
class Api:
    """An open connection; `pause` waits so many seconds and may raise what stops the render."""

    url: str
    client: httpx.Client
    pause: Callable[[float], None]
    key: str | None


def is_openai(url: str) -> bool:
    """Whether the address is OpenAI's own, over TLS."""
    return url.startswith(OPENAI)


def api_key(url: str) -> str | None:
    """The key of the environment; OpenAI's goes to OpenAI alone. Raises InputError for what cannot be a key."""
    name = KEY_VARIABLE
    key = os.environ.get(name, "").strip()
    if not key and is_openai(url):
        name = "OPENAI_API_KEY"
        key = os.environ.get(name, "").strip()
        if not key:
            raise InputError(f"{OPENAI} wants a key; set {name} or {KEY_VARIABLE}.")
    if not (key.isascii() and key.isprintable()):
        raise InputError(f"{name} holds characters that no key has; set it again.")
    return key or None


@contextmanager
def connect(url: str, pause: Callable[[float], None]) -> Iterator[Api]:
    """The API at a base address such as http://localhost:8091/v1."""
    key = api_key(url)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT) as client:
        yield Api(url, client, pause, key)
