"""Covers: the clip's best frame, or a text-to-image pipeline's picture, always of the clip's size."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, PopcornError
from . import Progress, RenderRequest, Spec

Picture = NDArray[np.uint8]
STEPS = 30
WELL_LIT = (0.15, 0.85)  # mean luma (of 1) outside which a frame loses against a duller but visible one


def best_frame(frames: Sequence[Picture]) -> int:
    """The sharpest well-exposed frame's index, of RGB frames; the earliest of equals."""
    return max(range(len(frames)), key=lambda index: (_quality(frames[index]), -index))


def _quality(frame: Picture) -> float:
    import cv2

    scale = 256 / max(frame.shape[:2])
    small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else frame
    luma: Picture = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
    sharpness = float(np.abs(cv2.Laplacian(luma, cv2.CV_32F)).mean())
    mean, spread = float(luma.mean()) / 255, float(luma.std()) / 255
    lit = min(1.0, max(0.0, min(mean - 0.02, 0.98 - mean)) / WELL_LIT[0])
    return sharpness * lit * min(1.0, spread / 0.1)


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
