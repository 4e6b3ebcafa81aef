"""From seconds and an aspect to what a model can make and what the file shall be; a wrong value is refused by name."""

import math
import re

from pydantic import BaseModel, ConfigDict

from ..errors import InputError
from . import RenderRequest
from .specs import ModelSpec, Preset, Size

SMOOTH = 23  # frames a second from which platforms take a clip; slower models are shown at PLAYBACK
PLAYBACK = 24
OFF_ASPECT = 0.01  # share by which a generated picture may miss the asked aspect before it is cropped


class Shape(BaseModel):
    """What is generated (multiples and frame rule of the model) and what is written (exactly what was asked)."""

    model_config = ConfigDict(frozen=True)

    width: int
    height: int
    frames: int
    fps: int
    out_width: int
    out_height: int
    out_frames: int
    out_fps: int


def shape_of(request: RenderRequest, row: ModelSpec, preset: Preset | None) -> Shape:
    """The shape that fills the request; raises InputError with the nearest valid value for what cannot be made."""
    width, height = _size(request, row, preset)
    fps = preset.fps if preset else row.fps
    out_fps = request.fps or (preset.fps if preset else row.fps if row.fps >= SMOOTH else PLAYBACK)
    frames = request.frames or (preset.frames if preset else None)
    if frames is None:
        frames = frames_for(request.seconds, fps, row)
        out_frames = max(1, round(request.seconds * out_fps))
    else:
        check_frames(frames, row)
        out_frames = max(1, round(frames / fps * out_fps))
    whole = request.size is not None or preset is not None
    out_width, out_height = (width, height) if whole else crop(width, height, request.aspect)
    return Shape(
        width=width, height=height, frames=frames, fps=fps,
        out_width=out_width, out_height=out_height, out_frames=out_frames, out_fps=out_fps,
    )  # fmt: skip


def frames_for(seconds: float, fps: int, row: ModelSpec) -> int:
    """The smallest number of frames by the model's rule that lasts `seconds`; InputError beyond what it can make."""
    needed = max(1, math.ceil(round(seconds * fps, 6)))
    frames = math.ceil((needed - 1) / row.frame_step) * row.frame_step + 1
    if frames > row.max_frames:
        longest = math.floor(row.max_frames / fps * 10) / 10
        raise InputError(f"{row.name} makes at most {longest:g} s in one clip; ask for --seconds {longest:g} or less.")
    return frames


def check_frames(frames: int, row: ModelSpec) -> None:
    """Raise InputError, naming the nearest valid count, for frames that the model would silently change."""
    step, most = row.frame_step, row.max_frames
    nearest = min(most, max(1, round((frames - 1) / step) * step + 1))
    if frames != nearest:
        raise InputError(
            f"{row.name} makes {step}k+1 frames, {most} at most, and {frames} is not; nearest: --frames {nearest}."
        )


def check_size(size: Size, row: ModelSpec) -> None:
    """Raise InputError, naming the nearest valid size, for one that the model would change or crash on."""
    nearest = tuple(max(row.multiple, round(side / row.multiple) * row.multiple) for side in size)
    if nearest != size:
        asked, valid = ("x".join(str(side) for side in pair) for pair in (size, nearest))
        raise InputError(
            f"{row.name} needs sides that are multiples of {row.multiple}, not {asked}; try --size {valid}."
        )


def crop(width: int, height: int, aspect: str) -> Size:
    """The largest size of even sides and this aspect inside a picture; the picture itself where it is near enough."""
    across, down = (int(part) for part in aspect.split(":"))
    wanted = across / down
    if abs(width / height / wanted - 1) <= OFF_ASPECT:
        return width, height
    if width / height > wanted:
        return 2 * round(height * wanted / 2), height
    return width, 2 * round(width / wanted / 2)


def parse_size(text: str) -> Size:
    """WIDTHxHEIGHT as two numbers; raises InputError."""
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text.strip().lower())
    if match is None or "0" in match.groups():
        raise InputError(f"--size takes WIDTHxHEIGHT, such as 704x480, not {text[:40]!r}.")
    return int(match[1]), int(match[2])


def _size(request: RenderRequest, row: ModelSpec, preset: Preset | None) -> Size:
    size = parse_size(request.size) if request.size else preset.size if preset else row.sizes[request.aspect]
    check_size(size, row)
    return size
