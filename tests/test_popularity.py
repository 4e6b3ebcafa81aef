"""The shipped predictor: what it reads, what it says, what cannot fool it, and its errors."""

import json
import math
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from popcorn_agents.tools.errors import InputError, PopcornError
from popcorn_agents.tools.popularity.evaluate import evaluate
from popcorn_agents.tools.popularity.explain import word_effects
from popcorn_agents.tools.popularity.features import MAX_CHARACTERS, normalise, strip_hashtags, tfidf_rows, word_counts
from popcorn_agents.tools.popularity.metrics import metrics
from popcorn_agents.tools.popularity.model import JUDGE, SHIPPED, load
from popcorn_agents.tools.popularity.predictor import noise, percentile, score_titles
from popcorn_agents.tools.popularity.rows import read_rows

TITLE = "Grandma tries the spiciest noodles in town"


def test_hashtags_are_removed_to_the_next_or_the_end() -> None:
    assert strip_hashtags("A cat #funny cat #dog and more") == "A cat"
    assert strip_hashtags("A cat ＃funny") == "A cat"
    assert strip_hashtags("#only") == ""


@pytest.mark.parametrize(
    "dressed",
    [
        TITLE.upper(),
        TITLE + "!!!???",
        TITLE + " 🔥🔥😂❤️👍🏽",
        TITLE + " #funny #viral",
        "MUST WATCH!!! " + TITLE,
        "\u200b".join(TITLE),
        "".join(chr(ord(c) + 0xFEE0) if c.isalpha() else c for c in TITLE),
        TITLE.replace("a", "а"),
        f"{TITLE} {TITLE} {TITLE}",
    ],
)
def test_decoration_does_not_move_the_score(dressed: str) -> None:
    plain, decorated = score_titles([TITLE, dressed])
    assert decorated.percentile == pytest.approx(plain.percentile, abs=0.1)


@given(st.text(max_size=400))
@settings(deadline=None, max_examples=100)
def test_normalising_is_bounded_and_strips_every_hashtag(text: str) -> None:
    stripped = strip_hashtags(text)
    assert "#" not in stripped
    assert len(normalise(stripped)) <= MAX_CHARACTERS


def test_word_rows_have_length_one_whatever_the_title_length() -> None:
    idf = np.ones(2**17, dtype=np.float32)
    rows = tfidf_rows(word_counts(["a cat", "a cat sat on a very long mat " * 5, ""]), idf)
    assert np.sqrt(rows.multiply(rows).sum(axis=1)).ravel().tolist()[0] == pytest.approx([1, 1, 0], abs=1e-5)


def test_a_score_is_a_rank_with_an_interval() -> None:
    score = score_titles([TITLE])[0]
    assert 0 <= score.percentile <= 100
    assert 0 <= score.low < score.log2_comments < score.high
    assert score.caution == ""
    assert score_titles([]) == []


@pytest.mark.parametrize(
    ("title", "why"),
    [("#funny", "no words"), ("word salad " * 200, "first"), ("王者荣耀精彩时刻", "English"), ("🔥🔥", "no words")],
)
def test_titles_out_of_range_widen_the_interval_and_say_why(title: str, why: str) -> None:
    usual, odd = score_titles([TITLE, title])
    assert why in odd.caution
    assert odd.high - odd.log2_comments > 1.4 * (usual.high - usual.log2_comments)


def test_percentile_counts_strictly_lower_scores() -> None:
    table = [0.0] * 11 + [float(n) for n in range(1, 91)]
    assert percentile(-1, table) == 0
    assert percentile(0, table) == 0
    assert percentile(45, table) == pytest.approx(55)
    assert percentile(1000, table) == 100


def test_the_card_states_a_calibrated_interval_and_a_noise() -> None:
    card = load().card
    assert 1 < noise() < 30
    for variant in card["variants"].values():
        for mode in variant["modes"].values():
            assert 0.77 < mode["coverage"] < 0.83
            assert len(mode["quantiles"]) == 101
            assert mode["ablation"].keys() == mode["stack"].keys()
    reached = {
        (name, mode): entry["metrics"] for name, one in card["variants"].items() for mode, entry in one["modes"].items()
    }
    assert reached["hashtag_blind", "alone"]["src"] > 0.31
    assert reached["full", "alone"]["src"] > 0.46
    assert reached["hashtag_blind", "bank"]["src"] > 0.33
    assert reached["full", "bank"]["src"] > 0.49


def test_the_judge_is_of_another_family_and_never_read_by_default() -> None:
    critic, judge = load().card, load(JUDGE).card
    assert (critic["family"], judge["family"]) == ("critic", "judge")
    parts = [set(card["variants"]["full"]["modes"]["alone"]["stack"]) for card in (critic, judge)]
    assert not parts[0] & parts[1]
    mine, other = score_titles([TITLE])[0], score_titles([TITLE], judge=True)[0]
    assert mine.log2_comments != other.log2_comments


def test_shipped_weights_are_small_and_hold_no_single_video() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) < 12_000_000
    norms = np.linalg.norm(load().models["hashtag_blind"]["centres"], axis=1)
    assert np.mean(norms < 0.999) > 0.9  # the mean of different unit vectors is shorter than 1


