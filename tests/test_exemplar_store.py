"""The store: built once, opened fast, searched by meaning, refused when it does not fit."""

import csv
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from popcorn_agents.tools import exemplars
from popcorn_agents.tools.embedding import embed
from popcorn_agents.tools.errors import Cancelled, InputError, PopcornError
from popcorn_agents.tools.exemplar_records import Record
from popcorn_agents.tools.exemplar_store import MANIFEST, RECORDS, VECTORS
from popcorn_agents.tools.exemplars import Store, build_store, group_records, open_store, search, search_vector

FOOD = ["ramen", "pizza", "dumplings", "tacos", "curry", "pancakes", "sushi", "soup"]
SPORT = ["football", "tennis", "boxing", "swimming", "cycling", "rugby", "skiing", "golf"]


def table(folder: Path, categories: bool = True) -> Path:
    rows = [(f"f{n}", f"How to cook {dish} at home", 10 * n, "Kitchen") for n, dish in enumerate(FOOD)]
    rows += [(f"s{n}", f"The best {sport} moment of the match", 5 * n, "Arena") for n, sport in enumerate(SPORT)]
    with (folder / "videos.csv").open("w", newline="") as file:
        header = ("video_id", "title", "comment_count", "category")
        csv.writer(file).writerows([row if categories else row[:3] for row in [header, *rows]])
    return folder / "videos.csv"


def records(store: Store) -> list[Record]:
    return [store.contents.record(row) for row in range(store.manifest.n)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    build_store(str(table(folder)), folder / "store")
    return folder / "store"


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    (tmp_path / "copy").mkdir()
    for path in built.iterdir():
        (tmp_path / "copy" / path.name).write_bytes(path.read_bytes())
    return tmp_path / "copy"


def test_the_manifest_says_what_is_in_it(built: Path) -> None:
    manifest = open_store(str(built)).manifest
    assert (manifest.n, manifest.dimension, manifest.embedding) == (16, 384, "all-MiniLM-L6-v2")
    assert [(tag.name, tag.videos) for tag in manifest.tags] == [("Arena", 8), ("Kitchen", 8)]
    assert (manifest.source, manifest.origin, manifest.tag_origin) == ("videos.csv", "measured", "data")
    assert sorted(path.name for path in built.iterdir()) == [MANIFEST, RECORDS, VECTORS]


def test_search_stays_in_the_nearest_tag_and_takes_its_top_and_bottom(built: Path) -> None:
    found = search(open_store(str(built)), "noodle soup recipe", k=4)
    assert (found.tags, found.note) == (["Kitchen"], "")
    assert {(e.video_id, e.label) for e in found.exemplars} == {
        ("f0", "unpopular"), ("f1", "unpopular"), ("f6", "popular"), ("f7", "popular")
    }  # fmt: skip
    scores = [e.similarity for e in found.exemplars]
    assert scores == sorted(scores, reverse=True)
    assert found.exemplars[0].title == "How to cook soup at home"


def test_the_index_gives_the_cosines_of_the_texts(built: Path) -> None:
    found = search(open_store(str(built)), "tennis", k=4)
    titles = [e.title for e in found.exemplars]
    expected = embed(titles) @ embed(["tennis"])[0]
    assert np.allclose([e.similarity for e in found.exemplars], expected, atol=2e-3)


def test_a_tag_too_small_for_k_is_widened_and_that_is_said(built: Path) -> None:
    found = search(open_store(str(built)), "tennis", k=8)
    assert found.tags == ["Arena", "Kitchen"]
    assert "too few videos for 8 exemplars, so the next 1 were searched too: Kitchen" in found.note
    assert "holds only 8 of the 50" in search(open_store(str(built)), "tennis", k=50).note


def test_the_papers_split_is_nine_to_one(built: Path) -> None:
    found = search(open_store(str(built)), "tennis", k=10, tags=2, split="paper")
    assert [e.label for e in found.exemplars].count("unpopular") == 1
    popular, unpopular = group_records(open_store(str(built)), ["Arena"], "paper")
    assert (len(popular), [r.video_id for r in unpopular]) == (7, ["s0"])


def test_one_store_in_memory_for_all_threads_until_it_is_rebuilt(copy: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: open_store(str(copy)), range(16)))
        found = list(pool.map(lambda _: search(stores[0], "tennis", k=4).exemplars, range(16)))
    assert all(store is stores[0] for store in stores)
    assert all(exemplars == found[0] for exemplars in found)
    (tmp_path / "one.csv").write_text("title,comments\nA goal,1\nA miss,2\n")
    build_store(str(tmp_path / "one.csv"), copy)
    assert open_store(str(copy)).manifest.n == 2


