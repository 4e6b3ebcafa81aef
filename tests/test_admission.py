"""A client of a server reaches no address and no file that its operator did not open, whatever route it takes."""

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from dev_server import DevServer, dev_server
from langgraph_sdk import get_client
from langgraph_sdk.errors import UnprocessableEntityError
from llm_server import Server, reply, serve

from popcorn_agents.evaluation.benchmarks.noop import noop_parts
from popcorn_agents.graph import admission
from popcorn_agents.graph.admission import admitted, fault_of_knobs
from popcorn_agents.graph.context import Context
from popcorn_agents.graph.workflow import build_graph
from popcorn_agents.tools.errors import InputError

KEYS = {"POPCORN_API_KEY": "sk-own-model", "POPCORN_VIDEO_API_KEY": "sk-own-video"}
DRAFT = {"title": "The Wok", "cover_prompt": "A wok.", "video_prompt": "A cook tosses noodles."}


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """As on a server whose operator opened two addresses and a folder, and set a few knobs."""
    monkeypatch.setitem(sys.modules, "langgraph_api", sys)
    monkeypatch.setenv("POPCORN_SERVER_URLS", "https://llm.example/v1, http://localhost:8091")
    monkeypatch.setenv("POPCORN_SERVER_PATHS", str(tmp_path / "open"))
    monkeypatch.setenv("POPCORN_LLM", "mine@http://10.0.0.5:9000/v1")
    monkeypatch.setenv("POPCORN_RUNS_DIR", str(tmp_path / "own-runs"))
    admission.operators.cache_clear()
    yield tmp_path / "open"
    admission.operators.cache_clear()


ALLOWED: list[dict[str, Any]] = [
    {},
    {"llm": "embedded"},
    {"llm": "openai:gpt-4o"},
    {"llm": "any@https://llm.example/v1"},
    {"llm": "any@https://LLM.example:443/v1/"},
    {"llm": "any@https://llm.example/v1/tenant"},
    {"llm": "another@http://10.0.0.5:9000/v1"},
    {"video_url": "http://localhost:8091/v1", "renderer": "remote", "model": "/any/name"},
    {"video_url": ""},
    {"runs_dir": "runs", "exemplars": "starter", "embedding": "all-MiniLM-L6-v2", "checkpoints": "sqlite"},
    {"model": "cogvideox-5b"},
    {"model": "Wan-AI/Wan2.2-T2V-A14B-Diffusers", "renderer": "diffusion"},
]
REFUSED: list[dict[str, Any]] = [
    {"llm": "any@https://evil.example/v1"},
    {"llm": "any@https://llm.example.evil.example/v1"},
    {"llm": "any@https://llm.example@evil.example/v1"},
    {"llm": "any@https://evil.example/https://llm.example/v1"},
    {"llm": "any@http://llm.example/v1"},
    {"llm": "any@https://llm.example:8443/v1"},
    {"llm": "any@https://llm.example/v1x"},
    {"llm": "any@https://llm.example/v1/../admin"},
    {"llm": "any@https://llm.example/v1/%2e%2e/admin"},
    {"llm": "any@https://llm.example/v1?to=evil"},
    {"llm": "any@https://llm.example\\.evil.example/v1"},
    {"llm": "any@https://llm.example:port/v1"},
    {"llm": "any@file:///etc/passwd"},
    {"llm": "openai:x@http://evil.example"},
    {"video_url": "http://169.254.169.254/latest"},
    {"video_url": "http://localhost:8092/v1"},
    {"runs_dir": "/etc"},
    {"runs_dir": "../elsewhere"},
    {"cache_dir": "~root"},
    {"gguf": "/etc/passwd"},
    {"gguf": "None"},
    {"exemplars": "/root/channel"},
    {"exemplars": "channel\0"},
    {"model": "/models/secret"},
    {"model": "~/models/secret"},
    {"model": "C:\\models"},
    {"model": "x" * 5000 + "/y"},
    {"cover_model": "./models"},
    {"embedding": "../models"},
    {"checkpoints": "postgresql://evil.example/x"},
]


