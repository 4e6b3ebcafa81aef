"""The engine ray on a cluster of several nodes in one process: the results of the local engine, past lost actors."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest
from ray_parts import apart, failing_parts, held_parts, on_own_disk, quick_parts
from typer.testing import CliRunner

from popcorn_agents.cli import app
from popcorn_agents.evaluation.benchmarks.engines import here
from popcorn_agents.evaluation.plan import Plan, trials
from popcorn_agents.evaluation.ray_head import AGENT_PORTS, LOOPBACK, STORE_BYTES, free_ports, protect
from popcorn_agents.evaluation.ray_stages import needs_of, ray_stages
from popcorn_agents.evaluation.records import Query, TrialResult
from popcorn_agents.evaluation.results import read_results
from popcorn_agents.evaluation.runner import evaluate

QUERIES = [Query(id=str(number), text=f"query {number}") for number in range(3)]
TWO_OF_EACH = {"llm": 2, "render": 2, "score": 2}


def plan_of(concurrency: dict[str, int] | None = None, renderer: str = "animatic", **settings: Any) -> Plan:
    content = {"renderer": renderer, "seconds": 1, "max_revisions": 0, **settings}
    systems: dict[str, Any] = {"basic": {"mode": "basic"}}
    return Plan.model_validate({"name": "p", "settings": content, "systems": systems, "concurrency": concurrency or {}})


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head without CPUs and two nodes of six CPUs."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="ray-") as name:
        patch.setenv("RAY_TMPDIR", name)
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        path = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, path)))  # for ray_parts in the actors
        (Path(name) / "ray").mkdir()
        protect()
        from ray.cluster_utils import Cluster

        common = {
            "node_ip_address": LOOPBACK,
            "plasma_directory": name,
            "object_store_memory": STORE_BYTES,
            "include_dashboard": False,
            "include_log_monitor": False,
        }
        soon = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 1000, "health_check_failure_threshold": 5}
        cluster = Cluster()
        for cpus in (0, 6, 6):
            ports = dict(zip(AGENT_PORTS.values(), free_ports(len(AGENT_PORTS)), strict=True))
            noticed = {} if cpus else {"_system_config": soon}  # that a node is lost; the head decides it
            cluster.add_node(num_cpus=cpus, wait=False, **common, **ports, **noticed)
        cluster.wait_for_nodes()
        yield cluster
        cluster.shutdown()


def compared(folder: Path) -> list[dict[str, Any]]:
    """The results without what differs between equal runs."""
    results = sorted(read_results(folder), key=lambda result: result.query.id)
    return [
        result.model_dump(
            exclude={"timings": True, "device_seconds": True, "finished": True, "settings": {"cache_dir"}}
        )
        for result in results
    ]


@pytest.mark.slow
async def test_results_equal_those_of_the_local_engine(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "here"))
    plan = plan_of()
    monkeypatch.setattr("popcorn_agents.evaluation.ray_stages.clip_here", on_own_disk)
    stages = ray_stages(cluster.address, partial(apart, tmp_path))
    await evaluate(plan, trials(plan, QUERIES), tmp_path / "ray", stages=stages)
    disks = [{path.name for path in disk.rglob("*.mp4")} for disk in (tmp_path / "disks").iterdir()]
    drawn = disks[0]
    assert drawn
    assert disks == [drawn, drawn]  # the renderer's and the critic's
    brought = sorted((tmp_path / "here" / "popcorn-agents" / "clips").iterdir())
    assert {path.name for path in brought if path.suffix == ".mp4"} == drawn
    assert [path.suffix for path in brought if path.is_file()] == [".json", ".mp4", ".png"] * len(drawn)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "alone"))
    tally = await evaluate(plan, trials(plan, QUERIES), tmp_path / "local", stages=here(partial(quick_parts, tmp_path)))
    assert tally.finished == 3
    assert compared(tmp_path / "ray") == compared(tmp_path / "local")
    for result in read_results(tmp_path / "ray"):
        assert (tmp_path / "ray" / result.attempts[0].clip).stat().st_size > 1000
        assert set(result.timings) == {"research", "write", "render", "critique"}


async def renders(folder: Path, count: int) -> list[dict[str, Any]]:
    """Wait until so many renders are under way or were, and tell where."""
    async with asyncio.timeout(120):
        while len(notes := sorted((folder / "calls").glob("[!.]*"))) < count:  # noqa: ASYNC110  # by other processes
            await asyncio.sleep(0.05)
    return [json.loads(note.read_text()) for note in notes]


async def lose(
    cluster: Any, tmp_path: Path, plan: Plan, losing: Any, queries: list[Query] = QUERIES
) -> list[TrialResult]:
    """Evaluate on Ray while `losing(folder)` loses what renders."""
    (tmp_path / "calls").mkdir()
    stages = ray_stages(cluster.address, partial(held_parts, tmp_path))
    running = asyncio.ensure_future(evaluate(plan, trials(plan, queries), tmp_path / "out", stages=stages))
    try:
        await losing(tmp_path)
        (tmp_path / "go").touch()
        await running
    finally:
        running.cancel()
        await asyncio.wait([running])
    return sorted(read_results(tmp_path / "out"), key=lambda result: result.query.id)


@pytest.mark.slow
async def test_a_killed_render_actor_costs_one_repetition(cluster: Any, tmp_path: Path) -> None:
    async def kill_one(folder: Path) -> None:
        [first] = await renders(folder, 1)
        os.kill(first["pid"], signal.SIGKILL)
        pids = {note["pid"] for note in await renders(folder, 2)}
        assert len(pids) == 2

    results = await lose(cluster, tmp_path, plan_of(), kill_one)
    assert [result.status for result in results] == ["finished"] * 3
    assert len(list((tmp_path / "calls").iterdir())) == 4


@pytest.mark.slow
async def test_a_second_loss_is_the_trials_failure(cluster: Any, tmp_path: Path) -> None:
    async def kill_two(folder: Path) -> None:
        for count in (1, 2):
            for note in await renders(folder, count):
                with suppress(ProcessLookupError):  # the first is dead when the second goes
                    os.kill(note["pid"], signal.SIGKILL)

    [failed] = await lose(cluster, tmp_path, plan_of(), kill_two, QUERIES[:1])
    assert failed.failure is not None
    assert failed.failure.node == "render"
    assert failed.failure.cause.startswith("Two Ray actors in a row were lost at this step")


@pytest.mark.slow
async def test_a_stages_own_error_arrives_as_it_was_said(cluster: Any, tmp_path: Path) -> None:
    plan = plan_of(renderer="none")
    stages = ray_stages(cluster.address, partial(failing_parts, tmp_path))
    await evaluate(plan, trials(plan, QUERIES), tmp_path / "out", stages=stages)
    results = sorted(read_results(tmp_path / "out"), key=lambda result: result.query.id)
    assert [result.failure and (result.failure.node, result.failure.cause) for result in results] == [
        ("write", "The ink is dry."),
        ("write", "ZeroDivisionError: by nothing"),
        None,
    ]


@pytest.mark.slow
async def test_a_lost_node_costs_one_repetition(cluster: Any, tmp_path: Path) -> None:
    """Last, as the cluster is smaller then. Actors that wait for work there are lost, too, which costs nothing."""

    async def remove_one(folder: Path) -> None:
        notes = await renders(folder, 2)
        lost = next(node for node in cluster.worker_nodes if node.node_id == notes[0]["node"])
        cluster.remove_node(lost, allow_graceful=False)
        hit.extend(note for note in notes if note["node"] == notes[0]["node"])
        await renders(folder, 2 + len(hit))  # its processes live a moment longer, and could still answer

    hit: list[Any] = []
    results = await lose(cluster, tmp_path, plan_of(TWO_OF_EACH), remove_one)
    assert [result.status for result in results] == ["finished"] * 3
    assert len(list((tmp_path / "calls").iterdir())) == 3 + len(hit)


def test_an_actor_asks_for_what_its_stage_computes_with() -> None:
    assert needs_of(plan_of(), gpus=0) == {name: {"num_cpus": 1} for name in ("llm", "render", "score")}
    served = plan_of(renderer="remote", llm="m@http://localhost:1/v1", video_url="http://localhost:1/v1", model="m")
    assert [need["num_cpus"] for need in needs_of(served, gpus=0).values()] == [0.1, 0.1, 1]
    drawn = plan_of(renderer="diffusion")
    assert needs_of(drawn, gpus=2)["render"] == {"num_cpus": 1, "num_gpus": 1}
    assert "num_gpus" not in needs_of(drawn, gpus=0)["render"]
    assert "render" not in needs_of(plan_of(renderer="none"), gpus=0)


def test_without_the_extra_one_sentence_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    result = CliRunner().invoke(app, ["evaluate", "smoke", "--out", str(tmp_path / "out"), "--engine", "ray"])
    assert isinstance(result.exception, Exception)
    assert str(result.exception) == ("The engine ray needs an extra; run: pip install 'popcorn-agents[cluster]'")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--ray-address", "auto"], "belongs to --engine ray"),
        (["--engine", "ray", "--ray-address", "ray://host:1"], "HOST:PORT or auto"),
    ],
)
def test_unfit_addresses_are_refused(tmp_path: Path, arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["evaluate", "smoke", "--out", str(tmp_path), *arguments])
    assert said in str(result.exception)


PLAN = """
name: stopped
systems: {basic: {mode: basic, renderer: none, max_revisions: 0}}
seeds: [1, 1001, 2001, 3001, 4001, 5001, 6001, 7001, 8001, 9001]
"""


@pytest.mark.slow
async def test_the_command_starts_a_ray_of_its_own_and_leaves_no_process_behind(tmp_path: Path) -> None:
    """The embedded model in an actor; Ctrl-C after the first trial."""
    (tmp_path / "plan.yaml").write_text(PLAN)
    mark = uuid4().hex
    with tempfile.TemporaryDirectory(prefix="ray-") as short:
        command = [sys.executable, "-W", "error", "-m", "popcorn_agents", "evaluate", "plan.yaml", "--out", "out"]
        process = await asyncio.create_subprocess_exec(
            *command,
            *("--engine", "ray", "--limit", "1"),
            env={**os.environ, "RAY_TEST_MARK": mark, "TMPDIR": short},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stderr is not None
        first = (await process.stderr.readline()).decode()
        assert first.startswith("1/10 basic: "), first + (await process.stderr.read()).decode()
        process.send_signal(signal.SIGINT)
        said, errors = await process.communicate()
        assert (process.returncode, said) == (130, b"")
        assert "Interrupted; nothing that was finished is lost" in errors.decode()
        assert "Traceback" not in errors.decode()
        async with asyncio.timeout(60):
            while marked(mark):  # noqa: ASYNC110  # processes of others
                await asyncio.sleep(0.1)
        assert not list(Path(short).glob("popcorn-ray-*"))  # noqa: ASYNC240
    assert len(read_results(tmp_path / "out")) >= 1


def marked(mark: str) -> list[psutil.Process]:
    """The processes that descend from the command."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("RAY_TEST_MARK") == mark:
                found.append(process)
    return found
