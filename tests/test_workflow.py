"""The loop itself, with scripted parts: it revises, stops, keeps the best, and looks as drawn."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from popcorn_agents.evaluation.benchmarks.noop import noop_parts
from popcorn_agents.graph.context import Context
from popcorn_agents.graph.result import Result
from popcorn_agents.graph.workflow import build_graph, graph

SNAPSHOTS = Path(__file__).parent / "snapshots"


async def loop(
    tmp_path: Path, percentiles: list[float], *, vetoed: tuple[int, ...] = (), **settings: Any
) -> dict[str, Any]:
    app = build_graph(**noop_parts(tmp_path, percentiles, vetoed)).compile()
    context = Context(runs_dir=tmp_path / "runs", **settings)
    return await app.ainvoke({"query": "a query"}, {"recursion_limit": 50}, context=context)


async def test_a_good_first_attempt_is_not_revised(tmp_path: Path) -> None:
    state = await loop(tmp_path, [90.0], target_percentile=70)
    assert [attempt.critique.verdict for attempt in state["attempts"]] == ["accept"]
    assert state["result"].best_round == 1


async def test_a_low_scorer_is_rewritten_until_accepted(tmp_path: Path) -> None:
    state = await loop(tmp_path, [10.0, 20.0, 80.0, 90.0], target_percentile=70, max_revisions=5)
    assert [attempt.critique.score.percentile for attempt in state["attempts"]] == [10.0, 20.0, 80.0]
    assert state["result"].title == "Title 3"


@pytest.mark.parametrize("revisions", [0, 1, 3])
async def test_the_loop_is_bounded(tmp_path: Path, revisions: int) -> None:
    state = await loop(tmp_path, [10.0], max_revisions=revisions)
    assert len(state["attempts"]) == revisions + 1
    assert state["result"].status == "finished"


async def test_the_best_attempt_is_kept_not_the_last(tmp_path: Path) -> None:
    state = await loop(tmp_path, [10.0, 60.0, 5.0], max_revisions=2)
    assert state["result"].best_round == 2
    assert state["result"].video_path.endswith("attempt-2/clip.mp4")


async def test_a_vetoed_attempt_never_wins(tmp_path: Path) -> None:
    state = await loop(tmp_path, [10.0, 99.0], vetoed=(2,), max_revisions=1)
    assert state["result"].best_round == 1
    assert "The clip is black." in state["result"].attempts[1].issues


async def test_every_node_leaves_its_files(tmp_path: Path) -> None:
    state = await loop(tmp_path, [10.0], max_revisions=1)
    folder = tmp_path / "runs" / state["run_id"]
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    attempts = {
        f"attempt-{n}/{name}" for n in (1, 2) for name in ("script.json", "clip.mp4", "cover.png", "critique.json")
    }
    assert names == {"brief.json", "result.json"} | attempts
    assert json.loads((folder / "result.json").read_text())["run_id"] == state["run_id"]


async def test_timings_name_every_node_of_every_round(tmp_path: Path) -> None:
    state = await loop(tmp_path, [10.0], max_revisions=1)
    loop_nodes = [(node, n) for n in (1, 2) for node in ("write", "render", "critique")]
    assert [(timing.node, timing.round) for timing in state["timings"]] == [("research", 0), *loop_nodes, ("finish", 0)]


async def test_a_new_query_on_an_old_thread_starts_afresh(tmp_path: Path) -> None:
    from langgraph.checkpoint.memory import InMemorySaver

    app = build_graph(**noop_parts(tmp_path, [90.0])).compile(checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "one"}, "recursion_limit": 50}
    context = Context(runs_dir=tmp_path / "runs")
    first = await app.ainvoke({"query": "first"}, config, context=context)
    second = await app.ainvoke({"query": "second"}, config, context=context)
    assert second["run_id"] != first["run_id"]
    assert len(second["attempts"]) == 1


def test_the_drawing_is_as_agreed() -> None:
    assert graph.get_graph().draw_mermaid() == (SNAPSHOTS / "graph.mmd").read_text()


def test_the_input_schema_is_as_agreed() -> None:
    assert graph.get_input_jsonschema() == json.loads((SNAPSHOTS / "input.json").read_text())


def test_the_result_schema_is_as_agreed() -> None:
    assert Result.model_json_schema() == json.loads((SNAPSHOTS / "result.json").read_text())


def test_a_change_of_the_state_raises_its_format() -> None:
    """Where this fails, raise FORMAT unless older checkpoints are still read rightly, then write the file anew."""
    import hashlib

    from pydantic import TypeAdapter

    from popcorn_agents.graph.state import FORMAT, State

    schema = json.dumps(_shape(TypeAdapter(State).json_schema()), sort_keys=True)
    known = json.loads((SNAPSHOTS / "state.json").read_text())
    assert known == {"format": FORMAT, "sha256": hashlib.sha256(schema.encode()).hexdigest()}


def _shape(schema: Any) -> Any:
    """The schema without the words for readers."""
    if isinstance(schema, dict):
        return {
            name: _shape(value) for name, value in schema.items() if name != "description" or isinstance(value, dict)
        }
    return [_shape(value) for value in schema] if isinstance(schema, list) else schema


def test_the_context_schema_is_the_one_that_the_options_are_made_from() -> None:
    assert graph.get_context_jsonschema() == json.loads(
        files("popcorn_agents.graph").joinpath("context.json").read_text()
    )


def test_every_knob_says_what_it_does() -> None:
    assert [name for name, field in Context.model_fields.items() if not field.description] == []
