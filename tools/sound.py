"""The sound of a clip: read from a file, made as long as the picture, written beside it as AAC."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .errors import PopcornError
from .video import opened

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer

RATE = 48_000
LAYOUTS = {1: "mono", 2: "stereo"}


@dataclass(frozen=True)
class Sound:
    """Samples of -1 to 1, (channels, n), one channel or two."""

    samples: NDArray[np.float32]
    rate: int


def read_sound(path: Path, seconds: float) -> Sound | None:
    """The first `seconds` of a file's sound in stereo, None where it has none; raises PopcornError where it is damaged.

    Nothing is held in memory beyond these seconds, however long the track is.
    """
    from av.audio.resampler import AudioResampler

    wanted, parts, count = round(seconds * RATE), [], 0
    with opened(path) as (container, _):
        if not container.streams.audio:
            return None
        resampler = AudioResampler(format="fltp", layout="stereo", rate=RATE)
        for frame in container.decode(container.streams.audio[0]):
            for piece in resampler.resample(frame):
                parts.append(piece.to_ndarray())
                count += piece.samples
            if count >= wanted:
                break
        else:
            parts += [piece.to_ndarray() for piece in resampler.resample(None)]
    return Sound(np.concatenate(parts, axis=1)[:, :wanted].astype(np.float32), RATE) if parts else None


def add_track(container: "OutputContainer") -> "AudioStream":
    """A sound track of a file that is being written; to be added before its first packet."""
    return container.add_stream("aac", rate=RATE, layout="stereo")


def write_track(container: "OutputContainer", stream: "AudioStream", sound: Sound, seconds: float) -> None:
    """Write the sound, cut or followed by silence so that it lasts as long as the picture."""
    from av.audio.frame import AudioFrame

    channels, length = sound.samples.shape
    if channels not in LAYOUTS or not np.isfinite(sound.samples).all():
        raise PopcornError(f"The sound has {channels} channels or numbers that are none; it cannot be written.")
    wanted = round(seconds * sound.rate)
    exact: Any = np.zeros((channels, wanted), np.float32)
    exact[:, : min(wanted, length)] = np.clip(sound.samples[:, :wanted], -1, 1)
    frame = AudioFrame.from_ndarray(exact, format="fltp", layout=LAYOUTS[channels])
    frame.sample_rate, frame.pts = sound.rate, 0
    container.mux(stream.encode(frame))
    container.mux(stream.encode())
