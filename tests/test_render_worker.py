"""The render worker on tiny real models: shared, cancelled, killed, replaced once, stepping down."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tiny_pipelines import save_tiny_painter
from typer.testing import CliRunner

from popcorn_agents.cli import app
from popcorn_agents.tools.errors import Cancelled, InputError, PopcornError
from popcorn_agents.tools.renderers import RenderRequest, diffusion, pool, render
from popcorn_agents.tools.renderers.devices import Device
from popcorn_agents.tools.renderers.worker import out_of_memory
from popcorn_agents.tools.sound import read_sound
from popcorn_agents.tools.video import probe

pytestmark = pytest.mark.slow
Tiny = Callable[[str], Path]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """The worker inherits it; two threads on a loaded machine are slower."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    yield
    pool.close()
    if before is None:
        del os.environ["OMP_NUM_THREADS"]


def picture(path: Path) -> tuple[tuple[int, int], bytes]:
    with Image.open(path) as image:
        return image.size, image.tobytes()


def request(folder: Path, **fields: Any) -> RenderRequest:
    settings = {"prompt": "a dog", "title": "Dog", "size": "64x64", "seconds": 0.5, "steps": 2} | fields
    return RenderRequest(model=str(folder), **settings)


def test_prompts_share_one_pipeline_and_clips_are_found_again(tiny: Tiny, tmp_path: Path) -> None:
    first = render(request(tiny("wan")), "diffusion", tmp_path)
    second = render(request(tiny("wan"), prompt="a cat"), "diffusion", tmp_path)
    assert (first.checks["shared_pipeline"], second.checks["shared_pipeline"]) == (False, True)
    assert first.checks["pid"] == second.checks["pid"] != os.getpid()
    assert first.sha256 != second.sha256
    info = probe(first.path)
    assert (info.frames, info.fps, info.seconds, info.width, info.height) == (12, 24, 0.5, 64, 64)
    assert info.metadata["popcorn_model"] == "wan"
    assert picture(first.cover_path)[0] == (64, 64)
    started = time.perf_counter()
    again = render(request(tiny("wan")), "diffusion", tmp_path)
    assert time.perf_counter() - started < 0.5
    assert (again.cached, again.sha256) == (True, first.sha256)


def test_a_model_that_makes_sound_is_heard(tiny: Tiny, tmp_path: Path) -> None:
    clip = render(request(tiny("ltx2"), frames=9), "diffusion", tmp_path)
    assert clip.audio
    assert probe(clip.path).has_audio
    assert read_sound(clip.path, clip.seconds) is not None
    assert not render(request(tiny("wan")), "diffusion", tmp_path).audio


def test_another_process_makes_the_same_bytes(tiny: Tiny, tmp_path: Path) -> None:
    first = render(request(tiny("wan")), "diffusion", tmp_path / "a")
    pool.close()
    second = render(request(tiny("wan")), "diffusion", tmp_path / "b")
    assert second.checks["pid"] != first.checks["pid"]
    assert second.key == first.key
    assert second.checks["unsigned_sha256"] == first.checks["unsigned_sha256"]


def test_a_cancelled_render_stops_soon_and_the_worker_goes_on(tiny: Tiny, tmp_path: Path) -> None:
    asked: list[float] = []

    def progress(done: int, total: int) -> None:
        if done >= 1:
            asked.append(time.monotonic())
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        render(request(tiny("hunyuan15"), steps=500), "diffusion", tmp_path, progress)
    assert time.monotonic() - asked[0] < 2
    assert list(tmp_path.glob("*.mp4")) == []
    assert render(request(tiny("hunyuan15")), "diffusion", tmp_path).frames == 12


def test_a_worker_that_hangs_is_killed(tiny: Tiny, tmp_path: Path) -> None:
    asked: list[float] = []

    def progress(done: int, total: int) -> None:
        if done >= 1 and not asked:
            assert pool._process is not None
            os.kill(pool._process.child.pid, signal.SIGSTOP)
            asked.append(time.monotonic())
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        render(request(tiny("wan"), steps=500), "diffusion", tmp_path, progress)
    assert time.monotonic() - asked[0] < 2
    assert pool._process is None


