"""Technical signals of a finished clip, measured on its frames without any learnt weights, and the faults they show."""

import itertools
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .video import decode_frames, probe

LONG_SIDE = 256  # pixels at which luma is measured: enough for every signal here, a fourteenth of the work of 544x960
FLOW_RATE = 8.0  # frame pairs per second whose optical flow is computed
STILL = 0.05  # mean change of luma (of 255) under which two frames are the same picture
BLACK = 10.0  # 95th percentile of luma (of 255) under which a frame is black


def measure(path: Path) -> dict[str, float]:
    """Signals of a video file; raises PopcornError for a file that is cut off or no video.

    frozen_share and black_share: share of frames (0 to 1) equal to the one before, and black. longest_still: the
    longest stretch of equal frames, as a share of the clip. audio: 1 with a sound track, else 0. flicker: jumps of mean
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
        "audio": float(info.has_audio),
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
    still = np.array(changes) < STILL
    runs = [len(list(run)) for equal, run in itertools.groupby(still) if equal]
    return {
        "frozen_share": float(np.mean(still)) if changes else 1.0,
        "longest_still": max(runs, default=0) / len(changes) if changes else 1.0,
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


class Fault(NamedTuple):
    """Something that no popularity outweighs: there where every signal lies in its range, ends included."""

    name: str
    ranges: tuple[tuple[str, float, float], ...]
    sentence: str

    def shown_by(self, signals: dict[str, float]) -> bool:
        """Whether these signals show it."""
        return all(low <= signals[name] <= high for name, low, high in self.ranges)


# Each limit lies between what sound clips measure (three-second pieces of three real videos; 22 animatics) and what the
# same pieces measure with the fault; docs/benchmarks.md has the table, `evaluation.benchmarks.signals` measures it.
# A model with 8 frames a second, shown at 24, stands still in two frames of three and yet moves.
FAULTS = (
    Fault("black", (("black_share", 0.25, inf),), "The clip is black for a quarter of its time: describe a lit scene."),
    Fault(
        "dark", (("brightness", 0, 0.08),), "The clip is too dark to see: set the scene in daylight or bright light."
    ),
    Fault("overexposed", (("brightness", 0.88, inf),), "The clip is overexposed: describe a darker background."),
    Fault("flat", (("contrast", 0, 0.03),), "The clip is one flat colour: describe a subject against a background."),
    Fault(
        "frozen", (("frozen_share", 0.85, inf),), "The picture stands still: describe what moves, and a camera move."
    ),
    Fault(
        "stopped",
        (("longest_still", 0.4, inf), ("frozen_share", 0, 0.85)),
        "The picture stands still for long at a stretch: describe movement that goes on to the end.",
    ),
    Fault("flicker", (("flicker", 7, inf),), "The clip flickers: describe steady light without flashes."),
    Fault(
        "blurred",
        (("sharpness", 1e-9, 0.12),),
        "The clip is out of focus: describe one clear subject in sharp focus.",
    ),
    Fault("noise", (("sharpness", 0.6, inf), ("grain", 1.0, inf)), "The clip is noise: describe a simpler scene."),
)


def faults(signals: dict[str, float], *, seconds: float, width: int, height: int, audio: bool = False) -> list[str]:
    """Faults that no popularity outweighs, each one sentence; none for a sound clip of the expected length and size.

    `audio` says whether the clip was made with a sound track.
    """
    found = [fault for fault in FAULTS if fault.shown_by(signals)]
    if found and found[0].name == "black":
        found = found[:1]  # a black clip is also dark, flat and still: one reason says it all
    sentences = [fault.sentence for fault in found]
    if abs(signals["seconds"] - seconds) > max(0.1, 1.5 / max(signals["fps"], 1)):
        sentences.append(
            f"The file lasts {signals['seconds']:.2f} s where {seconds:.2f} s were asked: render it again."
        )
    if (signals["width"], signals["height"]) != (width, height):
        size = f"{signals['width']:.0f}x{signals['height']:.0f}"
        sentences.append(f"The file measures {size} where {width}x{height} was asked: render it again.")
    if bool(signals["audio"]) != audio:
        has, made = ("a", "without one") if signals["audio"] else ("no", "with one")
        sentences.append(f"The file has {has} sound track where the clip was made {made}: render it again.")
    return sentences
