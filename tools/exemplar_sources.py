"""Where exemplars come from: the bundled starter set, a MicroLens folder, a table of one's own, a hub dataset."""

import csv
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import InputError, PopcornError
from .exemplar_microlens import is_microlens, read_microlens
from .exemplar_records import Record, SourceData
from .exemplar_tables import Row, map_columns, read_table, to_records

STARTER = "starter"
STUDIO_FILE = "Table data.csv"  # what YouTube Studio's export holds
_DATASET = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)


def read_source(
    source: str, *, preset: str | None = None, columns: dict[str, str] | None = None, partition: str = "test"
) -> SourceData:
    """Records of `starter`, a MicroLens folder, a CSV or JSONL file, or a hub dataset, told apart in this order.

    partition (of MicroLens and of datasets that have such a column): test, or all. Raises InputError with one sentence.
    """
    path = Path(source).expanduser()
    if source == STARTER:
        data = read_starter()
    elif path.is_dir():
        data = _read_folder(path, preset, columns, partition)
    elif path.is_file():
        data = read_table(path, preset, columns)
    elif _DATASET.fullmatch(source) and path.suffix.lower() not in (".csv", ".tsv", ".txt", ".jsonl", ".json"):
        data = read_hub(source, columns, partition)
    else:
        raise InputError(f"{source!r} is no file, no folder and no dataset name; give one of them, or {STARTER}.")
    if not data.records:
        raise InputError(" ".join([f"{source} holds no usable video.", *data.notes]))
    return data


def read_starter() -> SourceData:
    """The bundled set, with comment counts that the shipped predictor estimates from the titles."""
    from .popularity.predictor import score_titles

    rows = read_table_rows(starter_file("starter.csv"))
    scores = score_titles([row["title"] for row in rows])
    records = [
        Record(row["video_id"], row["title"], round(2**score.log2_comments, 1), row["caption"], row["category"])
        for row, score in zip(rows, scores, strict=True)
    ]
    return SourceData(records, "starter (our own examples; popularity estimated)", origin="estimated")


def read_table_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a bundled CSV file, as they are."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def starter_file(name: str) -> Path:
    """A file or folder of the bundled starter set."""
    return Path(__file__).parent / "starter" / name


def read_hub(name: str, columns: dict[str, str] | None = None, partition: str = "test") -> SourceData:
    """Records of a Hugging Face dataset, all its splits; of a column `partition` only the asked value is kept."""
    header, rows = hub_rows(name)
    mapping = map_columns(header, columns or {}, name)
    keep = partition if "partition" in mapping and partition != "all" else None
    return to_records(rows, mapping, name, keep_partition=keep)


def hub_rows(name: str) -> tuple[list[str], Iterator[Row]]:
    """The columns and the numbered rows of a Hugging Face dataset, all its splits; raises PopcornError."""
    try:
        import datasets
    except ImportError as error:
        raise PopcornError(
            "Reading a hub dataset needs the package datasets; run: pip install 'popcorn-agents[hub]'"
        ) from error
    try:
        splits = datasets.load_dataset(name)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise PopcornError(
            f"The dataset {name!r} could not be loaded from the hub ({type(error).__name__}); check its name and the "
            "connection, or download it and give the folder or file."
        ) from error
    header = list(dict.fromkeys(column for split in splits.values() for column in split.column_names))
    return header, _numbered(splits)


def _numbered(splits: Any) -> Iterator[Row]:
    line = 0
    for split in splits.values():
        for cells in split:
            line += 1
            yield line, cells


def _read_folder(path: Path, preset: str | None, columns: dict[str, str] | None, partition: str) -> SourceData:
    if is_microlens(path):
        return read_microlens(path, partition)
    if (path / STUDIO_FILE).is_file():
        return read_table(path / STUDIO_FILE, preset, columns)
    if (path / "manifest.json").is_file():
        raise InputError(f"{path} is a store already; build from the data it was made of, or use it as it is.")
    raise InputError(
        f"The folder {path} holds neither MicroLens's files (such as MicroLens-100k_title_en.csv) nor {STUDIO_FILE!r}; "
        "give a CSV or JSONL file."
    )


def starter_inputs_hash() -> str:
    """SHA-256 over what the bundled store is made from: its tables and the predictor's weights."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    weights = sorted((folder / "popularity" / "weights").glob("*.safetensors"))
    for path in (starter_file("starter.csv"), starter_file("topic_tags.csv"), *weights):
        digest.update(path.read_bytes())
    return digest.hexdigest()
