"""Exemplars from a table of one's own: a CSV or JSONL file, with a mapping from its columns to ours."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from .errors import InputError
from .exemplar_records import Record, SourceData, clean_text, parse_count

# For each field the headers that name it, in lower case, the surest first; YouTube Studio's are those of its English
# "Table data.csv" (analytics, advanced mode, export current view).
ALIASES: dict[str, tuple[str, ...]] = {
    "video_id": ("video_id", "videoid", "video id", "id", "video", "content"),
    "title": ("title", "video title", "title_en", "video_title"),
    "comment_count": ("comment_count", "comments added", "comments", "commentcount", "comment count"),
    "caption": ("caption", "caption_en", "description", "video_description"),
    "cover_desc": ("cover_desc", "cover description"),
    "category": ("category", "tag", "topic"),
    "likes": ("likes", "like_count", "likecount"),
    "views": ("views", "view_count", "viewcount"),
    "partition": ("partition", "split"),
}
PRESETS: dict[str, dict[str, str]] = {
    "plain": {"video_id": "video_id", "title": "title", "comment_count": "comment_count"},
    "youtube-studio": {"video_id": "Content", "title": "Video title", "comment_count": "Comments added"},
}
REQUIRED = ("title", "comment_count")
Row = tuple[int, Mapping[str, object]]  # the line that the row starts on, and its cells


def read_table(path: Path, preset: str | None = None, columns: dict[str, str] | None = None) -> SourceData:
    """Records of a CSV (comma, semicolon or tab; UTF-8 or UTF-16) or JSONL file.

    columns maps our fields to the file's headers, e.g. {"title": "Video title"}, and goes before the preset, which goes
    before the headers' usual names. Raises InputError with the line for a broken row or an unreadable count.
    """
    if preset is not None and preset not in PRESETS:
        raise InputError(f"There is no preset {preset!r}; use one of {', '.join(PRESETS)}, or name the columns.")
    rows = table_rows(path, "video")
    header = next(rows)[1]
    mapping = map_columns(list(header), {**PRESETS.get(preset or "", {}), **(columns or {})}, path.name)
    return to_records(rows, mapping, path.name)


def table_rows(path: Path, what: str) -> Iterator[Row]:
    """The header of a CSV or JSONL file as a row of its own names, then the rows, each of which is a `what`.

    Raises InputError with the line for text that is not UTF-8 or UTF-16, a broken row, and a file without rows.
    """
    text = decode(path)
    return _jsonl_rows(text, path) if _is_jsonl(path, text) else _csv_rows(text, path, what)


def map_columns(header: list[str], wanted: dict[str, str], where: str) -> dict[str, str]:
    """Our field -> the header that holds it; InputError where a column that we need or were told of is missing."""
    unknown = [name for name in wanted if name not in ALIASES]
    if unknown:
        raise InputError(f"There is no field {unknown[0]!r} to map a column to; the fields are {', '.join(ALIASES)}.")
    absent = [column for column in wanted.values() if column not in header]
    if absent:
        raise InputError(f"{where} has no column {absent[0]!r}; it has: {_listed(header)}.")
    lower: dict[str, str] = {}
    for name in header:
        lower.setdefault(name.strip().lower(), name)
    found = {
        name: next((lower[alias] for alias in aliases if alias in lower), None) for name, aliases in ALIASES.items()
    }
    mapping = {name: column for name, column in found.items() if column is not None} | wanted
    missing = [name for name in REQUIRED if name not in mapping]
    if missing:
        raise InputError(
            f"{where} has no column for {' and '.join(missing)}; it has: {_listed(header)}; say which it is with a "
            f'column mapping such as {missing[0]}="{header[-1] if header else "Header"}".'
        )
    return mapping


def to_records(
    rows: Iterable[Row], mapping: dict[str, str], where: str, keep_partition: str | None = None
) -> SourceData:
    """Records of mapped rows. Rows without title or count, repeated ids and a total row are left out, and noted."""
    dropped: dict[str, int] = {}
    records: dict[str, Record] = {}
    for line, cells in rows:
        row = {name: cells.get(column) for name, column in mapping.items()}
        if keep_partition is not None and str(row.get("partition")) != keep_partition:
            continue
        record = _record(row, line, where)
        reason = record if isinstance(record, str) else ("repeated id" if record.video_id in records else "")
        if reason:
            dropped[reason] = dropped.get(reason, 0) + 1
        elif isinstance(record, Record):
            records[record.video_id] = record
    notes = [f"{count} row{'s' if count > 1 else ''} left out: {reason}." for reason, count in sorted(dropped.items())]
    return SourceData(list(records.values()), where, notes=notes)


def _record(row: Mapping[str, object], line: int, where: str) -> Record | str:
    """The record of a row, or why there is none."""
    title, video_id = _text(row, "title"), _text(row, "video_id")
    if video_id.lower() in ("total", "totals") or (not video_id and title.lower() == "total"):
        return "total of the table"
    if not title:
        return "no title"
    try:
        counts = {name: parse_count(row.get(name)) for name in ("comment_count", "likes", "views")}
    except ValueError as error:
        raise InputError(f"{where}, line {line}: {error}; correct it or leave the cell empty.") from error
    if counts["comment_count"] is None:
        return "no comment count"
    caption = ". ".join(part for part in (_text(row, "cover_desc"), _text(row, "caption")) if part)
    return Record(
        video_id=video_id or f"row-{line}", title=title, comment_count=counts["comment_count"], caption=caption,
        category=_text(row, "category"), likes=counts["likes"], views=counts["views"],
    )  # fmt: skip


def _text(row: Mapping[str, object], name: str) -> str:
    value = row.get(name)
    return "" if value is None else clean_text(str(value))


def decode(path: Path) -> str:
    """The text of a file in UTF-8 or UTF-16; raises InputError with the line where it is neither."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path.name}, line {line}: this is not UTF-8 text; save the file as UTF-8 and try again."
        ) from error


