"""Video files: H.264 MP4s written so that every player shows the same colours, and read back frame by frame."""

import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from .errors import PopcornError

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from .sound import Sound

Frame = NDArray[np.uint8]

BT709 = 1  # the H.264 code point of BT.709 for primaries, transfer and matrix alike
UNSPECIFIED = 2
# Equal frames must give equal bytes. The thread count is part of what x264 decides with, so it is fixed; and its
# AVX-512 code was seen to decide differently from run to run, so it is held to SSE4.2 (which NumPy asks for anyway,
# and which is no slower at this preset).
X264 = {"preset": "veryfast", "crf": "18", "threads": "2", "x264-params": "asm=sse4.2"}
MP4_FLAGS = {"movflags": "+faststart+use_metadata_tags"}


class VideoInfo(BaseModel):
    """What a video file says of itself, with the packets counted; sizes as displayed (rotation applied)."""

    model_config = ConfigDict(frozen=True)

    width: int
    height: int
    fps: float
    frames: int
    seconds: float
    codec: str
    pix_fmt: str
    color_primaries: int
    color_transfer: int
    color_space: int
    color_range: int
    rotation: int = 0
    faststart: bool
    has_audio: bool
    metadata: dict[str, str]

    @property
    def bt709(self) -> bool:
        """Whether all three colour fields are tagged BT.709."""
        return self.color_primaries == self.color_transfer == self.color_space == BT709


def encode(
    frames: Iterable[Frame], path: Path, *, fps: int, metadata: dict[str, str], sound: "Sound | None" = None
) -> None:
    """Write RGB frames (uint8, H x W x 3, even sizes) as a tagged BT.709 H.264 MP4; equal input gives equal bytes.

    Sound is cut, or followed by silence, to the length of the picture.
    The file appears under its name only when it is complete. Raises PopcornError for frames that cannot be encoded
    and for a folder that cannot take the file; what the frame iterator raises passes through.
    """
    import av

    temp = _temp_beside(path)
    try:
        with av.open(str(temp), "w", format="mp4", options=MP4_FLAGS) as container:
            container.metadata.update(metadata)
            _write(container, frames, fps, sound)
        temp.replace(path)
    except (av.FFmpegError, OSError) as error:
        raise PopcornError(f"The video {path} could not be written ({_reason(error)}); check the disk.") from error
    finally:
        temp.unlink(missing_ok=True)


def probe(path: Path) -> VideoInfo:
    """Size, rate, length, codec, colour tags and metadata; raises PopcornError if it is no video or is cut off."""
    with opened(path) as (container, stream):
        packets, seconds = read_packets(container, stream, path)
        container.seek(0)
        first = next(container.decode(stream), None)
        if first is None:
            raise PopcornError(f"{path} holds no picture; render it again or choose another file.")
        turned = first.rotation % 180 != 0
        return VideoInfo(
            width=first.height if turned else first.width,
            height=first.width if turned else first.height,
            fps=float(stream.average_rate or 0),
            frames=len(packets),
            seconds=seconds,
            codec=stream.codec_context.name,
            pix_fmt=stream.codec_context.pix_fmt or "",
            color_primaries=int(first.color_primaries),
            color_transfer=int(first.color_trc),
            color_space=int(first.colorspace),
            color_range=int(first.color_range),
            rotation=first.rotation,
            faststart=_is_faststart(path),
            has_audio=bool(container.streams.audio),
            metadata=dict(container.metadata),
        )


def decode_frames(path: Path, *, gray: bool = False, long_side: int | None = None) -> Iterator[Frame]:
    """Frames in order: RGB (H, W, 3), or with `gray` full-range luma (H, W); shrunk so the long side is `long_side`."""
    with opened(path) as (container, stream):
        for frame in container.decode(stream):
            yield to_array(frame, gray, long_side)


