"""The runner: bounded, past failures, resumable, nothing twice, and a results file that survives a crash."""

import asyncio
import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from popcorn_agents.cli import app
from popcorn_agents.evaluation.benchmarks.noop import noop_parts
from popcorn_agents.evaluation.plan import Concurrency, Plan, trials
from popcorn_agents.evaluation.records import Query, TrialResult
from popcorn_agents.evaluation.results import ResultsFile, read_results
from popcorn_agents.evaluation.runner import ALIKE, Tally, evaluate
from popcorn_agents.evaluation.stages import Spent, bounded, gates, spent
from popcorn_agents.tools.embedded_llm import lane
from popcorn_agents.tools.errors import InputError, PopcornError

QUERIES = [Query(id=str(number), text=f"query {number}", category="Gaming") for number in range(4)]
SYSTEMS: dict[str, dict[str, Any]] = {
    "basic": {"mode": "basic", "max_revisions": 0},
    "pe": {"mode": "pe", "max_revisions": 0},
    "pe-revised": {"mode": "pe", "max_revisions": 2, "target_percentile": 100},
}


def plan_of(renderer: str = "none", **changes: Any) -> Plan:
    return Plan.model_validate({"name": "p", "settings": {"renderer": renderer}, "systems": SYSTEMS, **changes})


class Counted:
    """No-op stages that note every call, and fail where they are told to."""

    def __init__(self, folder: Path, failing: tuple[str, str] | None = None) -> None:
        folder.mkdir(exist_ok=True)
        self.parts = noop_parts(folder, [40.0, 90.0, 60.0])
        self.failing = failing
        self.calls: list[tuple[str, str, int]] = []

    @asynccontextmanager
    async def __call__(self, plan: Plan) -> AsyncIterator[dict[str, Any]]:
        parts = {**self.parts, "critique_script": self.parts["critique"]}
        yield {name: self.counted(name.partition("_")[0], node) for name, node in parts.items()}

    def counted(self, name: str, node: Any) -> Any:
        async def run(state: Any, runtime: Any) -> dict[str, Any]:
            self.calls.append((name, state["query"], len(state.get("attempts", [])) + 1))
            if self.failing == (name, state["query"]):
                raise PopcornError("The ink is dry.")
            return await node(state, runtime)

        return run


async def test_every_trial_becomes_a_line_with_both_scores(tmp_path: Path) -> None:
    stages, seen = Counted(tmp_path / "parts"), []
    asked = trials(plan_of(), QUERIES)
    tally = await evaluate(
        plan_of(), asked, tmp_path / "out", lambda result, so_far: seen.append(so_far.finished), stages=stages
    )
    assert (tally, seen) == (Tally(total=12, finished=12), list(range(1, 13)))
    results = {(result.system, result.query.id): result for result in read_results(tmp_path / "out")}
    assert len(results) == 12
    revised = results["pe-revised", "2"]
    assert [attempt.critic.percentile for attempt in revised.attempts] == [40, 90, 60]
    assert revised.best is not None
    assert revised.best.round == revised.best_round == 2
    assert all(0 <= attempt.judge.percentile <= 100 for attempt in revised.attempts)
    assert revised.attempts[0].clip is None
    assert not [call for call in stages.calls if call[0] == "render"]


async def test_equal_scripts_are_written_once(tmp_path: Path) -> None:
    stages = Counted(tmp_path / "parts")
    await evaluate(plan_of(), trials(plan_of(), QUERIES), tmp_path / "out", stages=stages)
    written = sorted(call[1:] for call in stages.calls if call[0] == "write")
    assert written == sorted((query.text, round_) for query in QUERIES for round_ in (1, 1, 2, 3))
    cached = [result.cached for result in read_results(tmp_path / "out") if result.cached]
    assert cached == [["script 1"]] * 4  # of pe and pe-revised, whichever came second


async def test_what_is_finished_is_not_done_again(tmp_path: Path) -> None:
    asked = trials(plan_of(), QUERIES)
    await evaluate(plan_of(), asked[:5], tmp_path / "out", stages=Counted(tmp_path / "parts"))
    again = Counted(tmp_path / "parts")
    tally = await evaluate(plan_of(), asked, tmp_path / "out", stages=again)
    assert (tally.before, tally.finished) == (5, 12)
    assert not [call for call in again.calls if call[1] == "query 0"]
    assert len((tmp_path / "out" / "results.jsonl").read_text().splitlines()) == 12