@pytest.mark.parametrize("knobs", ALLOWED, ids=str)
def test_what_the_operator_opened_is_allowed(knobs: dict[str, Any], opened: Path) -> None:
    assert fault_of_knobs(knobs) == ""


@pytest.mark.parametrize("knobs", REFUSED, ids=lambda knobs: str(knobs)[:60])
def test_everything_else_is_refused_with_a_sentence(knobs: dict[str, Any], opened: Path) -> None:
    fault = fault_of_knobs(knobs)
    assert fault.startswith(f"context.{next(iter(knobs))}: ")
    assert not [value for value in knobs.values() if str(value) in fault]


def test_an_opened_folder_is_one_with_all_that_lies_in_it_and_no_link_out(opened: Path, tmp_path: Path) -> None:
    opened.mkdir()
    (opened / "out").symlink_to(tmp_path)
    (tmp_path / "here").mkdir()
    assert fault_of_knobs({"runs_dir": str(opened / "runs"), "model": str(opened)}) == ""
    assert "runs_dir" in fault_of_knobs({"runs_dir": str(opened / "out" / "elsewhere")})
    assert "model" in fault_of_knobs({"model": "here"})  # a folder, though it looks like a name


async def test_knobs_that_the_client_leaves_open_are_the_operators(opened: Path, tmp_path: Path) -> None:
    knobs = await admitted(Context(seconds=1.0))
    assert (knobs.llm, knobs.runs_dir) == ("mine@http://10.0.0.5:9000/v1", tmp_path / "own-runs")
    assert knobs.seconds == 1.0
    assert (await admitted(Context(llm="embedded"))).llm == "embedded"
    empty = await admitted(Context.model_validate({"runs_dir": "", "cache_dir": "", "video_url": "", "gguf": None}))
    assert (empty.runs_dir, empty.video_url) == (knobs.runs_dir, None)
    with pytest.raises(InputError, match="POPCORN_SERVER_URLS"):
        await admitted(Context(llm="any@http://evil.example"))


async def test_elsewhere_everything_may_be_named() -> None:
    assert not admission.on_a_server()
    context = Context(llm="any@http://anywhere.example", runs_dir=Path("/srv/runs"))
    assert await admitted(context) is context


async def test_a_state_that_names_a_foreign_file_is_refused(opened: Path, tmp_path: Path) -> None:
    graph = build_graph(**noop_parts(tmp_path)).compile()  # whose clips lie beside the cache
    with pytest.raises(InputError, match="no run of this server made"):
        await graph.ainvoke({"query": "cats"}, {"recursion_limit": 20})


async def test_a_run_does_not_write_over_another(opened: Path, tmp_path: Path) -> None:
    (tmp_path / "own-runs" / "one").mkdir(parents=True)
    (tmp_path / "own-runs" / "one" / "brief.json").write_text("{}")
    graph = build_graph(**noop_parts(tmp_path)).compile()
    with pytest.raises(InputError, match="There is a run one already"):
        await graph.ainvoke({"query": "cats", "run_id": "one"}, {"recursion_limit": 20})


@pytest.fixture(scope="module")
def thief() -> Iterator[Server]:
    """An address that the operator did not open."""
    with serve([reply(DRAFT)]) as server:
        yield server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevServer]:
    with dev_server(tmp_path_factory.mktemp("server"), **KEYS) as running:
        yield running


def stealing(thief: Server) -> dict[str, Any]:
    return {"mode": "basic", "llm": f"any@{thief.url}"}