def _temp_beside(path: Path) -> Path:
    temp = path.with_name(f".{path.stem[:40]}-{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temp.touch(exist_ok=False)
    except OSError as error:
        raise PopcornError(f"{path.parent} cannot be written ({_reason(error)}); choose another folder.") from error
    return temp


def _write(container: "OutputContainer", frames: Iterable[Frame], fps: int, sound: "Sound | None") -> None:
    from av.video.frame import VideoFrame
    from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

    from .sound import add_track, write_track

    stream: VideoStream | None = None
    track, index = None, 0
    reformatter = VideoReformatter()
    for index, rgb in enumerate(frames):
        if stream is None:
            stream = _add_stream(container, rgb, fps)
            track = add_track(container) if sound else None
        _check_frame(rgb, index, stream)
        picture = reformatter.reformat(
            VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24"),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )
        picture.pts, picture.time_base = index, Fraction(1, fps)
        container.mux(stream.encode(picture))
    if stream is None:
        raise PopcornError("A video needs at least one frame; the renderer gave none.")
    container.mux(stream.encode())
    if sound is not None and track is not None:
        write_track(container, track, sound, (index + 1) / fps)


def _add_stream(container: "OutputContainer", rgb: Frame, fps: int) -> "VideoStream":
    stream = container.add_stream("libx264", rate=fps, options=X264)
    stream.height, stream.width = rgb.shape[:2]
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base = Fraction(1, fps)
    context.color_primaries = context.color_trc = context.colorspace = context.color_range = BT709
    return stream


def _check_frame(rgb: Frame, index: int, stream: "VideoStream") -> None:
    fits = rgb.dtype == np.uint8 and rgb.shape == (stream.height, stream.width, 3)
    if not fits or stream.height % 2 or stream.width % 2:
        raise PopcornError(
            f"Frame {index} is {rgb.dtype} {rgb.shape}; all frames must be uint8 RGB of one size with even sides."
        )


@contextmanager
def opened(path: Path) -> Iterator[tuple["InputContainer", "VideoStream"]]:
    """The file and its first video stream; what fails while it is read becomes one PopcornError that names the file."""
    import av

    if not path.is_file():
        raise PopcornError(f"There is no video file {path}; check the path.")
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise PopcornError(f"{path} has no video stream; choose another file.")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            yield container, stream
    except av.FFmpegError as error:
        raise PopcornError(
            f"{path} is not a readable video ({_reason(error)}); render it again or choose another file."
        ) from error


def read_packets(
    container: "InputContainer", stream: "VideoStream", path: Path
) -> "tuple[list[Packet[VideoStream]], float]":
    """Packets on disk and their length in seconds; a file that announces more than it holds was cut off."""
    packets = [packet for packet in container.demux(stream) if packet.size]
    if not packets or len(packets) < stream.frames or any(packet.is_corrupt for packet in packets):
        raise PopcornError(
            f"{path} is cut off ({len(packets)} of {stream.frames} frames); render it again or choose another file."
        )
    base = float(stream.time_base or 0)
    if stream.duration:
        return packets, stream.duration * base
    times = [packet.pts for packet in packets if packet.pts is not None]
    span = (max(times) - min(times)) * base if times else 0.0
    return packets, span + (float(1 / stream.average_rate) if stream.average_rate else 0.0)


def to_array(frame: "VideoFrame", gray: bool = False, long_side: int | None = None) -> Frame:
    """A decoded frame as players show it: its own or the usual matrix, full range, turned upright, shrunk if asked."""
    from av.video.reformatter import ColorRange, Colorspace, Interpolation

    scale = min(1.0, long_side / max(frame.width, frame.height)) if long_side else 1.0
    tagged = int(frame.colorspace) != UNSPECIFIED
    fallback = Colorspace.ITU709 if frame.height >= 720 else Colorspace.ITU601  # what players assume
    method = Interpolation.AREA if scale < 1 else Interpolation.BILINEAR
    exact = Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT  # without both, colours are off by up to 3 of 255
    picture = frame.reformat(
        width=max(1, round(frame.width * scale)),
        height=max(1, round(frame.height * scale)),
        format="gray" if gray else "rgb24",
        src_colorspace=None if tagged else fallback,
        dst_color_range=ColorRange.JPEG,
        interpolation=method if gray else method | exact,
    )
    array: Any = picture.to_ndarray()
    if frame.rotation % 90 == 0 and frame.rotation % 360:
        array = np.ascontiguousarray(np.rot90(array, frame.rotation // 90))
    return cast(Frame, array)


def _is_faststart(path: Path) -> bool:
    """Whether the index (moov) lies before the pictures (mdat), so that playing starts before the download ends."""
    with path.open("rb") as file:
        while len(header := file.read(8)) == 8:
            size, kind = int.from_bytes(header[:4], "big"), header[4:]
            if kind in (b"moov", b"mdat"):
                return kind == b"moov"
            if size == 1:
                size = int.from_bytes(file.read(8), "big") - 8
            if size < 8:
                return False
            file.seek(size - 8, os.SEEK_CUR)
    return False


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