async def test_a_failure_is_a_result_and_is_tried_again(tmp_path: Path) -> None:
    asked = trials(plan_of("animatic"), QUERIES)
    broken = Counted(tmp_path / "parts", failing=("render", "query 1"))
    tally = await evaluate(plan_of("animatic"), asked, tmp_path / "out", stages=broken)
    assert (tally.finished, tally.failed, tally.causes) == (9, 3, {"render: The ink is dry.": 3})
    failed = [result for result in read_results(tmp_path / "out") if result.status == "failed"]
    assert {(result.query.id, result.failure.node, result.failure.cause) for result in failed} == {
        ("1", "render", "The ink is dry.")
    }
    tally = await evaluate(plan_of("animatic"), asked, tmp_path / "out", stages=Counted(tmp_path / "parts"))
    assert (tally.before, tally.finished, tally.failed) == (9, 12, 0)
    results = read_results(tmp_path / "out")
    assert {result.status for result in results} == {"finished"}
    assert all((tmp_path / "out" / result.attempts[0].clip).is_file() for result in results)


async def test_failures_that_are_all_alike_stop_it(tmp_path: Path) -> None:
    queries = [Query(id=str(number), text="query 1") for number in range(30)]
    plan = plan_of(systems={"basic": SYSTEMS["basic"]})
    broken = Counted(tmp_path / "parts", failing=("write", "query 1"))
    with pytest.raises(PopcornError, match="10 trials in a row failed alike: The ink is dry"):
        await evaluate(plan, trials(plan, queries), tmp_path / "out", stages=broken)
    assert ALIKE <= len(read_results(tmp_path / "out")) < 30


async def test_no_more_are_under_way_than_the_plan_allows() -> None:
    spent.set(Spent())
    lanes: set[int] = set()
    for name, bound in (("write", 2), ("render", 3), ("critique", 1)):
        busy = {"now": 0, "most": 0}

        async def working(state: Any, runtime: Any, busy: dict[str, int] = busy) -> dict[str, Any]:
            lanes.add(lane.get())
            busy["now"] += 1
            busy["most"] = max(busy["most"], busy["now"])
            for _ in range(5):
                await asyncio.sleep(0)  # gives the others their turn
            busy["now"] -= 1
            return {}

        node: Any = bounded(name, working, gates(Concurrency(llm=2, render=3))[name])
        await asyncio.gather(*(node({}, None) for _ in range(12)))
        assert busy["most"] == bound, name
    assert lanes == {0, 1}


def test_a_torn_line_is_left_behind(tmp_path: Path) -> None:
    result = TrialResult(key="k", system="s", query=QUERIES[0], seed=1, settings={}, status="finished")
    file = ResultsFile(tmp_path)
    file.append(result)
    file.close()
    with (tmp_path / "results.jsonl").open("ab") as torn:
        torn.write(result.model_dump_json().encode()[:50])
    assert len(read_results(tmp_path)) == 1
    file = ResultsFile(tmp_path)
    file.append(result.model_copy(update={"seed": 2}))
    file.close()
    assert [found.seed for found in read_results(tmp_path)] == [1, 2]


def test_a_failure_never_replaces_what_is_finished(tmp_path: Path) -> None:
    result = TrialResult(key="k", system="s", query=QUERIES[0], seed=1, settings={}, status="finished")
    file = ResultsFile(tmp_path)
    for status in ("failed", "finished", "failed"):
        file.append(result.model_copy(update={"status": status}))
    file.close()
    assert [found.status for found in read_results(tmp_path)] == ["finished"]


def test_results_of_another_version_are_refused(tmp_path: Path) -> None:
    (tmp_path / "results.jsonl").write_text('{"format": 9}\n')
    with pytest.raises(InputError, match=r"Line 1 of .* another version"):
        read_results(tmp_path)
    with pytest.raises(InputError, match="no results"):
        read_results(tmp_path / "empty")


async def test_results_of_other_settings_are_not_mixed(tmp_path: Path) -> None:
    await evaluate(plan_of(), trials(plan_of(), QUERIES[:1]), tmp_path / "out", stages=Counted(tmp_path / "parts"))
    other = plan_of(settings={"renderer": "none", "temperature": 1.0})
    with pytest.raises(InputError, match="other settings for system basic"):
        await evaluate(other, trials(other, QUERIES), tmp_path / "out", stages=Counted(tmp_path / "parts"))


async def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    stages = Counted(tmp_path / "parts")
    with pytest.raises(PopcornError, match=r"cannot be written \(No space left on device\).*what is finished is kept"):
        await evaluate(plan_of(), trials(plan_of(), QUERIES), tmp_path / "out", stages=stages)


async def test_a_kept_script_of_another_version_is_written_anew(tmp_path: Path) -> None:
    stages = Counted(tmp_path / "parts")
    await evaluate(plan_of(), trials(plan_of(), QUERIES[:1]), tmp_path / "out", stages=stages)
    for path in (tmp_path / "out" / "scripts").iterdir():
        path.write_text("{}")
    (tmp_path / "out" / "results.jsonl").unlink()
    again = Counted(tmp_path / "parts")
    await evaluate(plan_of(), trials(plan_of(), QUERIES[:1]), tmp_path / "out", stages=again)
    assert len([call for call in again.calls if call[0] == "write"]) == 4


