"""What clients of a server may name: its addresses and folders are its operator's, who alone can open others to them.

A client's knobs would else send the server's keys to any address, or have it read and write anywhere on its disk.
"""

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ..tools.errors import InputError
from .context import Context, load_context
from .folders import run_folder
from .state import State

URLS = "POPCORN_SERVER_URLS"
PATHS = "POPCORN_SERVER_PATHS"
_FOLDERS = ("runs_dir", "cache_dir")
_FILES = ("gguf", "exemplars", "embedding", "model", "cover_model")


async def admitted(context: Context | None) -> Context:
    """The knobs of a run; on a server those that the client left open are the operator's, and bad ones InputError."""
    if not on_a_server():
        return context or Context()
    return await asyncio.to_thread(_admitted, context or Context())


def on_a_server() -> bool:
    """Whether clients, not this program, decide what a run is given; nothing that a client sends can change it."""
    return "langgraph_api" in sys.modules


def fault_of_knobs(knobs: Mapping[str, Any]) -> str:
    """Why a client may not name these knobs, in one sentence; empty where it may. Blocking."""
    named = {name: value for name, value in knobs.items() if not _left_open(value)}
    return next((fault for fault in _faults(named) if fault), "")


@cache
def operators() -> Context:
    """The settings of whoever started the server: POPCORN_* variables, popcorn.toml, defaults. Blocking."""
    return load_context()


async def check_state(state: State, context: Context, new: bool = False) -> None:
    """Refuse what a client put into the state to reach files of others; `new`: no node ran before. Raises InputError.

    On a server alone: elsewhere the state is the program's own.
    """
    if on_a_server():
        await asyncio.to_thread(_check_state, state, context, new)


def _check_state(state: State, context: Context, new: bool) -> None:
    kept = [folder / "clips" for folder in (context.cache_dir, operators().cache_dir)]
    clips = [state.get("clip"), *(one.clip for one in state.get("attempts") or [])]
    if not all(_inside(path, kept) for clip in clips if clip for path in (clip.path, clip.cover_path)):
        raise InputError("The state cannot be used: clip: it names a file that no run of this server made.")
    if new and (run_folder(context.runs_dir, state["run_id"]) / "brief.json").exists():
        raise InputError(f"There is a run {state['run_id']} already; choose another run_id or leave it out.")


def _admitted(context: Context) -> Context:
    named = {name: value for name in context.model_fields_set if not _left_open(value := getattr(context, name))}
    if fault := fault_of_knobs(named):
        raise InputError(fault)
    return operators().model_copy(update=named)


def _left_open(value: Any) -> bool:
    """What an empty field of a form sends."""
    return value is None or value in ("", Path())


def _faults(named: dict[str, Any]) -> Iterator[str]:
    for name in ("llm", "video_url"):
        if name in named and not _address_allowed(name, str(named[name])):
            yield (
                f"context.{name}: this server sends nothing to that address; its operator can allow it in {URLS}, "
                "a list of base URLs with commas between."
            )
    for name in (*_FOLDERS, *_FILES):
        if name in named and not _path_allowed(name, named[name], named):
            yield (
                f"context.{name}: this server leaves that place alone; its operator can open a folder in {PATHS}, "
                "a list of folders with commas between."
            )
    if "checkpoints" in named and named["checkpoints"] not in {"sqlite", operators().checkpoints}:
        yield "context.checkpoints: the server keeps its own checkpoints; leave it out."


def _address_allowed(name: str, value: str) -> bool:
    url = value.rpartition("@")[2] if name == "llm" else value
    if name == "llm" and "@" not in value:
        return True  # embedded, or a provider at its own address
    own = getattr(operators(), name)
    if value == own:
        return True
    own_url = (own or "").rpartition("@")[2] if name == "llm" else own
    return url_allowed(url) or bool(own_url and "://" in own_url and _below(url, own_url))


def url_allowed(url: str) -> bool:
    """Whether the operator opened this address to clients."""
    return any(_below(url, base) for base in _listed(URLS))


def _below(url: str, base: str) -> bool:
    """Whether an address is the base or lies in a path under it; nothing that a server could read otherwise does."""
    try:
        asked, given = urlsplit(url), urlsplit(base)
        same = (asked.scheme, asked.hostname, _port(asked)) == (given.scheme, given.hostname, _port(given))
    except ValueError:
        return False
    odd = "@" in asked.netloc or asked.query or asked.fragment or ".." in unquote(unquote(asked.path))
    odd = odd or "\\" in url or any(not 33 <= ord(letter) < 127 for letter in url)
    root, path = given.path.rstrip("/"), asked.path.rstrip("/")
    return same and bool(asked.hostname) and not odd and (path == root or path.startswith(f"{root}/"))


def _port(parts: Any) -> int | None:
    return parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _path_allowed(name: str, value: Any, named: dict[str, Any]) -> bool:
    text, own = str(value), (getattr(operators(), name), Context.model_fields[name].default)
    if text in {str(one) for one in own if one is not None}:
        return True
    if name == "model" and named.get("renderer", operators().renderer) == "remote":
        return True  # a name that only the video server reads
    if name in {"model", "cover_model", "embedding"} and not _is_a_path(text):
        return True
    return _inside(Path(text), [Path(folder) for folder in _listed(PATHS)])


def _is_a_path(text: str) -> bool:
    """Whether a model's name could be a place on the disk, rather than one of the table or a hub id."""
    if text.startswith((".", "~", "/", "\\")) or ".." in text or ":" in text:
        return True
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # too long, or with a null character
        return True


def _inside(path: Path, folders: list[Path]) -> bool:
    try:
        whole = path.expanduser().resolve()
        return any(whole.is_relative_to(folder.expanduser().resolve()) for folder in folders)
    except (OSError, RuntimeError, ValueError):  # a loop of links, an unknown user, a null character
        return False


def _listed(variable: str) -> list[str]:
    return [part.strip() for part in os.environ.get(variable, "").split(",") if part.strip()]
