"""Training on small made-up data: it learns, it repeats itself, it does not look at held-out rows."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from popcorn_agents.tools.errors import InputError
from popcorn_agents.tools.popularity import network
from popcorn_agents.tools.popularity import train as training
from popcorn_agents.tools.popularity.metrics import interval_of, top_decile_lift
from popcorn_agents.tools.popularity.model import load
from popcorn_agents.tools.popularity.predictor import noise, score_titles
from popcorn_agents.tools.popularity.rows import Row, read_rows
from popcorn_agents.tools.popularity.train import share_out, split_rows, train

SUBJECTS = ["my cat", "the old baker", "a street dancer", "this robot", "our teacher", "the farmer"]
LOVED = ["surprises everyone", "finally wins", "makes a giant cake"]
IGNORED = ["reads the minutes", "waits for a bus", "sorts the receipts"]


def write_titles(path: Path, count: int = 400) -> Path:
    draw = random.Random(3)
    lines = ["video_id,title,comment_count,split"]
    for n in range(count):
        loved = draw.random() < 0.5
        title = f"{draw.choice(SUBJECTS)} {draw.choice(LOVED if loved else IGNORED)} {draw.randint(1, 99)} #tag{n % 3}"
        lines.append(
            f"{n},{title},{draw.randint(60, 120) if loved else draw.randint(1, 6)},{'valid' if n % 5 == 0 else 'train'}"
        )
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("trained")
    data = write_titles(folder / "titles.csv")
    train(data, folder / "weights")
    return data, folder / "weights"


def test_it_learns_what_separates_the_titles(trained: tuple[Path, Path]) -> None:
    good, bad = score_titles(["my cat finally wins", "my cat waits for a bus"], weights=trained[1])
    assert good.percentile > bad.percentile + 30
    assert good.low > bad.high
    assert load(trained[1]).card["variants"]["hashtag_blind"]["modes"]["alone"]["metrics"]["src"] > 0.7
    assert 0 <= noise(trained[1]) < 50


@pytest.mark.slow
def test_equal_seeds_give_equal_bytes(trained: tuple[Path, Path], tmp_path: Path) -> None:
    said: list[str] = []
    train(trained[0], tmp_path, progress=said.append)
    for name in ("weights.safetensors", "card.json"):
        assert (tmp_path / name).read_bytes() == (trained[1] / name).read_bytes()
    assert any("of 320" in line or "embedding" in line for line in said)


@pytest.mark.slow
def test_held_out_labels_reach_no_weight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = {name: penalties[:1] for name, penalties in training.CHOICES.items()}
    monkeypatch.setattr(training, "CHOICES", one)  # the choice of penalties and epochs is all that they may decide
    monkeypatch.setattr(network, "MAX_EPOCHS", 1)
    text = write_titles(tmp_path / "titles.csv").read_text().splitlines()
    flipped = [",".join([*line.split(",")[:2], "9", "valid"]) if line.endswith(",valid") else line for line in text]
    (tmp_path / "flipped.csv").write_text("\n".join(flipped) + "\n")
    for name in ("titles", "flipped"):
        train(tmp_path / f"{name}.csv", tmp_path / name)
    first, second = ((tmp_path / name / "weights.safetensors").read_bytes() for name in ("titles", "flipped"))
    assert first == second


def test_without_a_split_a_tenth_is_held_out_by_seed() -> None:
    rows = [Row(str(n), f"title {n}", 1.0, "") for n in range(300)]
    fitting, held = split_rows(rows, seed=1)
    assert (len(fitting), len(held)) == (270, 30)
    assert split_rows(rows, seed=1) == (fitting, held)
    assert not {row.video_id for row in fitting} & {row.video_id for row in held}


def test_too_few_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="too few"):
        train(write_titles(tmp_path / "few.csv", 50), tmp_path / "weights")
    assert not (tmp_path / "weights").exists()


def test_the_label_is_log2_of_the_comments(trained: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("video_id,title,comment_count\na,x,8\nb,y,0\n")
    assert [row.label for row in read_rows(tmp_path / "d.csv")] == [3.0, 0.0]


def test_the_interval_leaves_a_tenth_on_each_side() -> None:
    low, high = interval_of(np.arange(101, dtype=np.float32), 0.8)
    assert (low, high) == pytest.approx((10, 90))


def test_the_lift_counts_hits_of_the_top_tenth() -> None:
    labels = np.arange(100.0)
    assert top_decile_lift(labels, labels) == 10
    assert top_decile_lift(labels, -labels) == 0
    assert top_decile_lift(labels[:10], labels[:10]) is None


def test_critic_and_judge_share_no_title() -> None:
    rows = [Row(str(n), f"title number {n // 2} #tag{n}", 1.0, "train") for n in range(3000)]
    own, others = share_out(rows, 0.2, seed=0)
    assert (len(own), len(others)) == (2400, 600)
    assert not {row.title.split(" #")[0] for row in own} & {row.title.split(" #")[0] for row in others}
    assert share_out(rows, 0.0, seed=0) == (rows, [])
    with pytest.raises(InputError, match="judge needs"):
        share_out(rows[:300], 0.2, seed=0)


@pytest.mark.slow
def test_a_stopped_training_goes_on_where_it_was(
    trained: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits: list[str] = []
    vectors = training.title_vectors

    def counted(*arguments: Any) -> Any:
        fits.append("vectors")
        if len(fits) == 3:
            raise KeyboardInterrupt
        return vectors(*arguments)

    monkeypatch.setattr(training, "title_vectors", counted)
    with pytest.raises(KeyboardInterrupt):
        train(trained[0], tmp_path)
    assert not (tmp_path / "card.json").exists()
    train(trained[0], tmp_path)
    assert len(fits) == 5  # the two that were finished are not embedded again
    assert (tmp_path / "weights.safetensors").read_bytes() == (trained[1] / "weights.safetensors").read_bytes()
    assert not (tmp_path / ".unfinished").exists()
