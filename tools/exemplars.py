"""The exemplar store: videos with their titles, counts and vectors, searched with Faiss."""

import datetime
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from .embedding import EMBEDDED, embed
from .errors import InputError
from .exemplar_groups import Group, Split, split_counts, wanted
from .exemplar_records import Record
from .exemplar_sources import STARTER, read_source, starter_file, starter_inputs_hash
from .exemplar_store import (
    Contents,
    Manifest,
    Tag,
    check_target,
    new_folder,
    read_contents,
    read_manifest,
    write_contents,
    write_manifest,
)
from .topics import assign_tags, nearest_tags, tag_vectors

CHUNK = 256  # texts embedded between two calls of the progress callback
Progress = Callable[[int, int], None]
Vectors = NDArray[np.float32]


class Exemplar(BaseModel):
    """One video found for a query."""

    video_id: str
    title: str
    caption: str = ""
    category: str
    comment_count: float = Field(description="Comments; an estimate where origin says so.")
    label: Literal["popular", "unpopular"]
    similarity: float = Field(description="Cosine similarity to the query, -1 to 1.")
    origin: Literal["measured", "estimated"]


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to one search: tags in the order searched, the nearest exemplars first, and a remark if one is due."""

    query: str
    tags: list[str]
    exemplars: list[Exemplar]
    note: str = ""


@dataclass(slots=True)
class Store:
    """A store in memory, shared by all threads; indexes are built at the first search of a group."""

    manifest: Manifest
    contents: Contents
    groups: dict[Split, list[Group]]
    _indexes: dict[tuple[Split, int, bool], Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def tag_names(self) -> list[str]:
        """The tags, in the order of their vectors and groups."""
        return [tag.name for tag in self.manifest.tags]


_stores: dict[Path, tuple[str, Store]] = {}
_opening = threading.Lock()


def build_store(
    source: str,
    out: Path,
    *,
    preset: str | None = None,
    columns: dict[str, str] | None = None,
    partition: str = "test",
    embedding: str = EMBEDDED,
    progress: Progress | None = None,
) -> Manifest:
    """Read a source (see read_source), embed every video once and write the store; blocking.

    progress gets (videos embedded, videos in all). Nothing is left behind at out if it fails or is interrupted.
    """
    check_target(out)
    data = read_source(source, preset=preset, columns=columns, partition=partition)
    with new_folder(out) as folder:
        vectors = _embed_all([record.text() for record in data.records], embedding, progress)
        names, tag_origin = assign_tags(data.records, vectors, embedding)
        tags = sorted(set(names))
        records = [replace(record, category=name) for record, name in zip(data.records, names, strict=True)]
        manifest = Manifest(
            source=data.label, origin=data.origin, embedding=embedding, dimension=vectors.shape[1], n=len(records),
            tags=[Tag(name=tag, videos=names.count(tag)) for tag in tags], tag_origin=tag_origin,
            built=datetime.datetime.now(tz=datetime.UTC).date().isoformat(), notes=data.notes,
            content_hash=write_contents(folder, records, vectors, tag_vectors(tags, names, vectors, embedding)),
            inputs_hash=starter_inputs_hash() if source == STARTER else "",
        )  # fmt: skip
        write_manifest(folder, manifest)
    return manifest


def open_store(name_or_dir: str, embedding: str = EMBEDDED) -> Store:
    """The store in a folder, or the bundled one under the name starter; opened once a process, blocking.

    Raises InputError where there is none or it was embedded by another model, PopcornError where it is damaged.
    """
    folder = starter_file("store") if name_or_dir == STARTER else Path(name_or_dir).expanduser()
    manifest, key = read_manifest(folder)
    if manifest.embedding != embedding:
        raise InputError(
            f"The exemplar store {name_or_dir} was embedded with {manifest.embedding!r}, not with {embedding!r}; set "
            f"the embedding to {manifest.embedding}, or build the store anew with --embedding {embedding}."
        )
    with _opening:
        folder = folder.resolve()
        known = _stores.get(folder)
        if known is None or known[0] != key:
            _stores[folder] = known = key, _load(folder, manifest)
        return known[1]


def search(store: Store, query: str, *, k: int = 10, tags: int = 1, split: Split = "quartile") -> Found:
    """The k videos nearest to the query among the popular and unpopular of its nearest tags; blocking.

    quartile: half of each; paper: 90 % popular. Where a tag holds too few for k, the next nearest is searched too.
    """
    return search_vector(store, query, embed([query], store.manifest.embedding)[0], k=k, tags=tags, split=split)


def search_vector(
    store: Store, query: str, vector: Vectors, *, k: int = 10, tags: int = 1, split: Split = "quartile"
) -> Found:
    """As search, for a query that is embedded already."""
    need = wanted(k, split)
    ranked = nearest_tags(vector, store.contents.tags)
    chosen = ranked[:tags]
    while len(chosen) < len(ranked) and not _enough(store, chosen, need, split):
        chosen = ranked[: len(chosen) + 1]
    found = [
        *_nearest(store, vector, chosen, need[0], split, popular=True),
        *_nearest(store, vector, chosen, need[1], split, popular=False),
    ]
    names = store.tag_names()
    return Found(
        query=query,
        tags=[names[tag] for tag in chosen],
        exemplars=sorted(found, key=lambda exemplar: -exemplar.similarity),
        note=_note([names[tag] for tag in chosen], tags, k, len(found)),
    )


def group_records(store: Store, tags: list[str], split: Split = "quartile") -> tuple[list[Record], list[Record]]:
    """All popular and all unpopular videos of the tags, whatever the query."""
    names = store.tag_names()
    groups = [store.groups[split][names.index(tag)] for tag in tags]
    popular = [store.contents.record(row) for group in groups for row in group.popular]
    return popular, [store.contents.record(row) for group in groups for row in group.unpopular]


def _load(folder: Path, manifest: Manifest) -> Store:
    contents = read_contents(folder, manifest)
    rows = [np.flatnonzero(contents.tag_of == place) for place in range(len(manifest.tags))]
    splits: tuple[Split, ...] = ("quartile", "paper")
    groups = {split: [split_counts(of_tag, contents.counts, split) for of_tag in rows] for split in splits}
    return Store(manifest, contents, groups)


def _embed_all(texts: list[str], embedding: str, progress: Progress | None) -> Vectors:
    """In chunks, so that a query of another thread gets its turn between two."""
    parts = []
    for start in range(0, len(texts), CHUNK):
        parts.append(embed(texts[start : start + CHUNK], embedding))
        if progress is not None:
            progress(min(start + CHUNK, len(texts)), len(texts))
    return np.vstack(parts)


def _enough(store: Store, chosen: list[int], need: tuple[int, int], split: Split) -> bool:
    groups = [store.groups[split][tag] for tag in chosen]
    return sum(len(g.popular) for g in groups) >= need[0] and sum(len(g.unpopular) for g in groups) >= need[1]


def _nearest(
    store: Store, vector: Vectors, chosen: list[int], count: int, split: Split, *, popular: bool
) -> list[Exemplar]:
    """The nearest of one side over the chosen tags, nearest first."""
    hits: list[tuple[float, int]] = []
    for tag in chosen:
        rows = store.groups[split][tag].side(popular)
        if count and len(rows):
            scores, places = _index(store, split, tag, popular).search(vector[None, :], min(count, len(rows)))
            hits += [(float(score), int(rows[place])) for score, place in zip(scores[0], places[0], strict=True)]
    hits.sort(key=lambda hit: (-hit[0], hit[1]))
    return [_exemplar(store, row, score, popular) for score, row in hits[:count]]


def _index(store: Store, split: Split, tag: int, popular: bool) -> Any:
    """Exact inner products over the vectors of one group."""
    key = split, tag, popular
    if key not in store._indexes:
        import faiss

        with store._lock:
            if key not in store._indexes:
                index = faiss.IndexFlatIP(store.manifest.dimension)
                index.add(store.contents.vectors[store.groups[split][tag].side(popular)])
                store._indexes[key] = index
    return store._indexes[key]


def _exemplar(store: Store, row: int, score: float, popular: bool) -> Exemplar:
    record = store.contents.record(row)
    return Exemplar(
        video_id=record.video_id, title=record.title, caption=record.caption, category=record.category,
        comment_count=record.comment_count, label="popular" if popular else "unpopular",
        similarity=round(min(1.0, score), 4), origin=store.manifest.origin,
    )  # fmt: skip


def _note(searched: list[str], asked: int, k: int, found: int) -> str:
    added = searched[asked:]
    notes = []
    if added:
        several = "tags hold" if asked > 1 else "tag holds"
        notes.append(
            f"The nearest {several} too few videos for {k} exemplars, so the next {len(added)} were searched too: "
            f"{', '.join(added)}."
        )
    if found < k:
        notes.append(f"The store holds only {found} of the {k} exemplars asked for.")
    return " ".join(notes)
