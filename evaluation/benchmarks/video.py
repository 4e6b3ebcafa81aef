"""Video files: our encoder beside diffusers' `export_to_video`, sampling beside OpenCV, and what a clip costs besides.

CPU seconds are those of this process and the processes it started, so that other work on the machine does not count.
The clips are an animatic, and the real videos where POPCORN_MICROLENS names a copy.
"""

import os
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...tools.sampling import sample_frames
from ...tools.video import Frame, decode_frames, encode, opened

if TYPE_CHECKING:
    from rich.table import Table

FRAMES = 72  # of each clip: three seconds at 24
SAMPLES = 10
REPEATS = 3
PATCHES = tuple((r, g, b) for r in (0, 128, 255) for g in (0, 128, 255) for b in (0, 128, 255))


class Encoded(NamedTuple):
    """One clip by one encoder: frames per CPU-second, PSNR in dB, size in kB."""

    rate: float
    psnr: float
    kilobytes: float


def cpu_seconds() -> float:
    """CPU time of this process and of its finished children."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def cpu(work: Callable[[], Any], times: int = REPEATS) -> float:
    """Median CPU seconds of one call."""
    taken = []
    for _ in range(times):
        start = cpu_seconds()
        work()
        taken.append(cpu_seconds() - start)
    return statistics.median(taken)


def clips(folder: Path) -> dict[str, Path]:
    """An animatic rendered into `folder`, and the real videos where there are any."""
    from ...tools.renderers import RenderRequest, render

    request = RenderRequest(prompt="A boy in a park turns into a glowing hero at dusk", title="He did it")
    found = {"animatic 544x960": render(request, "animatic", folder).path}
    if os.environ.get("POPCORN_MICROLENS"):
        videos = sorted((Path(os.environ["POPCORN_MICROLENS"]) / "videos").glob("*.mp4"))
        found |= {f"real video {number}": path for number, path in enumerate(videos, 1)}
    return found


def export(frames: list[Frame], path: Path, fps: int) -> None:
    """diffusers' own way to write a clip, from pictures: from its floats it would also have to convert them."""
    from diffusers.utils import export_to_video
    from PIL import Image

    export_to_video([Image.fromarray(frame) for frame in frames], str(path), fps=fps)


def backend() -> str:
    """What `export_to_video` writes with here."""
    from diffusers.utils.import_utils import is_imageio_available

    return "imageio" if is_imageio_available() else "OpenCV's MPEG-4: no imageio"


def encoding(source: Path, folder: Path) -> tuple[Encoded, Encoded]:
    """The first frames of a clip by our encoder and by `export_to_video`."""
    frames = list(islice(decode_frames(source), FRAMES))
    ours, theirs = folder / "ours.mp4", folder / "theirs.mp4"
    results = []
    for path, work in (
        (ours, lambda: encode(frames, ours, fps=24, metadata={})),
        (theirs, lambda: export(frames, theirs, 24)),
    ):
        rate = len(frames) / cpu(work)
        results.append(Encoded(rate, _psnr(frames, _decoded(path, as_written=True)), path.stat().st_size / 1000))
    return results[0], results[1]


