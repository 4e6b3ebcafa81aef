"""Runs survive: failures, interruption, kill -9 at every node; nothing finished is repeated."""

import asyncio
import gc
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from killable import hanging_parts, logged

from popcorn_agents.agents.reviewer import Question
from popcorn_agents.evaluation.benchmarks.noop import noop_parts
from popcorn_agents.graph.context import Context
from popcorn_agents.graph.folders import list_records, new_run_id, read_record, run_folder
from popcorn_agents.graph.runs import RunFailed, RunPaused, resume, start
from popcorn_agents.graph.workflow import build_graph
from popcorn_agents.tools.errors import InputError, PopcornError


def context(tmp_path: Path, **settings: Any) -> Context:
    return Context(runs_dir=tmp_path / "runs", cache_dir=tmp_path / "cache", **settings)


@pytest.mark.parametrize("node", ["research", "write", "render", "critique", "finish"])
def test_resume_after_kill_9_repeats_nothing(tmp_path: Path, node: str) -> None:
    log = tmp_path / "log"
    killed_at(tmp_path, node)
    record = list_records(tmp_path / "runs")[0]
    assert record.status == "running"  # nobody was there to say otherwise
    builder = build_graph(**logged(noop_parts(tmp_path, [10.0, 90.0]), log))
    result = asyncio.run(resume(record.run_id, tmp_path / "runs", builder=builder))
    done = log.read_text().split()
    assert done == ["research"] + ["write", "render", "critique"] * 2
    assert result.best_round == 2
    assert read_record(tmp_path / "runs" / record.run_id).status == "finished"


def killed_at(tmp_path: Path, node: str, *answer: str) -> None:
    """A run in a process of its own, killed when it stands in the node."""
    command = [sys.executable, str(Path(__file__).parent / "killable.py"), str(tmp_path), node, *answer]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"at {node}\n"
        process.kill()


@pytest.mark.slow
async def test_kill_9_while_a_script_is_reviewed_asks_again_and_repeats_nothing(tmp_path: Path) -> None:
    log, builder = tmp_path / "log", build_graph(**logged(noop_parts(tmp_path, [90.0]), tmp_path / "log"))

    async def asked(**answer: Any) -> Question:
        with pytest.raises(RunPaused) as paused:
            await resume("one", tmp_path / "runs", builder=builder, answer=answer or None)
        return paused.value.question

    killed_at(tmp_path, "review_script")  # before the question was kept
    assert (await asked()).of == "script"
    assert read_record(tmp_path / "runs" / "one").status == "paused"
    killed_at(tmp_path, "review_script", '{"action": "edit", "title": "Half"}')  # before the answer was taken
    script = tmp_path / "runs" / "one" / "attempt-1" / "script.json"
    assert json.loads(await asyncio.to_thread(script.read_text))["title"] == "Title 1"
    question = await asked()
    assert (question.of, question.title) == ("script", "Title 1")
    question = await asked(action="edit", title="Whole")
    assert (question.of, question.title) == ("clip", "Whole")
    assert log.read_text().split() == ["research", "write", "render", "critique"]


@pytest.mark.slow
async def test_kill_9_while_a_clip_is_reviewed_asks_again_and_repeats_nothing(tmp_path: Path) -> None:
    log, builder = tmp_path / "log", build_graph(**logged(noop_parts(tmp_path, [90.0]), tmp_path / "log"))

    async def asked(**answer: Any) -> Question:
        with pytest.raises(RunPaused) as paused:
            await resume("one", tmp_path / "runs", builder=builder, answer=answer or None)
        return paused.value.question

    with pytest.raises(RunPaused):
        await start("a query", context(tmp_path, review="both"), builder=builder, run_id="one")
    killed_at(tmp_path, "review_clip", '{"action": "approve"}')  # of the script; before the clip's question was kept
    assert (await asked()).of == "clip"
    killed_at(tmp_path, "review_clip", '{"action": "reject", "note": "Half."}')
    assert (await asked()).of == "clip"
    result = await resume("one", tmp_path / "runs", builder=builder, answer={"action": "approve"})
    assert [(review.of, review.action) for review in result.reviews] == [("script", "approve"), ("clip", "approve")]
    assert log.read_text().split() == ["research", "write", "render", "critique"]


