"""What a model can make, from seconds and an aspect: rounded up, refused with the nearest valid value, cropped."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from popcorn_agents.tools.errors import InputError
from popcorn_agents.tools.renderers import RenderRequest
from popcorn_agents.tools.renderers.resample import due, exactly
from popcorn_agents.tools.renderers.sizing import Shape, crop, shape_of
from popcorn_agents.tools.renderers.specs import BY_NAME, MODELS, ModelSpec

ROWS = pytest.mark.parametrize("row", MODELS, ids=lambda row: row.name)


def shape(row: ModelSpec, **fields: Any) -> Shape:
    request = RenderRequest(prompt="a dog", **fields)
    return shape_of(request, row, row.presets.get(request.preset or ""))


@ROWS
def test_every_row_is_whole(row: ModelSpec) -> None:
    assert set(row.memory) == {"80gb", "24gb", "16gb"}
    assert row.memory["80gb"] > row.memory["24gb"] > row.memory["16gb"]
    assert set(row.fast) <= set(row.levers)
    assert (row.max_frames - 1) % row.frame_step == 0
    assert set(row.sizes) == {"9:16", "16:9", "1:1"}
    for size in row.sizes.values():
        assert all(side % row.multiple == 0 for side in size)


@ROWS
@pytest.mark.parametrize("aspect", ["9:16", "16:9", "1:1"])
def test_three_seconds_come_out_exactly(row: ModelSpec, aspect: Any) -> None:
    made = shape(row, seconds=3.0, aspect=aspect)
    assert (made.frames - 1) % row.frame_step == 0
    assert made.frames / made.fps >= 3.0
    assert (made.frames - row.frame_step) / made.fps < 3.0
    assert made.out_frames == 3 * made.out_fps
    assert made.out_fps >= 23
    across, down = (int(part) for part in aspect.split(":"))
    assert abs(made.out_width / made.out_height / (across / down) - 1) < 0.011
    assert made.out_width % 2 == made.out_height % 2 == 0
    assert made.out_width <= made.width
    assert made.out_height <= made.height


@pytest.mark.parametrize(
    ("name", "size", "frames", "fps", "steps"),
    [
        ("cogvideox-5b", (720, 480), 49, 8, 50),
        ("ltx-video", (704, 480), 161, 15, 50),
        ("hunyuanvideo", (512, 320), 61, 15, 30),
        ("hunyuanvideo-1.5", (544, 960), 49, 24, 30),
    ],
)
def test_the_papers_settings(name: str, size: tuple[int, int], frames: int, fps: int, steps: int) -> None:
    row = BY_NAME[name]
    made = shape(row, preset="paper")
    assert (made.width, made.height, made.frames, made.fps) == (*size, frames, fps)
    assert (made.out_width, made.out_height, made.out_frames, made.out_fps) == (*size, frames, fps)
    assert row.presets["paper"].steps == steps


@pytest.mark.parametrize(
    ("name", "fields", "nearest"),
    [
        ("cogvideox-5b", {"frames": 50}, "--frames 49"),
        ("cogvideox-5b", {"frames": 12}, "--frames 9"),
        ("ltx-video", {"frames": 100}, "--frames 97"),
        ("wan2.1-1.3b", {"frames": 10}, "--frames 9"),
        ("wan2.1-1.3b", {"frames": 85}, "--frames 81"),
        ("cogvideox-5b", {"size": "724x480"}, "--size 720x480"),
        ("ltx-2", {"size": "544x970"}, "--size 544x960"),
        ("hunyuanvideo-1.5", {"size": "540x960"}, "--size 544x960"),
        ("cogvideox-5b", {"size": "wide"}, "704x480"),
        ("cogvideox-5b", {"size": "0x480"}, "704x480"),
        ("cogvideox-5b", {"seconds": 7.0}, "--seconds 6.1"),
    ],
)
def test_a_wrong_value_is_refused_with_the_nearest(name: str, fields: dict[str, Any], nearest: str) -> None:
    with pytest.raises(InputError, match=nearest.replace(".", r"\.")):
        shape(BY_NAME[name], **fields)


@given(st.floats(0.1, 6), st.sampled_from(MODELS))
def test_frames_are_never_too_few(seconds: float, row: ModelSpec) -> None:
    try:
        made = shape(row, seconds=seconds)
    except InputError:
        assert seconds * row.fps > row.max_frames - 1
        return
    assert made.frames >= seconds * row.fps - 1e-3
    assert made.frames <= row.max_frames
    assert made.out_frames == max(1, round(seconds * made.out_fps))


def test_the_frame_that_is_due_is_held() -> None:
    assert due(9, 8, 24, 24) == [n // 3 for n in range(24)]
    assert due(75, 25, 72, 24) == [int(n * 25 / 24) for n in range(72)]
    assert due(4, 24, 4, 24) == [0, 1, 2, 3]
    assert max(due(3, 24, 48, 24)) == 2


def test_frames_are_cropped_around_the_centre() -> None:
    frames = np.zeros((2, 6, 8, 3), np.uint8)
    frames[:, 1:5, 2:6] = 255
    shape = Shape(width=8, height=6, frames=2, fps=1, out_width=4, out_height=4, out_frames=2, out_fps=1)
    assert all(frame.shape == (4, 4, 3) and frame.min() == 255 for frame in exactly(frames, shape))


def test_a_near_aspect_is_left_alone() -> None:
    assert crop(544, 960, "9:16") == (544, 960)
    assert crop(480, 720, "9:16") == (404, 720) or crop(480, 720, "9:16") == (406, 720)
    assert crop(720, 480, "1:1") == (480, 480)
