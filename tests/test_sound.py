"""Sound beside the picture: as long as it, heard again, the same bytes twice, and missed where it was promised."""

from pathlib import Path

import av
import numpy as np
import pytest

from popcorn_agents.tools.errors import PopcornError
from popcorn_agents.tools.renderers import RenderRequest, animatic, cache, render
from popcorn_agents.tools.signals import faults, measure
from popcorn_agents.tools.sound import RATE, Sound, read_sound
from popcorn_agents.tools.video import encode, probe

PICTURES = [np.full((64, 64, 3), 60 + 4 * index, np.uint8) for index in range(36)]  # 1.5 s at 24


def tone(seconds: float, hertz: float = 440.0, rate: int = 16_000, channels: int = 2) -> Sound:
    wave = 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    return Sound(np.tile(wave.astype(np.float32), (channels, 1)), rate)


def pitch(samples: np.ndarray) -> float:
    return float(np.abs(np.fft.rfft(samples)).argmax() * RATE / len(samples))


@pytest.mark.parametrize(("seconds", "channels"), [(0.5, 2), (1.5, 1), (4.0, 2)])
def test_sound_lasts_as_long_as_the_picture(tmp_path: Path, seconds: float, channels: int) -> None:
    path = tmp_path / "a.mp4"
    encode(PICTURES, path, fps=24, metadata={}, sound=tone(seconds, channels=channels))
    info = probe(path)
    assert (info.frames, info.seconds, info.has_audio, info.faststart) == (36, 1.5, True, True)
    with av.open(str(path)) as file:
        assert float(file.duration / av.time_base) == pytest.approx(1.5, abs=0.03)
    sound = read_sound(path, 1.5)
    assert sound is not None
    assert sound.samples.shape[1] == pytest.approx(1.5 * RATE, abs=1100)  # a packet of AAC holds 1,024 samples
    assert pitch(sound.samples[0, 2000:20_000]) == pytest.approx(440, abs=5)
    after = sound.samples[:, int((seconds + 0.1) * RATE) :]
    assert after.size == 0 or np.abs(after).max() < 0.01
    assert read_sound(path, 0.25).samples.shape == (2, RATE // 4)


def test_equal_sound_gives_equal_bytes(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        encode(PICTURES, tmp_path / name, fps=24, metadata={}, sound=tone(1.5))
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_a_silent_file_has_no_sound(tmp_path: Path) -> None:
    encode(PICTURES, tmp_path / "a.mp4", fps=24, metadata={})
    assert read_sound(tmp_path / "a.mp4", 1.5) is None


@pytest.mark.parametrize("samples", [np.full((2, 100), np.nan, np.float32), np.zeros((6, 100), np.float32)])
def test_sound_that_cannot_be_written_leaves_nothing(tmp_path: Path, samples: np.ndarray) -> None:
    with pytest.raises(PopcornError, match="sound"):
        encode(PICTURES, tmp_path / "a.mp4", fps=24, metadata={}, sound=Sound(samples, 16_000))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("has", [True, False])
def test_a_track_too_many_or_too_few_is_a_fault(tmp_path: Path, has: bool) -> None:
    path = tmp_path / "a.mp4"
    encode(PICTURES, path, fps=24, metadata={}, sound=tone(1.5) if has else None)
    signals = measure(path)
    told = [
        [sentence for sentence in faults(signals, seconds=1.5, width=64, height=64, audio=audio) if "sound" in sentence]
        for audio in (has, not has)
    ]
    assert told[0] == []
    assert told[1][0].startswith(f"The file has {'a' if has else 'no'} sound track")


def test_a_promise_of_silence_is_kept(tmp_path: Path) -> None:
    request = RenderRequest(prompt="a dog", seconds=1)
    spec = animatic.plan(request)
    clip = render(request, "animatic", tmp_path)
    assert clip.audio is False
    cache.check_promise(probe(clip.path), spec, clip.path)
    cache.check_promise(probe(clip.path), spec.model_copy(update={"audio": None}), clip.path)
    with pytest.raises(PopcornError, match="not what was asked for"):
        cache.check_promise(probe(clip.path), spec.model_copy(update={"audio": True}), clip.path)
