"""The renderer interface: clips are looked up by content, verified, drawn once, and given up when cancelled."""

import asyncio
import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from popcorn_agents.agents import renderer as renderer_node
from popcorn_agents.agents.renderer import Pulse, reporter
from popcorn_agents.agents.renderer import render as render_node
from popcorn_agents.agents.scriptwriter import Script
from popcorn_agents.graph.context import Context
from popcorn_agents.tools.errors import Cancelled, InputError, PopcornError
from popcorn_agents.tools.renderers import Clip, Progress, RenderRequest, animatic, cache, render
from popcorn_agents.tools.video import VideoInfo, probe

REQUEST = RenderRequest(prompt="A dog in the park", title="Good Dog", seconds=0.5)
SCRIPT = Script(reasoning="r", title="Good Dog", cover_prompt="A happy dog", video_prompt="A dog in the park")

CLIP = Clip(
    path=Path("clip.mp4"), cover_path=Path("clip.png"), key="0", sha256="0", renderer="none", kind="animatic",
    width=544, height=960, fps=24, frames=72, seconds=3.0, seed=7,
)  # fmt: skip


def runtime(tmp_path: Path, events: list[Any], **settings: Any) -> Any:
    context = Context(cache_dir=tmp_path, **settings)
    return SimpleNamespace(context=context, stream_writer=events.append)


def clips_in(folder: Path) -> list[Path]:
    return list(folder.rglob("*.mp4"))


def test_a_clip_is_found_again(tmp_path: Path) -> None:
    first = render(REQUEST, "animatic", tmp_path)
    started = time.perf_counter()
    second = render(REQUEST, "animatic", tmp_path)
    assert time.perf_counter() - started < 0.5
    assert (first.cached, second.cached) == (False, True)
    assert (second.path, second.sha256, second.frames) == (first.path, first.sha256, 12)
    assert first.path.name == f"{first.key}.mp4"


def test_everything_that_shapes_the_clip_is_in_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = animatic.plan(REQUEST)
    changes: list[dict[str, Any]] = [
        {"prompt": "x"}, {"title": "x"}, {"cover_prompt": "x"}, {"seconds": 0.6}, {"aspect": "1:1"}, {"seed": 8},
    ]  # fmt: skip
    keys = {
        cache.clip_key(other, animatic.plan(other))
        for change in changes
        for other in [REQUEST.model_copy(update=change)]
    }
    monkeypatch.setattr(animatic, "VERSION", "next")
    keys |= {cache.clip_key(REQUEST, spec), cache.clip_key(REQUEST, animatic.plan(REQUEST))}
    assert len(keys) == len(changes) + 2


