"""A store on disk: a folder of records, vectors and a manifest that belong together, or are refused."""

import hashlib
import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

from .errors import InputError, PopcornError
from .exemplar_records import Record

MANIFEST, RECORDS, VECTORS = "manifest.json", "records.jsonl", "vectors.safetensors"
FORMAT_VERSION = 1
Vectors = NDArray[np.float32]


class Tag(BaseModel):
    """A topic tag of a store and how many videos it holds."""

    name: str
    videos: int


class Manifest(BaseModel):
    """What a store says of itself; content_hash is the SHA-256 of its records file followed by its vectors file."""

    format: Literal["popcorn-exemplars"] = "popcorn-exemplars"
    version: int = FORMAT_VERSION
    source: str
    origin: Literal["measured", "estimated"]
    embedding: str
    dimension: int
    n: int
    tags: list[Tag]
    tag_origin: Literal["data", "bundled", "mixed"]
    built: str = Field(description="Date, YYYY-MM-DD.")
    content_hash: str
    inputs_hash: str = Field("", description="Of the bundled set: hash of its table and of the predictor's weights.")
    notes: list[str] = []


@dataclass(frozen=True, slots=True)
class Contents:
    """A store's data in memory: records as lines of JSON (20,000 are opened faster than parsed), unit vectors (n, d) of
    the videos and (t, d) of the tags, and of each video its comments and the place of its tag.
    """

    lines: list[bytes]
    vectors: Vectors
    tags: Vectors
    counts: NDArray[np.float64]
    tag_of: NDArray[np.int32]

    def record(self, row: int) -> Record:
        """The record of a row, parsed when it is asked for."""
        return Record(**json.loads(self.lines[row]))


def check_target(out: Path) -> None:
    """Raises InputError unless a store may be written to out: it is free, empty, or holds a store and nothing else."""
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out} is a file; name a folder for the store.")
    foreign = sorted({path.name for path in out.iterdir()} - {MANIFEST, RECORDS, VECTORS})
    if foreign or (any(out.iterdir()) and not _names_a_store(out / MANIFEST)):
        raise InputError(
            f"{out} holds files that are no exemplar store; name another folder, so that nothing is overwritten."
        )


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A temporary folder beside out that takes its place when the block ends well, and vanishes when it does not."""
    out = out.absolute()
    temporary = out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}.tmp")
    replaced = temporary.with_suffix(".old")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
    except OSError as error:
        raise InputError(f"The store cannot be written to {out}: {error.strerror or error}.") from error
    try:
        yield temporary
        if out.exists():
            out.rename(replaced)
        temporary.replace(out)
    except BaseException:
        if replaced.exists() and not out.exists():
            replaced.rename(out)
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)


def write_contents(folder: Path, records: list[Record], vectors: Vectors, tags: Vectors) -> str:
    """Write records and vectors; returns the content hash. tags are the vectors of the sorted categories.

    Vectors are kept in half precision: cosines differ by less than 0.001.
    """
    from safetensors.numpy import save

    lines = (json.dumps(asdict(record), ensure_ascii=False) + "\n" for record in records)
    places = {name: place for place, name in enumerate(sorted({record.category for record in records}))}
    arrays: dict[str, NDArray[Any]] = {
        "videos": vectors.astype(np.float16),
        "tags": tags.astype(np.float16),
        "counts": np.array([record.comment_count for record in records], dtype=np.float64),
        "tag_of": np.array([places[record.category] for record in records], dtype=np.int32),
    }
    parts = ["".join(lines).encode(), save(arrays)]
    for name, part in zip((RECORDS, VECTORS), parts, strict=True):
        (folder / name).write_bytes(part)
    return _hash(*parts)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """The last file of a store: without it the folder is none."""
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """The manifest and the hash of its file. Raises InputError where the folder holds no readable one."""
    if not folder.is_dir():
        raise InputError(f"There is no exemplar store at {folder}; {_rebuild(folder)}.")
    try:
        raw = (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise InputError(
            f"{folder} is no exemplar store: it has no readable {MANIFEST}; {_rebuild(folder)}."
        ) from error
    try:
        manifest = Manifest.model_validate_json(raw)
    except ValidationError as error:
        raise InputError(f"The {MANIFEST} of the exemplar store {folder} is broken; {_rebuild(folder)}.") from error
    if manifest.version != FORMAT_VERSION:
        raise InputError(
            f"The exemplar store {folder} has format {manifest.version}, this program reads {FORMAT_VERSION}; "
            f"{_rebuild(folder)}."
        )
    return manifest, _hash(raw)


def read_contents(folder: Path, manifest: Manifest) -> Contents:
    """Records and vectors, checked against the manifest. Raises PopcornError where they do not belong to it."""
    from safetensors.numpy import load

    try:
        parts = [(folder / name).read_bytes() for name in (RECORDS, VECTORS)]
    except OSError as error:
        raise PopcornError(
            f"The exemplar store {folder} lacks a file ({error.filename}); {_rebuild(folder)}."
        ) from error
    if _hash(*parts) != manifest.content_hash:
        raise PopcornError(
            f"The exemplar store {folder} was changed or cut short after it was built; {_rebuild(folder)}."
        )
    lines, arrays = parts[0].splitlines(), load(parts[1])
    if len(lines) != manifest.n or (manifest.n, manifest.dimension) != arrays["videos"].shape:
        raise PopcornError(f"The {MANIFEST} of the exemplar store {folder} does not fit its data; {_rebuild(folder)}.")
    return Contents(
        lines=lines,
        vectors=arrays["videos"].astype(np.float32),
        tags=arrays["tags"].astype(np.float32),
        counts=arrays["counts"],
        tag_of=arrays["tag_of"],
    )


def _rebuild(folder: Path) -> str:
    return f"build it with: popcorn-agents exemplars build SOURCE --out {folder}"


def _names_a_store(manifest: Path) -> bool:
    try:
        said = json.loads(manifest.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(said, dict) and said.get("format") == "popcorn-exemplars"


def _hash(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
