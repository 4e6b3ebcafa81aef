"""What the technical checks catch: sound clips as they are, and copies with one fault each.

The real clips are three-second pieces of the videos of a MicroLens copy (POPCORN_MICROLENS), at most three of each.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...tools.signals import FAULTS, faults, measure
from ...tools.video import Frame, decode_frames, encode, probe

if TYPE_CHECKING:
    from rich.table import Table

Frames = list[Frame]
SECONDS = 3
PIECES = 3
LONG_SIDE = 480
PROMPTS = (
    "a boy powers up into a glowing hero at night", "street food at night, steam rising from a wok",
    "a cat on a skateboard in a sunny park", "a dark forest, a lone wolf howls at the moon",
    "snow on a mountain, a skier jumps", "a white studio, a glass of milk splashes",
    "a dog runs on the beach at sunset", "an underwater coral reef with a turtle",
    "a robot paints a portrait in a bright gallery", "a candle burns in a dark room",
    "a football match, a striker shoots", "city traffic at night, neon rain", "a chef cuts an onion in a kitchen",
    "a baby laughs in a sunlit room", "a desert storm, a camel walks", "a space rocket launches at dawn",
    "a magic trick with cards on a table", "a girl dances in a club with lights",
    "a house of blocks in a thunderstorm", "fog over a lake in the morning", "fireworks over a river",
    "a car drifts on a race track",
)  # fmt: skip


class Spoiler(NamedTuple):
    """A way to spoil frames, by strength: from one that a viewer may forgive to one that nobody would."""

    spoil: Callable[[Frames, float], Frames]
    strengths: tuple[float, ...]


def _bytes(values: np.ndarray) -> Frame:
    return np.asarray(np.clip(values, 0, 255), np.uint8)


def _stopped(frames: Frames, share: float) -> Frames:
    moving = max(1, len(frames) - round(share * len(frames)))
    return frames[:moving] + [frames[moving - 1]] * (len(frames) - moving)


def _black(frames: Frames, share: float) -> Frames:
    count = round(share * len(frames))
    return [frame * 0 for frame in frames[:count]] + frames[count:]


def _dark(frames: Frames, light: float) -> Frames:
    return [_bytes(frame.astype(np.float32) * light) for frame in frames]


def _overexposed(frames: Frames, light: float) -> Frames:
    return [_bytes(frame.astype(np.float32) * light + 20 * (light - 1)) for frame in frames]


def _flicker(frames: Frames, swing: float) -> Frames:
    return [_bytes(frame * (1 + swing if index % 2 else 1 - swing)) for index, frame in enumerate(frames)]


def _blurred(frames: Frames, sigma: float) -> Frames:
    import cv2

    return [np.asarray(cv2.GaussianBlur(f, (0, 0), sigma * max(f.shape[:2])), np.uint8) for f in frames]


def _noise(frames: Frames, sigma: float) -> Frames:
    draw = np.random.default_rng(0)
    return [_bytes(frame + draw.normal(0, sigma, frame.shape)) for frame in frames]


def _flat(frames: Frames, contrast: float) -> Frames:
    return [_bytes(frame.mean() + contrast * (frame - frame.mean())) for frame in frames]


SPOILERS = {
    "stopped": Spoiler(_stopped, (0.3, 0.5, 0.7)),  # share of the clip
    "frozen": Spoiler(_stopped, (0.9, 1.0)),
    "black": Spoiler(_black, (0.1, 0.3, 1.0)),
    "dark": Spoiler(_dark, (0.5, 0.3, 0.15)),  # of the light
    "overexposed": Spoiler(_overexposed, (2, 4, 8)),  # times the light
    "flicker": Spoiler(_flicker, (0.03, 0.1, 0.2)),  # up and down by this share
    "blurred": Spoiler(_blurred, (0.002, 0.006, 0.02)),  # sigma in long sides
    "noise": Spoiler(_noise, (10, 30, 60)),  # sigma of 255
    "flat": Spoiler(_flat, (0.3, 0.1, 0.03)),  # of the contrast
}
SIGNAL = {fault.name: fault.ranges[0][0] for fault in FAULTS}


def pieces(video: Path) -> Iterator[tuple[int, Frames]]:
    """Three-second pieces spread over a video, at most 30 frames a second: (fps, frames)."""
    info = probe(video)
    step = max(1, round(info.fps / 30))
    fps = round(info.fps / step)
    every = (frame for i, frame in enumerate(decode_frames(video, long_side=LONG_SIDE)) if i % step == 0)
    starts = range(0, info.frames // step - SECONDS * fps + 1, SECONDS * fps)
    at = 0
    for start in list(starts)[:: max(1, len(starts) // PIECES)][:PIECES]:
        piece = list(islice(every, start - at, start - at + SECONDS * fps))
        at = start + len(piece)
        yield fps, [np.ascontiguousarray(f[: f.shape[0] // 2 * 2, : f.shape[1] // 2 * 2]) for f in piece]


def spoilt(name: str, frames: Frames, strength: float, fps: int, folder: Path) -> dict[str, float]:
    """The signals of the frames with one fault of this strength, written to a file and read back."""
    path = folder / "spoilt.mp4"
    encode(SPOILERS[name].spoil(frames, strength), path, fps=fps, metadata={})
    return measure(path)


def sound(found: list[dict[str, float]]) -> tuple[dict[str, tuple[float, float]], int]:
    """Of clips without a fault: lowest and highest of every signal that has a limit, and how many are vetoed."""
    names = dict.fromkeys(name for fault in FAULTS for name, _, _ in fault.ranges)
    spread = {name: (min(s[name] for s in found), max(s[name] for s in found)) for name in names}
    return spread, sum(bool(vetoes(signals)) for signals in found)


def vetoes(signals: dict[str, float]) -> list[str]:
    """What the checks say of a clip that has the length and size that were asked."""
    width, height = int(signals["width"]), int(signals["height"])
    return faults(signals, seconds=signals["seconds"], width=width, height=height)


def animatics(folder: Path) -> list[dict[str, float]]:
    """The signals of an animatic for each prompt, in all aspects."""
    from ...tools.renderers import RenderRequest, render

    aspects = ("9:16", "16:9", "1:1")
    requests = [
        RenderRequest(prompt=prompt, title=prompt[:40], seed=seed, aspect=aspects[seed % 3])
        for seed, prompt in enumerate(PROMPTS)
    ]
    return [measure(render(request, "animatic", folder).path) for request in requests]


def main() -> None:
    """Print the tables: sound clips, then what is caught of each fault."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=100)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kinds = {f"{len(PROMPTS)} animatics": animatics(folder)}
        table: Table | None = None
        if os.environ.get("POPCORN_MICROLENS"):
            videos = sorted((Path(os.environ["POPCORN_MICROLENS"]) / "videos").glob("*.mp4"))
            real = [piece for video in videos for piece in pieces(video)]
            as_they_are = []
            for fps, frames in real:
                encode(frames, folder / "real.mp4", fps=fps, metadata={})
                as_they_are.append(measure(folder / "real.mp4"))
            kinds[f"{len(real)} pieces of {len(videos)} real videos"] = as_they_are
            table = _caught(real, folder)
        console.print(_sound_table(kinds))
        console.print(table or "Name a MicroLens copy in POPCORN_MICROLENS to measure what is caught of each fault.")