def colour_errors(folder: Path) -> tuple[float, float]:
    """Largest error of a flat patch (of 255) as players show the file, ours and that of `export_to_video`."""
    side = 64
    frame = np.zeros((15 * side, 8 * side, 3), np.uint8)
    corners = [(i // 8 * side, i % 8 * side) for i in range(len(PATCHES))]
    for (top, left), colour in zip(corners, PATCHES, strict=True):
        frame[top : top + side, left : left + side] = colour
    encode([frame] * 12, folder / "ours.mp4", fps=24, metadata={})
    export([frame] * 12, folder / "theirs.mp4", 24)
    errors = []
    for name in ("ours.mp4", "theirs.mp4"):
        shown = next(_decoded(folder / name, as_written=False)).astype(int)
        inner = slice(side // 4, -side // 4)
        errors.append(
            max(
                float(np.abs(shown[top : top + side, left : left + side][inner, inner] - colour).max())
                for (top, left), colour in zip(corners, PATCHES, strict=True)
            )
        )
    return errors[0], errors[1]


def _decoded(path: Path, as_written: bool) -> Iterator[Frame]:
    """Frames as players show them or, `as_written`, with the matrix that an untagged file was written with (BT.601)."""
    from av.video.reformatter import ColorRange, Colorspace

    from ...tools.video import BT709, to_array

    with opened(path) as (container, stream):
        for frame in container.decode(stream):
            if not as_written or int(frame.colorspace) == BT709:
                yield to_array(frame)
            else:
                rgb: Any = frame.reformat(
                    format="rgb24", src_colorspace=Colorspace.ITU601, dst_color_range=ColorRange.JPEG
                ).to_ndarray()
                yield rgb


def _psnr(frames: list[Frame], shown: Iterator[Frame]) -> float:
    errors = [np.mean((a.astype(np.float32) - b) ** 2) for a, b in zip(frames, shown, strict=True)]
    return 10 * float(np.log10(255**2 / np.mean(errors)))


def sampling(path: Path) -> tuple[float, float]:
    """CPU seconds for SAMPLES even frames: ours, and seeking to each with OpenCV; RuntimeError if they differ."""
    import cv2

    def seek() -> Frame:
        capture = cv2.VideoCapture(str(path))
        total, found = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), []
        for i in range(SAMPLES):
            capture.set(cv2.CAP_PROP_POS_FRAMES, int((i + 0.5) * total / SAMPLES))
            found.append(cv2.cvtColor(capture.read()[1], cv2.COLOR_BGR2RGB))
        capture.release()
        return np.asarray(np.stack(found), np.uint8)

    difference = float(np.abs(sample_frames(path, SAMPLES).astype(int) - seek()).mean())
    if difference > 3:  # OpenCV converts colours less exactly; another frame is off by more
        raise RuntimeError(f"the sampled frames of {path.name} are not those that OpenCV finds ({difference:.1f})")
    return cpu(lambda: sample_frames(path, SAMPLES)), cpu(seek)


def costs(clip: Path, folder: Path) -> dict[str, float]:
    """Seconds of what happens to a finished three-second clip: CPU, and for the look-up wall-clock as well."""
    from ...tools.provenance import identity, sign, verify
    from ...tools.renderers import RenderRequest, render
    from ...tools.signals import measure
    from ...tools.video import probe

    request = RenderRequest(prompt="a dog", title="Dog")
    render(request, "animatic", folder)
    found = []
    for _ in range(20):
        start = time.perf_counter()
        if not render(request, "animatic", folder).cached:
            raise RuntimeError("the clip was not found again")
        found.append(time.perf_counter() - start)
    plain = folder / "plain.mp4"
    encode(list(decode_frames(clip)), plain, fps=24, metadata={})
    signed = folder / "signed.mp4"
    by = identity()

    def sign_copy() -> None:
        shutil.copy(plain, signed)
        sign(signed, kind="footage", title="t", facts={}, by=by)

    return {
        "rendering the same prompt again, wall-clock, median of 20": statistics.median(found),
        "signing": cpu(sign_copy),
        "verifying": cpu(lambda: verify(signed)),
        "probing": cpu(lambda: probe(signed)),
        "technical checks": cpu(lambda: measure(signed)),
    }


def main() -> None:
    """Print the tables."""
    from rich.console import Console

    from ...tools.renderers.loading import quiet

    quiet()  # export_to_video asks three times for imageio, which the table names
    console = Console(width=100)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = clips(folder)
        console.print(_encoding_table(found, folder))
        ours, theirs = colour_errors(folder)
        console.print(
            f"Largest error (of 255) of {len(PATCHES)} flat colours as players show the file: {ours:.0f} | {theirs:.0f}"
        )
        console.print(_sampling_table(found))
        table = _table("What a three-second clip costs besides, CPU milliseconds", "what", "ms")
        for what, seconds in costs(next(iter(found.values())), folder).items():
            table.add_row(what, f"{1000 * seconds:.0f}")
        console.print(table)


def _encoding_table(found: dict[str, Path], folder: Path) -> "Table":
    title = f"Encoding {FRAMES} frames: ours | export_to_video ({backend()})"
    table = _table(title, "clip", "frames/CPU-s", "ratio", "PSNR dB", "kB")
    for clip, path in found.items():
        ours, theirs = encoding(path, folder)
        table.add_row(
            clip,
            f"{ours.rate:.0f} | {theirs.rate:.0f}",
            f"{ours.rate / theirs.rate:.2f}x",
            f"{ours.psnr:.1f} | {theirs.psnr:.1f}",
            f"{ours.kilobytes:,.0f} | {theirs.kilobytes:,.0f}",
        )
    return table


def _sampling_table(found: dict[str, Path]) -> "Table":
    table = _table(
        f"Sampling {SAMPLES} frames, CPU seconds: ours, and seeking with OpenCV", "clip", "ours", "OpenCV", "ratio"
    )
    pairs = {clip: sampling(path) for clip, path in found.items()}
    pairs["all together"] = (sum(ours for ours, _ in pairs.values()), sum(theirs for _, theirs in pairs.values()))
    for clip, (ours, theirs) in pairs.items():
        table.add_row(clip, f"{ours:.3f}", f"{theirs:.3f}", f"{theirs / ours:.1f}x")
    return table


def _table(title: str, first: str, *others: str) -> "Table":
    from rich.table import Table

    table = Table(title=title)
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


if __name__ == "__main__":
    main()
