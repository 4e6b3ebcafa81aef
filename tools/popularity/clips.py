"""The clips of a training set: which rows have one, and what is read of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from .frames import Seen, see
from .rows import Row

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Clips:
    """The rows' clips: DIR/<video_id>.mp4, what encodes and captions their frames, and where that is cached."""

    folder: Path
    encoder: str
    captioner: str | None
    cache: Path

    def path(self, video_id: str) -> Path:
        """Raises InputError for an id that is no plain file name."""
        if Path(video_id).name != video_id or video_id in ("", ".", ".."):
            raise InputError(f"{video_id[:40]!r} cannot name a clip; give ids without slashes.")
        return self.folder / f"{video_id}.mp4"

    def see(self, ids: Sequence[str], tell: Progress) -> Seen:
        """Frame vectors and captions of the clips."""

        def count(done: int, total: int) -> None:
            tell(f"reading frames: {done} of {total} clips")

        return see([self.path(video_id) for video_id in ids], self.encoder, self.captioner, self.cache, count)


def rows_with_clips(rows: list[Row], clips: Clips | None, tell: Progress | None) -> list[Row]:
    """The rows that have a clip; all of them where none are asked for. Raises InputError where no row has one."""
    if clips is None:
        return rows
    kept = [row for row in rows if clips.path(row.video_id).is_file()]
    if not kept:
        raise InputError(f"{clips.folder} holds no clip of the data; name the clips <video_id>.mp4.")
    if tell:
        tell(f"{len(rows) - len(kept)} of {len(rows)} videos have no clip and are left out")
    return kept
