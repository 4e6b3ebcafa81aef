"""Technical signals of a finished clip, measured on its frames without any learnt weights, and the faults they show."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .video import decode_frames, probe

LONG_SIDE = 256  # pixels at which luma is measured: enough for every signal here, a fourteenth of the work of 544x960
FLOW_RATE = 8.0  # frame pairs per second whose optical flow is computed
STILL = 0.05  # mean change of luma (of 255) under which two frames are the same picture
BLACK = 10.0  # 95th percentile of luma (of 255) under which a frame is black


def measure(path: Path) -> dict[str, float]:
    """Signals of a video file; raises PopcornError for a file that is cut off or no video.

    frozen_share and black_share: share of frames (0 to 1) equal to the one before, and black. flicker: jumps of mean
    brightness back and forth, in steps of 255. brightness, contrast: mean and spread of luma, 0 to 1. sharpness: mean
    Laplacian relative to contrast. grain: share of that detail which does not last to the next frame. motion: mean
    optical flow in long sides per second. warp_error: luma (of 255) that motion does not explain, at 8 frames a second.
    """
    info = probe(path)
    frames = np.stack(list(decode_frames(path, gray=True, long_side=LONG_SIDE)))
    fps = info.fps or len(frames) / max(info.seconds, 0.001)
    signals = {
        "seconds": info.seconds,
        "frames": float(len(frames)),
        "fps": fps,
        "width": float(info.width),
        "height": float(info.height),
        "megabytes": path.stat().st_size / 1e6,
        **_light(frames),
        **_detail(frames),
        **_motion(frames, fps),
    }
    return {name: round(float(value), 5) for name, value in signals.items()}


def _light(frames: NDArray[np.uint8]) -> dict[str, float]:
    thin = frames[:, ::2, ::2]
    means = thin.mean(axis=(1, 2), dtype=np.float64)
    jumps = np.abs(np.diff(means, 2)) / 2  # a fade has none, a cut two, flicker one a frame
    return {
        "brightness": means.mean() / 255,
        "contrast": thin.std(axis=(1, 2), dtype=np.float32).mean() / 255,
        "black_share": float(np.mean(np.percentile(thin, 95, axis=(1, 2)) < BLACK)),
        "flicker": float(np.mean(jumps)) if len(jumps) else 0.0,
    }


def _detail(frames: NDArray[np.uint8]) -> dict[str, float]:
    import cv2

    changes = [cv2.norm(a, b, cv2.NORM_L1) / a.size for a, b in itertools.pairwise(frames)]
    sharpness, grain = [], []
    for index in range(0, len(frames) - 1, 3):
        first, second = (cv2.Laplacian(frames[i], cv2.CV_32F) for i in (index, index + 1))
        detail = float(np.abs(first).mean())
        sharpness.append(detail / max(float(frames[index].std()), 4.0))
        if detail > 0.1:
            grain.append(float(np.abs(second - first).mean()) / detail)
    return {
        "frozen_share": float(np.mean(np.array(changes) < STILL)) if changes else 1.0,
        "change": float(np.mean(changes)) if changes else 0.0,
        "sharpness": float(np.median(sharpness)) if sharpness else 0.0,
        "grain": float(np.median(grain)) if grain else 0.0,
    }


def _motion(frames: NDArray[np.uint8], fps: float) -> dict[str, float]:
    import cv2

    stride = max(1, round(fps / FLOW_RATE))
    kept = frames[::stride]
    flow_of = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    rows, columns = np.mgrid[0 : frames.shape[1], 0 : frames.shape[2]].astype(np.float32)
    lengths, errors = [], []
    for first, second in itertools.pairwise(kept):
        flow: Any = flow_of.calc(first, second, None)
        lengths.append(float(np.hypot(flow[..., 0], flow[..., 1]).mean()))
        warped = cv2.remap(second, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR)
        errors.append(cv2.norm(warped, first, cv2.NORM_L1) / first.size)
    return {
        "motion": float(np.mean(lengths)) / max(frames.shape[1:]) * fps / stride if lengths else 0.0,
        "warp_error": float(np.median(errors)) if errors else 0.0,
    }


def seen(signals: dict[str, float]) -> list[str]:
    """What is sound but unlike the three real micro-videos that were measured, each one sentence with its figure.

    They moved by 0.05 to 0.23 of their long side a second, stood still in at most 23 % of their frames, and were 0.24
    to 0.30 bright. The limits leave twice that room, for three videos are few.
    """
    found = []
    motion, still, light = (signals.get(name) for name in ("motion", "frozen_share", "brightness"))
    if motion is not None and motion < 0.025:
        found.append(
            f"The clip moves by {motion:.3f} of its long side a second; real ones 0.05 or more: ask for action."
        )
    if motion is not None and motion > 0.5:
        found.append(
            f"The clip moves by {motion:.2f} of its long side a second; real ones up to 0.23: ask for one calm shot."
        )
    if still is not None and still > 0.46:
        found.append(f"The picture stands still in {still:.0%} of the frames: describe movement that goes on.")
    if light is not None and light < 0.12:
        found.append(f"The clip is dark (brightness {light:.2f} of 1; real ones 0.24 or more): ask for more light.")
    return found


def faults(signals: dict[str, float], *, seconds: float, width: int, height: int) -> list[str]:
    """Faults that no popularity outweighs, each one sentence; none for a sound clip of the expected length and size.

    The limits lie between what three real micro-videos measure and what the same videos measure once they are frozen,
    blacked out, darkened, overexposed, flickering, blurred or noisy.
    """
    found = [
        sentence
        for broken, sentence in (
            (signals["black_share"] >= 0.5, "The clip is black for half of its time or more: describe a lit scene."),
            (signals["brightness"] < 0.06, "The clip is too dark to see: set the scene in daylight or bright light."),
            (signals["brightness"] > 0.92, "The clip is overexposed: describe a darker background."),
            (signals["contrast"] < 0.015, "The clip is one flat colour: describe a subject against a background."),
            (signals["frozen_share"] >= 0.9, "The picture stands still: describe what moves, and a camera move."),
            (signals["flicker"] > 12, "The clip flickers: describe steady light without flashes."),
            (0 < signals["sharpness"] < 0.1, "The clip is out of focus: describe one clear subject in sharp focus."),
            (signals["sharpness"] > 0.6 and signals["grain"] > 1, "The clip is noise: describe a simpler scene."),
        )
        if broken
    ]
    if found[1:] and signals["black_share"] >= 0.5:
        found = found[:1]  # a black clip is also dark, flat and still: one reason says it all
    if abs(signals["seconds"] - seconds) > max(0.1, 1.5 / max(signals["fps"], 1)):
        found.append(f"The file lasts {signals['seconds']:.2f} s where {seconds:.2f} s were asked: render it again.")
    if (signals["width"], signals["height"]) != (width, height):
        size = f"{signals['width']:.0f}x{signals['height']:.0f}"
        found.append(f"The file measures {size} where {width}x{height} was asked: render it again.")
    return found
