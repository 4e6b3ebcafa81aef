"""The popularity model of this version: hashed words plus nearness to topics, linear, stored as safetensors."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import PopcornError
from .features import (
    Floats,
    normalise,
    squared_distances,
    strip_hashtags,
    title_vectors,
    topic_rows,
    word_counts,
    word_rows,
)

SHIPPED = Path(__file__).parent / "weights"
VARIANTS = ("hashtag_blind", "full")
FORMAT = 1
_lock = threading.Lock()
_cache: dict[Path, "Weights"] = {}


@dataclass(frozen=True)
class Linear:
    """prediction = bias + tfidf(words) . words + kernel(vector, centres) . topics, in log2 comments."""

    idf: Floats  # (BUCKETS,)
    words: Floats  # (BUCKETS,)
    centres: Floats  # (k, 384)
    topics: Floats  # (k,)
    bias: float

    def predict(self, counts: Any, gaps: Floats) -> Floats:
        """log2 comments, shape (n,), from hashed word counts (n, BUCKETS) and squared distances (n, k)."""
        found: Floats = (word_rows(counts, self.idf) @ self.words + topic_rows(gaps) @ self.topics + self.bias).astype(
            np.float32
        )
        return found


@dataclass(frozen=True)
class Weights:
    """Both predictors and their card: `card["variants"][name]` holds interval, quantiles, reach and metrics."""

    models: dict[str, Linear]
    card: dict[str, Any]


def text_of(title: str, variant: str) -> str:
    """What a variant reads of a title."""
    return normalise(strip_hashtags(title) if variant == "hashtag_blind" else title)


def predict(weights: Weights, titles: Sequence[str], variant: str) -> tuple[Floats, Floats]:
    """Predicted log2 comments, shape (n,), and squared distance to the nearest topic centre, shape (n,)."""
    model = weights.models[variant]
    texts = [text_of(title, variant) for title in titles]
    gaps = squared_distances(title_vectors(texts), model.centres)
    return model.predict(word_counts(texts), gaps), gaps.min(axis=1)


def load(folder: Path | None = None) -> Weights:
    """The weights in a folder (default: those shipped), read once a process; raises PopcornError if damaged."""
    folder = (folder or SHIPPED).resolve()
    with _lock:
        if folder not in _cache:
            _cache[folder] = _read(folder)
        return _cache[folder]


def save(folder: Path, models: dict[str, Linear], card: dict[str, Any]) -> None:
    """Write `weights.safetensors` (fp16) and `card.json`; the card names the hash of the weights it belongs to."""
    import json

    from safetensors.numpy import save as to_bytes

    tensors = {
        f"{name}.{part}": np.asarray(getattr(model, part), np.float32 if part in ("topics", "bias") else np.float16)
        for name, model in models.items()
        for part in ("idf", "words", "centres", "topics", "bias")
    }
    blob = to_bytes(tensors)
    card = {**card, "format": FORMAT, "sha256": sha256(blob).hexdigest()}
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / "weights.safetensors", blob)
    _replace(folder / "card.json", (json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode())
    with _lock:
        _cache.pop(folder.resolve(), None)


def _replace(path: Path, blob: bytes) -> None:
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_bytes(blob)
    temporary.replace(path)


def _read(folder: Path) -> Weights:
    import json

    from safetensors import SafetensorError
    from safetensors.numpy import load as from_bytes

    try:
        blob = (folder / "weights.safetensors").read_bytes()
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        if card.get("format") != FORMAT or card.get("sha256") != sha256(blob).hexdigest():
            raise PopcornError(
                f"The predictor in {folder} does not match its card; train it again or restore both files."
            )
        tensors = from_bytes(blob)
    except OSError as error:
        raise PopcornError(
            f"The predictor in {folder} cannot be read ({error.strerror}); make one with `popcorn-agents critic train`."
        ) from error
    except (SafetensorError, ValueError) as error:
        raise PopcornError(f"The predictor in {folder} is damaged; train it again or restore its files.") from error
    return Weights({name: _linear(tensors, name) for name in VARIANTS}, card)


def _linear(tensors: dict[str, Any], name: str) -> Linear:
    parts = {part: tensors[f"{name}.{part}"].astype(np.float32) for part in ("idf", "words", "centres", "topics")}
    return Linear(bias=float(tensors[f"{name}.bias"]), **parts)
