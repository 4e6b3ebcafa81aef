"""Sources: MicroLens's own files, hub datasets, and telling one kind from another."""

import csv
import sys
from pathlib import Path

import pytest

from popcorn_agents.tools import exemplar_microlens as ml
from popcorn_agents.tools.errors import InputError, PopcornError
from popcorn_agents.tools.exemplar_sources import read_hub, read_source

FILES = {
    ml.TITLES: "video_id,title\n10,Cats, dogs, and a parrot # pets\n"
    '2,"Quoted, as it should be"\n3,  \n4,"Hi" she said, "bye"\n',
    ml.COMMENTS: "7\t10\tso cute\n7\t10\tagain\n8\t10\ta text\twith a tab\nand a second line\n9\t2\tnice\n",
    ml.LIKES: "10\t10,000\t900\n2\tbroken\t7\n",
    ml.CAPTIONS: "10\tA cat beside a dog\n",
    ml.CATEGORIES: "video_id,category\n10,Pets\n2,Daily, sharing\n",
}


def microlens_folder(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names or FILES:
        (folder / name).write_text(FILES[name], encoding="utf-8")
    return folder


def test_microlens_as_the_site_names_it(tmp_path: Path) -> None:
    data = read_source(str(microlens_folder(tmp_path / "ml")))
    found = {r.video_id: (r.title, r.comment_count, r.caption, r.category, r.likes, r.views) for r in data.records}
    assert found == {
        "10": ("Cats, dogs, and a parrot # pets", 3, "A cat beside a dog", "Pets", 10_000, 900),
        "2": ("Quoted, as it should be", 1, "", "Daily, sharing", None, 7),
        "4": ('"Hi" she said, "bye"', 0, "", "", None, None),
    }
    assert data.notes == ["1 video left out: no title."]


def test_microlens_needs_titles_and_comments_only(tmp_path: Path) -> None:
    assert len(read_source(str(microlens_folder(tmp_path / "a", ml.TITLES, ml.COMMENTS))).records) == 3
    with pytest.raises(InputError, match=r"lacks MicroLens-100k_title_en\.csv and MicroLens-100k_comment_en\.txt;"):
        read_source(str(microlens_folder(tmp_path / "b", ml.LIKES)))


def test_a_broken_microlens_file_is_refused(tmp_path: Path) -> None:
    folder = microlens_folder(tmp_path / "ml")
    (folder / ml.TITLES).write_text("1,A title\nno id here\n")
    with pytest.raises(InputError, match="line 2: it does not start with a video id"):
        read_source(str(folder))
    microlens_folder(folder, ml.TITLES)
    (folder / ml.COMMENTS).write_text("")
    with pytest.raises(InputError, match="holds no line of user, video and text"):
        read_source(str(folder))


def test_the_split_is_the_one_the_predictor_was_trained_without(microlens: Path) -> None:
    with (microlens / "microlens_100k_titles.csv").open(encoding="utf-8", newline="") as file:
        known = {row["video_id"] for row in csv.DictReader(file)}  # train and valid
    test = ml.mmra_test_split([str(number) for number in range(1, ml.FULL_SIZE + 1)])
    assert len(test) == 1_974
    assert known.isdisjoint(test)


def test_of_the_whole_dataset_only_the_test_split_is_kept(tmp_path: Path) -> None:
    (tmp_path / ml.TITLES).write_text("".join(f"{n},title {n}\n" for n in range(1, ml.FULL_SIZE + 1)))
    (tmp_path / ml.COMMENTS).write_text("1\t1\tfirst\n")
    data = read_source(str(tmp_path))
    assert len(data.records) == 1_974
    assert "the shipped predictor has learnt from the other videos" in data.notes[0]
    assert len(read_source(str(tmp_path), partition="all").records) == ml.FULL_SIZE


def test_real_titles_survive_the_folder(microlens: Path, tmp_path: Path) -> None:
    with (microlens / "microlens_100k_titles.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[:3000]
    (tmp_path / ml.TITLES).write_text("".join(f"{r['video_id']},{r['title']}\n" for r in rows), encoding="utf-8")
    lines = (f"1\t{r['video_id']}\ttext\n" * min(int(r["comment_count"]), 20) for r in rows)
    (tmp_path / ml.COMMENTS).write_text("".join(lines), encoding="utf-8")
    records = {r.video_id: r for r in read_source(str(tmp_path)).records}
    titled = [r for r in rows if r["title"].strip()]
    assert len(records) == len(titled)
    assert all(records[r["video_id"]].comment_count == min(int(r["comment_count"]), 20) for r in titled)
    assert sum(records[r["video_id"]].title == " ".join(r["title"].split()) for r in titled) > 0.99 * len(titled)


def test_a_hub_dataset_keeps_the_test_partition(tmp_path: Path) -> None:
    (tmp_path / "owner" / "videos").mkdir(parents=True)
    (tmp_path / "owner" / "videos" / "train.csv").write_text(
        "video_id,title_en,cover_desc,caption_en,partition,likes,views,comment_count\n"
        "1,Learnt from,,,train,1,2,3\n2,Kept,a cover,a caption,test,1,2,30\n"
    )
    data = read_hub("owner/videos")  # datasets takes a folder of this name where there is one
    assert [(r.title, r.caption, r.comment_count) for r in data.records] == [("Kept", "a cover. a caption", 30)]
    assert len(read_hub("owner/videos", partition="all").records) == 2


def test_a_hub_dataset_offline_is_one_sentence() -> None:
    with pytest.raises(PopcornError, match="'junchenfu/microlens_rag' could not be loaded from the hub"):
        read_source("junchenfu/microlens_rag")


def test_without_the_extra_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(PopcornError, match=r"pip install 'popcorn-agents\[hub\]'"):
        read_source("owner/videos")


def test_youtube_studio_folder(tmp_path: Path) -> None:
    (tmp_path / "Table data.csv").write_text("Content,Video title,Comments added\nTotal,,9\nx1,Noodles,9\n")
    assert [r.video_id for r in read_source(str(tmp_path)).records] == ["x1"]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("nowhere.csv", "is no file, no folder and no dataset name"),
        ("data/nowhere.csv", "is no file, no folder and no dataset name"),
        ("", "holds neither MicroLens's files"),
        (".", "holds neither MicroLens's files"),
    ],
)
def test_sources_that_are_none(source: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read_source(source)


def test_a_table_without_a_usable_row_says_why(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("title,comments\n,3\n")
    with pytest.raises(InputError, match=r"holds no usable video\. 1 row left out: no title\."):
        read_source(str(tmp_path / "v.csv"))