def test_a_render_past_its_time_is_stopped(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(PopcornError, match="--render-timeout"):
        render(request(tiny("wan"), steps=900), "diffusion", tmp_path, timeout=0.3)


def test_a_crash_is_repeated_once_and_said(tiny: Tiny, tmp_path: Path) -> None:
    killed: list[int] = []

    def kill_first(done: int, total: int) -> None:
        if done >= 1 and not killed:
            assert pool._process is not None
            killed.append(pool._process.child.pid)
            os.kill(killed[0], signal.SIGKILL)

    clip = render(request(tiny("wan"), steps=300), "diffusion", tmp_path, kill_first)
    assert "signal 9" in clip.checks["retried"]
    assert clip.checks["pid"] != killed[0]


def test_a_second_crash_ends_it(tiny: Tiny, tmp_path: Path) -> None:
    killed: set[int] = set()

    def kill_all(done: int, total: int) -> None:
        if done >= 1 and pool._process is not None:
            killed.add(pool._process.child.pid)
            os.kill(pool._process.child.pid, signal.SIGKILL)

    with pytest.raises(PopcornError, match="failed twice"):
        render(request(tiny("wan"), steps=900), "diffusion", tmp_path, kill_all)
    assert len(killed) == 2
    assert list(tmp_path.glob("*.mp4")) == []


def test_what_the_worker_refuses_is_one_sentence(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="attention backend"):
        render(request(tiny("wan"), speed="attention:nonsense"), "diffusion", tmp_path)


def test_out_of_memory_steps_down_once_and_is_remembered(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The device is pretended, since there may be none; the lower tier is rendered for real."""
    tiers: list[str] = []
    run = pool.run

    def scarce(message: dict[str, Any], *rest: Any) -> dict[str, Any]:
        settings = message["job"]["settings"]
        tiers.append(settings["tier"])
        if settings["tier"] == "80gb":
            raise pool.OutOfMemoryError("CUDA out of memory")
        settings["device"] = "cpu"
        return run(message, *rest)

    monkeypatch.setattr(diffusion, "device", lambda: Device("cuda", "GPU", 79.0, 80.0))
    monkeypatch.setattr(pool, "run", scarce)
    clip = render(request(tiny("wan")), "diffusion", tmp_path)
    assert tiers == ["80gb", "24gb"]
    assert "Out of memory in tier 80gb; rendered in 24gb" in clip.checks["stepped_down"]
    again = render(request(tiny("wan")), "diffusion", tmp_path)
    assert (again.cached, again.key, tiers) == (True, clip.key, ["80gb", "24gb"])
    assert again.checks["stepped_down"] == clip.checks["stepped_down"]
    with pytest.raises(PopcornError, match="ran out of memory"):
        render(request(tiny("wan"), memory="80gb", seed=9), "diffusion", tmp_path)


def test_memory_errors_are_told_from_others() -> None:
    assert out_of_memory(MemoryError())
    assert out_of_memory(RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"))
    assert out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"))
    assert not out_of_memory(RuntimeError("shapes do not match"))


@pytest.mark.parametrize("renderer", ["diffusion", "animatic"])
def test_a_cover_model_paints_the_cover(tiny: Tiny, tmp_path: Path, renderer: str) -> None:
    painter = save_tiny_painter(tmp_path / "painter")
    plain = render(request(tiny("wan")), renderer, tmp_path / "clips")
    painted = render(request(tiny("wan"), cover_model=str(painter)), renderer, tmp_path / "clips")
    assert painted.key != plain.key
    size, pixels = picture(painted.cover_path)
    assert size == (painted.width, painted.height)
    assert pixels != picture(plain.cover_path)[1]


def test_the_benchmark_compares_with_the_plain_render(tiny: Tiny, tmp_path: Path) -> None:
    import json

    arguments = ["render", "a dog", "--renderer", "diffusion", "--model", str(tiny("wan")), "--size", "64x64"]
    arguments += ["--frames", "9", "--steps", "6", "--benchmark", "--out", str(tmp_path / "o.mp4"), "--json"]
    arguments += ["--title", "My dog at night"]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    answer = json.loads(done.stdout)
    rows = {row["speed"]: row for row in answer["benchmark"]}
    assert "read no frames" in answer["scored"]
    assert len({row["percentile"] for row in rows.values() if not row["failed"]}) == 1
    assert set(rows) >= {"plain", "first-block", "pyramid", "attention"}
    assert rows["plain"]["psnr"] is None
    assert rows["pyramid"]["effect"] is True
    assert rows["pyramid"]["psnr"] > 10
    assert 0 < rows["pyramid"]["ssim"] <= 1
    assert rows["pyramid"]["times_faster"] > 0
    assert probe(tmp_path / "o.mp4").frames == 14
