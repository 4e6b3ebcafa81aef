"""Estimates: what is shared is counted once, prompts are the real ones, and a real run comes out near them."""

from typing import Any

import pytest
from langgraph.runtime import Runtime
from llm_server import reply, serve

from popcorn_agents.agents.critic import Attempt, Critique, Originality
from popcorn_agents.agents.scriptwriter import write
from popcorn_agents.agents.trend_researcher import research
from popcorn_agents.evaluation.estimate import Estimate, duration, estimate
from popcorn_agents.evaluation.plan import Plan, load_plan, trials
from popcorn_agents.evaluation.query_sets import load_queries
from popcorn_agents.evaluation.script_costs import REMARK, WHOLE_CALLS, sample
from popcorn_agents.graph.context import Context
from popcorn_agents.tools.popularity.predictor import Score
from popcorn_agents.tools.prices import cost
from popcorn_agents.tools.renderers.specs import BY_NAME
from popcorn_agents.tools.structured import Usage

GPT = "openai:gpt-4o"


def plan_of(systems: dict[str, dict[str, Any]], limit: int = 4, **content: Any) -> Plan:
    return Plan.model_validate({"name": "p", "systems": systems, "queries": {"limit": limit}, **content})


def estimated(plan: Plan) -> Estimate:
    return estimate(plan, trials(plan, load_queries(plan.queries)))


def of(settings: dict[str, Any], **content: Any) -> Estimate:
    return estimated(plan_of({"s": {"llm": GPT, "max_revisions": 0, "renderer": "none", **settings}}, **content))


def test_equal_scripts_are_asked_for_once() -> None:
    found = estimated(load_plan("offline-200"))
    assert found.trials == 200 * 5
    assert found.scripts == 200 * (1 + 3 + 2)  # the first script of pe-revised is that of pe
    assert found.shared_scripts == 200
    assert (found.renders, found.gpu_seconds, found.cost, found.unpriced) == (0, 0, 0, [])
    assert found.seconds is not None
    assert 1800 < found.seconds < 4 * 3600


def test_equal_clips_are_drawn_once() -> None:
    found = estimated(load_plan("paper-rq3"))
    assert found.trials == 200 * 12
    assert found.scripts == 200 * (1 + 3 + 2)  # basic, three sizes, two further numbers of tags
    assert found.renders == 200 * (3 * 2 + 2 + 2)


def test_rewrites_are_shared_only_where_they_were_judged_alike() -> None:
    systems = {"a": {"max_revisions": 1}, "b": {"max_revisions": 2}, "c": {"max_revisions": 1, "target_percentile": 90}}
    found = estimated(plan_of(systems, settings={"renderer": "none", "llm": GPT}))
    assert found.scripts == 4 * (1 + 2 + 1)
    drawn = estimated(plan_of({"a": {"renderer": ["none", "animatic"], "max_revisions": 1}}, settings={"llm": GPT}))
    assert (drawn.scripts, drawn.renders) == (4 * 3, 4 * 2)  # the critic sees the clip


def test_prices() -> None:
    known = of({})
    assert known.cost == pytest.approx(cost(GPT, known.input_tokens, known.output_tokens))
    assert known.cost is not None
    assert known.cost > 0
    mixed = estimated(plan_of({"s": {"llm": [GPT, "big@http://localhost:1/v1"], "renderer": "none"}}))
    assert (mixed.cost, mixed.unpriced) == (None, ["big@http://localhost:1/v1"])
    row = next(row for row in mixed.rows if row.what == "Cost")
    assert row.figure.endswith(" and more")
    assert "no price is known of big" in row.origin


def test_seconds_of_the_gpu() -> None:
    drawing = {"renderer": "diffusion", "model": "cogvideox-5b", "preset": "paper"}
    assert of(drawing).gpu_seconds == pytest.approx(4 * 90)
    assert of({**drawing, "model": BY_NAME["cogvideox-5b"].hub_id}).gpu_seconds == pytest.approx(4 * 90)
    fewer = of({**drawing, "steps": 25})
    assert fewer.gpu_seconds == pytest.approx(4 * 45)
    assert fewer.seconds is not None
    assert fewer.seconds > 180
    for unknown in ({**drawing, "model": "some/model", "preset": None}, {"renderer": "remote", "model": "m"}):
        found = of(unknown)
        assert (found.gpu_seconds, found.seconds) == (None, None)
        assert found.unknown_speed == [f"{unknown['renderer']} ({unknown['model']})"]
    assert of({"renderer": "animatic"}).gpu_seconds == 0


