"""Video files: exact, tagged, deterministic, and honest about damage."""

import itertools
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from popcorn_agents.tools.errors import Cancelled, PopcornError
from popcorn_agents.tools.sampling import sample_frames
from popcorn_agents.tools.video import decode_frames, encode, probe

PATCHES = [(18, 18, 30), (200, 100, 50), *itertools.product((0, 64, 128, 255), repeat=3)]


def numbered(count: int, width: int = 128, height: int = 96) -> list[np.ndarray]:
    """Frames whose brightness tells their number."""
    return [np.full((height, width, 3), 20 + 4 * i, np.uint8) for i in range(count)]


def test_a_clip_is_what_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    encode(numbered(36), path, fps=24, metadata={"title": "Tëst 🎬", "popcorn_seed": "7"})
    info = probe(path)
    assert (info.width, info.height, info.fps, info.frames, info.seconds) == (128, 96, 24.0, 36, 1.5)
    assert (info.codec, info.pix_fmt, info.bt709, info.faststart, info.has_audio) == (
        "h264",
        "yuv420p",
        True,
        True,
        False,
    )
    assert info.color_range == 1
    assert info.metadata["title"] == "Tëst 🎬"
    assert info.metadata["popcorn_seed"] == "7"


def test_equal_frames_give_equal_bytes(tmp_path: Path) -> None:
    dice = np.random.default_rng(1)
    noise = dice.normal(0, 6, (480, 272, 1))
    ramp = np.linspace(40, 180, 272)[None, :, None] + noise + np.zeros((480, 272, 3))
    frames = [np.roll(ramp, 3 * i, axis=1).astype(np.uint8) for i in range(12)]
    written: set[bytes] = set()
    for _ in range(20):  # a wavering encoder shows only now and then
        encode(frames, tmp_path / "a.mp4", fps=24, metadata={"title": "x"})
        written.add((tmp_path / "a.mp4").read_bytes())
    assert len(written) == 1