@pytest.mark.parametrize("suffix", ["mp4", "png", "json"])
def test_a_damaged_clip_is_drawn_again_and_said_so(tmp_path: Path, suffix: str) -> None:
    first = render(REQUEST, "animatic", tmp_path)
    damaged = tmp_path / f"{first.key}.{suffix}"
    content = damaged.read_bytes()
    damaged.write_bytes(content[: len(content) // 2])
    again = render(REQUEST, "animatic", tmp_path)
    assert not again.cached
    assert "damaged" in again.checks["repaired"]
    assert again.checks["unsigned_sha256"] == first.checks["unsigned_sha256"]
    assert render(REQUEST, "animatic", tmp_path).cached


def test_threads_that_ask_at_once_draw_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    draw = animatic.draw

    def counting(*args: Any) -> dict[str, Any]:
        drawn.append(1)
        return draw(*args)

    monkeypatch.setattr(animatic, "draw", counting)
    with ThreadPoolExecutor(4) as pool:
        clips = list(pool.map(lambda _: render(REQUEST, "animatic", tmp_path), range(4)))
    assert len(drawn) == 1
    assert len({clip.sha256 for clip in clips}) == 1
    assert sorted(clip.cached for clip in clips) == [False, True, True, True]


def test_an_unknown_renderer_lists_the_names(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="animatic"):
        render(REQUEST, "nonsense", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_breaks_its_promise_is_refused(tmp_path: Path) -> None:
    clip = render(REQUEST, "animatic", tmp_path)
    info: VideoInfo = probe(clip.path)
    wrong = animatic.plan(REQUEST).model_copy(update={"frames": 13})
    with pytest.raises(PopcornError, match="not what was asked for"):
        cache.check_promise(info, wrong, clip.path)


def test_an_unwritable_cache_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PopcornError, match="cache folder"):
        render(REQUEST, "animatic", tmp_path / "file" / "clips")


def test_a_cancelled_render_leaves_no_clip(tmp_path: Path) -> None:
    stop = threading.Event()
    report = reporter(lambda event: None, stop, Pulse())

    def progress(done: int, total: int) -> None:
        if done == 3:
            stop.set()
        report(done, total)

    with pytest.raises(Cancelled):
        render(REQUEST, "animatic", tmp_path, progress)
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []


async def test_the_node_returns_the_clip_and_streams_progress(tmp_path: Path) -> None:
    events: list[dict[str, Any]] = []
    result = await render_node({"query": "dog", "script": SCRIPT}, runtime(tmp_path, events, seconds=1.0, seed=3))
    clip = result["clip"]
    assert (clip.frames, clip.seed, clip.path.parent) == (24, 3, tmp_path / "clips")
    steps = [event["step"] for event in events if "step" in event]
    assert steps == sorted(steps)
    assert steps[-1] == 24
    assert all(event["node"] == "render" for event in events)


async def test_the_node_stops_soon_after_it_is_cancelled(tmp_path: Path) -> None:
    started = asyncio.Event()

    class Waking(list[Any]):
        def append(self, event: Any) -> None:
            super().append(event)
            if event.get("step", 0) >= 1:
                started.set()

    state: Any = {"query": "dog", "script": SCRIPT}
    task = asyncio.create_task(render_node(state, runtime(tmp_path, Waking(), seconds=30.0)))
    await asyncio.wait_for(started.wait(), 60)
    asked = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - asked < 2.0
    assert [path for path in (tmp_path / "clips").iterdir() if path.is_file()] == []


async def test_a_render_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    state: Any = {"script": SCRIPT}
    with pytest.raises(PopcornError, match="--render-timeout"):
        await render_node(state, runtime(tmp_path, [], render_timeout=0.05))
    assert clips_in(tmp_path) == []


class Hanging:
    """Stands for the renderer: hangs for the first `times`, without a step, until it is told to stop; then draws."""

    def __init__(self, times: int) -> None:
        self.left, self.stopped = times, 0

    def __call__(self, request: RenderRequest, renderer: str, folder: Path, progress: Progress) -> Clip:
        self.left -= 1
        try:
            while self.left >= 0:
                progress(0, 10)
                time.sleep(0.01)
        except Cancelled:
            self.stopped += 1
            raise
        return CLIP


async def test_a_renderer_that_hangs_is_stopped_and_tried_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging, events = Hanging(1), []
    monkeypatch.setattr(renderer_node, "render_clip", hanging)
    state: Any = {"script": SCRIPT}
    update = await render_node(state, runtime(tmp_path, events, render_timeout=0.4))
    assert hanging.stopped == 1
    assert "made no step" in update["clip"].checks["retried"]
    assert [event for event in events if "trying once more" in event["message"]]


async def test_a_renderer_that_hangs_again_is_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = Hanging(2)
    monkeypatch.setattr(renderer_node, "render_clip", hanging)
    with pytest.raises(PopcornError, match="The renderer hangs: twice"):
        await render_node({"script": SCRIPT}, runtime(tmp_path, [], render_timeout=0.2))
    assert hanging.stopped == 2


async def test_a_renderer_that_is_slow_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def slow(request: RenderRequest, renderer: str, folder: Path, progress: Progress) -> Clip:
        calls.append(1)
        for step in itertools.count():
            progress(step, 10**9)
        return CLIP

    monkeypatch.setattr(renderer_node, "render_clip", slow)
    with pytest.raises(PopcornError, match="took longer"):
        await render_node({"script": SCRIPT}, runtime(tmp_path, [], render_timeout=0.3))
    assert len(calls) == 1
