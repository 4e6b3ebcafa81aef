"""The report's tables on results whose figures are known."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from study_maker import make_attempt, make_queries, make_study, make_trial

from popcorn_agents.evaluation.records import Query, TrialResult
from popcorn_agents.evaluation.reporting.budget import budgets, goal, halves, judge_all, reasons, taste
from popcorn_agents.evaluation.reporting.comparing import compare, ranking
from popcorn_agents.evaluation.reporting.equal_budget import equal_budgets
from popcorn_agents.evaluation.reporting.levels import against_humans, by_category, distribution
from popcorn_agents.evaluation.reporting.loop import shares_no_word, the_loop
from popcorn_agents.evaluation.reporting.parts import Section
from popcorn_agents.evaluation.reporting.ran import clearest, cost, power_note, what_was_run
from popcorn_agents.evaluation.reporting.study import Study, arrange, differing, groups
from popcorn_agents.evaluation.reporting.versus import enhancement, everybody, generators, llms, retrieval

BASIC = {"mode": "basic", "max_revisions": 0, "renderer": "none"}
PE = {"mode": "pe", "max_revisions": 0, "renderer": "none"}
LOOP = {"mode": "pe", "max_revisions": 2, "target_percentile": 100.0, "renderer": "none"}
QUERIES = make_queries(1)  # ten: one of each type in each category


def one_shot(system: str, query: Query, critic: float | None, judge: float = 50.0, **more: Any) -> TrialResult:
    """A trial of one attempt; without a rank it failed."""
    settings = more.pop("settings", PE)
    attempts = [] if critic is None else [make_attempt(1, critic, judge, **more.pop("attempt", {}))]
    return make_trial(system, query, more.pop("seed", 7), attempts, settings)


def study_of(systems: Mapping[str, tuple[dict[str, Any], list[float | None]]]) -> Study:
    """One trial a query and system with these ranks, the same under both scorers."""
    return arrange(
        [
            one_shot(name, query, rank, rank or 0.0, settings=settings)
            for name, (settings, ranks) in systems.items()
            for query, rank in zip(QUERIES, ranks, strict=False)
        ],
        Path(),
    )


def records(section: Section, key: str, **wanted: Any) -> list[dict[str, Any]]:
    """The rows of a table that have these values."""
    table = next(table for table in section.tables if table.key == key)
    return [row for row in table.records if all(row[name] == value for name, value in wanted.items())]


def test_enhancement_counts_ties_and_failures() -> None:
    ten: list[float | None] = [50.0] * 10
    study = study_of({"basic": (BASIC, [*ten[:9], None]), "pe": (PE, [60.0] * 6 + [50.0] * 2 + [None, None])})
    section = enhancement(study)
    row = records(section, "t3", subset="all", scored_by="critic")[0]
    assert (row["wins"], row["ties"], row["losses"], row["n"]) == (6, 3, 1, 10)  # both failed: a tie; pe alone: a loss
    assert row["win_rate"] == 0.75
    assert row["win_rate_without_ties"] == pytest.approx(6 / 7, abs=1e-6)
    assert row["low"] < 0.75 < row["high"]
    assert [r["n"] for r in records(section, "t3", subset="concrete")] == [5, 5]
    assert {row["p_holm"] >= row["p_sign_test"] for row in section.tables[0].records} == {True}
    assert section.tables[-1].title.startswith("For comparison, the paper's Table 3")
    assert ["DeepSeek-V3", "55 %", "49 %"] in section.tables[-1].rows


def test_levels_leave_failed_trials_out_and_count_them() -> None:
    study = study_of({"basic": (BASIC, [10.0, 20.0, None, 40.0])})
    section = by_category(study)
    row = records(section, "t1-judge", category="all")[0]
    assert (row["value"], row["n"]) == (20.0, 3)
    assert row["low"] == 10.0
    assert row["high"] == 40.0
    assert section.tables[0].rows[0][-1] == "1"
    assert records(section, "t1-judge", category="Anime")[0]["n"] == 2
    assert distribution(study).figures


def test_systems_are_grouped_by_what_differs() -> None:
    systems = {
        "basic": BASIC,
        "pe": PE,
        "pe other": {**PE, "llm": "openai:gpt-5"},
        "basic other": {**BASIC, "llm": "openai:gpt-5", "k": 50},  # k means nothing without research
        "pe k": {**PE, "k": 50},
        "loop": LOOP,
        "ltx": {**PE, "renderer": "diffusion", "model": "ltx-video", "steps": 30},
    }
    study = study_of({name: (settings, [50.0]) for name, settings in systems.items()})
    assert groups(study, "llm") == [["basic", "basic other"], ["pe", "pe other"]]
    assert groups(study, "mode") == [["basic", "pe", "pe k"], ["pe other", "basic other"]]
    assert groups(study, "retrieval") == [["pe", "pe k"]]
    assert groups(study, "loop") == [["pe", "loop"]]
    assert groups(study, "generator") == [["pe", "ltx"]]
    assert differing(study) == ["k", "llm", "max_revisions", "mode", "model", "renderer"]
    assert llms(study).tables[0].columns == ["", "embedded", "openai:gpt-5"]
    assert retrieval(study).tables[0].records[0]["k"] == 50
    assert "not the pixels" in generators(study).lead[0]


@pytest.mark.parametrize("build", [enhancement, llms, generators, retrieval, everybody])
def test_a_table_without_data_says_why(build: Callable[[Study], Section]) -> None:
    section = build(study_of({"pe": (PE, [50.0] * 3)}))
    assert section.lead[0].startswith("Left out: ")
    assert all(table.key.startswith("paper-") for table in section.tables)


def test_all_systems_are_ranked() -> None:
    queries = make_queries(6)
    systems = {"basic": BASIC, "pe": PE, "pe k": {**PE, "k": 50}}
    gain = {"pe": (30.0, 30.0), "pe k": (15.0, 15.0)}
    study = arrange(make_study(systems, queries, gain=gain, noise=8), Path())
    section = everybody(study)
    ranked = [row["system"] for row in records(section, "ranking", scored_by="judge")]
    assert ranked == ["pe", "pe k", "basic"]
    assert ranking(study, list(systems), "judge")[0].strength.low > 0.5
    by_name = {row[0]: row for row in section.tables[0].rows}
    assert by_name["pe"][1].endswith("▲")
    assert by_name["basic"][2].endswith("▼")
    assert clearest(study)[0].startswith("pe ranks above basic under both scorers")
    assert [one.verdict for one in compare(study, [("pe", "basic")])] == ["A better", "A better"]


def test_undecided_studies_say_how_many_queries_they_lack() -> None:
    study = study_of({"basic": (BASIC, [50.0, 60.0] * 5), "pe": (PE, [60.0, 50.0] * 5)})
    assert power_note(study)[0].startswith("2 of 2 comparisons of systems are undecided. To tell 55 % from 50 %")
    assert "783 queries; this evaluation has 10" in power_note(study)[0]


def budget_study(judge_follows: bool, queries: int = 40) -> Study:
    """One shot ranks 40, other seeds 50 and 60, the loop's attempts 40, 70, 65 by the critic; the judge may differ."""
    found = []
    for query in make_queries(queries // 10):
        found += [
            one_shot("pe", query, rank, rank if judge_follows else 50.0, seed=seed)
            for seed, rank in ((7, 40.0), (8, 50.0), (9, 60.0))
        ]
        attempts = [
            make_attempt(place, rank, rank if judge_follows else 45.0)
            for place, rank in enumerate((40.0, 70.0, 65.0), 1)
        ]
        found.append(make_trial("loop", query, 7, attempts, LOOP))
    return arrange(found, Path())


def test_equal_budget_where_both_scorers_agree() -> None:
    spent = budgets(budget_study(judge_follows=True))[0]
    judged = judge_all(spent)
    assert (spent.attempts, spent.used, spent.kept_first, len(spent.queries)) == (3, 3.0, 0.0, 40)
    assert spent.best["critic"].tolist() == [60.0] * 40
    assert spent.revised["judge"].tolist() == [70.0] * 40  # the kept attempt, not the last
    fresh = judged["fresh"].found["judge"]
    assert (fresh.wins, fresh.ties, fresh.losses) == (80, 40, 0)
    assert judged["revised"].change["judge"].value == 30
    assert judged["revised-best"].verdict == {"critic": "A better", "judge": "A better"}
    assert judged["best"].gap.value == 0
    assert goal(spent, judged).startswith("Critic-guided revision beats one shot under both scorers")
    assert "within chance" in taste(judged, "revised")


def test_equal_budget_names_the_critics_taste() -> None:
    study = budget_study(judge_follows=False)
    spent = budgets(study)[0]
    judged = judge_all(spent)
    assert judged["best"].found["critic"].rate.value == 1
    assert judged["best"].found["judge"].rate.value == 0.5
    assert judged["best"].gap.value == 0.5
    assert "50 points (50 to 50) of the gain are the critic's own taste" in taste(judged, "best")
    assert "under the critic only" in goal(spent, judged)
    told = " ".join(reasons(study, spent, judged))
    assert "Ties: 0 % under the critic, 0 % under the judge" in told
    assert "Agreement of the two scorers" in told
    assert "Regression to the mean" not in told  # all one shots rank alike, so that there are no halves
    section = equal_budgets(study)[0]
    assert records(section, "t7-taste", comparison="best of 3 seeds against one shot")[0]["gap_points"] == 50
    assert len(section.tables) == 3


def test_regression_to_the_mean_is_shown_without_any_effect() -> None:
    systems = {"pe": {**PE, "seeds": [7, 8]}, "loop": {**LOOP, "max_revisions": 1}}
    study = arrange(make_study(systems, make_queries(20), noise=15), Path())
    found = halves(budgets(study)[0])
    low, high = found["lower half", "fresh", "critic"], found["upper half", "fresh", "critic"]
    assert low.low > 0 > high.high


def test_equal_budget_takes_only_queries_with_all_trials() -> None:
    full = budget_study(judge_follows=True, queries=10)
    kept = [trial for trial in full.trials() if (trial.query.id, trial.seed) != (QUERIES[0].id, 9)]
    spent = budgets(arrange(kept, Path()))[0]
    assert (len(spent.queries), spent.left_out) == (9, 1)
    assert not budgets(study_of({"pe": (PE, [50.0]), "loop": (LOOP, [50.0])}))


def test_a_failed_revision_loses() -> None:
    full = budget_study(judge_follows=True, queries=10)
    changed = [
        trial.model_copy(update={"status": "failed", "attempts": [], "best_round": None})
        if trial.system == "loop" and trial.query.id == QUERIES[0].id
        else trial
        for trial in full.trials()
    ]
    found = judge_all(budgets(arrange(changed, Path()))[0])["revised"].found["judge"]
    assert (found.wins, found.losses) == (9, 1)


def test_the_loop_from_first_to_last() -> None:
    section = the_loop(budget_study(judge_follows=True))
    rows = {row["measure"]: row for row in records(section, "t8-attempts", scored_by="judge")}
    assert rows["last above first, a tie as half"]["value"] == 1
    assert rows["median change from first to last"]["value"] == 25
    assert rows["last below the best"]["value"] == 1
    assert section.figures
    assert "no clip score" in section.lead[0]


def test_copies_and_clips_by_attempt() -> None:
    given = [(0.95, "concrete Anime", 0.3), (0.4, "a dance of cats", 0.1)]
    study = arrange(
        [
            one_shot("pe", query, 50.0, attempt={"similarity": near, "title": title, "clip_score": shown})
            for query, (near, title, shown) in zip(QUERIES, given, strict=False)
        ],
        Path(),
    )
    section = the_loop(study)
    rows = {row["measure"]: row["value"] for row in records(section, "t8-titles", system="pe", attempt=1)}
    assert rows == {
        "median similarity to the nearest exemplar": 0.675,
        "share above 0.9": 0.5,
        "share no word with the query": 0.5,
        "median clip score": 0.2,
    }
    assert section.lead == ["No trial has two attempts, so that nothing can be said of how the rank changes."]


@pytest.mark.parametrize(
    ("title", "query", "shares_none"),
    [("Goku transforms again", "Goku's transformations", False), ("A cat on the roof", "Goku transformations", True)],
)
def test_words_shared_with_the_query(title: str, query: str, shares_none: bool) -> None:
    assert shares_no_word(title, query) is shares_none


def test_failures_and_cost_by_system_and_node() -> None:
    section = cost(study_of({"basic": (BASIC, [50.0, None]), "pe": (PE, [50.0, 60.0])}))
    assert section.tables[0].rows == [["basic", "write", "the model gave no usable answer", "1"]]
    row = records(section, "cost", system="pe")[0]
    assert (row["calls"], row["input_tokens"], row["seconds_write"], row["cost_usd"]) == (2, 1800, 16.0, None)


def test_what_was_run_names_what_was_left_out() -> None:
    silent = what_was_run(study_of({"basic": (BASIC, [50.0, 60.0]), "pe": (PE, [50.0])}))
    told = " ".join(silent.lead)
    assert "Rendering was left out for all systems" in told
    assert "Not every system has run on every query" in told
    assert "user study" in told
    drawn = arrange([one_shot("pe", QUERIES[0], 50.0, settings={"mode": "pe"}, attempt={"kind": "animatic"})], Path())
    assert "drawn pre-visualisation, not footage" in " ".join(what_was_run(drawn).lead)


def test_settings_that_changed_within_a_system_are_named() -> None:
    first = one_shot("pe", QUERIES[0], 50.0, settings={**PE, "k": 10})
    second = make_trial("pe", QUERIES[1], 7, [make_attempt(1, 60, 60)], {**PE, "k": 50}, at=9)
    study = arrange([second, first], Path())
    assert study.changed == ["pe"]
    assert study.settings["pe"]["k"] == 50


def test_human_reference_from_the_starter_store_is_called_estimated() -> None:
    section = against_humans(study_of({"pe": (PE, [50.0] * 10)}))
    assert "estimates of the shipped predictor" in section.lead[0]
    measures = {row["measure"] for row in section.tables[0].records}
    assert "comments estimated, not counted" in measures
    assert "predicted by the judge from the title" in measures
    row = records(section, "t2", measure="comments estimated, not counted", queries_of="all")[0]
    assert row["n"] == 10
    assert row["value"] > 0


def test_human_reference_that_cannot_be_had_says_why(tmp_path: Path) -> None:
    lost = study_of({"pe": ({**PE, "exemplars": str(tmp_path / "gone")}, [50.0])})
    assert "There is no human reference: There is no exemplar store at" in against_humans(lost).lead[0]
    assert "reads an exemplar store" in against_humans(study_of({"basic": (BASIC, [50.0])})).lead[0]


@pytest.mark.slow
def test_human_reference_takes_the_nearest_title_and_its_counted_comments(tmp_path: Path) -> None:
    from popcorn_agents.tools.exemplars import build_store

    table = tmp_path / "own.csv"
    rows = [("a", "Anime idea that everyone draws", 1023), ("b", "How to repair a tap", 0), ("c", "Knitting a hat", 7)]
    table.write_text("video_id,title,comment_count\n" + "".join(f"{i},{title},{n}\n" for i, title, n in rows))
    build_store(str(table), tmp_path / "store")
    anime = [query for query in QUERIES if query.category == "Anime"]
    study = arrange(
        [one_shot("pe", query, 50.0, settings={**PE, "exemplars": str(tmp_path / "store")}) for query in anime], Path()
    )
    section = against_humans(study)
    assert "Its comments were counted." in section.lead[0]
    assert records(section, "t2", measure="comments counted", queries_of="all")[0]["value"] == pytest.approx(
        9.9986, abs=1e-3
    )