def test_colours_come_back_within_two_steps(tmp_path: Path) -> None:
    corners = [(i // 11 * 64, i % 11 * 64) for i in range(len(PATCHES))]
    frame = np.zeros((6 * 64, 11 * 64, 3), np.uint8)
    for (top, left), colour in zip(corners, PATCHES, strict=True):
        frame[top : top + 64, left : left + 64] = colour
    encode([frame] * 12, tmp_path / "c.mp4", fps=24, metadata={})
    back = next(decode_frames(tmp_path / "c.mp4")).astype(int)
    for (top, left), colour in zip(corners, PATCHES, strict=True):
        assert np.abs(back[top + 16 : top + 48, left + 16 : left + 48] - colour).max() <= 2, colour


def test_samples_are_the_middles_of_equal_parts(tmp_path: Path) -> None:
    encode(numbered(40), tmp_path / "n.mp4", fps=20, metadata={})
    sampled = sample_frames(tmp_path / "n.mp4", 4)
    assert sampled.shape == (4, 96, 128, 3)
    assert [round((int(frame.mean()) - 20) / 4) for frame in sampled] == [5, 15, 25, 35]


def test_more_samples_than_frames_repeat(tmp_path: Path) -> None:
    encode(numbered(2), tmp_path / "n.mp4", fps=20, metadata={})
    assert sample_frames(tmp_path / "n.mp4", 5).shape == (5, 96, 128, 3)


def drifting(count: int) -> list[np.ndarray]:
    """Detail that moves and a new picture now and then, for which an encoder uses all kinds of frames."""
    dice = np.random.default_rng(3)
    pictures = dice.integers(0, 255, (3, 24, 24, 3)).repeat(4, axis=1).repeat(4, axis=2).astype(np.uint8)
    return [np.roll(pictures[i // 190], i % 190, axis=1) for i in range(count)]


@pytest.mark.parametrize("n", [1, 3, 10, 700])
def test_samples_are_the_very_frames_of_a_full_decode(tmp_path: Path, n: int) -> None:
    path = tmp_path / "n.mp4"
    encode(drifting(540), path, fps=30, metadata={})  # three groups of pictures or more
    every = list(decode_frames(path))
    assert np.array_equal(sample_frames(path, n), np.stack([every[int((i + 0.5) * 540 / n)] for i in range(n)]))


@pytest.mark.parametrize(("container", "codec"), [("avi", "libx264"), ("matroska", "libx264"), ("matroska", "mpeg4")])
def test_other_containers_and_codecs_are_sampled_alike(tmp_path: Path, container: str, codec: str) -> None:
    import av

    path = tmp_path / f"clip.{container}"
    with av.open(str(path), "w", format=container) as file:
        stream = file.add_stream(codec, rate=24, options={"g": "20"})
        stream.width, stream.height, stream.pix_fmt = 96, 96, "yuv420p"
        for frame in drifting(60):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        file.mux(stream.encode())
    every = list(decode_frames(path))
    assert np.array_equal(sample_frames(path, 6), np.stack(every[5::10]))


def test_gray_and_small(tmp_path: Path) -> None:
    encode(numbered(3), tmp_path / "n.mp4", fps=24, metadata={})
    small = list(decode_frames(tmp_path / "n.mp4", gray=True, long_side=64))
    assert [frame.shape for frame in small] == [(48, 64)] * 3
    assert abs(int(small[2].mean()) - 28) <= 2


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.98])
def test_a_cut_off_file_is_refused_in_one_sentence(tmp_path: Path, share: float) -> None:
    whole = tmp_path / "whole.mp4"
    dice = np.random.default_rng(1)
    encode([dice.integers(0, 255, (96, 128, 3), np.uint8) for _ in range(24)], whole, fps=24, metadata={})
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    for read in (probe, lambda path: sample_frames(path, 3)):
        with pytest.raises(PopcornError, match=r"broken\.mp4"):
            read(broken)


def test_no_video_and_no_file(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("not a video")
    for name in ("text.mp4", "missing.mp4"):
        with pytest.raises(PopcornError, match=name):
            probe(tmp_path / name)


@pytest.mark.parametrize(
    "frames",
    [
        [],
        [np.zeros((95, 128, 3), np.uint8)],
        [np.zeros((96, 128, 3), np.float32)],
        [*numbered(1), *numbered(1, width=64)],
    ],
    ids=["none", "odd", "float", "changing"],
)
def test_frames_that_cannot_be_encoded_leave_nothing(tmp_path: Path, frames: list[np.ndarray]) -> None:
    with pytest.raises(PopcornError):
        encode(frames, tmp_path / "clip.mp4", fps=24, metadata={})
    assert list(tmp_path.iterdir()) == []


def test_a_cancelled_encode_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"before")

    def frames():
        yield from numbered(5)
        raise Cancelled("stop")

    with pytest.raises(Cancelled):
        encode(frames(), path, fps=24, metadata={})
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    code = (
        "import numpy as np, pathlib\n"
        "from popcorn_agents.tools.video import encode\n"
        "from popcorn_agents.tools.errors import PopcornError\n"
        "dice = np.random.default_rng(1)\n"
        "frames = (dice.integers(0, 255, (256, 256, 3), np.uint8) for _ in range(40))\n"
        "try:\n    encode(frames, pathlib.Path('clip.mp4'), fps=24, metadata={})\n"
        "except PopcornError as error:\n    print('told:', error)\n"
    )
    limit = 100_000  # a file-size limit stands in for the full disk: the same write fails at the same place
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        check=False,
    )
    assert done.stdout.startswith("told: The video clip.mp4 could not be written"), done.stderr[-500:]
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PopcornError, match="cannot be written"):
        encode(numbered(1), tmp_path / "file" / "clip.mp4", fps=24, metadata={})


def test_the_real_videos_decode(microlens: Path) -> None:
    videos = sorted((microlens / "videos").iterdir())
    assert videos
    for video in videos:
        info = probe(video)
        assert info.frames > 30
        assert next(decode_frames(video, gray=True, long_side=256)).max() > 0