def _is_jsonl(path: Path, text: str) -> bool:
    if path.suffix.lower() in (".csv", ".tsv"):
        return False
    return path.suffix.lower() in (".jsonl", ".ndjson") or text.lstrip()[:1] == "{"


def _csv_rows(text: str, path: Path, what: str) -> Iterator[Row]:
    """The header (as a row of its own names), then the rows; a row may span lines inside quotes."""
    first = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    start = 1
    while (row := _next_row(reader, start, path)) is not None:
        line, start = start, reader.line_num + 1
        if not any(cell.strip() for cell in row):
            continue
        if header is None:
            header = _unique([cell.strip() for cell in row], path)
            yield line, dict.fromkeys(header)
            continue
        if len(row) < len(header) or any(cell.strip() for cell in row[len(header) :]):
            raise InputError(
                f"{path.name}, line {line}: {len(row)} fields where the header has {len(header)}; "
                "a text with the separator in it must stand in quotes."
            )
        yield line, dict(zip(header, row, strict=False))
    if header is None:
        raise InputError(f"{path.name} is empty; it needs a header line and one line a {what}.")


def _next_row(reader: Iterator[list[str]], start: int, path: Path) -> list[str] | None:
    try:
        return next(reader, None)
    except csv.Error as error:
        raise InputError(f"{path.name}, line {start}: the row is broken ({error}); check its quotes.") from error


def _unique(header: list[str], path: Path) -> list[str]:
    twice = next((name for name in header if name and header.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{path.name} has two columns named {twice!r}; rename one.")
    return header


def _jsonl_rows(text: str, path: Path) -> Iterator[Row]:
    """All keys of the file as the header, then one row a line."""
    rows: list[Row] = []
    header: dict[str, None] = {}
    for line, raw in enumerate(text.split("\n"), start=1):
        if not raw.strip():
            continue
        cells = _json_object(raw, line, path)
        header.update(dict.fromkeys(cells))
        rows.append((line, cells))
    if not rows:
        raise InputError(f"{path.name} is empty; it needs one JSON object a line.")
    yield 0, header
    yield from rows


def _json_object(raw: str, line: int, path: Path) -> dict[str, object]:
    try:
        cells = json.loads(raw)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{path.name}, line {line}: this is not a JSON object ({error}).") from error
    if not isinstance(cells, dict):
        raise InputError(f"{path.name}, line {line}: this is JSON, but not an object with a key for each column.")
    return cells


def _listed(header: list[str]) -> str:
    return ", ".join(repr(name) for name in header[:20]) + (" and more" if len(header) > 20 else "")
