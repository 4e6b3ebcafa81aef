"""The critic node on real clips and the real predictor; the choice of the best attempt; reasons that are measured."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from popcorn_agents.agents.critic import (
    Attempt,
    Critique,
    Originality,
    best,
    critique,
    originality_of,
    reasons,
    verdict_in_words,
)
from popcorn_agents.agents.scriptwriter import Script
from popcorn_agents.agents.trend_researcher import Brief
from popcorn_agents.graph.context import Context
from popcorn_agents.tools.contrast import Contrast
from popcorn_agents.tools.errors import PopcornError
from popcorn_agents.tools.exemplars import Exemplar
from popcorn_agents.tools.popularity.predictor import Score
from popcorn_agents.tools.renderers import Clip
from popcorn_agents.tools.video import encode

QUERY = "Goku transformations"


def script(title: str) -> Script:
    return Script(reasoning="Because.", title=title, cover_prompt="A cover.", video_prompt="A hero glows.")


def clip(folder: Path, *, black: bool = False) -> Clip:
    picture = np.kron(np.random.default_rng(5).integers(30, 220, (40, 30, 3)), np.ones((16, 16, 1))).astype(np.uint8)
    frames = [np.ascontiguousarray(picture[i : i + 480, i : i + 272]) * (not black) for i in range(24)]
    encode(frames, folder / "clip.mp4", fps=24, metadata={})
    return Clip(
        path=folder / "clip.mp4", cover_path=folder / "cover.png", key="k", sha256="s", renderer="animatic",
        kind="animatic", width=272, height=480, fps=24, frames=24, seconds=1.0, seed=7,
    )  # fmt: skip


def exemplar(title: str, label: str = "popular") -> Exemplar:
    return Exemplar(
        video_id=title, title=title, category="anime", comment_count=90, label=label, similarity=0.5, origin="estimated"
    )


async def judge(state: dict[str, Any], **knobs: Any) -> tuple[Critique, list[dict[str, Any]]]:
    events: list[dict[str, Any]] = []
    runtime = SimpleNamespace(context=Context(**knobs), stream_writer=events.append)
    update = await critique({"query": QUERY, "brief": Brief(query=QUERY), **state}, runtime)
    assert update["attempts"][0].critique is update["critique"]
    return update["critique"], events


async def test_a_good_clip_is_accepted_without_issues(tmp_path: Path) -> None:
    state = {"script": script("Goku transforms before the final fight"), "clip": clip(tmp_path)}
    verdict, events = await judge(state, target_percentile=0)
    assert (verdict.verdict, verdict.issues, verdict.vetoes) == ("accept", [], [])
    assert verdict.signals["frozen_share"] == 0
    assert [event["step"] for event in events] == [1, 2, 3]


async def test_a_low_score_is_sent_back_with_reasons(tmp_path: Path) -> None:
    brief = Brief(
        query=QUERY,
        exemplars=[exemplar("Vegeta loses his temper again")],
        contrasts=[
            Contrast(name="question", popular=0.8, unpopular=0.1, sentence="Popular titles ask a question."),
            Contrast(name="number", popular=0.1, unpopular=0.8, sentence="Popular titles have no numbers."),
        ],
    )
    state = {"script": script("Grandma bakes bread on a Sunday morning"), "clip": clip(tmp_path), "brief": brief}
    verdict, _ = await judge(state, target_percentile=100)
    text = "\n".join(verdict.issues)
    assert verdict.verdict == "revise"
    assert "100 are wanted" in text
    assert 'name "Goku transformations"' in text
    assert "ask a question" in text
    assert "no numbers" not in text
    assert '"Vegeta loses his temper again" (90 comments, estimated)' in text


async def test_a_black_clip_is_vetoed_whatever_its_score(tmp_path: Path) -> None:
    state = {"script": script("Goku transforms before the final fight"), "clip": clip(tmp_path, black=True)}
    verdict, _ = await judge(state, target_percentile=0)
    assert verdict.verdict == "revise"
    assert "black" in verdict.vetoes[0]


@pytest.mark.parametrize("title", ["Goku reaches ultra instinct!", "GOKU reaches Ultra-Instinct 🔥 #goku"])
async def test_a_copied_title_is_vetoed(title: str, tmp_path: Path) -> None:
    brief = Brief(query=QUERY, exemplars=[exemplar("Goku reaches ultra instinct #anime")])
    verdict, _ = await judge({"script": script(title), "clip": clip(tmp_path), "brief": brief}, target_percentile=0)
    assert verdict.verdict == "revise"
    assert verdict.originality.similarity == pytest.approx(1.0)
    assert "copies" in verdict.vetoes[0]


async def test_a_title_tried_before_is_named(tmp_path: Path) -> None:
    title = script("Goku stands on a mountain at dawn")
    first, _ = await judge({"script": title, "clip": clip(tmp_path)}, target_percentile=100)
    attempts = [Attempt(round=1, script=title, clip=clip(tmp_path), critique=first)]
    second, _ = await judge({"script": title, "clip": clip(tmp_path), "attempts": attempts}, target_percentile=100)
    assert not any("tried before" in issue for issue in first.issues)
    assert any("tried before" in issue for issue in second.issues)


async def test_hashtags_change_nothing(tmp_path: Path) -> None:
    made = clip(tmp_path)
    plain, _ = await judge({"script": script("Goku transforms at last"), "clip": made})
    stuffed, _ = await judge({"script": script("Goku transforms at last #viral #funny"), "clip": made})
    assert plain.score == stuffed.score


async def test_a_truncated_clip_is_one_sentence(tmp_path: Path) -> None:
    made = clip(tmp_path)
    made.path.write_bytes(made.path.read_bytes()[:2000])
    with pytest.raises(PopcornError, match=r"clip\.mp4"):
        await judge({"script": script("Goku transforms"), "clip": made})


def test_words_that_were_asked_for_are_never_to_be_replaced() -> None:
    title, low = "Goku's transformation journey", Score(log2_comments=4, percentile=1, low=2, high=6)
    free, bound = (
        "\n".join(reasons(title, low, Brief(query=query), [], Context(), {}).issues) for query in ("my journey", QUERY)
    )
    assert '"transformation" lowers' in free.lower()
    assert '"transformation" lowers' not in bound.lower()


def attempt(round_: int, percentile: float, vetoed: bool = False) -> Attempt:
    picture = Clip(
        path=Path("c.mp4"), cover_path=Path("c.png"), key="k", sha256="s", renderer="animatic", kind="animatic",
        width=2, height=2, fps=24, frames=72, seconds=3, seed=7,
    )  # fmt: skip
    verdict = Critique(
        score=Score(log2_comments=4, percentile=percentile, low=2, high=6), originality=Originality(similarity=0),
        vetoes=["It is black."] if vetoed else [], verdict="revise",
    )  # fmt: skip
    return Attempt(round=round_, script=script("A title"), clip=picture, critique=verdict)


@pytest.mark.parametrize(
    ("attempts", "round_"),
    [
        ([attempt(1, 50)], 1),
        ([attempt(1, 50), attempt(2, 54)], 1),
        ([attempt(1, 50), attempt(2, 56)], 2),
        ([attempt(1, 50), attempt(2, 54), attempt(3, 58)], 3),
        ([attempt(1, 90, vetoed=True), attempt(2, 10)], 2),
        ([attempt(1, 10), attempt(2, 90, vetoed=True)], 1),
        ([attempt(1, 10, vetoed=True), attempt(2, 90, vetoed=True)], 2),
        ([attempt(1, 60), attempt(2, 20)], 1),
    ],
)
def test_the_best_attempt_is_sound_and_gains_more_than_the_noise(attempts: list[Attempt], round_: int) -> None:
    assert best(attempts, noise=5).round == round_


def test_originality_without_exemplars_is_zero() -> None:
    assert originality_of("Goku", Brief(query=QUERY)) == Originality(similarity=0.0)


def test_a_score_in_words() -> None:
    words = verdict_in_words(Score(log2_comments=4, percentile=61.7, low=2, high=7))
    assert words == (
        "predicted to beat 62 of 100 MicroLens videos (estimated from the title; 80 % interval 4 to 128 comments)"
    )
