"""What can go wrong outside: a full disk, a folder that takes nothing, another version, a broken language model."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from killable import logged
from llm_server import Answer, Handler, body, reply, serve, status

from popcorn_agents.agents.renderer import render
from popcorn_agents.agents.scriptwriter import write
from popcorn_agents.agents.trend_researcher import Brief
from popcorn_agents.evaluation.benchmarks.noop import noop_parts
from popcorn_agents.graph import state, workflow
from popcorn_agents.graph.context import Context
from popcorn_agents.graph.folders import list_records, read_record
from popcorn_agents.graph.runs import RunFailed, resume, start
from popcorn_agents.graph.workflow import build_graph
from popcorn_agents.tools.errors import InputError, PopcornError
from popcorn_agents.tools.renderers import pool

DRAFT = {
    "analysis": "a", "ideas": "i", "check": "c",
    "title": "The Wok That Never Sleeps", "cover_prompt": "A wok.", "video_prompt": "A cook tosses noodles.",
}  # fmt: skip
POPCORN = [sys.executable, "-m", "popcorn_agents"]


def context(tmp_path: Path, **settings: Any) -> Context:
    return Context(runs_dir=tmp_path / "runs", cache_dir=tmp_path / "cache", **settings)


def made_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.suffix in {".mp4", ".png"} and path.parent != folder]


async def test_a_disk_that_is_full_while_the_clip_is_written_leaves_nothing_half_written(tmp_path: Path) -> None:
    async def on_a_full_disk(before: Any, runtime: Any) -> dict[str, Any]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # no file can grow beyond: the clip's cannot be whole
        try:
            return await render(before, runtime)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    parts, settings = noop_parts(tmp_path), context(tmp_path, seconds=1.0)
    with pytest.raises(RunFailed, match=r"The render step failed: .*written"):
        await start("a query", settings, builder=build_graph(**{**parts, "render": on_a_full_disk}), run_id="one")
    assert made_in(tmp_path) == []
    log = tmp_path / "log"
    parts = logged({**parts, "render": render}, log)
    await resume("one", tmp_path / "runs", builder=build_graph(**parts))
    assert log.read_text().split() == ["render", "critique"]
    assert (tmp_path / "runs" / "one" / "attempt-1" / "clip.mp4").stat().st_size > 20_000


def test_a_folder_that_takes_nothing_is_one_sentence(tmp_path: Path) -> None:
    if not Path("/proc/self").exists():
        pytest.skip("there is no /proc to stand for a read-only file system")
    command = [*POPCORN, "run", "cats", "--runs-dir", "/proc/popcorn"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert "name another folder with --runs-dir" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


async def test_a_runs_folder_that_becomes_read_only_is_one_sentence_and_loses_nothing(tmp_path: Path) -> None:
    parts, folder, root = noop_parts(tmp_path), tmp_path / "runs" / "one", os.geteuid() == 0

    async def locked(before: Any, runtime: Any) -> dict[str, Any]:
        if root:
            os.seteuid(65534)  # no mode stops root
        else:
            folder.chmod(0o500)
        return await parts["write"](before, runtime)

    try:
        with pytest.raises(PopcornError, match="cannot be written"):
            await start("a query", context(tmp_path), builder=build_graph(**{**parts, "write": locked}), run_id="one")
    finally:
        if root:
            os.seteuid(0)
        else:
            folder.chmod(0o700)
    log = tmp_path / "log"
    await resume("one", tmp_path / "runs", builder=build_graph(**logged(parts, log)))
    assert log.read_text().split() == ["write", "render", "critique"]


async def test_a_checkpoint_of_an_older_version_is_refused(tmp_path: Path) -> None:
    async def broken(before: Any, runtime: Any) -> dict[str, Any]:
        raise RuntimeError("out of paint")

    parts = noop_parts(tmp_path)
    with pytest.MonkeyPatch.context() as older:
        older.setattr(workflow, "FORMAT", state.FORMAT - 1)
        older.setattr(state, "FORMAT", state.FORMAT - 1)
        with pytest.raises(RunFailed, match="out of paint"):
            await start("a query", context(tmp_path), builder=build_graph(**{**parts, "render": broken}), run_id="old")
    with pytest.raises(RunFailed, match=r"made by another version of popcorn-agents; start it anew"):
        await resume("old", tmp_path / "runs", builder=build_graph(**parts))


def test_a_state_from_before_there_were_formats_is_refused() -> None:
    with pytest.raises(InputError, match="another version"):
        state.typed({"query": "a query", "brief": Brief(query="a query")})


def half(handler: Handler, _: dict[str, Any]) -> None:
    """Begins an answer and dies in the middle of it."""
    whole = json.dumps({"choices": [{"message": {"role": "assistant", "content": json.dumps(DRAFT)}}]}).encode()
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(whole)))
    handler.end_headers()
    handler.wfile.write(whole[: len(whole) // 2])
    handler.close_connection = True


LATE: list[list[Answer]] = [
    [half, reply(DRAFT)],
    [status(429, retry_after=0), status(429, retry_after=0), reply(DRAFT)],
]


@pytest.mark.parametrize("answers", LATE, ids=["dies in mid-answer", "429 for a while"])
async def test_a_language_model_that_recovers_costs_nothing_but_time(tmp_path: Path, answers: list[Answer]) -> None:
    parts = {**noop_parts(tmp_path), "write": write}
    with serve([*answers]) as server:
        settings = context(tmp_path, mode="basic", llm=f"any@{server.url}")
        result = await start("street food", settings, builder=build_graph(**parts), run_id="one")
        assert len(server.requests) == len(answers)
    assert result.title == DRAFT["title"]
    assert read_record(tmp_path / "runs" / "one").usage["calls"] == 1


@pytest.mark.parametrize("answer", [half, body("<html>no</html>"), reply("no, never")], ids=["dies", "HTML", "prose"])
async def test_a_language_model_that_never_makes_sense_fails_with_the_cause(tmp_path: Path, answer: Answer) -> None:
    log = tmp_path / "log"
    parts = logged({**noop_parts(tmp_path), "write": write}, log)
    with serve([answer]) as server:
        settings = context(tmp_path, mode="basic", llm=f"any@{server.url}")
        with pytest.raises(RunFailed, match="The write step failed: ") as failed:
            await start("street food", settings, builder=build_graph(**parts), run_id="one")
        assert len(server.requests) <= 12
    assert failed.value.failure.cause.count("Error") <= 1  # a sentence, not a trace
    with serve([reply(DRAFT)]) as server:
        again = {"llm": f"any@{server.url}"}
        result = await resume("one", tmp_path / "runs", builder=build_graph(**parts), changes=again)
    assert result.title == DRAFT["title"]
    assert log.read_text().split() == ["research", "write", "render", "critique"]


@pytest.mark.slow
def test_sigterm_lets_the_step_finish_and_ends_the_run_as_resumable(tmp_path: Path) -> None:
    held = threading.Event()

    def answer(handler: Handler, request: dict[str, Any]) -> None:
        held.wait(60)
        reply(DRAFT)(handler, request)

    with serve([answer]) as server:
        settings = ["--llm", f"any@{server.url}", "--mode", "basic", "--max-revisions", "0", "--seconds", "1"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen([*POPCORN, "run", "street food", *settings, "--json"], cwd=tmp_path, **pipes) as process:
            assert any("Write the script" in line for line in process.stderr)
            process.send_signal(signal.SIGTERM)
            assert any("Stopping after this step" in line for line in process.stderr)
            held.set()
            said = json.loads(process.stdout.read())
            process.stderr.read()
        assert (process.returncode, said["status"]) == (0, "interrupted")
        [record] = list_records(tmp_path / "runs")
        assert [timing["node"] for timing in record.timings] == ["research", "write"]
        again = subprocess.run([*POPCORN, *said["resume"].split()[1:], "--json"], capture_output=True, cwd=tmp_path)
        assert json.loads(again.stdout)["title"] == DRAFT["title"]
        assert len(server.requests) == 1


@pytest.mark.slow
async def test_a_render_worker_that_hangs_is_killed_tried_once_more_and_the_run_resumes(
    tmp_path: Path, tiny: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    notices: list[str] = []
    pids: list[int] = []

    class Dumb(pool.Process):
        """A worker that never says a word."""

        def __init__(self) -> None:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(pool, "COMMAND", [sys.executable, "-c", "import time; time.sleep(3600)"])
                super().__init__()
            pids.append(self.child.pid)

    log, parts = tmp_path / "log", {**noop_parts(tmp_path), "render": render}
    settings = context(
        tmp_path, renderer="diffusion", model=str(tiny("wan")), size="64x64", steps=2, seconds=1.0, render_timeout=3.0
    )

    def on_event(event: dict[str, Any]) -> None:
        if event.get("event") == "notice":
            notices.append(event["message"])

    pool.close()
    with monkeypatch.context() as hanging:
        hanging.setattr(pool, "Process", Dumb)
        with pytest.raises(RunFailed, match="The render step failed: The renderer hangs: twice it made no step"):
            await start("a query", settings, on_event, builder=build_graph(**logged(parts, log)), run_id="one")
    assert any("made no step" in notice and "trying once more" in notice for notice in notices)
    assert len(pids) == 2
    assert not any(map(psutil.pid_exists, pids))  # killed, and buried
    changes = {"render_timeout": 1800.0}
    await resume("one", tmp_path / "runs", builder=build_graph(**logged(parts, log)), changes=changes)
    assert log.read_text().split() == ["research", "write", "render", "critique"]
    assert (tmp_path / "runs" / "one" / "attempt-1" / "clip.mp4").stat().st_size > 1000
    pool.close()
