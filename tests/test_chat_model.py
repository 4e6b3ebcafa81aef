"""The model factory against a server that misbehaves."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from llm_server import body, drip, drop, reply, serve, slow, status

from popcorn_agents.tools import chat_client
from popcorn_agents.tools.chat_model import chat_model, check_model, profile
from popcorn_agents.tools.errors import InputError, PopcornError
from popcorn_agents.tools.prices import cost


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_client, "BACKOFF_SECONDS", 0.01)
    for name in ("OPENAI_API_KEY", "DEEPSEEK_API_KEY"):
        monkeypatch.delenv(name, raising=False)


async def say(url: str, **settings: Any) -> str:
    answer = await chat_model(f"tiny@{url}", **settings).ainvoke("hello")
    return answer.text


@pytest.mark.parametrize(
    "name", ["", "gpt-4o", "openai:", "claude:x", "@http://h/v1", "m@", "m@ftp://h", "m@localhost:1"]
)
def test_names_of_other_forms_are_refused_with_the_forms(name: str) -> None:
    with pytest.raises(InputError, match=r"embedded, openai:<model>, deepseek:<model>, or <model>@<base_url>"):
        chat_model(name)
    with pytest.raises(InputError):
        check_model(name)


@pytest.mark.parametrize(
    ("name", "variable"), [("openai:gpt-4o", "OPENAI_API_KEY"), ("deepseek:r1", "DEEPSEEK_API_KEY")]
)
def test_a_missing_key_names_its_variable(name: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=variable):
        chat_model(name)
    monkeypatch.setenv(variable, "sk-secret-1")
    model = chat_model(name)
    assert "sk-secret-1" not in repr(model) + str(model) + str(model.model_dump())


def test_providers_have_their_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", "k")
    assert chat_model("deepseek:deepseek-reasoner").openai_api_base == "https://api.deepseek.com"
    own = chat_model("org/model@v2@https://host.example/v1")
    assert (own.model_name, own.openai_api_base) == ("org/model@v2", "https://host.example/v1")


async def test_own_server_gets_the_sampling_and_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POPCORN_API_KEY", "sk-own")
    with serve([reply("hi")]) as server:
        assert await say(server.url, seed=11, max_tokens=5) == "hi"
    sent = server.requests[0]
    assert (sent["temperature"], sent["top_p"], sent["seed"]) == (0.7, 0.9, 11)
    assert server.headers[0]["authorization"] == "Bearer sk-own"


async def test_a_proxy_of_the_environment_does_not_get_loopback_calls(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serve([reply("hi")]) as server:
        assert await say(server.url) == "hi"
    assert caplog.records == []


async def test_429_waits_as_asked_then_succeeds() -> None:
    with serve([status(429, retry_after=0.4), reply("hi")]) as server:
        begun = time.monotonic()
        assert await say(server.url) == "hi"
    assert time.monotonic() - begun >= 0.4
    assert len(server.requests) == 2


@pytest.mark.parametrize("trouble", [status(500), status(503), drop])
async def test_passing_trouble_is_tried_again(trouble: Any) -> None:
    with serve([trouble, trouble, reply("hi")]) as server:
        assert await say(server.url) == "hi"
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("trouble", "sentence", "calls"),
    [
        (status(401, "bad key sk-leaked"), "check the variable POPCORN_API_KEY", 1),
        (status(400, "no such thing"), r"refused the request \(400\): no such thing", 1),
        (status(400, "maximum context length is 10"), "too long", 1),
        (status(404), "knows no model", 1),
        (status(409), r"\(409\)", 1),
        (status(429, kind="insufficient_quota"), "no credit", 1),
        (status(429, retry_after=3600), "limits the rate", 1),
        (status(429), "limits the rate", 4),
        (status(500), "fails \\(500\\); resume later", 4),
        (drop, "check that a server is running at http://127", 4),
        (body("<html>hello</html>"), "did not answer as an OpenAI-compatible", 1),
        (body("{}", "application/json"), "did not answer as an OpenAI-compatible", 1),
        (body('{"choices": []}', "application/json"), "did not answer as an OpenAI-compatible", 1),
        (body('{"choices": [{"mess', "application/json"), "did not answer as an OpenAI-compatible", 1),
    ],
)
async def test_lasting_trouble_is_one_sentence(trouble: Any, sentence: str, calls: int) -> None:
    with serve([trouble]) as server, pytest.raises(PopcornError, match=sentence) as caught:
        await say(server.url)
    assert len(server.requests) == calls
    assert "sk-leaked" not in str(caught.value)


@pytest.mark.parametrize("trouble", [slow(30), drip])
async def test_a_silent_or_endless_answer_times_out_once(trouble: Any) -> None:
    with serve([trouble]) as server, pytest.raises(PopcornError, match=r"no answer within 0\.5 seconds"):
        await say(server.url, timeout=0.5)
    assert len(server.requests) == 1


async def test_no_server_says_so() -> None:
    with serve([reply("")]) as server:
        url = server.url
    with pytest.raises(PopcornError, match="cannot be reached"):
        await say(url)


def test_one_model_serves_several_event_loops_and_threads() -> None:
    with serve([reply("hi")]) as server:
        model = chat_model(f"tiny@{server.url}")
        texts = [asyncio.run(model.ainvoke("x")).text for _ in range(2)] + [model.invoke("x").text]
    assert texts == ["hi"] * 3


def test_profiles_and_prices(tmp_path: Path) -> None:
    assert profile("embedded").staged
    assert profile("embedded", context_tokens=2048).context_tokens == 2048
    assert not profile("openai:gpt-4o").staged
    assert profile("m@http://h/v1", context_tokens=3000).context_tokens == 3000
    assert cost("openai:gpt-4o-mini", 1_000_000, 1_000_000) == pytest.approx(0.75)
    assert cost("m@http://h/v1", 1, 1) is None