def test_videos_without_a_category_get_the_nearest_bundled_tag(tmp_path: Path) -> None:
    manifest = build_store(str(table(tmp_path, categories=False)), tmp_path / "store")
    tags = {record.video_id: record.category for record in records(open_store(str(tmp_path / "store")))}
    assert manifest.tag_origin == "bundled"
    assert sum(tags[f"f{n}"] == "Delicacy" for n in range(8)) >= 7
    assert sum(tags[f"s{n}"] == "Sports" for n in range(8)) >= 6


def test_half_precision_keeps_the_order(built: Path) -> None:
    store = open_store(str(built))
    exact = embed([record.text() for record in records(store)])
    queries = embed(["cook ramen", "swimming", "a goal", "breakfast"])
    assert np.array_equal(np.argsort(queries @ exact.T)[:, -5:], np.argsort(queries @ store.contents.vectors.T)[:, -5:])


@pytest.mark.parametrize("name", [MANIFEST, RECORDS, VECTORS])
def test_a_missing_file_is_refused(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(PopcornError, match="exemplars build SOURCE --out"):
        open_store(str(copy))


@pytest.mark.parametrize("name", [MANIFEST, RECORDS, VECTORS])
def test_a_truncated_file_is_refused(copy: Path, name: str) -> None:
    (copy / name).write_bytes((copy / name).read_bytes()[:-7])
    with pytest.raises(PopcornError, match="exemplars build SOURCE --out") as caught:
        open_store(str(copy))
    assert "\n" not in str(caught.value)


def test_records_of_another_store_are_refused(copy: Path) -> None:
    text = (copy / RECORDS).read_text().replace("ramen", "rams")
    (copy / RECORDS).write_text(text)
    with pytest.raises(PopcornError, match="was changed or cut short"):
        open_store(str(copy))


def test_another_format_or_embedding_is_refused(copy: Path) -> None:
    with pytest.raises(InputError, match="was embedded with 'all-MiniLM-L6-v2', not with 'other'"):
        open_store(str(copy), "other")
    manifest = json.loads((copy / MANIFEST).read_text())
    (copy / MANIFEST).write_text(json.dumps({**manifest, "version": 9}))
    with pytest.raises(InputError, match="has format 9, this program reads 1"):
        open_store(str(copy))


def test_what_is_no_store_is_named() -> None:
    with pytest.raises(InputError, match="There is no exemplar store at nowhere"):
        open_store("nowhere")


def test_only_a_store_is_overwritten(copy: Path, tmp_path: Path) -> None:
    source = str(table(tmp_path))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "manifest.json").write_text("{}")
    for target in (tmp_path / "mine", tmp_path, table(tmp_path)):
        with pytest.raises(InputError, match="name a"):
            build_store(source, target)
    (copy / "notes.txt").write_text("keep me")
    with pytest.raises(InputError, match="holds files that are no exemplar store"):
        build_store(source, copy)


def test_an_interrupted_build_leaves_the_old_store_and_nothing_else(copy: Path, tmp_path: Path) -> None:
    source = str(table(tmp_path))
    before = sorted(tmp_path.rglob("*")), (copy / MANIFEST).read_bytes()

    def stop(done: int, total: int) -> None:
        raise Cancelled(f"stopped at {done} of {total}")

    with pytest.raises(Cancelled):
        build_store(source, copy, progress=stop)
    assert (sorted(tmp_path.rglob("*")), (copy / MANIFEST).read_bytes()) == before


def test_a_store_in_a_place_that_is_none(tmp_path: Path) -> None:
    source = str(table(tmp_path))
    with pytest.raises(InputError, match="cannot be written"):
        build_store(source, Path(source) / "store")


def test_progress_counts_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exemplars, "CHUNK", 6)
    seen: list[tuple[int, int]] = []
    build_store(str(table(tmp_path)), tmp_path / "store", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(6, 16), (12, 16), (16, 16)]


def test_queries_of_any_kind(built: Path) -> None:
    store: Store = open_store(str(built))
    for query in ("\U0001f363\U0001f35c", 'Goku\'s "final" form', "../../etc/passwd", "x" * 500):
        assert len(search(store, query, k=4).exemplars) == 4
    assert search_vector(store, "q", store.contents.vectors[8], k=4).exemplars[0].similarity == pytest.approx(
        1, abs=2e-3
    )