def test_prompts_grow_with_their_exemplars_until_the_context_is_full() -> None:
    basic, ten, fifty = of({"mode": "basic"}), of({}), of({"k": 50})
    assert basic.input_tokens < ten.input_tokens < fifty.input_tokens / 2
    held = of({"k": 50, "context_tokens": 4096})
    assert ten.input_tokens < held.input_tokens < 0.7 * fifty.input_tokens
    assert (basic.llm_calls, ten.llm_calls) == (round(4 * WHOLE_CALLS),) * 2


def test_an_agent_searches_in_every_trial() -> None:
    once, agent = of({}), of({"researcher": "agent", "max_searches": 3})
    assert agent.llm_calls == once.llm_calls + 4 * 4
    assert agent.input_tokens > once.input_tokens


def test_wall_clock_follows_the_bounds() -> None:
    slow, fast = (of({}, limit=40, concurrency={"llm": bound}).seconds for bound in (1, 8))
    assert slow is not None
    assert fast is not None
    assert slow - 15 > 4 * (fast - 15)
    own = of({"llm": "embedded", "gguf": "mine.gguf"})
    assert own.seconds is None


def test_every_row_says_where_it_is_from() -> None:
    rows = of({"renderer": "diffusion", "model": "ltx-video", "preset": "paper"}).rows
    assert [row.what for row in rows] == [
        *("Trials", "Scripts", "LLM calls", "Tokens in", "Tokens out", "Cost", "Clips", "GPU time", "Wall clock")
    ]
    assert all(row.figure and row.origin for row in rows)
    assert [duration(seconds) for seconds in (3.4, 99, 600, 7230)] == ["3 s", "99 s", "10 min", "2 h 0 min"]


def test_nothing_to_do() -> None:
    found = estimate(plan_of({"s": {}}), [])
    assert (found.trials, found.scripts, found.llm_calls, found.renders, found.cost) == (0, 0, 0, 0, 0)


def test_a_sample_is_spread_over_the_queries() -> None:
    assert sample([str(number // 2) for number in range(64)]) == [str(number) for number in range(0, 32, 4)]
    assert sample(["a", "b", "a"]) == ["a", "b"]


async def scripts(query: str, context: Context, count: int) -> Usage:
    """Write `count` versions, each judged in the same way, and say what they cost."""
    state: dict[str, Any] = {"query": query, "attempts": []}
    runtime = Runtime(context=context, stream_writer=lambda _: None)
    state |= await research(state, runtime)  # type: ignore[arg-type]
    usage = Usage()
    for round_ in range(1, count + 1):
        script = (await write(state, runtime))["script"]  # type: ignore[arg-type]
        usage += script.usage
        score = Score(log2_comments=5, percentile=50, low=4, high=6)
        critique = Critique(score=score, originality=Originality(similarity=0), issues=[REMARK] * 6, verdict="revise")
        state["attempts"].append(Attempt.model_construct(round=round_, script=script, critique=critique))
    return usage


async def test_the_prompts_are_those_that_are_sent() -> None:
    answer = dict.fromkeys(("analysis", "ideas", "check", "cover_prompt", "video_prompt"), "words for a text")
    answers = [reply({**answer, "title": f"Title {number}"}) for number in range(2)]
    plan = plan_of({"s": {"max_revisions": 1, "renderer": "none"}}, limit=1)
    with serve(answers) as server:
        plan = plan.model_copy(update={"settings": {"llm": f"tiny@{server.url}"}})
        found, query = estimated(plan), load_queries(plan.queries)[0]
        await scripts(query.text, Context(**plan.settings), 2)
        sent = [sum(len(message["content"]) for message in body["messages"]) for body in server.requests]
    assert len(sent) == 2
    assert found.input_tokens == pytest.approx(WHOLE_CALLS * sum(sent) / 4, rel=0.1)


@pytest.mark.slow
async def test_a_real_run_comes_out_near_the_estimate() -> None:
    plan = plan_of({"s": {"max_revisions": 1, "renderer": "none"}}, limit=2)
    found = estimated(plan)
    context = Context(max_revisions=1)
    usage = sum([await scripts(query.text, context, 2) for query in load_queries(plan.queries)], Usage())
    assert found.llm_calls / 1.6 < usage.calls < 1.6 * found.llm_calls
    assert found.input_tokens / 1.7 < usage.input_tokens < 1.7 * found.input_tokens
    assert found.output_tokens / 1.7 < usage.output_tokens < 1.7 * found.output_tokens
    a_call = found.input_tokens / found.llm_calls, found.output_tokens / found.llm_calls
    assert usage.input_tokens / usage.calls == pytest.approx(a_call[0], rel=0.2)
    assert usage.output_tokens / usage.calls == pytest.approx(a_call[1], rel=0.3)
