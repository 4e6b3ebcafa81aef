"""Traces: one a run, whole, honest about failures, silent about content; over real OTLP/HTTP, and nothing when off."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from collector import collect
from dev_server import dev_server
from langgraph_sdk import get_client
from llm_server import reply, serve, status
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from popcorn_agents.agents.scriptwriter import write
from popcorn_agents.evaluation.benchmarks.noop import noop_parts
from popcorn_agents.graph.context import Context
from popcorn_agents.graph.runs import RunFailed, RunPaused, resume, start
from popcorn_agents.graph.workflow import build_graph
from popcorn_agents.tools import trace_export
from popcorn_agents.tools.errors import InputError, PopcornError

DRAFT = {
    "analysis": "a", "ideas": "i", "check": "c",
    "title": "The Wok That Never Sleeps", "cover_prompt": "A wok.", "video_prompt": "A cook tosses noodles.",
}  # fmt: skip
SECRETS = (*DRAFT.values(), "street food", "sk-secret")
POPCORN = [sys.executable, "-m", "popcorn_agents"]
QUICK: dict[str, Any] = {"mode": "basic", "max_revisions": 0, "seconds": 1.0}


@pytest.fixture(scope="module")
def application() -> Iterator[InMemorySpanExporter]:
    """As an application would set it up; there is one provider a process, so at the end only its exporter stops."""
    provider, kept = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    trace.set_tracer_provider(provider)
    yield kept
    kept.shutdown()


@pytest.fixture
def spans(application: InMemorySpanExporter) -> InMemorySpanExporter:
    application.clear()
    return application


def named(spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in spans.get_finished_spans()}


def context(tmp_path: Path, **settings: Any) -> Context:
    return Context(runs_dir=tmp_path / "runs", cache_dir=tmp_path / "cache", **{**QUICK, **settings})


async def test_a_run_is_one_trace_from_the_run_to_the_model_and_the_renderer(
    tmp_path: Path, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POPCORN_API_KEY", "sk-secret")
    with serve([status(429, retry_after=0), reply(DRAFT)]) as model:
        await start("street food", context(tmp_path, llm=f"any@{model.url}"), run_id="one")
    found = named(spans)
    assert set(found) == {
        "run", "research", "write", "chat any", "render", "render_clip", "critique", "score_titles", "finish",
    }  # fmt: skip
    assert len({span.context.trace_id for span in found.values()}) == 1
    parents = {span.context.span_id: name for name, span in found.items()}
    inside = {name: parents[span.parent.span_id] for name, span in found.items() if span.parent}
    assert inside == {
        "research": "run", "write": "run", "render": "run", "critique": "run", "finish": "run",
        "chat any": "write", "render_clip": "render", "score_titles": "critique",
    }  # fmt: skip
    run, chat, clip = (found[name].attributes for name in ("run", "chat any", "render_clip"))
    assert (run["popcorn.run_id"], run["popcorn.mode"], run["popcorn.llm"]) == ("one", "basic", "any@127.0.0.1")
    assert (run["popcorn.renderer"], run["popcorn.status"]) == ("animatic", "finished")
    assert (chat["gen_ai.operation.name"], chat["gen_ai.request.model"]) == ("chat", "any")
    assert (chat["gen_ai.usage.input_tokens"], chat["gen_ai.usage.output_tokens"]) == (100, 20)
    assert (chat["popcorn.tries"], found["chat any"].kind) == (2, trace.SpanKind.CLIENT)
    assert (clip["popcorn.cached"], found["render"].attributes["popcorn.round"]) == (False, 1)
    assert clip["popcorn.device_seconds"] > 0
    told = " ".join(span.to_json() for span in found.values())
    assert [secret for secret in SECRETS if len(secret) > 1 and secret in told] == []


async def test_a_failing_node_says_so_with_its_cause_and_a_resumed_run_is_a_trace_of_its_own(
    tmp_path: Path, spans: InMemorySpanExporter
) -> None:
    async def broken(state: Any, runtime: Any) -> dict[str, Any]:
        raise PopcornError("The renderer has no paint.")

    parts = noop_parts(tmp_path)
    with pytest.raises(RunFailed):
        await start("cats", context(tmp_path), builder=build_graph(**{**parts, "render": broken}), run_id="one")
    failed = named(spans)
    for name in ("run", "render"):
        assert failed[name].status.status_code is trace.StatusCode.ERROR
        assert failed[name].status.description == "The renderer has no paint."
        assert failed[name].attributes["error.type"] == "PopcornError"
    assert failed["run"].attributes["popcorn.status"] == "failed"
    assert failed["write"].status.status_code is trace.StatusCode.UNSET
    spans.clear()
    await resume("one", tmp_path / "runs", builder=build_graph(**parts))
    again = named(spans)
    assert set(again) == {"run", "render", "critique", "finish"}
    assert again["run"].attributes["popcorn.run_id"] == "one"
    assert again["run"].context.trace_id != failed["run"].context.trace_id


async def test_an_error_of_another_kind_shows_no_content(tmp_path: Path, spans: InMemorySpanExporter) -> None:
    async def broken(state: Any, runtime: Any) -> dict[str, Any]:
        raise ValueError("street food sk-secret")

    with pytest.raises(RunFailed):
        await start("cats", context(tmp_path), builder=build_graph(**{**noop_parts(tmp_path), "write": broken}))
    assert named(spans)["write"].status.description == "ValueError"
    assert "secret" not in " ".join(span.to_json() for span in spans.get_finished_spans())


async def test_a_model_that_fails_is_an_error_of_its_call(tmp_path: Path, spans: InMemorySpanExporter) -> None:
    builder = build_graph(**{**noop_parts(tmp_path), "write": write})
    with serve([status(401)]) as model, pytest.raises(RunFailed):
        await start("cats", context(tmp_path, llm=f"any@{model.url}"), builder=builder)
    chat = named(spans)["chat any"]
    assert chat.status.status_code is trace.StatusCode.ERROR
    assert "refused the key (401)" in (chat.status.description or "")


async def test_a_review_is_no_error(tmp_path: Path, spans: InMemorySpanExporter) -> None:
    builder = build_graph(**noop_parts(tmp_path))
    with pytest.raises(RunPaused):
        await start("cats", context(tmp_path, review="script"), builder=builder)
    found = named(spans)
    assert found["run"].attributes["popcorn.status"] == "paused"
    assert {span.status.status_code for span in found.values()} == {trace.StatusCode.UNSET}


async def test_many_runs_at_once_are_as_many_traces(tmp_path: Path, spans: InMemorySpanExporter) -> None:
    builder = build_graph(**noop_parts(tmp_path))
    await asyncio.gather(*(start("cats", context(tmp_path), builder=builder) for _ in range(10)))
    traces: dict[int, set[str]] = {}
    for span in spans.get_finished_spans():
        traces.setdefault(span.context.trace_id, set()).add(span.attributes["popcorn.run_id"])
    assert sorted(map(len, traces.values())) == [1] * 10


async def test_the_graph_of_servers_makes_one_trace_too(tmp_path: Path, spans: InMemorySpanExporter) -> None:
    from popcorn_agents.graph.workflow import graph

    with serve([reply(DRAFT)]) as model:
        settings = context(tmp_path, llm=f"any@{model.url}")
        await graph.ainvoke({"query": "street food"}, {"recursion_limit": 20}, context=settings)
    found = named(spans)
    assert len({span.context.trace_id for span in found.values()}) == 1
    assert found["write"].parent == found["run"].context
    assert found["run"].attributes["popcorn.status"] == "finished"
    assert found["run"].attributes["popcorn.run_id"] == found["finish"].attributes["popcorn.run_id"]


@pytest.fixture
def kept_clips(own_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clip of these tests is drawn once."""
    monkeypatch.setenv("POPCORN_CACHE_DIR", str(own_data / "kept"))


