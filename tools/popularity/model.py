"""A trained predictor: parts stacked by weights, for hashtag-blind and full titles, in safetensors with a card."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import PopcornError
from ..renderers.cache import write_atomic
from .bank import Bank
from .features import Floats, normalise, squared_distances, strip_hashtags
from .parts import Tensors, score_parts
from .reading import Reading, read
from .rows import Row

SHIPPED = Path(__file__).parent / "weights"
JUDGE = SHIPPED / "judge"
VARIANTS = ("hashtag_blind", "full")
FORMAT = 2
_KEPT_WHOLE = (".bias", ".scale")  # sums of many weights: single precision
_lock = threading.Lock()
_cache: dict[Path, "Weights"] = {}


@dataclass(frozen=True)
class Weights:
    """Both variants' tensors and the card: `card["variants"][name]["modes"][mode]` says how the parts are stacked."""

    models: dict[str, Tensors]
    card: dict[str, Any]


def text_of(title: str, variant: str) -> str:
    """What a variant reads of a title."""
    return normalise(strip_hashtags(title) if variant == "hashtag_blind" else title)


def predict(weights: Weights, titles: Sequence[str], variant: str, bank: Bank | None = None) -> tuple[Floats, Floats]:
    """Predicted log2 comments, shape (n,), and squared distance to what the model learnt from, shape (n,).

    With a bank of single videos (see `bank_of`, for the same variant) the model looks those up as well.
    """
    return predict_reading(weights, read([text_of(title, variant) for title in titles]), variant, bank)


def predict_reading(
    weights: Weights, reading: Reading, variant: str, bank: Bank | None = None
) -> tuple[Floats, Floats]:
    """The same for titles that were read before."""
    tensors, mode = weights.models[variant], mode_of(weights, variant, bank, reading.visual is not None)
    names = list(mode["stack"])
    guesses = score_parts(names, tensors, reading, bank) @ np.array(list(mode["stack"].values()), dtype=np.float32)
    gaps = squared_distances(reading.vectors, tensors["centres"]).min(axis=1)
    return guesses + np.float32(mode["bias"]), gaps


def mode_of(weights: Weights, variant: str, bank: Bank | None, frames: bool = False) -> dict[str, Any]:
    """How the parts are stacked: raises PopcornError for a bank or frames that the model cannot use."""
    modes: dict[str, Any] = weights.card["variants"][variant]["modes"]
    if bank is not None and "bank" not in modes:
        raise PopcornError("This predictor cannot look up single videos; leave the bank out.")
    if frames and "frames" not in modes:
        raise PopcornError("This predictor reads no frames; train one with `critic train --videos DIR --encoder NAME`.")
    return modes["frames" if frames else "alone" if bank is None else "bank"]  # type: ignore[no-any-return]


def bank_of(rows: Sequence[Row], variant: str) -> Bank:
    """A bank of the user's own videos: titles read as the variant does, labels in log2 comments."""
    reading = read([text_of(row.title, variant) for row in rows])
    labels = np.array([row.label for row in rows], dtype=np.float32)
    return Bank(reading.vectors, labels, reading.words, reading.characters)


def load(folder: Path | None = None) -> Weights:
    """The weights in a folder (default: those shipped), read once a process; raises PopcornError if damaged."""
    folder = (folder or SHIPPED).resolve()
    with _lock:
        if folder not in _cache:
            _cache[folder] = _read(folder)
        return _cache[folder]


def save(folder: Path, models: dict[str, Tensors], card: dict[str, Any]) -> None:
    """Write `weights.safetensors` (fp16) and `card.json`; the card names the hash of the weights it belongs to."""
    import json

    from safetensors.numpy import save as to_bytes

    tensors = {
        f"{name}.{part}": np.ascontiguousarray(value, _stored_as(part, value.dtype))
        for name, model in models.items()
        for part, value in model.items()
    }
    blob = to_bytes(tensors)
    card = {**card, "format": FORMAT, "sha256": sha256(blob).hexdigest()}
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / "weights.safetensors", blob)
    write_atomic(folder / "card.json", (json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode())
    with _lock:
        _cache.pop(folder.resolve(), None)


def _stored_as(part: str, dtype: Any) -> Any:
    if dtype == np.uint8:
        return dtype
    return np.float32 if part.endswith(_KEPT_WHOLE) else np.float16


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
    return Weights({name: _of_variant(tensors, name) for name in VARIANTS}, card)


def _of_variant(tensors: dict[str, Any], name: str) -> Tensors:
    head = f"{name}."
    return {
        key.removeprefix(head): value if value.dtype == np.uint8 else np.ascontiguousarray(value, dtype=np.float32)
        for key, value in tensors.items()
        if key.startswith(head)
    }
