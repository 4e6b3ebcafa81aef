"""How long one clip takes, where anybody has said or measured it."""

from dataclasses import dataclass

from ..graph.context import Context
from ..tools.renderers import RenderRequest
from ..tools.renderers.diffusion import preset_of
from ..tools.renderers.sizing import shape_of
from ..tools.renderers.specs import row_of

ANIMATIC = 3.4
"""Seconds of two cores a clip (docs/benchmarks.md)."""


@dataclass(frozen=True)
class Speed:
    """Seconds of an H100 for one clip of these settings."""

    seconds: float
    size: tuple[int, int]
    frames: int
    steps: int


COGVIDEOX = Speed(90, (720, 480), 49, 50)
"""The model card's own figure."""

TIMES_BOUND = 90 / 48
"""CogVideoX-5B's published time over the least that its arithmetic takes at 700 TFLOP/s, for models without one."""

H100 = {
    "cogvideox-5b": COGVIDEOX,
    "ltx-video": Speed(4.9 * TIMES_BOUND, (704, 480), 161, 50),
    "hunyuanvideo": Speed(9.9 * TIMES_BOUND, (512, 320), 61, 30),
    "hunyuanvideo-1.5": Speed(45 * TIMES_BOUND, (544, 960), 49, 30),
    "wan2.1-1.3b": Speed(41 * TIMES_BOUND, (832, 480), 81, 50),
}
ORIGIN = "on one H100: published for CogVideoX-5B, by their arithmetic for others; without loading"


def gpu_seconds(context: Context) -> float | None:
    """Seconds of an H100 a clip of the diffusion renderer; None for a model of unknown speed. Raises InputError."""
    row = row_of(context.model)
    if row is None or row.name not in H100:
        return None
    known = H100[row.name]
    preset = preset_of(context.preset, row)
    settings = context.model_dump(include=set(RenderRequest.model_fields))
    shape = shape_of(RenderRequest(prompt="a clip", **settings), row, preset)
    steps = context.steps or (preset.steps if preset else row.steps)
    work = shape.width * shape.height * shape.frames * steps
    return known.seconds * work / (known.size[0] * known.size[1] * known.frames * known.steps)
