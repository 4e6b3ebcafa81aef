"""The trend researcher, on the bundled starter set and on a small store of its own."""

import asyncio
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.graph import START, StateGraph
from pydantic import Field

from popcorn_agents.agents.trend_researcher import Brief, plan_searches, research
from popcorn_agents.graph.context import Context
from popcorn_agents.graph.state import InputState, State
from popcorn_agents.tools.errors import InputError, PopcornError
from popcorn_agents.tools.exemplars import open_store
from popcorn_agents.tools.query import validate_query


class Scripted(BaseChatModel):
    """Answers with the next message of its queue; keeps what it was asked."""

    queue: list[AIMessage]
    asked: list[list[BaseMessage]] = Field(default_factory=list)

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        self.asked.append(messages)
        return ChatResult(generations=[ChatGeneration(message=self.queue.pop(0))])

    def bind_tools(self, tools: Any, **kwargs: Any) -> "Scripted":
        return self

    @property
    def _llm_type(self) -> str:
        return "scripted"


def calls(*texts: str) -> AIMessage:
    wanted = [
        {"name": "search_exemplars", "args": {"search_text": text}, "id": f"{text}-{n}"} for n, text in enumerate(texts)
    ]
    return AIMessage("", tool_calls=wanted, usage_metadata={"input_tokens": 10, "output_tokens": 2, "total_tokens": 12})


async def run(query: str, **knobs: Any) -> tuple[Brief, list[dict[str, Any]]]:
    graph = StateGraph(State, context_schema=Context, input_schema=InputState)
    graph.add_node("research", research).add_edge(START, "research")
    events, brief = [], None
    async for mode, chunk in graph.compile().astream(
        {"query": query}, context=Context(**knobs), stream_mode=["custom", "updates"]
    ):
        if mode == "custom":
            events.append(chunk)
        else:
            brief = chunk["research"]["brief"]
    assert isinstance(brief, Brief)
    return brief, events


async def plan(model: BaseChatModel, query: str = "street food", **knobs: Any) -> list[Any]:
    context = Context(llm="scripted", researcher="agent", **knobs)
    runtime = SimpleNamespace(stream_writer=lambda event: None)
    return list(await plan_searches(query, context, open_store("starter"), model, runtime))  # type: ignore[arg-type]


async def test_the_single_search() -> None:
    brief, events = await run("  Goku\n transformations ")
    assert (brief.query, brief.tags, brief.origin) == ("Goku transformations", ["Anime"], "estimated")
    assert [e.label for e in brief.exemplars].count("popular") == 5
    assert "Goku" in brief.exemplars[0].title
    assert [(s.query, s.tags, s.found) for s in brief.searches] == [("Goku transformations", ["Anime"], 10)]
    assert [event["message"] for event in events] == ["opening the exemplars", "looking for similar videos"]
    assert brief.contrasts
    assert all(c.sentence.startswith("Over all topics: ") and c.n_popular > 100 for c in brief.contrasts)


async def test_basic_mode_opens_no_store() -> None:
    brief, events = await run("a cat", mode="basic", exemplars="nowhere")
    assert brief == Brief(query="a cat")
    assert events == []