def test_scoring_one_title_warm_is_fast_and_equal_in_threads() -> None:
    expected = score_titles([TITLE])[0]
    start = time.perf_counter()
    with ThreadPoolExecutor(8) as pool:
        scores = list(pool.map(lambda _: score_titles([TITLE])[0], range(16)))
    assert all(score == expected for score in scores)
    assert (time.perf_counter() - start) / 16 < 0.25  # 20 ms on an idle core


def test_word_effects_are_differences_of_percentile() -> None:
    effects = word_effects(TITLE)
    strongest = effects[0]
    without = " ".join(TITLE.replace(strongest.phrase, "").split())
    whole, rest = score_titles([TITLE, without])
    assert strongest.points == pytest.approx(whole.percentile - rest.percentile, abs=0.1)
    assert word_effects("Two words") == []


def test_damaged_or_missing_weights_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(PopcornError, match="cannot be read"):
        score_titles([TITLE], weights=tmp_path)
    shutil.copytree(SHIPPED, tmp_path / "w")
    blob = bytearray((SHIPPED / "weights.safetensors").read_bytes())
    blob[5000] ^= 1
    (tmp_path / "w/weights.safetensors").write_bytes(blob)
    with pytest.raises(PopcornError, match="does not match its card"):
        score_titles([TITLE], weights=tmp_path / "w")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("video_id,title\n1,a\n", "line 1: the column comment_count is missing"),
        ("video_id,title,comment_count\n1,a,3\n2,b,many\n", "line 3: comment_count must be a whole number"),
        ("video_id,title,comment_count\n1,a, b,3\n", "line 2: 4 cells"),
        ('video_id,title,comment_count\n1,"a,3\n', "not valid CSV"),
        ("video_id,title,comment_count\n", "no rows"),
        ("", "line 1"),
    ],
)
def test_a_broken_csv_is_one_sentence_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_rows(tmp_path / "d.csv")


def test_metrics_agree_with_their_definitions() -> None:
    labels, guesses = np.array([0.0, 1, 2, 5]), np.array([1.0, 0, 2, 3])
    found = metrics(labels, guesses)
    assert found["nmse"] == pytest.approx(6 / 4 / labels.var(), abs=1e-6)
    assert found["src"] == pytest.approx(0.8)
    assert found["mae"] == 1.0
    assert metrics(labels, np.full(4, 2.0))["src"] is None


def test_evaluate_prints_the_contract_with_a_bank(tmp_path: Path) -> None:
    head = "video_id,title,comment_count\n"
    (tmp_path / "d.csv").write_text(head + "".join(f"{n},{TITLE} {n},{2 ** (n % 5)}\n" for n in range(20)))
    (tmp_path / "b.csv").write_text(head + "".join(f"{n},{TITLE} {n},{2 ** (n % 5)}\n" for n in range(10, 90)))
    found = evaluate(tmp_path / "d.csv", bank=tmp_path / "b.csv")
    assert found["n"] == 20
    assert set(found["full"]) == set(found["hashtag_blind"]) == {"nmse", "src", "mae"}
    assert {"mean", "ridge_minilm", "knn_50", "stack", "stack_hashtag_blind"} <= set(found["baselines"])
    assert found["shipped_alone"]["full"] == evaluate(tmp_path / "d.csv")["full"]
    for name in ("full", "hashtag_blind"):
        assert found["intervals"][name]["mae"][0] <= found[name]["mae"] <= found["intervals"][name]["mae"][1]
        assert 0 <= found["calibration"][name]["inside"] <= 1
    assert found["without_near_duplicates"]["full"]["n"] < 20
    assert math.isfinite(json.loads(json.dumps(found))["full"]["mae"])


@pytest.mark.slow
def test_held_out_titles_are_ranked_as_well_as_the_card_says(microlens: Path, tmp_path: Path) -> None:
    lines = (microlens / "microlens_100k_titles.csv").read_text().splitlines()
    held = [lines[0], *[line for line in lines if line.endswith(",valid")]]
    (tmp_path / "valid.csv").write_text("\n".join(held) + "\n")
    found, card = evaluate(tmp_path / "valid.csv"), load().card
    assert found["n"] == card["n"]["valid"]
    assert found["splits"] == {"valid": 1974}
    for name in ("full", "hashtag_blind"):
        reached = card["variants"][name]["modes"]["alone"]["metrics"]["src"]
        assert found[name]["src"] == pytest.approx(reached, abs=0.002)
        assert found[name]["nmse"] < found["baselines"]["mean"]["nmse"]


@pytest.mark.slow
def test_with_a_bank_of_real_videos_it_beats_every_baseline(microlens: Path, tmp_path: Path) -> None:
    lines = (microlens / "microlens_100k_titles.csv").read_text().splitlines()
    for split in ("train", "valid"):
        kept = [lines[0], *[line for line in lines if line.endswith(f",{split}")]]
        (tmp_path / f"{split}.csv").write_text("\n".join(kept) + "\n")
    found = evaluate(tmp_path / "valid.csv", bank=tmp_path / "train.csv")
    assert found["full"]["src"] >= 0.49
    assert found["full"]["nmse"] <= 0.76
    assert found["hashtag_blind"]["src"] >= 0.33
    assert found["hashtag_blind"]["nmse"] <= 0.89
    for name, figures in found["baselines"].items():
        variant = "hashtag_blind" if name.endswith("hashtag_blind") else "full"
        assert found[variant]["nmse"] < figures["nmse"] + 0.002, name
