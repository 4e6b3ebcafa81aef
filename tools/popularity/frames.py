"""What MMRA reads of a clip: one vector a frame by an image encoder, and captions of the frames; cached by content."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import PopcornError
from ..renderers.cache import write_atomic
from ..sampling import sample_frames
from .features import Floats

FRAMES = 10
CAPTION_TOKENS = 30


class Loaded(NamedTuple):
    """A model with its processor, and what names its weights: a hash of the folder, or a hub name and commit."""

    model: Any
    processor: Any
    identity: str


def frame_vectors(video: Path, encoder: str, cache: Path) -> Floats:
    """Vectors of FRAMES evenly spaced frames, (FRAMES, d); blocking.

    The encoder is a folder or hub name of any image model that `transformers` loads: its image embedding where it has
    one (CLIP, SigLIP), else the first token of the last layer (ViT). Raises PopcornError for a clip or a model that
    cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load, save

    loaded = image_encoder(encoder)
    path = _cached(cache, video, loaded, ".safetensors")
    try:
        return np.asarray(load(path.read_bytes())["frames"])
    except (FileNotFoundError, SafetensorError):
        found = encode(loaded, sample_frames(video, FRAMES))
    write_atomic(path, save({"frames": found}))
    return found


def captions(video: Path, captioner: str, cache: Path) -> list[str]:
    """What a captioning model (BLIP) says of each of FRAMES evenly spaced frames; blocking, greedy, so repeatable."""
    loaded = _captioner(captioner)
    path = _cached(cache, video, loaded, ".json")
    try:
        return [str(text) for text in json.loads(path.read_text(encoding="utf-8"))]
    except (FileNotFoundError, ValueError):
        found = _caption(loaded, sample_frames(video, FRAMES))
    write_atomic(path, json.dumps(found, ensure_ascii=False).encode())
    return found


class Seen(NamedTuple):
    """What was read of n clips: frame vectors (n, FRAMES, d), and each clip's captions as one text, without repeats."""

    visual: Floats
    captions: list[str]


def see(
    videos: Sequence[Path],
    encoder: str,
    captioner: str | None,
    cache: Path,
    progress: Callable[[int, int], None] | None = None,
) -> Seen:
    """Read many clips; without a captioner the captions are empty."""
    visual, texts = [], []
    for done, video in enumerate(videos, 1):
        visual.append(frame_vectors(video, encoder, cache))
        said = captions(video, captioner, cache) if captioner else []
        texts.append(". ".join(dict.fromkeys(said)))
        if progress and (done % 20 == 0 or done == len(videos)):
            progress(done, len(videos))
    return Seen(np.stack(visual), texts)


def encode(loaded: Loaded, frames: Any) -> Floats:
    """One vector a frame, (n, d), of frames (n, H, W, 3) in uint8."""
    import torch

    pixels = loaded.processor(images=list(frames), return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        if hasattr(loaded.model, "get_image_features"):
            answer = loaded.model.get_image_features(pixel_values=pixels)
            vectors = answer if isinstance(answer, torch.Tensor) else answer.pooler_output
        else:
            vectors = loaded.model(pixel_values=pixels).last_hidden_state[:, 0]
    return np.ascontiguousarray(vectors.float().numpy())  # safetensors writes memory as it lies


def _caption(loaded: Loaded, frames: Any) -> list[str]:
    import torch

    inputs = loaded.processor(images=list(frames), return_tensors="pt")
    with torch.inference_mode():
        tokens = loaded.model.generate(**inputs, max_new_tokens=CAPTION_TOKENS, do_sample=False)
    return [text.strip() for text in loaded.processor.batch_decode(tokens, skip_special_tokens=True)]


@lru_cache(maxsize=2)
def image_encoder(name: str) -> Loaded:
    """The image model of a folder or hub name, kept for the next call; raises PopcornError where it cannot be had."""
    from transformers import AutoImageProcessor, AutoModel

    return _load(name, AutoModel, AutoImageProcessor)


@lru_cache(maxsize=1)
def _captioner(name: str) -> Loaded:
    from transformers import AutoProcessor, BlipForConditionalGeneration

    return _load(name, BlipForConditionalGeneration, AutoProcessor)


def _load(name: str, model_class: Any, processor_class: Any) -> Loaded:
    from safetensors import SafetensorError

    folder = Path(name).expanduser()
    where = {"local_files_only": folder.is_dir()}
    try:
        with _quiet():
            model = model_class.from_pretrained(str(folder) if folder.is_dir() else name, use_safetensors=True, **where)
            processor = processor_class.from_pretrained(str(folder) if folder.is_dir() else name, **where)
    except (OSError, ValueError, SafetensorError) as error:
        raise PopcornError(
            f"The image model {name!r} could not be loaded ({type(error).__name__}); name a folder that `transformers` "
            "saved with its processor, or a hub model that is reachable."
        ) from error
    identity = _hash_folder(folder) if folder.is_dir() else f"{name}@{model.config._commit_hash}"
    return Loaded(model.eval(), processor, identity)


def _hash_folder(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("*.json"), *folder.glob("*.safetensors")]):
        digest.update(_hash(path).encode())
    return digest.hexdigest()


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise PopcornError(f"{path} cannot be read ({error.strerror}); give a video file.") from error


def _cached(cache: Path, video: Path, loaded: Loaded, suffix: str) -> Path:
    key = hashlib.sha256(f"{_hash(video)}|{loaded.identity}|{FRAMES}".encode()).hexdigest()
    folder = cache / "frames"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{key}{suffix}"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the bar and the report that transformers prints over loading weights out of the terminal."""
    from transformers.utils import logging

    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()
