"""The graph on a real development server, driven by langgraph-sdk as Studio drives it."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from dev_server import ROOT, DevServer, dev_server
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import UnprocessableEntityError
from llm_server import Server, reply, serve

from popcorn_agents.graph.context import Context
from popcorn_agents.graph.server import ASSISTANTS, fault_of
from popcorn_agents.tools.video import probe

DRAFT = {
    "analysis": "a", "ideas": "i", "check": "c",
    "title": "The Wok That Never Sleeps", "cover_prompt": "A wok.", "video_prompt": "A cook tosses noodles.",
}  # fmt: skip
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model() -> Iterator[Server]:
    with serve([reply(DRAFT)]) as serving:
        yield serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model: Server) -> Iterator[DevServer]:
    folder, opened = tmp_path_factory.mktemp("server"), str(tmp_path_factory.getbasetemp())
    with dev_server(folder, POPCORN_SERVER_URLS=model.url, POPCORN_SERVER_PATHS=opened) as running:
        yield running


@pytest.fixture(scope="module")
def knobs(tmp_path_factory: pytest.TempPathFactory, model: Server) -> dict[str, Any]:
    """The real parts on a loopback language model; equal scripts are drawn once."""
    folder = tmp_path_factory.mktemp("work")
    return {
        "mode": "basic", "llm": f"any@{model.url}", "max_revisions": 0, "seconds": 1.0,
        "runs_dir": str(folder / "runs"), "cache_dir": str(folder / "cache"),
    }  # fmt: skip


@pytest.fixture
async def client(server: DevServer) -> AsyncIterator[LangGraphClient]:
    async with get_client(url=server.url) as opened:
        yield opened


async def new_thread(client: LangGraphClient) -> str:
    return str((await client.threads.create())["thread_id"])


async def test_assistants_are_ready(client: LangGraphClient) -> None:
    found = {assistant["name"]: assistant for assistant in await client.assistants.search(graph_id="popcorn")}
    assert set(found) == {"popcorn", *ASSISTANTS}
    for name, (_, context) in ASSISTANTS.items():
        assert found[name]["context"] == context
        assert Context.model_validate(context)


async def test_the_graph_and_its_schemas_are_readable(client: LangGraphClient) -> None:
    graph = await client.assistants.get_graph("popcorn")
    steps = ["research", "write", "review_script", "render", "critique", "review_clip", "finish"]
    assert [node["id"] for node in graph["nodes"]] == ["__start__", *steps, "__end__"]
    assistant = (await client.assistants.search(graph_id="popcorn"))[-1]
    schemas = await client.assistants.get_schemas(assistant["assistant_id"])
    assert schemas["input_schema"]["required"] == ["query"]
    shown, ours = schemas["context_schema"]["properties"], Context.model_json_schema()["properties"]
    assert shown.keys() == ours.keys()
    for name, field in shown.items():
        assert field["description"] == ours[name]["description"]
        assert field.get("default") == ours[name].get("default")
    assert (shown["k"]["minimum"], shown["k"]["maximum"]) == (1, 200)
    assert {"script", "clip", "critique", "attempts", "result"} <= schemas["state_schema"]["properties"].keys()


def test_the_pictures_in_the_docs_are_the_servers_own(server: DevServer) -> None:
    command = [sys.executable, str(ROOT / "docs" / "studio.py"), server.url]
    drawn = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    assert drawn == (ROOT / "docs" / "studio.md").read_text()


async def test_a_run_streams_its_progress_and_leaves_a_clip(client: LangGraphClient, knobs: dict[str, Any]) -> None:
    thread, nodes, updates = await new_thread(client), [], {}
    async for part in client.runs.stream(
        thread, "popcorn", input={"query": "street food"}, context=knobs, stream_mode=["custom", "updates"]
    ):
        if part.event == "custom":
            nodes.append(part.data["node"])
        elif part.event == "updates":
            updates |= part.data
    assert list(dict.fromkeys(nodes)) == ["research", "write", "render", "critique", "finish"]
    assert max(len(json.dumps(update)) for update in updates.values()) < 12_000  # legible, not blobs
    state = await client.threads.get_state(thread)
    result = state["values"]["result"]
    assert (result["status"], result["title"]) == ("finished", DRAFT["title"])
    assert probe(Path(result["video_path"])).seconds == 1.0


async def test_nothing_blocks_the_event_loop(server: DevServer, client: LangGraphClient, knobs: dict[str, Any]) -> None:
    settings = {**knobs, "mode": "pe"}  # with the embedding model and the exemplars
    await client.runs.wait(await new_thread(client), "popcorn", input={"query": "street food"}, context=settings)
    assert "BlockingError" not in server.log.read_text()


async def test_a_review_interrupts_with_its_form_and_resumes(client: LangGraphClient, knobs: dict[str, Any]) -> None:
    thread, settings = await new_thread(client), {**knobs, "review": "script"}
    await client.runs.wait(thread, "popcorn", input={"query": "street food"}, context=settings)
    [pause] = (await client.threads.get_state(thread))["interrupts"]
    assert (pause["value"]["of"], pause["value"]["title"]) == ("script", DRAFT["title"])
    assert pause["response_schema"]["properties"]["action"]["enum"] == ["approve", "edit", "reject", "stop"]
    wrong = {"resume": {pause["id"]: {"action": "perhaps"}}}
    await client.runs.wait(thread, "popcorn", command=wrong, context=settings, raise_error=False)
    [again] = (await client.threads.get_state(thread))["interrupts"]
    edit = {"resume": {again["id"]: {"action": "edit", "title": "Mine"}}}
    values = await client.runs.wait(thread, "popcorn", command=edit, context=settings)
    assert (values["result"]["title"], len(values["reviews"])) == ("Mine", 1)
    written = [step for step in await client.threads.get_history(thread, limit=50) if step["next"] == ["write"]]
    assert len(written) == 1


async def test_a_fork_with_an_edited_script_finishes(
    server: DevServer, client: LangGraphClient, knobs: dict[str, Any]
) -> None:
    thread = await new_thread(client)
    await client.runs.wait(thread, "popcorn", input={"query": "street food"}, context=knobs)
    history = await client.threads.get_history(thread, limit=50)
    assert [step["next"] for step in history] == [[], ["finish"], ["critique"], ["render"], ["write"], ["research"],
                                                  ["__start__"]]  # fmt: skip
    before = next(step for step in history if step["next"] == ["render"])
    edited = {**before["values"]["script"], "title": "A Forked Title"}
    fork = await client.threads.update_state(
        thread, {"script": edited}, checkpoint=before["checkpoint"], as_node="write"
    )
    values = await client.runs.wait(thread, "popcorn", input=None, checkpoint=fork["checkpoint"], context=knobs)
    assert values["result"]["title"] == "A Forked Title"
    with pytest.raises(UnprocessableEntityError) as refused:
        await client.threads.update_state(
            thread, {"script": {**edited, "title": "x" * 51}}, checkpoint=before["checkpoint"], as_node="write"
        )
    assert "script.title" in refused.value.response.text
    assert len(await client.threads.get_history(thread, limit=50)) == len(history) + 4  # the fork's steps alone


async def test_a_clip_review_takes_its_answers_over_the_sdk(
    client: LangGraphClient, knobs: dict[str, Any], model: Server
) -> None:
    thread, settings = await new_thread(client), {**knobs, "review": "clip"}

    async def question() -> tuple[str, dict[str, Any]]:
        [pause] = (await client.threads.get_state(thread))["interrupts"]
        return pause["id"], pause["value"]

    async def answer(**said: Any) -> Any:
        command = {"resume": {(await question())[0]: said}}
        return await client.runs.wait(thread, "popcorn", command=command, context=settings)

    await client.runs.wait(thread, "popcorn", input={"query": "street food"}, context=settings)
    _, asked = await question()
    assert (asked["of"], asked["round"], asked["title"]) == ("clip", 1, DRAFT["title"])
    assert asked["verdict"] in {"accept", "revise"}
    assert 0 <= asked["predicted_percentile"] <= 100
    assert await asyncio.to_thread(Path(asked["clip_path"]).is_file)
    before = len(model.requests)
    await answer(action="reject", note="Begin with the sizzle.")
    _, asked = await question()
    assert (asked["of"], asked["round"]) == ("clip", 2)
    assert "Begin with the sizzle." in json.dumps(model.requests[before:])
    written = len(model.requests)
    await answer(action="edit", title="A Title of Mine")
    _, asked = await question()
    assert (asked["of"], asked["round"], asked["title"]) == ("clip", 3, "A Title of Mine")
    values = await answer(action="approve")
    assert (values["result"]["title"], values["result"]["best_round"]) == ("A Title of Mine", 3)
    assert [review["action"] for review in values["reviews"]] == ["reject", "edit", "approve"]
    assert len(model.requests) == written  # an edited script is not written again


async def test_a_run_on_the_embedded_model_blocks_nothing(
    server: DevServer, client: LangGraphClient, knobs: dict[str, Any]
) -> None:
    settings = {name: value for name, value in knobs.items() if name not in {"llm", "mode"}}
    values = await client.runs.wait(
        await new_thread(client), "popcorn", input={"query": "street food"}, context=settings
    )
    assert values["script"]["model"] == "embedded (SmolLM2-135M-Instruct)"
    assert values["result"]["exemplars"]
    assert probe(Path(values["result"]["video_path"])).seconds == 1.0
    assert "BlockingError" not in server.log.read_text()


async def test_a_cancelled_render_stops(client: LangGraphClient, knobs: dict[str, Any], tmp_path: Path) -> None:
    thread, settings = await new_thread(client), {**knobs, "seconds": 60.0, "cache_dir": str(tmp_path)}
    run = await client.runs.create(
        thread, "popcorn", input={"query": "street food"}, context=settings, stream_mode=["custom"],
        stream_resumable=True,
    )  # fmt: skip
    async for part in client.runs.join_stream(thread, run["run_id"], stream_mode="custom"):
        if part.event == "custom" and part.data.get("node") == "render" and part.data.get("step"):
            break
    await client.runs.cancel(thread, run["run_id"], wait=True)
    assert (await client.runs.get(thread, run["run_id"]))["status"] == "interrupted"
    assert drawn_in(tmp_path) == []  # the worker let go of its files before the run ended, and wrote no clip


def drawn_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]


async def test_ten_threads_at_once(client: LangGraphClient, knobs: dict[str, Any]) -> None:
    async def run(number: int) -> Any:
        query = {"query": f"street food number {number}"}
        return await client.runs.wait(await new_thread(client), "popcorn", input=query, context=knobs)

    results = [values["result"] for values in await asyncio.gather(*(run(n) for n in range(10)))]
    assert [result["query"] for result in results] == [f"street food number {n}" for n in range(10)]
    assert len({result["run_id"] for result in results}) == 10


MALFORMED: list[tuple[dict[str, Any], str]] = [
    ({"input": {}}, "query"),
    ({"input": {"query": 5}}, "query"),
    ({"input": ["street food"]}, "query"),
    ({"input": {"query": " "}}, "blank"),
    ({"input": {"query": "x" * 501}}, "at most 500"),
    ({"input": {"query": "cats"}, "context": {"k": 0}}, "context.k"),
    ({"input": {"query": "cats"}, "context": {"colour": "red"}}, "context.colour"),
]


@pytest.mark.parametrize(("body", "says"), MALFORMED)
async def test_malformed_input_is_refused_with_a_sentence(
    client: LangGraphClient, body: dict[str, Any], says: str
) -> None:
    thread = await new_thread(client)
    with pytest.raises(UnprocessableEntityError) as refused:
        await client.runs.create(thread, "popcorn", **body)
    assert says in refused.value.response.text
    assert await client.runs.list(thread) == []


def test_what_the_server_refuses_itself_is_left_to_it() -> None:
    assert [fault_of(body, "/runs") for body in (b"{", b"[]", b'{"input": null}', b'{"command": {"resume": 1}}')] == [
        ""
    ] * 4


async def test_another_model_uses_the_graph_as_a_tool(
    server: DevServer, client: LangGraphClient, knobs: dict[str, Any]
) -> None:
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    mine = await client.assistants.create("popcorn", name="on-a-loopback-model", context=knobs)
    try:
        async with (
            streamable_http_client(f"{server.url}/mcp") as streams,
            ClientSession(streams[0], streams[1]) as session,
        ):
            await session.initialize()
            tools = {tool.name for tool in (await session.list_tools()).tools}
            assert {"popcorn", "on-a-loopback-model", *ASSISTANTS} <= tools
            answer = await session.call_tool("on-a-loopback-model", {"query": "street food"})
            assert DRAFT["title"] in answer.model_dump_json()
    finally:
        await client.assistants.delete(mine["assistant_id"])
