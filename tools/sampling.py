"""Evenly spaced frames of a clip, without decoding the rest of it."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .errors import PopcornError
from .video import Frame, opened, read_packets, to_array

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

    Packets = list[Packet[VideoStream]]

# Where the frames that are not wanted can be passed over: the decoder leaves out what no other frame needs, and the
# container's time stamps are those of the frames.
SKIPS = ("h264", "hevc")
TIMED = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")


def sample_frames(path: Path, n: int) -> Frame:
    """`n` evenly spaced RGB frames, shape (n, H, W, 3); the clip is cut into n parts and the middle of each is taken.

    Decodes only what these frames need and converts only them, several times faster than seeking to each.
    """
    with opened(path) as (container, stream):
        packets, _ = read_packets(container, stream, path)
        if stream.codec_context.name in SKIPS and container.format.name in TIMED:
            kept = _picked(stream, packets, n)
        else:
            kept = _in_order(container, stream, len(packets), n)
    if len(kept) < n:
        raise PopcornError(f"{path} ends before its last frames; render it again or choose another file.")
    return np.stack(kept)


def _middles(total: int, n: int) -> list[int]:
    return [int((i + 0.5) * total / n) for i in range(n)]


def _picked(stream: "VideoStream", packets: "Packets", n: int) -> list[Frame]:
    """The frames by their time stamps, decoded from the key frame before each and without what none of them needs."""
    times = sorted(packet.pts for packet in packets if packet.pts is not None and not packet.is_discard)
    wanted = [times[index] for index in _middles(len(times), n)] if times else []
    found: dict[int, Frame] = {}
    context = stream.codec_context
    for run in _runs(packets, set(wanted)):
        for packet in (*run, None):
            context.skip_frame = "DEFAULT" if packet is None or packet.pts in wanted else "NONREF"
            for frame in context.decode(packet):
                if frame.pts in wanted:
                    found[frame.pts] = to_array(frame)
        context.flush_buffers()
    return [found[time] for time in wanted if time in found]


def _runs(packets: "Packets", wanted: set[int]) -> "list[Packets]":
    """Stretches in decoding order, each from a key frame to the last wanted frame that hangs on it."""
    keys = [index for index, packet in enumerate(packets) if packet.is_keyframe]
    ends: dict[int, int] = {}
    for index, packet in enumerate(packets):
        if packet.pts in wanted:
            # A picture shown before a key frame that it is stored behind hangs on the key frame before that one.
            before = (key for key in keys if key <= index and (packets[key].pts or 0) <= packet.pts)
            ends[max(before, default=0)] = index
    return [packets[start : end + 1] for start, end in ends.items()]


def _in_order(container: "InputContainer", stream: "VideoStream", total: int, n: int) -> list[Frame]:
    container.seek(0)
    wanted = _middles(total, n)
    kept: list[Frame] = []
    for index, frame in enumerate(container.decode(stream)):
        count = wanted.count(index)
        if count:
            kept.extend([to_array(frame)] * count)
        if len(kept) == n:
            break
    return kept
