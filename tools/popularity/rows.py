"""The predictor's data file: a CSV with the columns video_id, title, comment_count and, if wanted, split."""

import csv
import math
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import InputError

if TYPE_CHECKING:
    from _csv import Reader

COLUMNS = ("video_id", "title", "comment_count")


class Row(NamedTuple):
    """One video; `label` is log2 of its comments, with 0 comments counted as 1."""

    video_id: str
    title: str
    label: float
    split: str


def read_rows(path: Path) -> list[Row]:
    """All rows of the file; raises InputError with the line of the first fault."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = _parse(csv.reader(file, strict=True), path)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); give a CSV with {', '.join(COLUMNS)}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8 CSV.") from error
    if not rows:
        raise InputError(f"{path} holds no rows below its header; give at least one video.")
    return rows


def _parse(reader: "Reader", path: Path) -> list[Row]:
    try:
        header: list[str] = next(reader, [])
        missing = [name for name in COLUMNS if name not in header]
        if missing:
            raise InputError(
                f"{path}, line 1: the column {missing[0]} is missing; the header needs {','.join(COLUMNS)}."
            )
        return [_row(header, cells, f"{path}, line {reader.line_num}") for cells in reader if cells]
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: this is not valid CSV ({error}).") from error


def _row(header: list[str], cells: list[str], where: str) -> Row:
    if len(cells) != len(header):
        raise InputError(f"{where}: {len(cells)} cells where the header has {len(header)}; quote titles with commas.")
    record = dict(zip(header, cells, strict=True))
    count = record["comment_count"].strip()
    if not (count.isascii() and count.isdigit()):
        raise InputError(f"{where}: comment_count must be a whole number from 0 up, not {count[:40]!r}.")
    return Row(record["video_id"], record["title"], math.log2(max(1, int(count))), record.get("split", "").strip())
