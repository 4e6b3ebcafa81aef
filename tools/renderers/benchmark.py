"""Every speed setting of a model beside its plain render, in one run: seconds, memory, change of picture, score."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from ..errors import InputError, PopcornError
from ..signals import faults, measure
from ..video import decode_frames
from . import Clip, Progress, RenderRequest, render
from .sources import locate

Scored = Callable[[Path], float | None]


def scorer(title: str, prompt: str, weights: Path | None, cache: Path) -> tuple[Scored | None, str]:
    """What scores a clip of this title, and a sentence on what the score can tell of the picture.

    Weights that were trained with frames read the clip; others read the title alone, whose score is the same for every
    setting. Without a title nothing is scored.
    """
    from ..popularity.model import load
    from ..popularity.predictor import frames_for, score_titles

    if not title:
        return None, "Not scored by the critic: give the clip a --title."
    if load(weights).card.get("frames") is None:
        rank = score_titles([title], weights=weights)[0].percentile
        return lambda clip: rank, (
            f"The critic puts the title at percentile {rank:.0f}, whatever the setting: its weights read no frames "
            "(--weights of a training with --videos do)."
        )

    def score(clip: Path) -> float:
        return score_titles([title], weights=weights, seen=frames_for(clip, weights, cache, prompt))[0].percentile

    return score, "The critic's percentile is from title and frames."


class Row(BaseModel):
    """One setting's figures; the difference in picture is against the plain render of the same run."""

    speed: str
    seconds: float | None = None
    seconds_per_step: float | None = None
    times_faster: float | None = None
    peak_gib: float | None = None
    psnr: float | None = None
    ssim: float | None = None
    sharpness: float | None = None
    motion: float | None = None
    percentile: float | None = None
    faults: list[str] = []
    effect: bool | None = None
    failed: str = ""


def benchmark(
    request: RenderRequest, renderer: str, keep: Path, progress: Progress, score: Scored | None = None
) -> list[Row]:
    """Render plain, then with each lever of the model's row and its `fast` set; the plain clip is kept in `keep`.

    A setting that fails is a row that says why; `score` gives a clip's percentile. The first render also loads the
    model, which is not counted. Raises InputError for a renderer without levers, and what the plain render raises.
    """
    if renderer != "diffusion":
        raise InputError("--benchmark compares the speed settings of a video model; add --renderer diffusion.")
    row = locate(request.model, request.random_weights).row
    settings = list(dict.fromkeys([*row.levers, ",".join(row.fast)]))
    with tempfile.TemporaryDirectory() as name:
        plain = _fresh(request, "plain", Path(name), progress)
        base = _figures("plain", plain, score)
        rows = [base]
        reference = list(decode_frames(plain.path))
        for speed in settings:
            try:
                clip = _fresh(request, speed, Path(name), progress)
            except PopcornError as error:
                rows.append(Row(speed=speed, failed=str(error)))
                continue
            figures = _figures(speed, clip, score)
            pictures = list(decode_frames(clip.path))
            figures.psnr, figures.ssim = psnr(reference, pictures), ssim(reference, pictures)
            figures.times_faster = _ratio(base.seconds, figures.seconds)
            rows.append(figures)
        for file in (plain.path, plain.cover_path):
            (keep / file.name).write_bytes(file.read_bytes())
    return rows


def _fresh(request: RenderRequest, speed: str, folder: Path, progress: Progress) -> Clip:
    return render(request.model_copy(update={"speed": speed}), "diffusion", folder, progress)


def _figures(speed: str, clip: Clip, score: Scored | None) -> Row:
    timings, used = clip.checks["model_timings"], clip.checks["levers"]
    signals = measure(clip.path)
    return Row(
        speed=speed,
        seconds=timings["first_step"] + timings.get("denoise", 0.0) + timings["decode"],
        seconds_per_step=timings.get("step"),
        peak_gib=clip.checks.get("peak_gib"),
        sharpness=signals["sharpness"],
        motion=signals["motion"],
        percentile=score(clip.path) if score else None,
        faults=faults(signals, seconds=clip.seconds, width=clip.width, height=clip.height, audio=clip.audio),
        effect=all(record["effect"] for record in used.values()) if used else None,
    )


def _ratio(plain: float | None, other: float | None) -> float | None:
    return plain / other if plain and other else None


Pictures = list[NDArray[np.uint8]]


def psnr(reference: Pictures, pictures: Pictures) -> float:
    """Peak signal-to-noise ratio in dB over all frames; 99 for equal ones."""
    pairs = zip(reference, pictures, strict=True)
    error = float(np.mean([np.mean((a.astype(np.float32) - b) ** 2) for a, b in pairs]))
    return 99.0 if error == 0 else min(99.0, 10 * float(np.log10(255**2 / error)))


def ssim(reference: Pictures, pictures: Pictures) -> float:
    """Structural similarity of luma (Gaussian window of 11 pixels), mean over all frames."""
    return float(np.mean([_ssim(a, b) for a, b in zip(reference, pictures, strict=True)]))


def _ssim(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    import cv2

    def blur(values: Any) -> Any:
        return cv2.GaussianBlur(values, (11, 11), 1.5)

    a, b = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) for picture in (first, second))
    mean_a, mean_b = blur(a), blur(b)
    var_a, var_b, cov = blur(a * a) - mean_a**2, blur(b * b) - mean_b**2, blur(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    above = (2 * mean_a * mean_b + c1) * (2 * cov + c2)
    return float(np.mean(above / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))))