@pytest.mark.slow
def test_a_run_that_is_going_on_in_another_process_is_not_resumed(tmp_path: Path) -> None:
    command = [sys.executable, str(Path(__file__).parent / "killable.py"), str(tmp_path), "render"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at render\n"
        again = [sys.executable, "-m", "popcorn_agents", "resume", "one", "--runs-dir", str(tmp_path / "runs")]
        done = subprocess.run(again, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (2, "")
        assert "is going on in another process; wait for it or stop it first" in done.stderr
        assert process.poll() is None
        process.kill()
    assert (tmp_path / "log").read_text().split() == ["research", "write"]


async def test_a_failed_run_names_node_and_cause_and_resumes(tmp_path: Path) -> None:
    parts = noop_parts(tmp_path)

    async def broken(state: Any, runtime: Any) -> dict[str, Any]:
        raise PopcornError("The renderer has no paint.")

    with pytest.raises(RunFailed, match=r"The render step failed: The renderer has no paint\."):
        await start("a query", context(tmp_path), builder=build_graph(**{**parts, "render": broken}), run_id="one")
    record = read_record(tmp_path / "runs" / "one")
    assert (record.status, record.failure and record.failure.node) == ("failed", "render")
    assert [timing["node"] for timing in record.timings] == ["research", "write"]
    result = await resume("one", tmp_path / "runs", builder=build_graph(**parts))
    assert result.status == "finished"


async def test_an_unexpected_error_is_named_too(tmp_path: Path) -> None:
    async def broken(state: Any, runtime: Any) -> dict[str, Any]:
        return {"script": 1 / 0}

    with pytest.raises(RunFailed, match="The write step failed: ZeroDivisionError"):
        await start("a query", context(tmp_path), builder=build_graph(**{**noop_parts(tmp_path), "write": broken}))


async def test_cancellation_leaves_a_resumable_run(tmp_path: Path) -> None:
    reached = asyncio.Event()
    task = asyncio.create_task(
        start(
            "a query",
            context(tmp_path),
            builder=build_graph(**hanging_parts(tmp_path, "render", reached.set)),
            run_id="one",
        )
    )
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert read_record(tmp_path / "runs" / "one").status == "interrupted"
    assert (await resume("one", tmp_path / "runs", builder=build_graph(**noop_parts(tmp_path)))).best_round == 1


async def test_a_cancelled_run_never_leaves_the_checkpoints_locked(tmp_path: Path) -> None:
    gc.disable()  # which would free the file by chance
    try:
        for moment in range(40):
            runs_dir = tmp_path / str(moment)
            settings = context(tmp_path).model_copy(update={"runs_dir": runs_dir})
            task = asyncio.create_task(start("a query", settings, builder=build_graph(**noop_parts(tmp_path))))
            await asyncio.wait({task}, timeout=moment / 1000)
            task.cancel()
            await asyncio.wait({task})
            if (runs_dir / "checkpoints.sqlite").exists():
                with closing(sqlite3.connect(runs_dir / "checkpoints.sqlite", timeout=1)) as other:
                    other.execute("CREATE TABLE other (x)")
    finally:
        gc.enable()


async def test_resuming_a_finished_run_gives_its_result_again(tmp_path: Path) -> None:
    first = await start("a query", context(tmp_path), builder=build_graph(**noop_parts(tmp_path)), run_id="one")
    log = tmp_path / "log"
    again = await resume("one", tmp_path / "runs", builder=build_graph(**logged(noop_parts(tmp_path), log)))
    assert again == first
    assert not log.exists()


async def test_a_run_that_is_going_on_is_not_resumed(tmp_path: Path) -> None:
    reached = asyncio.Event()
    task = asyncio.create_task(
        start(
            "a query",
            context(tmp_path),
            builder=build_graph(**hanging_parts(tmp_path, "write", reached.set)),
            run_id="one",
        )
    )
    await reached.wait()
    with pytest.raises(InputError, match="going on in another process"):
        await resume("one", tmp_path / "runs", builder=build_graph(**noop_parts(tmp_path)))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("run_id", ["../x", "", "a/b", "UPPER", "x" * 101, "."])
def test_a_run_id_cannot_leave_its_folder(tmp_path: Path, run_id: str) -> None:
    with pytest.raises(InputError, match="not a run id"):
        run_folder(tmp_path, run_id)


@pytest.mark.parametrize("query", ['Goku\'s "final" form', "../../etc/passwd", "寿司 🍣", "x" * 400, "-rf *"])
def test_every_query_makes_a_safe_run_id(tmp_path: Path, query: str) -> None:
    assert run_folder(tmp_path, new_run_id(query)).parent == tmp_path


async def test_a_damaged_run_record_is_refused(tmp_path: Path) -> None:
    (tmp_path / "runs" / "one").mkdir(parents=True)
    (tmp_path / "runs" / "one" / "run.json").write_text('{"run_id": "one"')
    with pytest.raises(InputError, match="damaged"):
        await resume("one", tmp_path / "runs")
    assert list_records(tmp_path / "runs") == []


async def test_a_damaged_checkpoint_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "checkpoints.sqlite").write_bytes(b"not a database, far from it" * 100)
    with pytest.raises(PopcornError, match="move that file away"):
        await start("a query", context(tmp_path), builder=build_graph(**noop_parts(tmp_path)))


async def test_fifty_runs_at_once_on_one_checkpoint_file(tmp_path: Path) -> None:
    builder = build_graph(**noop_parts(tmp_path, [10.0, 90.0]))
    results = await asyncio.gather(*(start(f"query {n}", context(tmp_path), builder=builder) for n in range(50)))
    assert [result.query for result in results] == [f"query {n}" for n in range(50)]
    assert len(list_records(tmp_path / "runs")) == 50


async def test_checkpoints_hold_little(tmp_path: Path) -> None:
    await start("a query", context(tmp_path), builder=build_graph(**noop_parts(tmp_path, [10.0])), run_id="one")
    record = json.loads((tmp_path / "runs" / "one" / "run.json").read_text())
    assert record["usage"]["calls"] == 0
    assert (tmp_path / "runs" / "checkpoints.sqlite").stat().st_size < 300_000
