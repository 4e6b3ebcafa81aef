"""The product as a library, as a tool of another agent, and a run's timeline."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_openai import ChatOpenAI
from llm_server import Server, reply, serve

import popcorn_agents
from popcorn_agents.cli import main
from popcorn_agents.graph.folders import RunRecord, write_json
from popcorn_agents.graph.result import Result
from popcorn_agents.tools.errors import InputError

ROOT = Path(__file__).parent.parent
EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "library.md").read_text(), re.DOTALL)
DRAFT = {
    "analysis": "a", "ideas": "i", "check": "c",
    "title": "The Wok That Never Sleeps", "cover_prompt": "A wok.", "video_prompt": "A cook tosses noodles.",
}  # fmt: skip
QUICK: dict[str, Any] = {"mode": "basic", "max_revisions": 0, "seconds": 1.0}


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serve([reply(DRAFT)]) as server:
        monkeypatch.setenv("POPCORN_LLM", f"any@{server.url}")
        monkeypatch.setenv("POPCORN_MODE", "basic")
        yield server


def test_importing_the_package_loads_nothing_heavy() -> None:
    check = "import sys, popcorn_agents; sys.exit(bool({'langgraph', 'torch', 'pydantic'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        popcorn_agents.nothing  # noqa: B018
    assert "research" in popcorn_agents.build_graph().nodes


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=["run", "tool"])
def test_the_documented_examples_run(example: str, model: Server, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(example, "docs/library.md", "exec"), {})
    assert DRAFT["title"] in capsys.readouterr().out


async def test_a_run_gives_a_typed_result_and_tells_its_progress(model: Server) -> None:
    events: list[dict[str, Any]] = []
    result = await popcorn_agents.arun("street food", on_event=events.append, **QUICK)
    assert isinstance(result, Result)
    assert {"research", "write", "render", "critique", "finish"} <= {event["node"] for event in events}
    with pytest.raises(InputError, match=r"await arun\(\)"):
        popcorn_agents.run("street food", **QUICK)


async def test_another_agent_uses_it_as_a_tool(model: Server) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "make_micro_video", "arguments": '{"query": "woks"}'}}
    model.answers[:] = [reply(None, "tool_calls", tool_calls=[call]), reply(DRAFT), reply("Here is your video.")]
    chat = ChatOpenAI(model="any", base_url=model.url, api_key="none")
    agent = create_agent(chat, [popcorn_agents.as_tool(**QUICK)])
    said = (await agent.ainvoke({"messages": [{"role": "user", "content": "A video on woks, please."}]}))["messages"]
    made = json.loads(said[-2].content)
    assert (made["title"], said[-1].content) == (DRAFT["title"], "Here is your video.")
    assert await asyncio.to_thread(Path(made["video_path"]).is_file)


async def test_a_tool_says_what_went_wrong() -> None:
    answer = await popcorn_agents.as_tool(**QUICK).ainvoke({"query": " "})
    assert "blank" in answer


@pytest.fixture
def record(tmp_path: Path) -> RunRecord:
    usage = {"calls": 1, "input_tokens": 900, "output_tokens": 250, "cost": 0.0123}
    steps = [
        {"node": "research", "round": 0, "seconds": 1.0, "started": 1000.0},
        {"node": "write", "round": 1, "seconds": 2.0, "started": 1001.0, "usage": usage},
        {"node": "render", "round": 1, "seconds": 5.0, "started": 1063.0, "device_seconds": 4.5},
    ]
    now = datetime.now(UTC)
    kept = RunRecord(run_id="one", query="q", status="failed", created=now, updated=now, settings={}, timings=steps)
    write_json(tmp_path / "runs" / "one" / "run.json", kept)
    return kept


def test_the_timeline_draws_the_steps_in_80_columns(
    record: RunRecord, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as end:
        main(["runs", "one", "--timeline"])
    lines = capsys.readouterr().out.splitlines()
    assert end.value.code == 0
    assert max(map(len, lines)) <= 80
    title, _, research, write, waited, render = (line.rstrip() for line in lines)
    assert title == "Run one: failed, 8.0 s of work"
    assert write.split()[:2] == ["write", "1"]
    assert write.endswith("900 + 250  $0.0123")
    assert (waited.split(), render.split()[-1]) == (["waited", "60.0"], "4.5")
    assert [line.count("█") for line in (research, write, render)] == [4, 6, 18]
    with pytest.raises(SystemExit):
        main(["runs", "one", "--timeline", "--json"])
    assert [step["node"] for step in json.loads(capsys.readouterr().out)["steps"]] == ["research", "write", "render"]


def test_a_timeline_needs_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["runs", "--timeline"])
    assert end.value.code == 2
    assert "--timeline needs a run id" in capsys.readouterr().err
