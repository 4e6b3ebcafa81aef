"""The plans that come with the package: all load, and each runs what it says it runs."""

from pathlib import Path

import pytest

from popcorn_agents.evaluation.plan import NO_RENDERER, Plan, contexts_of, load_plan, ready_plans, trials
from popcorn_agents.evaluation.query_sets import load_queries
from popcorn_agents.tools.chat_model import check_model
from popcorn_agents.tools.renderers.specs import BY_NAME

PAPER = [name for name in ready_plans() if name.startswith("paper-")]


def test_the_ready_plans() -> None:
    assert ready_plans() == ["equal-budget", "offline-200", "paper-rq1", "paper-rq2", "paper-rq3", "smoke"]


@pytest.mark.parametrize("name", ready_plans())
def test_every_plan_loads_and_gives_trials(name: str) -> None:
    plan = load_plan(name)
    assert plan.name == name
    assert plan.description
    made = trials(plan, load_queries(plan.queries))
    places = {(trial.system, trial.query.id, trial.seed) for trial in made}
    assert len(places) == len(made) >= 30


@pytest.mark.parametrize("name", PAPER)
def test_the_papers_models_and_settings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    for context, seeds in contexts_of(load_plan(name)).values():
        check_model(context.llm)
        assert context.model is not None
        assert "paper" in BY_NAME[context.model].presets
        assert (context.preset, context.max_revisions, seeds) == ("paper", 0, [42])
        assert context.mode == "basic" or context.split == "paper"


def test_the_papers_grids() -> None:
    first, second, third = ({name: c for name, (c, _) in contexts_of(load_plan(n)).items()} for n in PAPER)
    assert len({context.llm for context in first.values()}) == len(first) == 5
    assert {(c.llm, c.mode) for c in second.values()} == {
        (context.llm, mode) for context in first.values() for mode in ("basic", "pe")
    }
    assert {(c.model, c.mode) for c in third.values()} == {
        (model, mode) for model in ("cogvideox-5b", "ltx-video", "hunyuanvideo") for mode in ("basic", "pe")
    }
    assert [third[f"retrieval k={k}"].k for k in (10, 50, 100)] == [10, 50, 100]
    assert [third[f"breadth tags={tags}"].tags for tags in (1, 2, 4)] == [1, 2, 4]


@pytest.mark.parametrize("name", ["equal-budget", "offline-200"])
def test_budgets_are_equal_and_share_the_first_script(name: str) -> None:
    systems = contexts_of(load_plan(name))
    (fresh, seeds), (revised, seed) = systems["pe"], systems["pe-revised"]
    assert len(seeds) == revised.max_revisions + 1 == 3
    assert seed == seeds[:1] == [7]
    assert (fresh.max_revisions, revised.target_percentile, revised.renderer) == (0, 100, NO_RENDERER)


def test_the_plans_are_packaged() -> None:
    folder = Path(__file__).parent.parent / "evaluation" / "plans"
    assert sorted(path.stem for path in folder.iterdir()) == ready_plans()
    assert all(path.read_text("utf-8").startswith("# ") for path in folder.iterdir())
    assert all(isinstance(load_plan(str(path)), Plan) for path in folder.iterdir())
