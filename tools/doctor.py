"""What is installed and usable here, and what to do about what is not."""

import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from .errors import InputError, PopcornError

_CORE = (
    "langgraph", "langgraph-checkpoint-sqlite", "langchain", "langchain-openai", "faiss-cpu", "sentence-transformers",
    "torch", "transformers", "diffusers", "accelerate", "av", "opencv-python-headless", "pillow", "xllamacpp",
)  # fmt: skip
_EXTRAS = {
    "hub": "datasets",
    "studio": "langgraph_api",
    "cluster": "ray",
    "web": "gradio",
    "postgres": "psycopg",
    "trace": "opentelemetry.exporter.otlp.proto.http",
}
_KEYS = {"OPENAI_API_KEY": "--llm openai:<model>", "DEEPSEEK_API_KEY": "--llm deepseek:<model>"}


class Check(BaseModel):
    """One finding: ok, optional (works without it) or missing (the default run needs it)."""

    area: str
    name: str
    status: Literal["ok", "optional", "missing"]
    found: str
    remedy: str = ""


def examine(
    runs_dir: Path, cache_dir: Path, exemplars: str, embedding: str, gguf: Path | None, video_url: str | None = None
) -> list[Check]:
    """All checks, in reading order; takes a few seconds, since models are opened and hashed for real."""
    return [
        _python(),
        *_packages(),
        *_extras(),
        _device(),
        _video_models(),
        _video_server(video_url),
        _encoder(),
        _usable("Models", "language model", lambda: _language_model(gguf)),
        _usable("Models", "sentence embedding", lambda: _embedding_model(embedding)),
        _usable("Models", "popularity predictor", _predictor),
        *_keys(),
        _usable("Exemplars", exemplars, lambda: _store(exemplars, embedding)),
        _folder("runs", runs_dir, "--runs-dir"),
        _folder("cache", cache_dir, "--cache-dir"),
    ]


def _python() -> Check:
    found = ".".join(str(part) for part in sys.version_info[:3])
    good = sys.version_info >= (3, 11)
    return Check(
        area="Python",
        name="python",
        status="ok" if good else "missing",
        found=found,
        remedy="" if good else "Install Python 3.11 or newer.",
    )


def _packages() -> Iterator[Check]:
    for name in _CORE:
        try:
            yield Check(area="Packages", name=name, status="ok", found=version(name))
        except PackageNotFoundError:
            remedy = f"Run: pip install {name}"
            yield Check(area="Packages", name=name, status="missing", found="not installed", remedy=remedy)


def _extras() -> Iterator[Check]:
    for extra, module in _EXTRAS.items():
        if _is_here(module):
            yield Check(area="Extras", name=extra, status="ok", found="installed")
        else:
            remedy = f"When wanted, in the checkout: pip install -c constraints.txt -e '.[{extra}]'"
            yield Check(area="Extras", name=extra, status="optional", found="not installed", remedy=remedy)


