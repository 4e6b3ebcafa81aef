"""Queries: the bundled 200, the hub's, files of one's own, and what is wrong with broken ones."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from popcorn_agents.evaluation.plan import QuerySet
from popcorn_agents.evaluation.query_sets import TYPES, load_queries
from popcorn_agents.evaluation.records import CATEGORIES
from popcorn_agents.tools.embedding import embed
from popcorn_agents.tools.errors import InputError, PopcornError


def written(folder: Path, name: str, text: str | bytes) -> QuerySet:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return QuerySet(source=str(folder / name))


def texts(queries: QuerySet) -> list[str]:
    return [query.text for query in load_queries(queries)]


def test_the_bundled_set_is_twenty_a_group_and_varied() -> None:
    found = load_queries(QuerySet())
    groups = Counter((query.type, query.category) for query in found)
    assert groups == {(kind, category): 20 for kind in TYPES for category in CATEGORIES}
    assert len({query.id for query in found}) == 200
    assert all(query.id.endswith(tuple(f"-{query.type[0]}{number:02d}" for number in range(1, 21))) for query in found)
    lengths = [len(query.text.split()) for query in found]
    assert (min(lengths), max(lengths)) == (2, 20)
    alike = np.triu(np.asarray((vectors := embed([query.text for query in found])) @ vectors.T), 1)
    assert alike.max() < 0.85


def test_the_first_of_the_bundled_set_are_of_every_group() -> None:
    assert len({(query.type, query.category) for query in load_queries(QuerySet(limit=10))}) == 10
    few = load_queries(QuerySet(per_group=2, categories=["Gaming", "Anime"]))
    assert [query.id for query in few] == [
        *("anime-c01", "anime-a01", "gaming-c01", "gaming-a01"),
        *("anime-c02", "anime-a02", "gaming-c02", "gaming-a02"),
    ]
    assert {query.type for query in load_queries(QuerySet(types=["abstract"]))} == {"abstract"}
    assert len(load_queries(QuerySet(types=["abstract"], per_group=3, limit=7))) == 7


def test_a_text_file(tmp_path: Path) -> None:
    queries = written(
        tmp_path, "q.txt", '\ufeffGoku\'s hair\r\n\r\n  she said "no"  \n../../etc/passwd\n🍜🍜 noodles, loud'
    )
    assert texts(queries) == ["Goku's hair", 'she said "no"', "../../etc/passwd", "🍜🍜 noodles, loud"]
    first = load_queries(queries)
    assert [query.id for query in first] == [query.id for query in load_queries(queries)]
    assert {(query.type, query.category) for query in first} == {("", "")}


def test_a_table_with_all_columns(tmp_path: Path) -> None:
    text = 'ID;Type;Category;Prompt\n7;Concrete;Food ;"one; two"\n8;;;three\n'
    found = load_queries(written(tmp_path, "q.csv", text))
    assert [(q.id, q.type, q.category, q.text) for q in found] == [
        ("7", "concrete", "Food", "one; two"),
        ("8", "", "", "three"),
    ]


def test_json_lines(tmp_path: Path) -> None:
    rows = [{"id": 3, "text": "a walk", "type": None}, {"text": "a swim", "category": "Sport", "more": [1]}]
    queries = written(tmp_path, "q.jsonl", "\n".join(json.dumps(row) for row in rows))
    found = load_queries(queries)
    assert [(q.id[:2], q.text, q.category) for q in found] == [("3", "a walk", ""), ("q-", "a swim", "Sport")]
    assert texts(queries.model_copy(update={"categories": ["Sport"]})) == ["a swim"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("q.txt", b"", "q.txt holds no query"),
        ("q.txt", b" \n\n", "q.txt holds no query"),
        ("q.txt", b"good\nb\xffd\n", "q.txt, line 2: this is not UTF-8"),
        ("q.txt", "fine\n" + "x" * 10_000, "q.txt, line 2: The query has 10000 characters"),
        ("q.txt", "fine\n\nbell\x07\n", r"q.txt, line 3: The query holds the control character U\+0007"),
        ("q.txt", "twice\nonce\ntwice\n", "q.txt, line 3: the query 'twice' stands in line 1 already"),
        ("q.csv", b"", "q.csv is empty; it needs a header line and one line a query"),
        ("q.csv", "query\n", "q.csv holds no query"),
        ("q.csv", "title,type\na,b\n", "q.csv has no column query, prompt or text; it has: 'title', 'type'"),
        ("q.csv", "query\none, two\n", "q.csv, line 2: 2 fields where the header has 1"),
        ("q.csv", 'query\n"open\n', "q.csv, line 2: the row is broken"),
        ("q.csv", 'query,id\n" ",1\n', "q.csv, line 2: The query is blank"),
        ("q.csv", "id,query\na,one\na,two\n", "q.csv, line 3: the id 'a' stands in line 2 already"),
        ("q.csv", "id,query\n../x,one\n", r"q.csv, line 2: the id '\.\./x' cannot be used"),
        ("q.csv", "query,type\none,vague\n", "q.csv, line 2: 'vague' is no type of query"),
        ("q.jsonl", b"", "q.jsonl is empty"),
        ("q.jsonl", '{"query": "a"}\n{"query": ', "q.jsonl, line 2: this is not a JSON object"),
        ("q.jsonl", '{"query": "a"}\n{"id": "b"}', "q.jsonl, line 2: the query is missing"),
        ("q.jsonl", '{"query": ["a"]}', "q.jsonl, line 1: the query is no text"),
        ("q.docx", b"PK", "q.docx is no .txt, .csv or .jsonl file"),
    ],
)
def test_a_broken_file_is_one_sentence(tmp_path: Path, name: str, content: str | bytes, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as raised:
        load_queries(written(tmp_path, name, content))
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400


@pytest.mark.parametrize(
    ("queries", "sentence"),
    [
        (QuerySet(source="nowhere.txt"), "There is no file 'nowhere.txt' of queries"),
        (QuerySet(types=["vague"]), "has no query of type 'vague': there are concrete, abstract"),
        (QuerySet(categories=["Sport"]), "has no query of category 'Sport': there are Anime, Delicacy"),
    ],
)
def test_a_choice_that_finds_nothing_says_what_there_is(queries: QuerySet, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        load_queries(queries)


def test_no_query_of_a_known_type_is_left(tmp_path: Path) -> None:
    queries = written(tmp_path, "q.txt", "one\n").model_copy(update={"types": ["abstract"]})
    with pytest.raises(InputError, match="holds no query of the types and categories"):
        load_queries(queries)
    with pytest.raises(InputError, match="its queries have no category"):
        load_queries(queries.model_copy(update={"types": [], "categories": ["Anime"]}))


def test_the_hub_set_has_types_and_no_categories(tmp_path: Path) -> None:
    folder = tmp_path / "junchenfu" / "llmpopcorn_prompts"  # datasets takes a folder of this name where there is one
    folder.mkdir(parents=True)
    (folder / "train.csv").write_text('type,prompt\nconcrete,"Naruto, again"\nabstract,A feast\nabstract,A feast\n')
    found = load_queries(QuerySet(source="hub"))
    assert [(q.id, q.type, q.category, q.text) for q in found] == [
        ("001", "concrete", "", "Naruto, again"),
        ("002", "abstract", "", "A feast"),
        ("003", "abstract", "", "A feast"),
    ]


def test_the_hub_offline_is_one_sentence() -> None:
    with pytest.raises(PopcornError, match="'junchenfu/llmpopcorn_prompts' could not be loaded from the hub"):
        load_queries(QuerySet(source="hub"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(content=st.binary(max_size=200), suffix=st.sampled_from(["txt", "csv", "jsonl"]))
def test_no_file_does_worse_than_a_sentence(tmp_path: Path, content: bytes, suffix: str) -> None:
    queries = written(tmp_path, f"q.{suffix}", content)
    try:
        assert load_queries(queries)
    except InputError as error:
        assert str(error).endswith((".", "!"))  # noqa: PT017
