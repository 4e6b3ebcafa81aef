"""One text-to-video pipeline driven: its arguments, progress and cancellation at every step, and visible frames."""

import inspect
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import PopcornError
from ..sound import Sound
from .job import Settings
from .levers import switched_on

OnStep = Callable[[int, int], None]
"""Called with (steps done, steps in all), decoding counted as one; may raise to stop the render."""


@dataclass
class Made:
    """What a pipeline made: (n, H, W, 3) frames in 0..255, and sound where it makes any."""

    frames: NDArray[np.uint8]
    seconds: dict[str, float]
    levers: dict[str, dict[str, Any]] = field(default_factory=dict)
    sound: Sound | None = None
    peak_gib: float | None = None


def generate(pipe: Any, settings: Settings, prompt: str, seed: int, on_step: OnStep) -> Made:
    """Run the pipeline once; equal settings and seed give equal frames. What `on_step` raises passes through."""
    arguments = call_arguments(pipe, settings, prompt, seed)
    if settings.guidance_route == "guider":
        pipe.guider = pipe.guider.new(guidance_scale=settings.guidance)
    _reset_peak()
    on_step(0, settings.steps + 1)
    started = time.perf_counter()
    with switched_on(pipe, settings.levers) as levers, watched(pipe.scheduler, on_step) as at:
        output = pipe(**arguments)
    finished = time.perf_counter()
    steps = at[1:]
    seconds = {"first_step": (at[0] if at else finished) - started, "decode": finished - (at[-1] if at else started)}
    if steps:
        seconds["step"] = (at[-1] - at[0]) / len(steps)
        seconds["denoise"] = at[-1] - at[0]
    frames = visible(np.asarray(output.frames[0]))
    if len(frames) != settings.shape.frames:
        raise PopcornError(
            f"{settings.row} gave {len(frames)} frames where {settings.shape.frames} were asked; report this model."
        )
    return Made(frames, seconds, levers, _sound(pipe, output), _peak())


def call_arguments(pipe: Any, settings: Settings, prompt: str, seed: int) -> dict[str, Any]:
    """The arguments of the pipeline's call; raises PopcornError where it does not know one of them."""
    import torch

    shape = settings.shape
    arguments: dict[str, Any] = {
        "prompt": prompt,
        "width": shape.width,
        "height": shape.height,
        "num_frames": shape.frames,
        "num_inference_steps": settings.steps,
        "generator": torch.Generator("cpu").manual_seed(seed),  # the same noise on every device
        "output_type": "np",
        **settings.call,
    }
    if settings.negative_prompt:
        arguments["negative_prompt"] = settings.negative_prompt
    if settings.guidance_route == "guidance_scale":
        arguments["guidance_scale"] = settings.guidance
    if settings.takes_frame_rate:
        arguments["frame_rate"] = shape.fps
    unknown = set(arguments) - set(inspect.signature(type(pipe).__call__).parameters)
    if unknown:
        raise PopcornError(
            f"{type(pipe).__name__} does not take {', '.join(sorted(unknown))}: it is no text-to-video pipeline that "
            "is known here, or another version of diffusers is installed."
        )
    return arguments


@contextmanager
def watched(scheduler: Any, on_step: OnStep) -> Iterator[list[float]]:
    """Call `on_step` after every step of this scheduler; yields the times at which steps ended.

    The step is wrapped in a subclass that the scheduler is given for the while: unlike a function put on the instance,
    it does not follow into the copy that some pipelines make of their scheduler for sound.
    """
    plain = type(scheduler)
    times: list[float] = []

    @wraps(plain.step)
    def step(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = plain.step(self, *args, **kwargs)
        if self is scheduler:
            times.append(time.perf_counter())
            total = len(self.timesteps)
            on_step(min(len(times), total), total + 1)
        return result

    scheduler.__class__ = type(plain.__name__, (plain,), {"step": step})
    try:
        yield times
    finally:
        scheduler.__class__ = plain


def visible(frames: NDArray[Any]) -> NDArray[np.uint8]:
    """Frames from 0..1 to 0..255; raises PopcornError for numbers that are none, which would show as black."""
    if frames.dtype == np.uint8:
        return frames
    if not np.isfinite(frames).all():
        raise PopcornError(
            "The model computed numbers that are not finite; choose another --memory tier or --speed plain."
        )
    return np.asarray(np.clip(np.rint(frames * 255), 0, 255), np.uint8)


def _sound(pipe: Any, output: Any) -> Sound | None:
    sound = getattr(output, "audio", None)
    if sound is None:
        return None
    return Sound(np.asarray(sound[0].float().cpu(), np.float32), int(pipe.vocoder.config.output_sampling_rate))


def _reset_peak() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def _peak() -> float | None:
    import torch

    return torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else None