def _is_here(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of a package around it
        return False


def _device() -> Check:
    import torch

    from .renderers.devices import first_gpu

    gpu = first_gpu()
    if torch.cuda.is_available():
        free, total = (size / 2**30 for size in torch.cuda.mem_get_info())
        found = f"{torch.cuda.get_device_name()}, {free:.0f} of {total:.0f} GiB free"
        return Check(area="Device", name="gpu", status="ok", found=found)
    if gpu is not None:
        found = f"{gpu.name}, {gpu.free:.0f} of {gpu.total:.0f} GiB free, which torch {torch.__version__} cannot use"
        remedy = "Install the CUDA build of torch from PyPI: pip install --force-reinstall torch"
        return Check(area="Device", name="gpu", status="optional", found=found, remedy=remedy)
    found = f"no CUDA GPU; {os.cpu_count()} CPU cores"
    remedy = "The animatic needs none; video diffusion needs an NVIDIA GPU and a CUDA build of torch."
    return Check(area="Device", name="gpu", status="optional", found=found, remedy=remedy)


def _video_models() -> Check:
    """The memory tier that each video model would get, and which are here already."""
    from .renderers.devices import TIER_MEANS, TIERS, choose_tier, device
    from .renderers.sources import cached_snapshot
    from .renderers.specs import MODELS

    here, on = [row.name for row in MODELS if cached_snapshot(row.hub_id)], device()
    local = f"on this machine: {', '.join(here)}" if here else "none downloaded yet"
    if on.kind == "cpu":
        least = min(MODELS, key=lambda row: row.memory[TIERS[-1]])
        remedy = f"Use an NVIDIA GPU, from {least.memory[TIERS[-1]]:g} GiB free; on a CPU a clip takes hours."
        return Check(area="Device", name="video models", status="optional", found=f"no GPU; {local}", remedy=remedy)
    tiers: dict[str, list[str]] = {}
    for row in MODELS:
        try:
            tier = choose_tier(row, on, "auto")
            tiers.setdefault(f"{tier} ({TIER_MEANS[tier]})", []).append(row.name)
        except InputError:
            tiers.setdefault("too little memory", []).append(row.name)
    fits = "; ".join(f"{tier}: {', '.join(names)}" for tier, names in tiers.items())
    return Check(area="Device", name="video models", status="ok", found=f"{fits}; {local}")


def _video_server(url: str | None) -> Check:
    """The server of the remote renderer and whether it has a key; it is not asked, since that may cost."""
    from .renderers.remote import server_of
    from .renderers.video_connection import KEY_VARIABLE, api_key

    remedy = f"For --renderer remote name one with --video-url; its key, if it wants one, goes into {KEY_VARIABLE}."
    if not url:
        return Check(area="Device", name="video server", status="optional", found="none named", remedy=remedy)
    try:
        address = server_of(url, "any")
        found = f"{address}, {'with a key' if api_key(address) else 'without a key'}"
    except InputError as error:
        return Check(area="Device", name="video server", status="optional", found="not usable", remedy=str(error))
    return Check(area="Device", name="video server", status="ok", found=found)


def _encoder() -> Check:
    import av

    if "libx264" in av.codecs_available:
        return Check(area="Video", name="H.264 encoder", status="ok", found=f"libx264 in av {av.__version__}")
    remedy = "Install the binary wheel of av: pip install --only-binary :all: --force-reinstall av"
    return Check(
        area="Video", name="H.264 encoder", status="missing", found="this build of av lacks libx264", remedy=remedy
    )


def _keys() -> Iterator[Check]:
    for name, use in _KEYS.items():
        if os.environ.get(name):
            yield Check(area="Keys", name=name, status="ok", found="set")
        else:
            yield Check(area="Keys", name=name, status="optional", found="not set", remedy=f"Export it to use {use}.")


def _folder(name: str, folder: Path, flag: str) -> Check:
    folder = folder.absolute()
    try:
        existing = next(parent for parent in (folder, *folder.parents) if parent.is_dir())
        with tempfile.TemporaryFile(dir=existing):
            free = shutil.disk_usage(existing).free / 2**30
    except OSError as error:
        remedy = f"Make it writable or name another folder with {flag}."
        return Check(area="Folders", name=name, status="missing", found=f"{folder}: {error.strerror}", remedy=remedy)
    return Check(area="Folders", name=name, status="ok", found=f"{folder} ({free:.0f} GiB free)")


def _usable(area: str, name: str, probe: Callable[[], str]) -> Check:
    """What `probe` finds, or the sentence of the error that it raises."""
    try:
        return Check(area=area, name=name, status="ok", found=probe())
    except PopcornError as error:
        return Check(area=area, name=name, status="missing", found="not usable", remedy=str(error))


def _language_model(gguf: Path | None) -> str:
    from . import embedded_llm

    return f"{(embedded_llm.check() if gguf is None else embedded_llm.model_file(gguf)).name} (embedded)"


def _embedding_model(name: str) -> str:
    from .embedding import dimension

    return f"{name}, {dimension(name)} dimensions"


def _predictor() -> str:
    from .popularity.predictor import score_titles

    score_titles(["a title"])
    return "shipped weights"


def _store(exemplars: str, embedding: str) -> str:
    from .exemplars import open_store

    manifest = open_store(exemplars, embedding).manifest
    counts = "counted" if manifest.origin == "measured" else "estimated"
    return f"{manifest.n} videos in {len(manifest.tags)} topics, comments {counts}"