def _sound_table(kinds: dict[str, list[dict[str, float]]]) -> "Table":
    from rich.table import Table

    table = Table("signal", "vetoed where", *kinds, title="Sound clips: lowest and highest")
    spreads = {kind: sound(found) for kind, found in kinds.items()}
    for fault in FAULTS:
        for signal, low, high in fault.ranges:
            where = f"{low:g} or more" if np.isinf(high) else f"{high:g} or less"
            ranges = (spread[signal] for spread, _ in spreads.values())
            table.add_row(f"{fault.name}: {signal}", where, *(f"{least:.3f} to {most:.3f}" for least, most in ranges))
    table.add_row("falsely vetoed", "", *(str(count) for _, count in spreads.values()))
    return table


def _caught(real: list[tuple[int, Frames]], folder: Path) -> "Table":
    from rich.table import Table

    table = Table(
        "fault", "strength", "signal", "median", "range", "named", "vetoed", title=f"{len(real)} spoilt pieces each"
    )
    for name, spoiler in SPOILERS.items():
        fault = next(fault for fault in FAULTS if fault.name == name)
        for strength in spoiler.strengths:
            found = [spoilt(name, frames, strength, fps, folder) for fps, frames in real]
            values = [signals[SIGNAL[name]] for signals in found]
            table.add_row(
                name,
                f"{strength:g}",
                SIGNAL[name],
                f"{np.median(values):.3f}",
                f"{min(values):.3f} to {max(values):.3f}",
                f"{np.mean([fault.shown_by(signals) for signals in found]):.0%}",
                f"{np.mean([bool(vetoes(signals)) for signals in found]):.0%}",
            )
    return table


if __name__ == "__main__":
    main()