def popcorn(tmp_path: Path, llm: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    quick = ["--mode", "basic", "--max-revisions", "0", "--seconds", "1", "--llm", llm, "--json"]
    return subprocess.run(
        [*POPCORN, "run", "street food", *quick, *arguments],
        capture_output=True, text=True, cwd=tmp_path, env={**os.environ, **environment},
    )  # fmt: skip


@pytest.mark.slow
def test_the_command_sends_its_trace_to_the_endpoint_of_the_environment(tmp_path: Path, kept_clips: None) -> None:
    with serve([reply(DRAFT)]) as model, collect() as collector:
        done = popcorn(tmp_path, f"any@{model.url}", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
        assert done.returncode == 0, done.stderr
        found = collector.spans()
        assert {"run", "write", "chat any", "render_clip", "score_titles"} <= set(found)
        assert len({span.trace_id for span in found.values()}) == 1
        assert ({path for path, _ in collector.received}, collector.service()) == ({"/v1/traces"}, "popcorn-agents")
        run = {fact.key: fact.value.string_value for fact in found["run"].attributes}
        assert run["popcorn.run_id"] == json.loads(done.stdout)["run_id"]


@pytest.mark.slow
def test_a_collector_that_is_away_costs_one_sentence_and_no_run(tmp_path: Path, kept_clips: None) -> None:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
    with serve([reply(DRAFT)]) as model:
        done = popcorn(tmp_path, f"any@{model.url}", "--log-format", "json", **environment)
    assert json.loads(done.stdout)["status"] == "finished"
    assert done.returncode == 0
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert len([line for line in lines if "traces cannot be sent" in line["message"]]) == 1


@pytest.mark.slow
async def test_a_server_sends_the_traces_of_its_runs(tmp_path: Path, kept_clips: None) -> None:
    with serve([reply(DRAFT)]) as model, collect() as collector:
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "POPCORN_LLM": f"any@{model.url}"}
        environment["POPCORN_CACHE_DIR"] = os.environ["POPCORN_CACHE_DIR"]
        with dev_server(tmp_path, **environment) as server:
            async with get_client(url=server.url) as client:
                thread = (await client.threads.create())["thread_id"]
                settings = {**QUICK, "review": "script"}
                query = {"query": "street food"}
                await client.runs.wait(thread, "popcorn", input=query, context=settings)
                [pause] = (await client.threads.get_state(thread))["interrupts"]
                answer = {"resume": {pause["id"]: {"action": "approve"}}}
                values = await client.runs.wait(thread, "popcorn", command=answer, context=settings)
        assert "BlockingError" not in server.log.read_text()
        batches = [resource for _, batch in collector.received for resource in batch.resource_spans]
        found = [span for one in batches for scope in one.scope_spans for span in scope.spans]
    runs = [span for span in found if span.name == "run"]
    told = [{fact.key: fact.value.string_value for fact in span.attributes} for span in runs]
    assert [one["popcorn.status"] for one in told] == ["paused", "finished"]
    assert {one["popcorn.run_id"] for one in told} == {values["run_id"]}
    [render] = [span for span in found if span.name == "render_clip"]
    assert render.trace_id == runs[1].trace_id


@pytest.mark.parametrize(
    ("variables", "exporters"),
    [
        ({}, []),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}, ["otlp"]),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://localhost:4318/v1/traces"}, ["otlp"]),
        ({"OTEL_TRACES_EXPORTER": "console, otlp"}, ["console", "otlp"]),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}, []),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"}, []),
    ],
)
def test_the_standard_variables_switch_traces_on(
    variables: dict[str, str], exporters: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert trace_export.wanted() == exporters


def test_asked_for_without_the_extra_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(InputError, match=r"pip install 'popcorn-agents\[trace\]'"):
        trace_export.switch_on(print)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("OTEL_TRACES_EXPORTER", "zipkin", "no exporter of traces 'zipkin'"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "no exporter of traces 'http/json'"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "100000", "cannot be used"),
    ],
)
def test_variables_that_cannot_be_used_are_refused_before_anything_is_written(
    tmp_path: Path, name: str, value: str, says: str
) -> None:
    environment = {"OTEL_TRACES_EXPORTER": "otlp", name: value}
    done = subprocess.run(
        [*POPCORN, "run", "cats"], capture_output=True, text=True, cwd=tmp_path, env={**os.environ, **environment}
    )
    assert (done.returncode, says in done.stderr) == (2, True)
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_of_it_is_imported_when_it_is_off() -> None:
    program = """
import sys
from popcorn_agents import console
from popcorn_agents.tools import tracing
console.trace()
with tracing.span("nothing", {}) as tell:
    tell({"a": 1})
assert tracing.begin("nothing", {}) is None
assert not any(name.startswith("opentelemetry") for name in sys.modules)
import popcorn_agents.graph.workflow  # its libraries may load the API for themselves
assert not any(name.startswith("opentelemetry.exporter") for name in sys.modules)
api = sys.modules.get("opentelemetry.trace")
assert api is None or isinstance(api.get_tracer_provider(), api.ProxyTracerProvider)
"""
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
