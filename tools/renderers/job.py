"""What the render worker is told: everything that shapes the clip, in plain fields that go through a pipe."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from .sizing import Shape


class Settings(BaseModel):
    """The resolved settings of a diffusion render; all of them are in the clip's key."""

    model_config = ConfigDict(frozen=True)

    row: str
    pipeline: str
    identity: str
    random_weights: bool
    device: str
    device_name: str
    tier: str
    dtype: str
    float32_parts: tuple[str, ...]
    levers: tuple[str, ...]
    shape: Shape
    steps: int
    guidance: float
    guidance_route: str
    negative_prompt: str
    takes_frame_rate: bool
    call: dict[str, Any]
    scheduler: dict[str, Any] = {}
    cover: str = "best frame"


class Job(BaseModel):
    """One clip to make and where to put it. Jobs with equal `load_key` share one loaded pipeline."""

    settings: Settings
    prompt: str
    cover_prompt: str
    seed: int
    folder: str | None
    hub_id: str | None = None
    revision: str | None = None
    cover_folder: str | None = None
    video: str
    cover: str
    metadata: dict[str, str]

    def load_key(self) -> str:
        """What must be equal for a loaded pipeline to be used again."""
        s = self.settings
        kept = (s.row, s.pipeline, s.identity, s.device, s.tier, s.dtype, s.float32_parts, "compile" in s.levers)
        return repr(kept)
