"""The best frame as cover: of clips in which most or some frames are spoilt, never a spoilt one."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from popcorn_agents.tools.renderers.covers import best_frame
from popcorn_agents.tools.video import decode_frames

Frame = np.ndarray
GOOD = range(30, 40)


def scene(count: int) -> list[Frame]:
    """Things of 16 pixels and more, under which the camera pans."""
    draw = np.random.default_rng(5)
    large = np.kron(draw.integers(30, 200, (8, 6, 3)), np.ones((80, 80, 1)))
    small = np.kron(draw.integers(0, 60, (40, 30, 3)), np.ones((16, 16, 1)))
    whole = cv2.GaussianBlur((large + small).astype(np.uint8), (0, 0), 1)
    return [np.ascontiguousarray(whole[i : i + 480, i : i + 272]) for i in range(count)]


def torn(frame: Frame, index: int) -> Frame:
    """Blocks of random colours in the lower half, other ones in every frame."""
    blocks = np.random.default_rng(index).integers(0, 255, (30, 34, 3)).repeat(8, 0).repeat(8, 1)
    return np.concatenate([frame[:240], blocks.astype(np.uint8)[:240, : frame.shape[1]]])


SPOILT: dict[str, Callable[[Frame, int], Frame]] = {
    "black": lambda frame, index: frame * 0,
    "nearly black": lambda frame, index: (frame * 0.05).astype(np.uint8),
    "white": lambda frame, index: np.full_like(frame, 250),
    "fading": lambda frame, index: cv2.convertScaleAbs(frame, alpha=0.2, beta=190),
    "blurred": lambda frame, index: np.asarray(cv2.GaussianBlur(frame, (0, 0), 6), np.uint8),
    "moving fast": lambda frame, index: np.asarray(cv2.blur(frame, (41, 1)), np.uint8),
    "noise": lambda frame, index: np.clip(
        frame + np.random.default_rng(index).normal(0, 50, frame.shape), 0, 255
    ).astype(np.uint8),
    "torn": torn,
}


@pytest.mark.parametrize("name", SPOILT)
def test_of_a_spoilt_clip_a_good_frame_is_shown(name: str) -> None:
    frames = scene(60)
    if name in ("noise", "torn"):  # which come in short bursts: a clip that is all noise is vetoed
        spoilt = [SPOILT[name](frame, i) if 10 <= i < 16 else frame for i, frame in enumerate(frames)]
        assert best_frame(spoilt) not in range(10, 16)
    else:
        spoilt = [frame if i in GOOD else SPOILT[name](frame, i) for i, frame in enumerate(frames)]
        assert best_frame(spoilt) in GOOD


def test_frames_that_are_held_count_once() -> None:
    frames = [frame for frame in scene(9) for _ in range(3)]
    assert best_frame(frames) % 3 == 0
    assert best_frame(frames[:3]) == 0
    assert best_frame([frames[0] * 0] * 5) == 0


def test_fades_at_the_ends_of_real_videos_are_not_the_cover(microlens: Path) -> None:
    for video in sorted((microlens / "videos").glob("*.mp4")):
        frames = [frame for _, frame in zip(range(60), decode_frames(video, long_side=256), strict=False)]
        faded = [(frame * min(1, i / 15, (59 - i) / 15)).astype(np.uint8) for i, frame in enumerate(frames)]
        assert 12 <= best_frame(faded) <= 47