ROUTES = [
    ("POST", "/runs"), ("POST", "/runs/stream"), ("POST", "/runs/wait"), ("POST", "/runs/batch"),
    ("POST", "/runs/crons"), ("POST", "/threads/{thread}/runs"), ("POST", "/threads/{thread}/runs/stream"),
    ("POST", "/threads/{thread}/runs/wait"), ("POST", "/threads/{thread}/runs/crons"), ("POST", "/assistants"),
    ("PATCH", "/assistants/{assistant}"), ("POST", "/threads/{thread}/commands"), ("POST", "/mcp"),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("way", ["context", "configurable"])
async def test_no_route_of_the_server_takes_an_address_of_the_client(
    server: DevServer, thief: Server, way: str
) -> None:
    async with get_client(url=server.url) as client, httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        assistant = (await client.assistants.search(graph_id="popcorn", limit=1))[0]["assistant_id"]
        thread = (await client.threads.create())["thread_id"]
        knobs = stealing(thief)
        context = {"context": knobs} if way == "context" else {"config": {"configurable": knobs}}
        run = {"assistant_id": assistant, "graph_id": "popcorn", "input": {"query": "street food"}, **context}
        refusals = {}
        for method, route in ROUTES:
            body: Any = run | {"schedule": "* * * * *"} if "crons" in route else run
            if route.endswith(("commands", "/mcp")):
                body = {"jsonrpc": "2.0", "id": 1, "method": "run.start", "params": run}
            body = [body] if route.endswith("batch") else body
            answer = await http.request(method, route.format(thread=thread, assistant=assistant), json=body)
            refusals[route] = (answer.status_code, "POPCORN_SERVER_URLS" in answer.text)
        assert set(refusals.values()) == {(422, True)}, refusals
        assert await client.runs.list(thread) == []
    assert thief.requests == []


@pytest.mark.slow
async def test_a_webhook_is_an_address_like_any_other(server: DevServer, thief: Server) -> None:
    async with get_client(url=server.url) as client:
        thread = (await client.threads.create())["thread_id"]
        with pytest.raises(UnprocessableEntityError) as refused:
            await client.runs.create(thread, "popcorn", input={"query": "street food"}, webhook=thief.url)
        assert "POPCORN_SERVER_URLS" in refused.value.response.text
        assert await client.runs.list(thread) == []


@pytest.mark.slow
async def test_what_gets_past_the_routes_is_refused_by_the_graph(server: DevServer, thief: Server) -> None:
    """A web socket is such a way."""
    from websockets.asyncio.client import connect

    async with get_client(url=server.url) as client:
        assistant = (await client.assistants.search(graph_id="popcorn", limit=1))[0]["assistant_id"]
        thread = (await client.threads.create())["thread_id"]
        address = server.url.replace("http", "ws", 1)
        async with connect(f"{address}/threads/{thread}/stream/events", proxy=None) as socket:
            knobs = {"config": {"configurable": stealing(thief)}}
            start = {"assistant_id": assistant, "input": {"query": "street food"}, **knobs}
            await socket.send(json.dumps({"id": 1, "method": "run.start", "params": start}))
            answer = json.loads(await asyncio.wait_for(socket.recv(), 30))
            assert answer["type"] == "success", answer
            [run] = await client.runs.list(thread)
            await client.runs.join(thread, run["run_id"])
        assert (await client.runs.get(thread, run["run_id"]))["status"] == "error"
    assert "POPCORN_SERVER_URLS" in server.log.read_text()
    assert thief.requests == []


@pytest.mark.slow
async def test_the_servers_own_settings_are_its_clients_defaults(tmp_path: Path) -> None:
    (tmp_path / "popcorn.toml").write_text('mode = "basic"\nmax_revisions = 0\nseconds = 1.0\naspect = "1:1"\n')
    with serve([reply(DRAFT)]) as own:
        with dev_server(tmp_path, **KEYS, POPCORN_LLM=f"any@{own.url}") as running:
            async with get_client(url=running.url) as client:
                values = await client.runs.wait(None, "popcorn", input={"query": "street food"})
        assert values["result"]["title"] == "The Wok"
        assert (values["clip"]["width"], values["result"]["settings"]["aspect"]) == (values["clip"]["height"], "1:1")
        assert own.headers[0]["authorization"] == f"Bearer {KEYS['POPCORN_API_KEY']}"
    assert not holding(tmp_path, *KEYS.values())


def holding(folder: Path, *keys: str) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if any(key.encode() in path.read_bytes() for key in keys)]
