"""Markdown and CSV of a report. Whatever comes from models and files is data: shown as it is, never interpreted."""

import csv
import io
import re
import secrets
from contextlib import suppress
from pathlib import Path

from ...tools.errors import PopcornError
from .parts import Section, Table, Value

_MARKDOWN = re.compile(r"([\\`*_\[\]#|~$])")
_LINE_START = re.compile(r"^([-+=]|\d+(?=[.)]\s))")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet would take for a formula."""


def markdown(title: str, summary: list[str], sections: list[Section]) -> str:
    """The report as Markdown, with links to its figures and CSV files."""
    lines = [f"# {plain(title)}", ""]
    lines += [f"- {plain(sentence)}" for sentence in summary]
    for section in sections:
        lines += ["", f"## {plain(section.title)}", ""]
        lines += [f"{plain(sentence)}  " for sentence in section.lead]
        lines += ["", *(f"- {plain(sentence)}" for sentence in section.points)] if section.points else []
        for table in section.tables:
            lines += ["", *table_lines(table)]
        for figure in section.figures:
            lines += ["", f"![{plain(figure.caption)}](figures/{figure.key}.png)", "", plain(figure.caption)]
    return "\n".join(lines) + "\n"


def table_lines(table: Table) -> list[str]:
    """A table with its heading, its note and the link to its CSV file."""
    head = [plain(column) for column in table.columns]
    lines = [f"### {plain(table.title)}", "", f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    lines += [f"| {' | '.join(plain(cell) for cell in row)} |" for row in table.rows]
    note = f"{plain(table.note)} " if table.note else ""
    return [*lines, "", f"{note}([CSV](tables/{table.key}.csv))"]


def plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line: no markup, no HTML, no new cell or row."""
    one_line = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _LINE_START.sub(_kept, _MARKDOWN.sub(r"\\\1", one_line))


def _kept(start: re.Match[str]) -> str:
    """The start of a line that would make a list or a heading of it, so that it does not."""
    return f"{start[1]}\\" if start[1].isdigit() else f"\\{start[1]}"


def csv_text(table: Table) -> str:
    """A table's records, or its rows where it has none, as CSV."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    columns = list(dict.fromkeys(name for record in table.records for name in record)) or table.columns
    writer.writerow([cell(name) for name in columns])
    for record in table.records:
        writer.writerow([cell(record.get(name)) for name in columns])
    if not table.records:
        writer.writerows([cell(text) for text in row] for row in table.rows)
    return buffer.getvalue()


def cell(value: Value) -> str:
    """One cell: a number bare, text with an apostrophe before whatever a spreadsheet would compute."""
    if value is None or value != value:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.lstrip(" ").startswith(FORMULA) else value
    return repr(value)


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file atomically, with its folder; raises PopcornError where that is not possible."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        reason = error.strerror or type(error).__name__
        raise PopcornError(f"{path} cannot be written ({reason}); free the space or move what is there.") from error
    return path
