"""The report's statistics against closed forms, against each other, and over many simulated studies."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from popcorn_agents.evaluation.reporting.ranking import rank
from popcorn_agents.evaluation.reporting.statistics import (
    correlation,
    holm,
    mean_gap,
    median,
    outcomes,
    queries_needed,
    ratio,
    verdict,
    win_rate,
)

ranks = st.one_of(st.just(float("nan")), st.integers(0, 20).map(float))
pairs = st.lists(st.tuples(ranks, ranks, st.integers(0, 6)), min_size=1, max_size=40)


def test_a_failed_trial_loses_against_a_finished_one() -> None:
    nan = float("nan")
    assert outcomes([nan, 0, nan, 5, 5], [0, nan, nan, 5, 6]).tolist() == [0, 1, 0.5, 0.5, 0]


@settings(max_examples=60, deadline=None)
@given(pairs)
def test_swapping_the_systems_mirrors_the_win_rate(rows: list[tuple[float, float, int]]) -> None:
    a, b, query = zip(*rows, strict=True)
    there, back = win_rate(outcomes(a, b), query), win_rate(outcomes(b, a), query)
    assert (there.wins, there.ties, there.losses) == (back.losses, back.ties, back.wins)
    assert there.n == len(rows)
    assert there.rate.value == pytest.approx(1 - back.rate.value)
    assert there.rate.low == pytest.approx(1 - back.rate.high, abs=1e-9)
    assert there.p == pytest.approx(back.p)
    assert 0 <= there.rate.low <= there.rate.value + 1e-9 <= there.rate.high + 2e-9
    assert there.rate.high <= 1 + 1e-9


@settings(max_examples=60, deadline=None)
@given(pairs)
def test_order_and_scale_do_not_matter(rows: list[tuple[float, float, int]]) -> None:
    a, b, query = (np.array(side) for side in zip(*rows, strict=True))
    shuffled = np.random.default_rng(1).permutation(len(rows))
    found = repr(win_rate(outcomes(a, b), query))  # as text: NaN equals NaN
    assert found == repr(win_rate(outcomes(a[shuffled], b[shuffled]), query[shuffled]))
    assert found == repr(win_rate(outcomes(3 * a + 1, 3 * b + 1), query))


def test_ties_are_half_and_shown() -> None:
    found = win_rate([1, 1, 0.5, 0], range(4))
    assert (found.wins, found.ties, found.losses) == (2, 1, 1)
    assert found.rate.value == 0.625
    assert found.decided.value == pytest.approx(2 / 3)
    assert found.decided.n == 3
    assert found.tie_share == 0.25


def test_sign_test_is_exact() -> None:
    found = win_rate([1] * 8 + [0] * 2 + [0.5] * 5, range(15))
    tail = sum(math.comb(10, k) for k in (0, 1, 2)) / 2**10
    assert found.p == pytest.approx(2 * tail)


def test_seeds_of_one_query_are_one_witness() -> None:
    one = win_rate([1, 1, 1, 1, 1], range(5))
    many = win_rate([1] * 50, np.repeat(range(5), 10))
    assert one.p == many.p == pytest.approx(2 / 2**5)
    assert many.rate.queries == 5
    assert many.rate.low == one.rate.low


def test_interval_agrees_with_the_normal_one() -> None:
    found = win_rate([1.0] * 220 + [0.0] * 180, range(400))
    error = 1.96 * math.sqrt(0.55 * 0.45 / 400)
    assert found.rate.low == pytest.approx(0.55 - error, abs=0.006)
    assert found.rate.high == pytest.approx(0.55 + error, abs=0.006)


def test_interval_agrees_with_scipy() -> None:
    from scipy.stats import bootstrap

    values = np.random.default_rng(3).normal(60, 20, 120)
    theirs = bootstrap((values,), np.median, method="percentile", n_resamples=4000, rng=1).confidence_interval
    ours = median(values, range(120))
    assert ours.value == np.median(values)
    assert (ours.low, ours.high) == (pytest.approx(theirs.low, abs=1.5), pytest.approx(theirs.high, abs=1.5))


def test_agreement_of_all_queries_is_no_certainty() -> None:
    found = win_rate([1.0] * 5, range(5))
    assert found.rate.value == 1
    assert found.rate.low == pytest.approx(5 / (5 + 1.959964**2))  # Wilson's lower end
    assert verdict(found, found.p) == "undecided"


def test_nothing_to_compare() -> None:
    found = win_rate([], [])
    assert found.n == 0
    assert math.isnan(found.rate.value)
    assert verdict(found, found.p) == "undecided"
    assert median([float("nan")], [1]).n == 0
    assert mean_gap([], [], []).n == 0
    assert ratio([0], [0]).n == 0


@pytest.mark.parametrize("values", [[1, 2, 3], [1, 2, 3, 10], [5], [2, 2, 2]])
def test_median_is_numpys(values: list[float]) -> None:
    found = median(values, range(len(values)))
    assert found.value == np.median(values)
    assert found.low <= found.value <= found.high


def test_correlation_is_spearmans() -> None:
    from scipy.stats import spearmanr

    rng = np.random.default_rng(5)
    x = rng.normal(size=200)
    y = x + rng.normal(size=200)
    found = correlation(x, y, range(200))
    assert found.value == pytest.approx(spearmanr(x, y).statistic)
    assert found.low < found.value < found.high
    assert correlation([1, 1, 1], [1, 2, 3], range(3)).n == 0


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_verdicts() -> None:
    clear = win_rate([1.0] * 80 + [0.0] * 20, range(100))
    assert verdict(clear, 0.001) == "A better"
    assert verdict(clear, 0.05) == "undecided"
    assert verdict(win_rate([0.0] * 80 + [1.0] * 20, range(100)), 0.001) == "B better"
    assert verdict(win_rate([1.0] * 51 + [0.0] * 49, range(100)), 0.001) == "undecided"


def test_queries_needed_against_the_exact_power() -> None:
    from scipy.stats import binom

    count = queries_needed(0.55)
    assert count is not None
    border = binom.ppf(0.025, count, 0.5) - 1  # the largest count of losses that is significant
    power = binom.cdf(border, count, 0.45) + binom.sf(count - border - 1, count, 0.45)
    assert power == pytest.approx(0.8, abs=0.02)
    assert (queries_needed(0.55, ties=0.3) or 0) < count  # a tie counts half, so the rest must be won more clearly
    assert queries_needed(0.55, ties=0.95) is None


def test_ranking_recovers_strengths() -> None:
    names, rng = ["a", "b", "c"], np.random.default_rng(2)
    strength = {"a": 3.0, "b": 1.5, "c": 1.0}
    counts = np.zeros((300, 3, 3))
    for place, (i, j) in enumerate(combinations(names, 2)):
        won = rng.random(300) < strength[i] / (strength[i] + strength[j])
        counts[:, place, 0], counts[:, place, 2] = won, ~won
    found = rank(names, counts, 900)
    assert [one.system for one in found] == names
    expected = (3 / 4.5 + 3 / 4) / 2
    assert found[0].strength.low < expected < found[0].strength.high
    assert (found[0].place, found[0].best, found[0].worst) == (1, 1, 1)


def test_ranking_of_one_query_is_open() -> None:
    counts = np.array([[[1.0, 0, 0]]])
    first, second = rank(["a", "b"], counts, 1)
    assert (first.system, second.system) == ("a", "b")
    assert 0.5 < first.strength.value < 1  # finite although it has never lost


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """Queries differ in how likely A wins, seeds of a query share it: the interval must count queries, not pairs."""
    rng, studies, queries, seeds = np.random.default_rng(11), 400, 60, 4
    number = np.repeat(np.arange(queries), seeds)
    covered = {"rate": 0, "median": 0}
    for _ in range(studies):
        chance = rng.beta(2, 1.5, queries)
        won = (rng.random((queries, seeds)) < chance[:, None]).astype(float).ravel()
        found = ratio(*(np.bincount(number, part) for part in (won, np.ones_like(won))))
        covered["rate"] += found.low <= 2 / 3.5 <= found.high
        level = rng.normal(50, 15, queries)
        ranked = median((level[:, None] + rng.normal(0, 5, (queries, seeds))).ravel(), number)
        covered["median"] += ranked.low <= 50 <= ranked.high
    # the standard error of a share of 0.95 in 400 is 0.011; a bootstrap of 60 queries covers a little less
    assert covered["rate"] / studies == pytest.approx(0.945, abs=0.03)
    assert covered["median"] / studies == pytest.approx(0.945, abs=0.03)
