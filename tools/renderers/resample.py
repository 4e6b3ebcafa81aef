"""Generated frames made into exactly the asked ones: in time by holding the frame that is due, in space by cropping."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .sizing import Shape

Frames = NDArray[np.uint8]


def exactly(frames: Frames, shape: Shape) -> Iterator[Frames]:
    """Of (n, H, W, 3) frames at `shape.fps`, the `out_frames` frames at `out_fps`, cropped around the centre.

    Each moment shows the generated frame that is due; nothing is blended, so that no ghost is added to the picture.
    """
    top, left = (frames.shape[1] - shape.out_height) // 2, (frames.shape[2] - shape.out_width) // 2
    window = (slice(top, top + shape.out_height), slice(left, left + shape.out_width))
    for index in due(len(frames), shape.fps, shape.out_frames, shape.out_fps):
        yield frames[index][window]


def due(count: int, fps: float, out_frames: int, out_fps: float) -> list[int]:
    """Which of `count` frames at `fps` is on screen at each of `out_frames` moments at `out_fps`."""
    return [min(count - 1, int(moment / out_fps * fps + 1e-6)) for moment in range(out_frames)]
