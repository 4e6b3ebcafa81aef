"""The whole product as a user starts it: the command line in its own process, all parts real."""

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from blockbuster import blockbuster_ctx

from popcorn_agents.evaluation.benchmarks.noop import noop_parts
from popcorn_agents.evaluation.benchmarks.state_size import step_sizes
from popcorn_agents.graph.context import Context
from popcorn_agents.graph.result import Result
from popcorn_agents.graph.runs import start
from popcorn_agents.graph.workflow import build_graph, graph
from popcorn_agents.tools import embedding
from popcorn_agents.tools.video import decode_frames, probe

POPCORN = [sys.executable, "-m", "popcorn_agents"]


def popcorn(*arguments: str, cwd: Path, code: int = 0) -> Any:
    done = subprocess.run([*POPCORN, *arguments, "--json"], capture_output=True, text=True, cwd=cwd)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def stop_at(step: str, how: signal.Signals, *arguments: str, cwd: Path) -> int:
    """Start the command line, send it a signal as soon as it announces a step, and give its exit code."""
    with subprocess.Popen(
        [*POPCORN, *arguments], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, cwd=cwd
    ) as process:
        assert process.stderr is not None
        assert any(step in line for line in process.stderr), f"it never came to {step!r}"
        process.send_signal(how)
        process.stderr.read()  # to its end: a pipe closed early would be another reason to stop
    return process.returncode


@pytest.fixture(scope="module")
def goku(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("goku")
    return popcorn(
        "run", "Goku transformations", "--cache-dir", str(folder / "cache"), "--max-revisions", "1", cwd=folder
    )


@pytest.mark.slow
def test_the_default_run_gives_what_the_contract_says(goku: dict[str, Any]) -> None:
    assert Result.model_validate(goku).status == "finished"
    assert 0 < len(goku["title"]) <= 50
    assert goku["attempts"][goku["best_round"] - 1]["title"] == goku["title"]
    assert {exemplar["label"] for exemplar in goku["exemplars"]} == {"popular", "unpopular"}
    assert goku["score"]["low"] < goku["score"]["log2_comments"] < goku["score"]["high"]


@pytest.mark.slow
def test_the_clip_is_what_a_platform_accepts(goku: dict[str, Any]) -> None:
    info = probe(Path(goku["video_path"]))
    assert (info.width, info.height, info.fps, info.frames, info.seconds) == (544, 960, 24, 72, 3.0)
    assert info.codec == "h264"
    assert Path(goku["cover_path"]).read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_checkpoints_hold_little(goku: dict[str, Any]) -> None:
    runs_dir = Path(goku["video_path"]).parents[2]
    sizes = step_sizes(runs_dir / "checkpoints.sqlite", goku["run_id"])
    assert len(sizes) > 6
    assert max(state for _, state, _ in sizes) < 50_000


@pytest.mark.slow
def test_the_run_folder_is_as_agreed(goku: dict[str, Any]) -> None:
    folder = Path(goku["video_path"]).parents[1]
    assert folder.name == goku["run_id"]
    assert {"run.json", "brief.json", "result.json", "attempt-1"} <= {path.name for path in folder.iterdir()}
    files = {"script.json", "clip.mp4", "cover.png", "critique.json"}
    assert {path.name for path in (folder / "attempt-1").iterdir()} == files
    record = json.loads((folder / "run.json").read_text())
    assert record["status"] == "finished"
    assert record["usage"]["output_tokens"] > 0


@pytest.mark.slow
def test_equal_seeds_give_equal_scripts_and_pictures(goku: dict[str, Any], tmp_path: Path) -> None:
    again = popcorn("run", "Goku transformations", "--cache-dir", "cache", "--max-revisions", "1", cwd=tmp_path)
    same = ("title", "video_prompt", "cover_prompt", "reasoning", "score")
    assert {key: again[key] for key in same} == {key: goku[key] for key in same}
    frames = [np.stack(list(decode_frames(Path(result["video_path"])))) for result in (again, goku)]
    assert np.array_equal(*frames)  # the files differ in their signatures alone


@pytest.mark.slow
def test_a_killed_run_goes_on_without_writing_again(tmp_path: Path) -> None:
    arguments = ("run", "street food at night", "--max-revisions", "0")
    assert stop_at("Render the clip (attempt 1) ...", signal.SIGKILL, *arguments, cwd=tmp_path) == -signal.SIGKILL
    run = popcorn("runs", cwd=tmp_path)["runs"][0]
    script = tmp_path / "runs" / run["run_id"] / "attempt-1" / "script.json"
    written = (script.stat().st_mtime_ns, script.read_bytes())
    result = popcorn("resume", run["run_id"], cwd=tmp_path)
    assert (script.stat().st_mtime_ns, script.read_bytes()) == written
    assert result["title"] == json.loads(written[1])["title"]


@pytest.mark.slow
def test_ctrl_c_leaves_a_resumable_run(tmp_path: Path) -> None:
    assert (
        stop_at("Write the script (attempt 1) ...", signal.SIGINT, "run", "a cat on a skateboard", cwd=tmp_path) == 130
    )
    run = popcorn("runs", cwd=tmp_path)["runs"][0]
    assert (run["status"], run["failure"]["node"]) == ("interrupted", "write")
    assert popcorn("resume", run["run_id"], cwd=tmp_path)["status"] == "finished"


@pytest.mark.slow
async def test_no_node_blocks_the_event_loop(tmp_path: Path) -> None:
    context = Context(runs_dir=tmp_path / "runs", cache_dir=tmp_path / "cache", max_revisions=0, seconds=1)
    with blockbuster_ctx():
        state = await graph.ainvoke({"query": "street food"}, {"recursion_limit": 10}, context=context)
    assert state["result"].status == "finished"


async def test_fifty_runs_share_one_index_and_one_model(tmp_path: Path) -> None:
    from popcorn_agents.agents.trend_researcher import research
    from popcorn_agents.tools.exemplars import open_store

    builder = build_graph(**{**noop_parts(tmp_path), "research": research})
    context = Context(runs_dir=tmp_path / "runs", cache_dir=tmp_path / "cache")
    store = open_store("starter")
    results = await asyncio.gather(*(start(f"street food number {n}", context, builder=builder) for n in range(50)))
    assert all(len(result.exemplars) == 10 for result in results)
    assert open_store("starter") is store
    assert list(embedding._models) == [embedding.EMBEDDED]
