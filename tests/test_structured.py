"""Structured answers from endpoints of every kind."""

from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from llm_server import body, needs, reply, serve, status
from pydantic import BaseModel, Field

from popcorn_agents.tools import structured
from popcorn_agents.tools.chat_model import chat_model
from popcorn_agents.tools.errors import PopcornError
from popcorn_agents.tools.structured import Usage, ask, parse


class Idea(BaseModel):
    """A record."""

    thought: str
    title: str = Field(description="the title", min_length=3)


GOOD = {"thought": "because", "title": "A Title"}


async def idea(url: str, **settings: Any) -> tuple[Idea, Usage]:
    return await ask(chat_model(f"tiny@{url}"), [HumanMessage("write")], Idea, **settings)


def formats(server: Any) -> list[str]:
    return [request.get("response_format", {}).get("type", "text") for request in server.requests]


async def test_json_schema_first_with_every_key_required() -> None:
    with serve([reply(GOOD)]) as server:
        record, usage = await idea(server.url)
    schema = server.requests[0]["response_format"]["json_schema"]["schema"]
    assert (record.title, usage.calls, usage.input_tokens, usage.output_tokens) == ("A Title", 1, 100, 20)
    assert (schema["required"], schema["additionalProperties"]) == (["thought", "title"], False)


@pytest.mark.parametrize(
    ("method", "asked"), [("json_object", ["json_schema", "json_object"]), ("", ["json_schema", "json_object", "text"])]
)
async def test_a_refused_format_climbs_down_and_is_remembered(method: str, asked: list[str]) -> None:
    with serve([needs(method, reply(GOOD))]) as server:
        await idea(server.url)
        await idea(server.url)
    assert formats(server) == [*asked, asked[-1]]
    assert "Answer with one JSON object" in server.requests[-1]["messages"][-1]["content"]


async def test_a_fixed_method_is_not_left() -> None:
    with serve([needs("", reply(GOOD))]) as server, pytest.raises(PopcornError, match="response_format"):
        await idea(server.url, method="json_schema")
    assert formats(server) == ["json_schema"]


@pytest.mark.parametrize(
    "text",
    [
        '{"thought": "because", "title": "A Title"}',
        '<think>{"title": "no"} hmm</think>\n{"thought": "because", "title": "A Title"}',
        'thoughts without an opening</think>{"thought": "because", "title": "A Title"}',
        'Sure!\n```json\n{"thought": "because", "title": "A Title"}\n```\nEnjoy {it}!',
        "{'thought': 'because', 'title': 'A Title',}",
        '{"thought": "be\ncause", "title": "A Title"',
        '{"thought": "draft", "title": "x"} then {"thought": "because", "title": "A Title"}',
    ],
)
def test_answers_are_found_in_any_wrapping(text: str) -> None:
    assert parse(text, Idea).title == "A Title"


async def test_reasoning_content_is_not_the_answer() -> None:
    with serve([reply(GOOD, reasoning_content='{"thought": "x", "title": "Wrong"}')]) as server:
        assert (await idea(server.url))[0].title == "A Title"


BAD = {
    "cut": reply('{"thought": "beca', finish="length"),
    "empty": reply(""),
    "null": reply(None),
    "prose": reply("I would rather not."),
    "list": reply("[1, 2]"),
    "missing": reply({"thought": "x"}),
    "endless": reply("<think>so", finish="length"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
async def test_a_bad_answer_is_sent_back_once(bad: Any) -> None:
    with serve([bad, reply(GOOD)]) as server:
        record, usage = await idea(server.url)
    assert (record.title, usage.calls, len(server.requests)) == ("A Title", 2, 2)
    assert "cannot be used" in server.requests[1]["messages"][-1]["content"]


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
async def test_a_second_bad_answer_is_an_error(bad: Any) -> None:
    with serve([bad]) as server, pytest.raises(PopcornError, match="no usable answer"):
        await idea(server.url)
    assert len(server.requests) == 2


async def test_the_repair_round_names_the_faults() -> None:
    with serve([reply({"thought": "x", "title": "a"}), reply(GOOD)]) as server:
        await idea(server.url)
    told = server.requests[1]["messages"]
    assert "title: String should have at least 3 characters" in told[-1]["content"]
    assert told[-2]["role"] == "assistant"


@pytest.mark.parametrize("no", [reply(None, refusal="I cannot help with that."), reply("", finish="content_filter")])
async def test_a_refusal_is_final(no: Any) -> None:
    with serve([no]) as server, pytest.raises(PopcornError, match="declined to write"):
        await idea(server.url)
    assert len(server.requests) == 1


async def test_sampling_is_dropped_for_models_that_take_none() -> None:
    refuse = status(400, "Unsupported value: 'temperature' does not support 0.7 with this model.")
    with serve([refuse, reply(GOOD)]) as server:
        await idea(server.url)
    assert "temperature" in server.requests[0]
    assert not {"temperature", "top_p", "seed"} & set(server.requests[1])


async def test_context_overflow_is_not_taken_for_a_format_fault() -> None:
    overflow = status(400, "the request exceeds the available context size, json_schema")
    with serve([overflow]) as server, pytest.raises(PopcornError, match="too long"):
        await idea(server.url)
    assert len(server.requests) == 1


async def test_a_nonsense_body_is_one_sentence() -> None:
    with serve([body("<html>")]) as server, pytest.raises(PopcornError, match="OpenAI-compatible"):
        await idea(server.url)


def test_usage_adds_up() -> None:
    known, free = Usage(calls=1, input_tokens=5, cost=0.5), Usage(calls=1, output_tokens=2)
    assert (known + known).cost == 1.0
    assert (known + free).cost is None
    assert (Usage() + known) == known


async def test_an_answer_without_counts_still_counts_as_a_call() -> None:
    with serve([reply(GOOD, tokens=None)]) as server:
        assert (await idea(server.url))[1] == structured.Usage(calls=1)