async def test_k_tags_and_split_reach_the_search() -> None:
    brief, _ = await run("spicy noodles", k=20, tags=4, split="paper")
    assert len(brief.tags) == 4
    assert [e.label for e in brief.exemplars].count("unpopular") == 2


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("", "blank"), (" \n\t", "blank"), ("\u200b\u200d", "blank"),
        ("x" * 501, "501 characters"), ("x" * 10_000, "10000 characters"),
        ("a\x00b", r"U\+0000"), ("\x1b[31mred", r"U\+001B"), ("a\ud800", r"U\+D800"),
    ],
)  # fmt: skip
async def test_queries_that_are_refused(query: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        await run(query, mode="basic")


@pytest.mark.parametrize(
    "query", ["\U0001f468\u200d\U0001f373 dinner", 'Goku\'s "last" form', "../../x", "x" * 500, "悟空变身"]
)
def test_queries_that_are_fine(query: str) -> None:
    assert validate_query(query) == query


async def test_errors_of_the_store_come_through() -> None:
    with pytest.raises(InputError, match="no exemplar store at nowhere"):
        await run("a cat", exemplars="nowhere")


async def test_the_agents_searches_are_recorded_in_order() -> None:
    model = Scripted(queue=[calls("street food", "night market"), calls("kitchen challenge"), AIMessage("Done.")])
    found, usage = await plan(model, k=6)
    assert [one.query for one in found] == ["street food", "night market", "kitchen challenge"]
    assert (usage.calls, usage.input_tokens, usage.output_tokens) == (3, 20, 4)
    assert "at most" in str(model.asked[0][0].content)
    shown = json.loads(str(model.asked[1][-1].content))
    assert {video["label"] for video in shown["videos"]} == {"popular", "unpopular"}


async def test_the_agent_cannot_search_more_often_than_allowed() -> None:
    model = Scripted(queue=[calls("a dog", "a cat", "a parrot"), *(calls(f"horse {n}") for n in range(9))])
    found, _ = await plan(model, max_searches=2)
    assert [one.query for one in found] == ["a dog", "a cat"]
    assert len(model.asked) <= 4


async def test_a_bad_search_text_is_answered_and_costs_nothing() -> None:
    model = Scripted(queue=[calls("  "), calls("a dog"), AIMessage("Done.")])
    found, _ = await plan(model)
    assert [one.query for one in found] == ["a dog"]
    assert "The query is blank" in str(model.asked[1][-1].content)


async def test_a_model_that_does_not_search_or_takes_no_tools_is_named() -> None:
    with pytest.raises(PopcornError, match="'scripted' answered without making a search"):
        await plan(Scripted(queue=[AIMessage("I know it all.")]))
    with pytest.raises(InputError, match="The embedded model cannot plan searches"):
        await run("a cat", researcher="agent")


class Endpoint(BaseHTTPRequestHandler):
    """An OpenAI-compatible endpoint that answers from its server's queue."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)  # type: ignore[attr-defined]
        status, answer = self.server.queue.pop(0)  # type: ignore[attr-defined]
        payload = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.bodies, server.queue = [], []  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def completion(content: str, *searches: str) -> tuple[int, dict[str, Any]]:
    tools = [
        {"id": f"call_{n}", "type": "function",
         "function": {"name": "search_exemplars", "arguments": json.dumps({"search_text": text})}}
        for n, text in enumerate(searches)
    ]  # fmt: skip
    message = {"role": "assistant", "content": content} | ({"tool_calls": tools} if tools else {})
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if tools else "stop"}
    usage = {"prompt_tokens": 50, "completion_tokens": 5, "total_tokens": 55}
    return 200, {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [choice],
        "usage": usage,
    }


def agent_knobs(endpoint: ThreadingHTTPServer) -> dict[str, Any]:
    return {"researcher": "agent", "llm": f"m@http://127.0.0.1:{endpoint.server_port}/v1", "k": 6}


async def test_over_http_the_brief_merges_all_searches(endpoint: Any) -> None:
    endpoint.queue = [completion("", "street food", "cooking"), completion("", "street food"), completion("Done.")]
    brief, events = await run("street food", **agent_knobs(endpoint))
    assert [search.query for search in brief.searches] == ["street food", "cooking", "street food"]
    assert len({e.video_id for e in brief.exemplars}) == len(brief.exemplars) == 6
    assert [e.label for e in brief.exemplars].count("popular") == 3
    assert (brief.usage.calls, brief.usage.input_tokens) == (3, 150)
    assert {"node": "research", "message": "searched for 'cooking'", "step": 2, "total": 4} in events
    assert endpoint.bodies[0]["tools"][0]["function"]["name"] == "search_exemplars"


async def test_over_http_an_endpoint_without_tools_is_named(endpoint: Any) -> None:
    endpoint.queue = [(400, {"error": {"message": "m does not support tools"}})]
    with pytest.raises(PopcornError, match=r"refused to work with a tool .*use --researcher search"):
        await run("street food", **agent_knobs(endpoint))


async def test_fifty_runs_at_once_share_the_store() -> None:
    queries = ["a dancing robot", "street food", "my cat"] * 17
    briefs = await asyncio.gather(*(run(query) for query in queries))
    by_query = {query: brief for query, (brief, _) in zip(queries, briefs, strict=True)}
    assert all(brief == by_query[query] for query, (brief, _) in zip(queries, briefs, strict=True))


def test_the_shipped_store_is_made_of_the_shipped_table_tags_and_weights(tmp_path: Path) -> None:
    from popcorn_agents.tools.exemplar_sources import read_starter, starter_inputs_hash

    store, rebuild = open_store("starter"), "run: popcorn-agents exemplars build starter --out tools/starter/store"
    assert store.manifest.inputs_hash == starter_inputs_hash(), rebuild
    assert store.manifest.origin == "estimated"
    expected = [(r.video_id, r.title, r.category, r.comment_count) for r in read_starter().records]
    assert [
        (r.video_id, r.title, r.category, r.comment_count) for r in map(store.contents.record, range(store.manifest.n))
    ] == expected, rebuild