KILLED = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_evaluation import Counted, QUERIES, plan_of
from popcorn_agents.evaluation.plan import trials
from popcorn_agents.evaluation.runner import evaluate
folder = Path(sys.argv[1])
stages = Counted(folder / "parts")
def said(result, tally):
    print(tally.finished, flush=True)
    if tally.finished == 5:
        sys.stdin.readline()
asyncio.run(evaluate(plan_of(), trials(plan_of(), QUERIES), folder / "out", said, stages=stages))
"""


def test_killed_in_the_middle_it_goes_on_to_the_same_results(tmp_path: Path) -> None:
    def evaluated(out: str, stages: Counted) -> None:
        asyncio.run(evaluate(plan_of(), trials(plan_of(), QUERIES), tmp_path / out, stages=stages))

    script = KILLED.format(tests=str(Path(__file__).parent))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], **pipes)
    while process.stdout.readline() != "5\n":
        assert process.poll() is None
    with pytest.raises(InputError, match="Another process evaluates into"):
        evaluated("out", Counted(tmp_path / "parts"))
    process.kill()
    process.communicate()
    done = {(result.system, result.query.text) for result in read_results(tmp_path / "out")}
    assert len(done) == 5
    again = Counted(tmp_path / "parts")
    evaluated("out", again)
    evaluated("whole", Counted(tmp_path / "parts"))
    assert {said(result) for result in read_results(tmp_path / "out")} == {
        said(result) for result in read_results(tmp_path / "whole")
    }
    lines = (tmp_path / "out" / "results.jsonl").read_text().splitlines()
    assert len(lines) == 12
    researched = [query for name, query, _ in again.calls if name == "research"]
    assert len(researched) == 7


def said(result: TrialResult) -> str:
    """A result without what differs from run to run."""
    return result.model_dump_json(exclude={"timings", "finished", "cached", "device_seconds"})


PLAN = """
name: tiny
settings: {llm: embedded, renderer: none, max_revisions: 0}
systems: {basic: {mode: basic}, pe: {mode: pe}}
"""


@pytest.mark.slow
def test_the_command_evaluates_with_real_parts(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "queries.txt").write_text("Goku transformations\nstreet food at night\n")
    command = ["evaluate", str(tmp_path / "plan.yaml"), "--out", str(tmp_path / "out"), "--json"]
    command += ["--queries", str(tmp_path / "queries.txt")]
    shown = CliRunner().invoke(app, command)
    assert shown.exit_code == 0, shown.output
    assert json.loads(shown.stdout)["finished"] == 4
    titles = [result.attempts[0].title for result in read_results(tmp_path / "out")]
    assert all(titles)
    shown = CliRunner().invoke(app, command)  # nothing is left to do
    assert json.loads(shown.stdout)["before"] == 4
    shown = CliRunner().invoke(app, ["report", str(tmp_path / "out"), "--json"])
    assert shown.exit_code == 0, shown.output
    assert {Path(file).suffix for file in json.loads(shown.stdout)["files"]} == {".html", ".md", ".csv", ".png", ".svg"}
    assert "2 queries" in json.loads(shown.stdout)["summary"][0]
    shown = CliRunner().invoke(app, [*command, "--set", "temperature=0.9"])
    assert isinstance(shown.exception, InputError)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_command_says_how_to_go_on(tmp_path: Path, ending: signal.Signals) -> None:
    command = [sys.executable, "-m", "popcorn_agents", "evaluate", "offline-200", "--out", str(tmp_path / "out")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "NO_COLOR": "1"})
    assert process.stderr is not None
    assert process.stderr.readline().startswith("1/1000 ")
    process.send_signal(ending)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "run the same command again" in rest
    assert "Traceback" not in rest
    assert read_results(tmp_path / "out")


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["smoke", "--set", "novalue"], "--set takes NAME=VALUE"),
        (["smoke", "--set", "llm=openai:gpt-4o"], "OPENAI_API_KEY"),
        (["smoke", "--set", "exemplars=/no/store"], "/no/store"),
        (["smoke", "--queries", "/no/file.txt"], "/no/file.txt"),
        (["no-plan"], "smoke"),
    ],
)
def test_bad_use_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], fault: str
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    shown = CliRunner().invoke(app, ["evaluate", *arguments, "--out", str(tmp_path / "out")])
    assert isinstance(shown.exception, InputError)
    assert fault in str(shown.exception)
    assert not (tmp_path / "out").exists()


def test_a_dry_run_says_what_it_would_take(tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["evaluate", "smoke", "--out", str(tmp_path / "out"), "--dry-run"])
    assert shown.exit_code == 0
    assert "LLM calls" in shown.output
    assert not (tmp_path / "out").exists()
