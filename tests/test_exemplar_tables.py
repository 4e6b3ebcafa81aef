"""Tables of one's own: CSV and JSONL with headers, presets, mappings and what goes wrong with them."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from popcorn_agents.tools.errors import InputError
from popcorn_agents.tools.exemplar_records import clean_text
from popcorn_agents.tools.exemplar_tables import read_table

STUDIO = (
    "Content,Video title,Video publish time,Duration,Comments added,Likes,Views,Watch time (hours)\n"
    "Total,,,,1204,80,900,12.5\n"
    'aB3_x-9,"Noodles, but louder","Nov 3, 2025",31,"1,200",50,800,11.1\n'
    'zZ1,"She said ""wait""","Nov 9, 2025",12,4,30,20,1.4\n'
)


def written(folder: Path, text: str, name: str = "videos.csv", encoding: str = "utf-8") -> Path:
    (folder / name).write_bytes(text.encode(encoding))
    return folder / name


@pytest.mark.parametrize("preset", [None, "youtube-studio"])
def test_youtube_studio(tmp_path: Path, preset: str | None) -> None:
    data = read_table(written(tmp_path, STUDIO), preset)
    assert [(r.video_id, r.title, r.comment_count, r.likes, r.views) for r in data.records] == [
        ("aB3_x-9", "Noodles, but louder", 1200, 50, 800),
        ("zZ1", 'She said "wait"', 4, 30, 20),  # more likes than views happens
    ]
    assert data.notes == ["1 row left out: total of the table."]


def test_a_mapping_goes_before_the_usual_names(tmp_path: Path) -> None:
    path = written(tmp_path, "key,Headline,title,n\n1,The real one,an internal name,5\n")
    data = read_table(path, columns={"video_id": "key", "title": "Headline", "comment_count": "n"})
    assert [(r.video_id, r.title, r.comment_count) for r in data.records] == [("1", "The real one", 5)]


@pytest.mark.parametrize(("encoding", "end"), [("utf-8-sig", "\r\n"), ("utf-16", "\n"), ("utf-8", "\r")])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_line_ends_and_separators(tmp_path: Path, encoding: str, end: str, separator: str) -> None:
    lines = ["video_id,title,comment_count", "1,Žluťoučký \U0001f40e,3", '2,"two\nlines",4', ""]
    path = written(tmp_path, end.join(line.replace(",", separator) for line in lines), encoding=encoding)
    assert [r.title for r in read_table(path, "plain").records] == ["Žluťoučký \U0001f40e", "two lines"]


def test_rows_that_cannot_be_used_are_counted(tmp_path: Path) -> None:
    path = written(tmp_path, "video_id,title,comment_count\n1,a,3\n1,again,4\n2,  ,5\n3,c,\n\n4,d,6\n")
    data = read_table(path)
    assert [r.video_id for r in data.records] == ["1", "4"]
    assert data.notes == [
        "1 row left out: no comment count.", "1 row left out: no title.", "1 row left out: repeated id."
    ]  # fmt: skip


def test_caption_cover_and_category_are_taken_where_they_are(tmp_path: Path) -> None:
    path = written(tmp_path, "title,comments,cover_desc,caption,category\nA,1,a cover,a scene,Dance\nB,2,,,\n")
    first, second = read_table(path).records
    assert (first.text(), first.category) == ("A. a cover. a scene", "Dance")
    assert (second.text(), second.category, second.video_id) == ("B", "", "row-3")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('video_id,title,comment_count\n1,a,3\n2,"open,4\n5,x,6\n', "videos.csv, line 3: the row is broken"),
        ('video_id,title,comment_count\n1,"a"b,3\n', "videos.csv, line 2: the row is broken"),
        ("video_id,title,comment_count\n1,a, b,3\n", "videos.csv, line 2: 4 fields where the header has 3"),
        ("video_id,title,comment_count\n1,a\n", "videos.csv, line 2: 2 fields where the header has 3"),
        ("video_id,title,comment_count\n1,a,1.234\n", r"videos.csv, line 2: '1\.234' cannot be read as a count"),
        ("video_id,title,comment_count\n1,a,-4\n", "line 2: '-4' cannot be read"),
        ("video_id,title,comment_count\n1," + "x" * 200_000 + ",4\n", "line 2: the row is broken"),
        ("id,name,replies\n1,a,3\n", "no column for title and comment_count; it has: 'id', 'name', 'replies'"),
        ("title,title,comment_count\n1,a,3\n", "two columns named 'title'"),
        ("", "videos.csv is empty"),
        ("\n\n", "videos.csv is empty"),
    ],
)
def test_a_broken_csv_is_one_sentence_with_the_line(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        read_table(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_name_the_line(tmp_path: Path) -> None:
    (tmp_path / "videos.csv").write_bytes(b"video_id,title,comment_count\n1,caf\xe9,3\n")
    with pytest.raises(InputError, match="line 2: this is not UTF-8"):
        read_table(tmp_path / "videos.csv")


def test_unknown_presets_fields_and_columns_are_named(tmp_path: Path) -> None:
    path = written(tmp_path, "video_id,title,comment_count\n1,a,3\n")
    for arguments, sentence in [
        (("tiktok", None), "no preset 'tiktok'"),
        (("youtube-studio", None), "no column 'Content'"),
        ((None, {"titel": "title"}), "no field 'titel'"),
        ((None, {"title": "Title"}), "no column 'Title'"),
    ]:
        with pytest.raises(InputError, match=sentence):
            read_table(path, *arguments)


def test_jsonl(tmp_path: Path) -> None:
    lines = [
        {"id": 7, "title": "One\u2028two", "comments": "1.2K"},
        {"id": 8, "title": "B", "comments": 3, "tag": "Music"},
    ]
    path = written(tmp_path, "\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\n\n", "v.jsonl")
    first, second = read_table(path).records
    assert (first.video_id, first.title, first.comment_count) == ("7", "One two", 1200)
    assert second.category == "Music"


@pytest.mark.parametrize("line", ["{'a': 1}", "[1]", "7", '{"title": "cut'])
def test_a_broken_jsonl_names_the_line(tmp_path: Path, line: str) -> None:
    with pytest.raises(InputError, match=r"v\.jsonl, line 2"):
        read_table(written(tmp_path, '{"title": "a", "comments": 1}\n' + line, "v.jsonl"))


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.tuples(TEXT, st.integers(0, 10**6)), min_size=1))
def test_what_a_csv_writer_writes_is_read_back(tmp_path: Path, rows: list[tuple[str, int]]) -> None:
    with (tmp_path / "videos.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [("video_id", "title", "comment_count"), *((i, t, n) for i, (t, n) in enumerate(rows))]
        )
    expected = [(str(i), clean_text(t), n) for i, (t, n) in enumerate(rows) if clean_text(t)]
    expected = [row for row in expected if row[1].lower() != "total" or row[0]]
    assert [(r.video_id, r.title, r.comment_count) for r in read_table(tmp_path / "videos.csv").records] == expected
