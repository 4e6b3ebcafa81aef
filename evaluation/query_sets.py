"""Where an evaluation's queries come from: the bundled set, the paper's on the hub, or a file of one's own."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Literal, cast

from ..tools.errors import InputError
from ..tools.exemplar_records import clean_text
from ..tools.exemplar_sources import hub_rows
from ..tools.exemplar_tables import Row, decode, table_rows
from ..tools.query import validate_query
from .plan import QuerySet
from .records import Query

BUNDLED, HUB = "popcorn", "hub"
HUB_DATASET = "junchenfu/llmpopcorn_prompts"
TEXTS = ("query", "prompt", "text")
"""Columns that may hold the query, the surest first."""
TYPES = ("concrete", "abstract")
_ID = re.compile(r"[\w.:-]{1,64}")


def load_queries(queries: QuerySet) -> list[Query]:
    """The queries of a plan in the order of their source, narrowed; blocking.

    Raises InputError, with file and line, for a source that cannot be read, an unusable or repeated query and an empty
    rest; PopcornError where the hub cannot be reached.
    """
    if queries.source == BUNDLED:
        with resources.as_file(resources.files(__package__).joinpath("queries", f"{BUNDLED}.csv")) as path:
            found = _from_table(path)
    elif queries.source == HUB:
        header, rows = hub_rows(HUB_DATASET)
        found = _queries(header, rows, HUB_DATASET, numbered=True)
    else:
        found = _from_file(Path(queries.source).expanduser())
    return _narrowed(found, queries)


def _from_file(path: Path) -> list[Query]:
    suffix = path.suffix.lower()
    if not path.is_file():
        raise InputError(f"There is no file {str(path)!r} of queries; name one, or one of {BUNDLED}, {HUB}.")
    if suffix == ".txt":
        lines = decode(path).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        rows = ((number, {TEXTS[0]: line}) for number, line in enumerate(lines, 1) if line.strip())
        return _queries([TEXTS[0]], rows, path.name)
    if suffix in (".csv", ".tsv", ".jsonl", ".ndjson"):
        return _from_table(path)
    raise InputError(f"{path.name} is no .txt, .csv or .jsonl file; save the queries as one of them.")


def _from_table(path: Path) -> list[Query]:
    rows = table_rows(path, "query")
    return _queries(next(rows)[1], rows, path.name)


def _queries(header: Iterable[str], rows: Iterable[Row], where: str, numbered: bool = False) -> list[Query]:
    """Checked queries of the rows; those without an id get their number, or the hash of what they ask."""
    columns = _columns(list(header), where)
    found: dict[str, Query] = {}
    lines: dict[str, int] = {}
    for line, cells in rows:
        query = _query({name: cells.get(column) for name, column in columns.items()}, f"{where}, line {line}")
        query_id = query.id or (f"{line:03d}" if numbered else _hash(query))
        if query_id in found:
            said = f"the id {query_id!r}" if query.id else f"the query {query.text[:60]!r}"
            raise InputError(f"{where}, line {line}: {said} stands in line {lines[query_id]} already; leave out one.")
        found[query_id], lines[query_id] = query.model_copy(update={"id": query_id}), line
    if not found:
        raise InputError(f"{where} holds no query; write one a line.")
    return list(found.values())


def _columns(header: list[str], where: str) -> dict[str, str]:
    """Our field -> the column that holds it."""
    lower = {str(name).strip().lower(): name for name in reversed(header)}
    text = next((lower[name] for name in TEXTS if name in lower), None)
    if text is None:
        listed = ", ".join(repr(str(name)[:40]) for name in header[:10])
        raise InputError(f"{where} has no column {', '.join(TEXTS[:-1])} or {TEXTS[-1]}; it has: {listed}.")
    return {"text": text} | {name: lower[name] for name in ("id", "type", "category") if name in lower}


def _query(cells: Mapping[str, object], where: str) -> Query:
    """One row as a query; its id is empty where the row has none."""
    written = cells.get("text")
    if not isinstance(written, str):
        raise InputError(f"{where}: the query is {'missing' if written is None else 'no text'}; correct the line.")
    try:
        text = validate_query(written)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    values = {name: clean_text(str(cells.get(name) or "")) for name in ("type", "category")}
    query_id = "" if cells.get("id") is None else str(cells["id"]).strip()
    if query_id and not _ID.fullmatch(query_id):
        raise InputError(
            f"{where}: the id {query_id[:80]!r} cannot be used; take at most 64 letters, digits, points and dashes."
        )
    kind = values["type"].lower()
    if kind not in (*TYPES, ""):
        raise InputError(f"{where}: {kind[:80]!r} is no type of query; types are {' and '.join(TYPES)}.")
    return Query(
        id=query_id, text=text, type=cast(Literal["concrete", "abstract", ""], kind), category=values["category"]
    )


def _hash(query: Query) -> str:
    content = "\0".join((query.text, query.type, query.category))
    return f"q-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def _narrowed(found: list[Query], queries: QuerySet) -> list[Query]:
    _check_choice("type", queries.types, TYPES, queries.source)
    _check_choice("category", queries.categories, {query.category: None for query in found}, queries.source)
    types, categories = set(queries.types), set(queries.categories)
    kept = [
        query
        for query in found
        if (not types or query.type in types) and (not categories or query.category in categories)
    ]
    if not kept:
        raise InputError(f"{queries.source} holds no query of the types and categories that the plan names.")
    if queries.per_group is not None:
        kept = list(_first_of_each(kept, queries.per_group))
    return kept[: queries.limit]


def _check_choice(what: str, chosen: list[str], there: Iterable[str], source: str) -> None:
    names = [name for name in there if name]
    unknown = next((name for name in chosen if name not in names), None)
    if unknown is not None:
        has = f"there are {', '.join(names)}" if names else f"its queries have no {what}"
        raise InputError(f"{source} has no query of {what} {unknown[:80]!r}: {has}.")


def _first_of_each(found: list[Query], count: int) -> Iterator[Query]:
    taken: Counter[tuple[str, str]] = Counter()
    for query in found:
        group = query.type, query.category
        taken[group] += 1
        if taken[group] <= count:
            yield query
