"""What runs in a Ray actor: one stage's node in a process of its own, which keeps what it has loaded."""

import hashlib
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from langgraph.runtime import Runtime

from ..graph.context import Context
from ..graph.driver import cause_of
from ..graph.state import State
from ..graph.workflow import Node
from ..tools.errors import PopcornError
from ..tools.renderers import Clip
from ..tools.renderers.cache import write_atomic

Parts = Callable[[], dict[str, Node]]
"""Makes the nodes inside the actor; importable there."""
Files = dict[str, bytes]
"""A clip, its cover and its record, by file name."""


@dataclass(frozen=True)
class Answer:
    """The node's update, or why it failed, or that the clip in the state is not on this machine."""

    update: dict[str, Any] | None = None
    cause: str = ""
    lacks_clip: bool = False


@dataclass(frozen=True)
class Place:
    """Where an actor runs, and the version of this package there."""

    host: str
    version: str


class Worker:
    """The actor. It takes one call at a time, because its caller sends it no more."""

    def __init__(self, parts: Parts) -> None:
        os.environ.pop("OMP_NUM_THREADS", None)  # Ray's; the local engine has no such bound
        self.nodes = parts()

    async def place(self) -> Place:
        """Answer, once the actor is up."""
        return Place(socket.gethostname(), version("popcorn-agents"))

    async def run(
        self, stage: str, state: State, context: Context, own_cache: bool, files: Files | None = None
    ) -> Answer:
        """One call of a node; `own_cache`: clips are kept in the cache folder of this machine's user."""
        if own_cache:
            context = context.model_copy(update={"cache_dir": default_cache()})
        try:
            if stage == "critique":
                kept = context.cache_dir / "clips"
                clip = place_clip(state["clip"], files, kept) if files else clip_here(state["clip"], kept)
                if clip is None:
                    return Answer(lacks_clip=True)
                state = cast(State, {**state, "clip": clip})
            runtime = Runtime(context=context, stream_writer=_unheard)
            return Answer(update=await self.nodes[stage](state, runtime))
        except Exception as error:  # noqa: BLE001  # the caller records it, whatever it is, in our words and not Ray's
            return Answer(cause=cause_of(error))

    async def fetch(self, clip: Clip) -> Files:
        """The files of a clip that this machine holds."""
        return clip_files(clip)


def real_parts() -> dict[str, Node]:
    """The nodes that `local_stages` runs."""
    from ..agents.critic import critique
    from ..agents.renderer import render
    from ..agents.scriptwriter import write
    from ..agents.trend_researcher import research
    from .stages import critique_script

    return {
        "research": research,
        "write": write,
        "render": render,
        "critique": critique,
        "critique_script": critique_script,
    }


def default_cache() -> Path:
    """The cache folder of this machine's user."""
    return cast(Path, Context.model_fields["cache_dir"].get_default(call_default_factory=True))


def clip_here(clip: Clip, folder: Path) -> Clip | None:
    """The clip where it lies intact on this machine: at its own path, or under its name in `folder`; else None."""
    for parent in (clip.path.parent, folder):
        path, cover = parent / clip.path.name, parent / clip.cover_path.name
        try:
            with path.open("rb") as file:
                intact = hashlib.file_digest(file, "sha256").hexdigest() == clip.sha256
        except OSError:
            continue
        if intact and cover.is_file():
            return clip.model_copy(update={"path": path, "cover_path": cover})
    return None


def clip_files(clip: Clip) -> Files:
    """The bytes of a clip, its cover and its record; raises PopcornError where they cannot be read."""
    files = {}
    try:
        for path in (clip.path, clip.cover_path):
            files[path.name] = path.read_bytes()
        record = clip.path.with_suffix(".json")
        if record.is_file():
            files[record.name] = record.read_bytes()
    except OSError as error:
        raise PopcornError(f"{clip.path.name} cannot be read ({error.strerror}); render it again.") from error
    return files


def place_clip(clip: Clip, files: Files, folder: Path) -> Clip:
    """Put a clip of another machine under its names into `folder`, each file whole or not there, the record last."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PopcornError(f"{folder} cannot be made ({error.strerror}); free the space.") from error
    for name in (clip.path.name, clip.cover_path.name, clip.path.with_suffix(".json").name):
        if name in files:
            write_atomic(folder / name, files[name])
    placed = clip_here(clip.model_copy(update={"path": folder / clip.path.name}), folder)
    if placed is None:
        raise PopcornError(f"{clip.path.name} came damaged from another machine; run the same command again.")
    return placed


def _unheard(event: Any) -> None:
    """Progress within a step stays in the actor."""
