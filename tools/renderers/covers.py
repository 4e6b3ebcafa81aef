"""Covers: the clip's best frame, or a text-to-image pipeline's picture, always of the clip's size."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, PopcornError
from . import Progress, RenderRequest, Spec

Picture = NDArray[np.uint8]
STEPS = 30
LOOK = 256  # long side at which frames are compared
WELL_LIT = 0.15  # distance of the mean luma (of 1) from black or white under which a frame loses


def best_frame(frames: Sequence[Picture]) -> int:
    """The index of the frame, of RGB frames in order, that stands best for the clip; the earliest of equals."""
    return best_look([look(frame) for frame in frames])


def look(frame: Picture) -> Picture:
    """What is judged of an RGB frame: its luma, small."""
    import cv2

    scale = LOOK / max(frame.shape[:2])
    small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else frame
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)


def best_look(looks: Sequence[Picture]) -> int:
    """The index of the best of a clip's looks, in order: sharp, well lit, and neither noisy nor unlike its neighbours.

    Sharpness alone would choose what is torn: noise and broken blocks have more detail than any picture.
    """
    import cv2

    first = [i for i, luma in enumerate(looks) if not i or cv2.norm(luma, looks[i - 1], cv2.NORM_L1) > luma.size / 20]
    own = [looks[i] for i in first]  # a frame that is held counts once: it would be steady beside itself
    details = [cv2.Laplacian(luma, cv2.CV_32F) for luma in own]
    amount = np.array([float(np.abs(detail).mean()) for detail in details])
    # By half in proportion to contrast: a strong edge that is blurred has much detail, an empty frame little of both.
    sharpness = amount / np.sqrt([max(float(luma.std()), 10.0) for luma in own])
    lit = np.array([_lit(luma) for luma in own])
    relative = sharpness / (sharpness + float(np.median(sharpness)) + 1e-6)
    quality = relative * lit * _lasting(details, amount) * _clean(own, amount) * _alike(own)
    return first[int(np.argmax(quality))]


def _lit(luma: Picture) -> float:
    """0 for a black, white or flat frame, 1 for one with light and contrast."""
    mean, spread = float(luma.mean()) / 255, float(luma.std()) / 255
    return min(1.0, max(0.0, min(mean - 0.02, 0.98 - mean)) / WELL_LIT) * min(1.0, spread / 0.1)


def _lasting(details: list[Any], amount: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 where a frame's detail is that of a neighbour, near 0 where it is new in either: noise, and fast motion."""
    changed = np.array([float(np.abs(b - a).mean()) for a, b in itertools.pairwise(details)])
    around = np.full(len(details), np.inf)
    around[1:] = changed
    around[:-1] = np.minimum(around[:-1], changed)
    grain = np.where(np.isinf(around), 0.0, around / (amount + 1e-6))
    return np.asarray(np.clip(1.45 - grain, 0.05, 1.0))


def _clean(lumas: list[Picture], amount: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 for pictures, near 0 where detail goes away at half the size, as noise does.

    Measured: real videos and animatics have 0.5 to 0.7 times as much detail at full as at half the size, lettering up
    to 1.1 times, and all of them 0.9 to 1.6 times with noise.
    """
    import cv2

    half = [cv2.resize(luma, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for luma in lumas]
    ratio = amount / (np.array([float(np.abs(cv2.Laplacian(luma, cv2.CV_32F)).mean()) for luma in half]) + 1e-6)
    usual = max(0.8, 1.3 * float(np.median(ratio)))
    return np.asarray(np.clip(1 - (ratio - usual) / 0.4, 0.05, 1.0))


def _alike(lumas: list[Picture]) -> NDArray[np.float64]:
    """1 where a frame looks like the one shortly before or after it, little where it is torn out of the clip."""
    import cv2

    tiny = [cv2.resize(luma, (24, 24), interpolation=cv2.INTER_AREA).astype(np.float32) for luma in lumas]
    apart = max(2, round(len(tiny) / 15))

    def off_by(i: int) -> float:
        others = (tiny[j] for j in (i - apart, i + apart) if 0 <= j < len(tiny))
        return min((float(np.abs(tiny[i] - other).mean()) for other in others), default=0.0)

    off = np.array([off_by(i) for i in range(len(tiny))])
    return np.asarray(1 / (1 + (off / (2 * float(np.median(off)) + 4)) ** 2))


def load_painter(folder: str, device: str) -> Any:
    """Any text-to-image pipeline saved by diffusers, safetensors only; raises PopcornError for one that is damaged."""
    import torch
    from diffusers import AutoPipelineForText2Image
    from safetensors import SafetensorError

    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    try:
        pipe = AutoPipelineForText2Image.from_pretrained(
            folder, dtype=dtype, use_safetensors=True, local_files_only=True
        )
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise PopcornError(
            f"The cover model in {Path(folder).name} could not be loaded ({reason}); name another with --cover-model."
        ) from error
    pipe.set_progress_bar_config(disable=True)
    if device == "cuda":
        pipe.enable_model_cpu_offload()  # the video model keeps its place on the device
    return pipe


def paint(pipe: Any, prompt: str, size: tuple[int, int], seed: int) -> Picture:
    """One picture of exactly `size` (width, height): made on the next multiples of 16 and cropped."""
    import torch

    width, height = size
    across, down = (-(-side // 16) * 16 for side in size)
    made = pipe(
        prompt=prompt,
        width=across,
        height=down,
        num_inference_steps=STEPS,
        generator=torch.Generator("cpu").manual_seed(seed),
        output_type="np",
    )
    picture = np.asarray(made.images[0])
    if not np.isfinite(picture).all():
        raise PopcornError("The cover model computed numbers that are not finite; name another with --cover-model.")
    top, left = (down - height) // 2, (across - width) // 2
    cut = picture[top : top + height, left : left + width]
    return np.asarray(np.clip(np.rint(cut * 255), 0, 255), np.uint8)


def cover_source(model: str | None) -> tuple[str, str | None]:
    """(What identifies the cover's maker, its folder); the best frame where no model is named. Raises InputError."""
    from .sources import cached_snapshot, fingerprint

    if model is None:
        return "best frame", None
    folder = Path(model).expanduser()
    if (folder / "model_index.json").is_file():
        return f"{folder.resolve().name}@{fingerprint(folder)}", str(folder.absolute())
    snapshot = cached_snapshot(model)
    if snapshot is None:
        raise InputError(
            f"There is no cover model {model[:200]!r} on this machine: name a folder saved by diffusers, or fetch it "
            "first with `hf download`."
        )
    return f"{model}@{snapshot.name}", str(snapshot)


def paint_in_worker(request: RenderRequest, spec: Spec, cover: Path, progress: Progress) -> None:
    """The cover of a text-to-image model, painted by the render worker."""
    from . import pool
    from .devices import device

    job = {
        "folder": cover_source(request.cover_model)[1],
        "device": device().kind,
        "prompt": request.cover_prompt or request.prompt,
        "width": spec.width,
        "height": spec.height,
        "seed": request.seed,
        "path": str(cover.absolute()),
    }
    try:
        pool.run({"cover": job}, progress, spec.frames)
    except pool.OutOfMemoryError as error:
        raise PopcornError("The cover model ran out of memory; name a smaller one with --cover-model.") from error


def png(picture: Picture) -> bytes:
    """The picture as PNG bytes."""
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()
