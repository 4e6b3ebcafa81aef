"""How well a clip shows what was asked for: the cosine of the query and its frames, by an image-text encoder."""

import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..tools.errors import InputError, PopcornError
from ..tools.popularity.features import Floats
from ..tools.popularity.frames import FRAMES, Loaded, encode, image_encoder
from ..tools.sampling import sample_frames

_loading = threading.Lock()


def clip_score(text: str, video: Path, model: str) -> float:
    """Mean cosine, -1 to 1, of the text and FRAMES evenly spaced frames; blocking.

    The model is a folder or hub name of any image-text encoder that `transformers` loads (CLIP, SigLIP), loaded once a
    process. Scores of different models cannot be compared. Raises InputError for a model of another kind, PopcornError
    for a model or a clip that cannot be read.
    """
    loaded, tokenizer = _load(model)
    seen = _unit(encode(loaded, sample_frames(video, FRAMES)))
    return float((seen @ _unit(_text_vector(loaded.model, tokenizer, text))).mean())


def check_clip_model(model: str) -> None:
    """Raise what `clip_score` would raise for this model, and keep it loaded for the first score; blocking."""
    _load(model)


def _load(model: str) -> tuple[Loaded, Any]:
    """The model with its image processor, and its tokenizer."""
    with _loading:  # once, though several attempts are scored side by side
        loaded = image_encoder(model)
        if not (hasattr(loaded.model, "get_text_features") and hasattr(loaded.model, "get_image_features")):
            raise InputError(
                f"The model {model!r} does not compare texts with pictures; name one that does, such as "
                "google/siglip-base-patch16-224."
            )
        tokenizer = _tokenizer(model)
    _check_fit(tokenizer, loaded.model, model)
    return loaded, tokenizer


def _text_vector(model: Any, tokenizer: Any, text: str) -> Floats:
    """(d,); a text that is longer than the model reads is cut."""
    import torch

    config = model.config.text_config
    # SigLIP was trained on padded texts and takes no mask; CLIP finds the end of the text by its token.
    padded = "siglip" in model.config.model_type
    inputs = tokenizer(
        [text],
        padding="max_length" if padded else False,
        max_length=config.max_position_embeddings,
        truncation=True,
        return_tensors="pt",
        return_token_type_ids=False,
        return_attention_mask=not padded,
    )
    with torch.inference_mode():
        answer = model.get_text_features(**inputs)
    vectors = answer if isinstance(answer, torch.Tensor) else answer.pooler_output
    return np.asarray(vectors[0].float().numpy())


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


@lru_cache(maxsize=2)
def _tokenizer(name: str) -> Any:
    from transformers import AutoTokenizer

    folder = Path(name).expanduser()
    try:
        return AutoTokenizer.from_pretrained(str(folder) if folder.is_dir() else name, local_files_only=folder.is_dir())
    except (OSError, ValueError, ImportError) as error:
        raise PopcornError(f"The tokenizer of {name!r} could not be loaded ({type(error).__name__}); {_REMEDY}.") from (
            error
        )


_REMEDY = "name a folder that holds it beside the model, or a hub model that is reachable"


def _check_fit(tokenizer: Any, model: Any, name: str) -> None:
    """`transformers` makes an empty tokenizer where the files are missing, and says nothing."""
    known, words = len(tokenizer), model.config.text_config.vocab_size
    if not words // 2 <= known <= words:
        raise PopcornError(f"The tokenizer of {name!r} knows {known} tokens and the model {words}; {_REMEDY}.")
