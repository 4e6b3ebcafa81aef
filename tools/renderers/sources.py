"""Where a model's weights lie: a row's name, a hub id with its pinned commit, or any folder saved by diffusers."""

import hashlib
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import InputError
from .specs import BY_NAME, DEFAULT_MODEL, MODELS, ModelSpec, row_of

SAMPLE = 65536  # bytes hashed at each end of a large file, beside its size and time of change


@dataclass(frozen=True)
class Source:
    """A model's row and its weights; `identity` changes when the weights do."""

    row: ModelSpec
    label: str
    identity: str
    folder: Path | None  # None: a hub model that is not on this machine yet, or random weights
    revision: str | None = None


def locate(model: str | None, random_weights: bool = False) -> Source:
    """Find the model by row name, folder or hub id; raises InputError for one that does not exist or is no pipeline."""
    name = model or DEFAULT_MODEL
    row = row_of(name)
    if random_weights:
        if row is None:
            raise InputError(f"--random-weights builds a model of the table: {', '.join(BY_NAME)}; not {name[:80]!r}.")
        return Source(row, f"{row.name} with random weights", "random-1", None)
    if row is not None:
        return _hub(row, row.hub_id)
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _local(folder)
    if folder.is_absolute() or name.startswith(".") or name.count("/") != 1:
        raise InputError(f"There is no model {name[:200]!r}: name a folder, a hub id, or one of {', '.join(BY_NAME)}.")
    cached = cached_snapshot(name)
    if cached is None:
        raise InputError(
            f"{name} is not in the table and not on this machine; download it with `hf download {name}`, or use one of "
            f"{', '.join(BY_NAME)}."
        )
    return replace(_local(cached), label=name, identity=cached.name, revision=cached.name)


def cached_snapshot(hub_id: str, revision: str = "main") -> Path | None:
    """The folder of a hub model's snapshot on this machine, or None."""
    folder = _hub_cache() / f"models--{hub_id.replace('/', '--')}"
    try:
        commit = (folder / "refs" / revision).read_text().strip()
    except OSError:
        return None
    snapshot = folder / "snapshots" / commit
    return snapshot if (snapshot / "model_index.json").is_file() else None


def _hub_cache() -> Path:
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "huggingface"
    return Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub").expanduser()


def _hub(row: ModelSpec, hub_id: str) -> Source:
    snapshot = cached_snapshot(hub_id)
    if snapshot is not None:
        return Source(row, hub_id, snapshot.name, snapshot, snapshot.name)
    if os.environ.get("HF_HUB_OFFLINE", "0").lower() in ("1", "true", "yes", "on"):
        raise InputError(
            f"{hub_id} is not on this machine and HF_HUB_OFFLINE is set; download it with `hf download {hub_id}` where "
            "there is a network, or give a folder with --model DIR."
        )
    commit = _commit(hub_id)
    return Source(row, hub_id, commit, None, commit)


def _commit(hub_id: str) -> str:
    """The hub's current commit, so that the clip's key names the weights before they are downloaded."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return str(HfApi().model_info(hub_id, timeout=15).sha)
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise InputError(
            f"{hub_id} is not on this machine and the hub could not be asked for it ({type(error).__name__}); check "
            "the network and HF_TOKEN, or give a folder with --model DIR."
        ) from error


def _local(folder: Path) -> Source:
    index = folder / "model_index.json"
    try:
        record = json.loads(index.read_text(encoding="utf-8"))
        pipeline = record["_class_name"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder} is no model folder (model_index.json is missing or unreadable); name one saved by diffusers."
        ) from error
    if not isinstance(pipeline, str):
        raise InputError(f"{folder} wants to run code of its own, which is refused; use a pipeline that diffusers has.")
    row = next((row for row in MODELS if row.pipeline == pipeline), None) or _unknown(folder, pipeline)
    return Source(row, folder.resolve().name, fingerprint(folder), folder)


def _unknown(folder: Path, pipeline: str) -> ModelSpec:
    """A cautious row for a pipeline that is not in the table: the frame rule from its VAE, no levers."""
    vae = folder / "vae" / "config.json"
    settings = json.loads(vae.read_text(encoding="utf-8")) if vae.is_file() else {}
    step = settings.get("temporal_compression_ratio") or settings.get("scale_factor_temporal") or 4
    like = BY_NAME["wan2.1-1.3b"]
    return replace(
        like, name=folder.resolve().name, hub_id="", licence="see the model's own", family="", pipeline=pipeline,
        frame_step=int(step), max_frames=int(step) * 40 + 1, multiple=32, sizes=dict.fromkeys(like.sizes, (512, 512)),
        negative_prompt="", float32_parts=(), levers=(), fast=(), parts={}, scheduler={}, sound=None,
    )  # fmt: skip


def fingerprint(folder: Path) -> str:
    """A hash of every file's name, size, time of change, and the ends of its content; milliseconds, even for 20 GB."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        stat = path.stat()
        digest.update(f"{path.relative_to(folder)}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode())
        with path.open("rb") as file:
            digest.update(file.read(SAMPLE))
            if stat.st_size > SAMPLE:
                file.seek(-SAMPLE, os.SEEK_END)
                digest.update(file.read())
    return digest.hexdigest()
