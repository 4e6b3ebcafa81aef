"""Renderers by name, and what every renderer takes and gives back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..errors import InputError

Progress = Callable[[int, int], None]
"""Called with (steps done, steps in all); may raise `Cancelled` to stop the render."""


class RenderRequest(BaseModel):
    """Everything that shapes a clip, apart from the renderer and its versions."""

    model_config = ConfigDict(frozen=True)

    prompt: str = Field(description="The video prompt.")
    title: str = ""
    cover_prompt: str = ""
    seconds: float = Field(3.0, gt=0, le=60)
    aspect: Literal["9:16", "16:9", "1:1"] = "9:16"
    seed: int = 7
    model: str | None = Field(None, description="Folder or hub id, for renderers that load one.")
    preset: str | None = None


class Clip(BaseModel):
    """A finished, probed clip and its cover. The file name is the hash of everything that shaped it."""

    path: Path
    cover_path: Path
    key: str = Field(description="Hash of the request, the renderer, its version and its libraries.")
    sha256: str = Field(description="Hash of the clip's bytes.")
    renderer: str
    model: str | None = None
    kind: Literal["animatic", "footage"]
    width: int
    height: int
    fps: float
    frames: int
    seconds: float
    seed: int
    cached: bool = False
    timings: dict[str, float] = {}
    checks: dict[str, Any] = {}


class Spec(BaseModel):
    """What a renderer promises for a request before it draws: shapes the key and is held against the finished file."""

    model_config = ConfigDict(frozen=True)

    renderer: str
    kind: Literal["animatic", "footage"]
    width: int
    height: int
    fps: int
    frames: int
    versions: dict[str, str] = Field(
        description="The renderer's own version and the libraries that shape its pictures."
    )
    model: str | None = None
    comment: str = Field(description="What the file says of its origin in its metadata.")


# Each module offers `plan(request) -> Spec` (cheap, raises InputError for what it cannot do) and
# `draw(request, spec, video, cover, progress) -> dict` (writes both files, returns what it wants to tell in `checks`).
RENDERERS = {"animatic": "popcorn_agents.tools.renderers.animatic"}


def renderer_names() -> list[str]:
    """The names that `render` knows."""
    return sorted(RENDERERS)


def check_renderer(name: str) -> None:
    """Raise InputError, listing the names that exist, for a renderer that does not."""
    if name not in RENDERERS:
        raise InputError(f"There is no renderer {name!r}; choose one of: {', '.join(renderer_names())}.")


def render(request: RenderRequest, renderer: str, out_dir: Path, progress: Progress | None = None) -> Clip:
    """Render the request into `out_dir`, or find it there; blocking, safe to call from several threads and processes.

    Equal requests to equal versions give one file, `<key>.mp4`, with its cover and a sidecar; a damaged file is
    rendered again and the clip's `checks["repaired"]` says why. Raises InputError for an unknown renderer or a request
    that it cannot fill, PopcornError when the finished file is not what was promised, and what `progress` raises.
    """
    check_renderer(renderer)
    from .cache import find_or_draw

    return find_or_draw(request, RENDERERS[renderer], out_dir, progress or _silent)


def _silent(done: int, total: int) -> None:
    return None
