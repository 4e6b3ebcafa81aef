"""Renderers by name, and what every renderer takes and gives back."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from .. import tracing
from ..errors import InputError, PopcornError

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
    model: str | None = Field(None, description="A model of the table, a folder or a hub id.")
    preset: str | None = None
    size: str | None = Field(None, description="WIDTHxHEIGHT to generate and write, instead of the aspect's.")
    frames: int | None = Field(None, ge=1, description="Frames to generate, instead of what the seconds need.")
    fps: int | None = Field(None, ge=1, le=120, description="Frames a second of the file.")
    steps: int | None = Field(None, ge=1, le=1000)
    guidance: float | None = Field(None, ge=0, le=50)
    negative_prompt: str | None = None
    memory: Literal["auto", "80gb", "24gb", "16gb"] = "auto"
    speed: str = "plain"
    cover_model: str | None = None
    random_weights: bool = False
    video_url: str | None = Field(None, description="Base address of the video server of the remote renderer.")


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
    audio: bool = Field(False, description="Whether it was made with a sound track.")
    cached: bool = False
    timings: dict[str, float] = {}
    checks: dict[str, Any] = {}

    @property
    def device_seconds(self) -> float:
        """Seconds in which the renderer drew; 0 for a clip that was kept."""
        return self.timings.get("render", 0.0)


class Spec(BaseModel):
    """What a renderer promises for a request before it draws: shapes the key and is held against the finished file."""

    model_config = ConfigDict(frozen=True)

    renderer: str
    kind: Literal["animatic", "footage"]
    width: int
    height: int
    fps: int
    frames: int
    audio: bool | None = Field(False, description="Whether it will have a sound track; None: not known before.")
    versions: dict[str, str] = Field(
        description="The renderer's own version and the libraries that shape its pictures."
    )
    model: str | None = None
    settings: dict[str, Any] = Field({}, description="What the renderer made of the request's further settings.")
    comment: str = Field(description="What the file says of its origin in its metadata.")


# Each module offers `plan(request) -> Spec` (cheap, raises InputError for what it cannot do) and
# `draw(request, spec, video, cover, progress) -> dict` (writes both files, returns what it wants to tell in `checks`).
RENDERERS = {
    "animatic": "popcorn_agents.tools.renderers.animatic",
    "diffusion": "popcorn_agents.tools.renderers.diffusion",
    "remote": "popcorn_agents.tools.renderers.remote",
}


class Instead(Exception):
    """Raised by a renderer's `draw` to have another request drawn in place of this one, once, and said so."""

    def __init__(self, request: RenderRequest, reason: str) -> None:
        super().__init__(reason)
        self.request, self.reason = request, reason


def renderer_names() -> list[str]:
    """The names that `render` knows."""
    return sorted(RENDERERS)


def check_renderer(name: str) -> None:
    """Raise InputError, listing the names that exist, for a renderer that does not."""
    if name not in RENDERERS:
        raise InputError(f"There is no renderer {name!r}; choose one of: {', '.join(renderer_names())}.")


class Remaining:
    """Says how far a render is and how many seconds are left, from the pace of its steps so far."""

    def __init__(self) -> None:
        self.first: tuple[int, float] | None = None

    def __call__(self, done: int, total: int) -> str:
        if done == 0:
            return "preparing"
        now = time.monotonic()
        if self.first is None or done < self.first[0]:
            self.first = (done, now)
        since, at = self.first
        if done == since or done >= total:
            return f"step {done} of {total}"
        left = (now - at) / (done - since) * (total - done)
        return f"step {done} of {total}, {left:.0f} s left"


def render(
    request: RenderRequest,
    renderer: str,
    out_dir: Path,
    progress: Progress | None = None,
    timeout: float | None = None,
) -> Clip:
    """Render the request into `out_dir`, or find it there; blocking, safe to call from several threads and processes.

    Equal requests to equal versions give one file, `<key>.mp4`, with its cover and a sidecar; a damaged file is
    rendered again and the clip's `checks["repaired"]` says why. Raises InputError for an unknown renderer or a request
    that it cannot fill, PopcornError when the finished file is not what was promised or `timeout` seconds have passed,
    and what `progress` raises.
    """
    check_renderer(renderer)
    from .cache import find_or_draw

    told = progress or _silent
    asked = {"popcorn.renderer": renderer, "popcorn.model": request.model, "popcorn.seed": request.seed}
    with tracing.span("render_clip", asked) as tell:
        clip = find_or_draw(request, RENDERERS[renderer], out_dir, told if timeout is None else _limited(told, timeout))
        tell({
            "popcorn.model": clip.model,
            "popcorn.cached": clip.cached,
            "popcorn.device_seconds": clip.device_seconds,
            "popcorn.clip.width": clip.width,
            "popcorn.clip.height": clip.height,
            "popcorn.clip.frames": clip.frames,
        })  # fmt: skip
        return clip


def _limited(progress: Progress, timeout: float) -> Progress:
    deadline = time.monotonic() + timeout

    def report(done: int, total: int) -> None:
        if time.monotonic() > deadline:
            raise PopcornError(f"The render took longer than {timeout:g} s; allow more with --render-timeout.")
        progress(done, total)

    return report


def _silent(done: int, total: int) -> None:
    return None
