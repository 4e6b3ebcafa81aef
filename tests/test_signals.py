"""Signals of real clips and of copies with one fault each: each fault is named, a sound clip has none."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from popcorn_agents.evaluation.benchmarks.signals import SPOILERS, pieces, spoilt, vetoes
from popcorn_agents.tools.errors import PopcornError
from popcorn_agents.tools.signals import FAULTS, faults, measure
from popcorn_agents.tools.video import encode

Frames = list[np.ndarray]


def scene(count: int = 24) -> Frames:
    """A textured picture under which the camera pans."""
    draw = np.random.default_rng(5)
    large = np.kron(draw.integers(30, 200, (8, 6, 3)), np.ones((80, 80, 1)))
    small = np.kron(draw.integers(0, 40, (160, 120, 3)), np.ones((4, 4, 1)))
    fine = (large + small).astype(np.uint8)
    return [np.ascontiguousarray(fine[2 * i : 2 * i + 480, i : i + 272]) for i in range(count)]


def blurred(frame: np.ndarray) -> np.ndarray:
    import cv2

    return cv2.GaussianBlur(frame, (0, 0), frame.shape[0] / 40)


def faulty(name: str, frames: Frames) -> Iterator[np.ndarray]:
    draw = np.random.default_rng(0)
    for index, frame in enumerate(frames):
        if name == "stands still":
            yield frames[0]
        elif name == "is black":
            yield frame * 0
        elif name == "too dark":
            yield (frame * 0.1).astype(np.uint8)
        elif name == "overexposed":
            yield np.clip(frame.astype(int) + 235, 0, 255).astype(np.uint8)
        elif name == "flickers":
            yield np.clip(frame * (0.7 if index % 2 else 1.15), 0, 255).astype(np.uint8)
        elif name == "out of focus":
            yield blurred(frame)
        elif name == "is noise":
            yield np.clip(frame + draw.normal(0, 60, frame.shape), 0, 255).astype(np.uint8)
        else:
            yield np.full_like(frame, 120 + index % 3 * 3)


NAMED = [
    "stands still", "is black", "too dark", "overexposed", "flickers", "out of focus", "is noise", "one flat colour",
]  # fmt: skip


def judged(path: Path, seconds: float = 1.0, width: int = 272, height: int = 480) -> list[str]:
    return faults(measure(path), seconds=seconds, width=width, height=height)


def test_a_sound_clip_has_no_fault(tmp_path: Path) -> None:
    encode(scene(), tmp_path / "clip.mp4", fps=24, metadata={})
    assert judged(tmp_path / "clip.mp4") == []


@pytest.mark.parametrize("fault", NAMED)
def test_each_fault_is_named(fault: str, tmp_path: Path) -> None:
    encode(faulty(fault, scene()), tmp_path / "clip.mp4", fps=24, metadata={})
    assert any(fault in sentence for sentence in judged(tmp_path / "clip.mp4"))


def test_a_black_clip_is_one_fault_not_five(tmp_path: Path) -> None:
    encode(faulty("is black", scene()), tmp_path / "clip.mp4", fps=24, metadata={})
    assert len(judged(tmp_path / "clip.mp4")) == 1


def test_wrong_length_and_size_are_faults(tmp_path: Path) -> None:
    encode(scene(), tmp_path / "clip.mp4", fps=24, metadata={})
    found = judged(tmp_path / "clip.mp4", seconds=3.0, width=544, height=960)
    assert [sentence.split(" where ")[0] for sentence in found] == [
        "The file lasts 1.00 s",
        "The file measures 272x480",
    ]


def test_motion_is_measured_in_long_sides_per_second(tmp_path: Path) -> None:
    encode(scene(), tmp_path / "clip.mp4", fps=24, metadata={})
    expected = np.hypot(2, 1) * 24 / 480
    assert measure(tmp_path / "clip.mp4")["motion"] == pytest.approx(expected, rel=0.3)


def test_a_single_frame_is_measured(tmp_path: Path) -> None:
    encode(scene(1), tmp_path / "clip.mp4", fps=24, metadata={})
    assert measure(tmp_path / "clip.mp4")["frozen_share"] == 1.0


def test_a_cut_off_file_and_a_text_file_are_one_sentence(tmp_path: Path) -> None:
    encode(scene(), tmp_path / "clip.mp4", fps=24, metadata={})
    blob = (tmp_path / "clip.mp4").read_bytes()
    for name, content in (("cut.mp4", blob[: len(blob) // 2]), ("text.mp4", b"no video")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(PopcornError, match=name):
            measure(tmp_path / name)


def test_a_clip_that_stops_and_one_that_is_partly_black_are_vetoed(tmp_path: Path) -> None:
    frames = scene()
    for broken, told in (
        (frames[:12] + frames[12:13] * 12, "stands still for long"),
        ([frame * 0 for frame in frames[:8]] + frames[8:], "black for a quarter"),
    ):
        encode(broken, tmp_path / "clip.mp4", fps=24, metadata={})
        (sentence,) = judged(tmp_path / "clip.mp4")
        assert told in sentence


def test_a_slow_model_shown_at_24_frames_is_sound(tmp_path: Path) -> None:
    encode([frame for frame in scene(8) for _ in range(3)], tmp_path / "clip.mp4", fps=24, metadata={})
    assert judged(tmp_path / "clip.mp4") == []


@pytest.mark.slow
def test_real_videos_are_sound_and_their_spoilt_copies_are_not(microlens: Path, tmp_path: Path) -> None:
    for video in sorted((microlens / "videos").glob("*.mp4")):
        fps, frames = next(pieces(video))
        encode(frames, tmp_path / "real.mp4", fps=fps, metadata={})
        assert vetoes(measure(tmp_path / "real.mp4")) == []
        for fault in FAULTS:
            signals = spoilt(fault.name, frames, SPOILERS[fault.name].strengths[-1], fps, tmp_path)
            assert fault.shown_by(signals), fault.name
            assert fault.sentence in vetoes(signals)
