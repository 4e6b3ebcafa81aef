"""Plans: checked whole before the first call, expanded into systems, keyed by content."""

from pathlib import Path

import pytest

from popcorn_agents.evaluation.plan import Plan, contexts_of, load_plan, narrowed, trial_key, trials
from popcorn_agents.evaluation.records import Query
from popcorn_agents.tools.errors import InputError

PLAN = """
name: mine
settings: {llm: embedded, renderer: none}
systems:
  basic: {mode: basic, max_revisions: 0}
  pe: {mode: pe, k: [10, 50], tags: [1, 2], max_revisions: 0, seeds: [1, 2]}
"""
QUERIES = [Query(id="a", text="ramen"), Query(id="b", text="Goku")]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "plan.yaml").write_text(PLAN)
    return load_plan(str(tmp_path / "plan.yaml"))


def test_a_list_makes_one_system_of_each_value(plan: Plan) -> None:
    systems = contexts_of(plan)
    assert list(systems) == ["basic", "pe k=10 tags=1", "pe k=10 tags=2", "pe k=50 tags=1", "pe k=50 tags=2"]
    context, seeds = systems["pe k=50 tags=2"]
    assert (context.k, context.tags, context.mode, seeds) == (50, 2, "pe", [1, 2])
    assert systems["basic"][1] == [7]


def test_trials_go_query_by_query_and_their_keys_hold_what_shapes_them(plan: Plan) -> None:
    found = trials(plan, QUERIES)
    assert [trial.query.id for trial in found] == ["a"] * 9 + ["b"] * 9
    assert len({trial.key for trial in found}) == 18
    settings = found[0].settings
    assert trial_key("ramen", {**settings, "runs_dir": "elsewhere"}, "") == found[0].key
    assert trial_key("ramen", {**settings, "temperature": 1.0}, "") != found[0].key
    assert trial_key("ramen", settings, "other exemplars") != found[0].key


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name: x\nsystems: {a: {}}\nextra: 1", "extra is not a key of a plan"),
        ("name: x\nsystems: {}", "systems"),
        ("name: X!\nsystems: {a: {}}", "name"),
        ("name: x\nsystems: {a: {kk: 3}}", "system a: kk"),
        ("name: x\nsystems: {a: {k: [10, 9000]}}", "system a k=9000: k"),
        ("name: x\nsystems: {a: {runs_dir: /tmp}}", "runs_dir is not for a plan to set"),
        ("name: x\nsystems: {a: {seed: 3}}", "give seeds, a list"),
        ("name: x\nsystems: {a: {seeds: []}}", "seeds"),
        ("name: x\nsystems: {a: {seeds: [-1]}}", "seeds"),
        ("name: x\nsystems: {a: {seeds: [1, 1]}}", "seeds"),
        ("name: x\nsystems: {a: {k: []}}", "k"),
        ("name: x\nseeds: [1, 1]\nsystems: {a: {}}", "seeds"),
        ("- a list", "holds no plan"),
        ("a: [", "not valid YAML"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as raised:
        load_plan(str(path))
    assert fault in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_plan_that_is_not_there_names_the_ready_ones() -> None:
    with pytest.raises(InputError, match="smoke"):
        load_plan("no-such-plan")


def test_yaml_cannot_run_code(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(f"name: !!python/object/apply:os.system ['touch {tmp_path}/owned']")
    with pytest.raises(InputError, match="not valid YAML"):
        load_plan(str(path))
    assert not (tmp_path / "owned").exists()


def test_the_command_line_adds_settings_and_narrows(plan: Plan) -> None:
    changed = narrowed(plan, {"temperature": 0.1, "k": 100}, "queries.txt", 3)
    assert {context.temperature for context, _ in contexts_of(changed).values()} == {0.1}
    assert "pe k=10 tags=1" in contexts_of(changed)  # a system's own value stays
    assert (changed.queries.source, changed.queries.limit) == ("queries.txt", 3)
    with pytest.raises(InputError, match="llms"):
        narrowed(plan, {"llms": "x"}, None, None)
