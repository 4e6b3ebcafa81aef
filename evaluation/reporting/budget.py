"""Ways to spend the same number of attempts: fresh seeds, the best of them, or revisions that the critic guides."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from ..records import AttemptRecord, TrialResult
from .parts import count
from .statistics import (
    Estimate,
    Floats,
    Ints,
    WinRate,
    correlation,
    holm,
    mean_gap,
    median,
    outcomes,
    queries_needed,
    verdict,
    win_rate,
)
from .study import SCORERS, Scorer, Study, attempt_score, groups, score

WAYS = ("fresh", "best", "revised", "revised-best")
"""Each against one shot; the last is revisions against the best of the fresh seeds."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Ranks by scorer of each way to spend `attempts` attempts on a query; NaN where it failed.

    one, best and revised: (queries,); fresh: (queries, attempts). `used` is the mean number of attempts of the loop,
    `kept_first` the share of queries for which it kept its first.
    """

    open_system: str
    loop: str
    attempts: int
    queries: list[str]
    left_out: int
    used: float
    kept_first: float
    one: dict[Scorer, Floats]
    fresh: dict[Scorer, Floats]
    best: dict[Scorer, Floats]
    revised: dict[Scorer, Floats]


@dataclass(frozen=True, slots=True)
class Judged:
    """One way against another: win rates, corrected p, verdict and median change by scorer, and the scorers' gap."""

    found: dict[Scorer, WinRate]
    p: dict[Scorer, float]
    verdict: dict[Scorer, str]
    change: dict[Scorer, Estimate]
    gap: Estimate


def budgets(study: Study) -> list[Spent]:
    """Every pair of an open system with several seeds and a loop that differs from it in revisions alone."""
    found = []
    for names in groups(study, "loop"):
        revisions = {name: int(study.settings[name]["max_revisions"]) for name in names}
        for shot, loop in product(names, names):
            if revisions[shot] == 0 < revisions[loop] and (spent := spend(study, shot, loop, revisions[loop] + 1)):
                found.append(spent)
    return found


def spend(study: Study, shot: str, loop: str, budget: int) -> Spent | None:
    """Arrange the ranks; None where the open system has one seed only, or the two share none."""
    first, second = study.systems[shot], study.systems[loop]
    looped = {seed for _, seed in second}
    order = list(dict.fromkeys(seed for _, seed in first))
    seeds = [seed for seed in order if seed in looped][:1]
    seeds += [seed for seed in order if seed not in seeds]
    seeds = seeds[: min(budget, len(seeds))]
    if len(seeds) < 2 or seeds[0] not in looped:
        return None
    begun = list(dict.fromkeys(query for query, _ in first))
    queries = [
        query for query in begun if (query, seeds[0]) in second and all((query, seed) in first for seed in seeds)
    ]
    if not queries:
        return None
    shots = [[first[query, seed] for seed in seeds] for query in queries]
    loops = [second[query, seeds[0]] for query in queries]
    fresh = {scorer: np.array([[score(trial, scorer) for trial in row] for row in shots]) for scorer in SCORERS}
    kept = [favourite(row) for row in shots]
    return Spent(
        open_system=shot, loop=loop, attempts=len(seeds), queries=queries, left_out=len(begun) - len(queries),
        used=float(np.mean([len(trial.attempts) for trial in loops])),
        kept_first=float(np.mean([trial.best_round == 1 for trial in loops])),
        one={scorer: fresh[scorer][:, 0] for scorer in SCORERS},
        fresh=fresh,
        best={scorer: np.array([attempt_score(one, scorer) for one in kept]) for scorer in SCORERS},
        revised={scorer: np.array([score(trial, scorer) for trial in loops]) for scorer in SCORERS},
    )  # fmt: skip


def favourite(trials: list[TrialResult]) -> AttemptRecord | None:
    """What the critic likes best among finished attempts, sound ones before vetoed ones; None where all failed."""
    finished = [trial.best for trial in trials if trial.best is not None]
    return max(finished, key=lambda one: (not one.vetoes, one.critic.percentile), default=None)


def judge_all(spent: Spent) -> dict[str, Judged]:
    """Every way under both scorers, p-values corrected over all of them."""
    sides = {way: {scorer: _sides(spent, way, scorer) for scorer in SCORERS} for way in WAYS}
    results = {way: {scorer: outcomes(a, b) for scorer, (a, b, _) in of.items()} for way, of in sides.items()}
    found = {way: {scorer: win_rate(results[way][scorer], sides[way][scorer][2]) for scorer in SCORERS} for way in WAYS}
    corrected = holm([found[way][scorer].p for way in WAYS for scorer in SCORERS])
    p = dict(zip(product(WAYS, SCORERS), corrected, strict=True))
    return {
        way: Judged(
            found=found[way],
            p={scorer: p[way, scorer] for scorer in SCORERS},
            verdict={scorer: verdict(found[way][scorer], p[way, scorer]) for scorer in SCORERS},
            change={scorer: median(a - b, query) for scorer, (a, b, query) in sides[way].items()},
            gap=mean_gap(results[way]["critic"], results[way]["judge"], sides[way]["critic"][2]),
        )
        for way in WAYS
    }


def goal(spent: Spent, judged: dict[str, Judged]) -> str:
    """Whether revisions beat one shot under both scorers, in words."""
    ours = judged["revised"]
    said = "; ".join(
        f"{100 * found.rate.value:.0f} % ({100 * found.rate.low:.0f} to {100 * found.rate.high:.0f}) under the {scorer}"
        for scorer, found in ours.found.items()
    )
    who = f"{spent.loop} against one shot of {spent.open_system} wins {said}, n = {len(spent.queries)}."
    won = [scorer for scorer in SCORERS if ours.verdict[scorer] == "A better"]
    if len(won) == len(SCORERS):
        return f"Critic-guided revision beats one shot under both scorers: {who}"
    if won:
        return f"Critic-guided revision beats one shot under the {won[0]} only: {who}"
    return f"Critic-guided revision does not beat one shot under either scorer: {who}"


def taste(judged: dict[str, Judged], way: str) -> str:
    """How much of a gain is the critic's own taste, in words."""
    ours = judged[way]
    gap, high, low = ours.gap, *(100 * (ours.found[scorer].rate.value - 0.5) for scorer in SCORERS)
    interval = f"{100 * gap.value:.0f} points ({100 * gap.low:.0f} to {100 * gap.high:.0f})"
    said = f"beyond 50 % the critic sees {high:+.0f} points and the judge {low:+.0f}"
    if gap.low > 0:
        return f"{said}: {interval} of the gain are the critic's own taste."
    if gap.high < 0:
        return f"{said}: the judge sees more of a gain than the critic, by {interval[1:]}."
    return f"{said}; the gap of {interval} between them is within chance."


def reasons(study: Study, spent: Spent, judged: dict[str, Judged]) -> list[str]:
    """Why the goal is missed, or how far it can be trusted: ties, agreement of the scorers, regression to the mean."""
    ours = judged["revised"].found
    ties = {scorer: found.tie_share for scorer, found in ours.items()}
    told = [
        f"Ties: {100 * ties['critic']:.0f} % under the critic, {100 * ties['judge']:.0f} % under the judge"
        + ("; each pulls the rate towards 50 %. " if any(ties.values()) else ". ")
        + f"The loop kept its first attempt in {100 * spent.kept_first:.0f} % of the queries."
    ]
    agreement = scorers_agree(study, [spent.open_system, spent.loop])
    if agreement.n:
        told.append(
            f"Agreement of the two scorers over all {count(agreement.n, 'attempt')}: Spearman {agreement.value:.2f} "
            f"({agreement.low:.2f} to {agreement.high:.2f}). "
            + (
                "What the critic picks is therefore only loosely what the judge rates highly."
                if agreement.high < 0.7
                else "The judge mostly rates as the critic does."
            )
        )
    if regression := _regression(spent):
        told.append(regression)
    needed = queries_needed(0.55, max(value for value in ties.values()))
    told.append(
        "With so many ties no number of queries tells 55 % from 50 %."
        if needed is None
        else f"To tell 55 % from 50 % with so many ties, {needed:,} queries are needed; there are {len(spent.queries)}."
    )
    return told


def scorers_agree(study: Study, systems: list[str]) -> Estimate:
    """Spearman's correlation of critic and judge over all attempts of the systems."""
    attempts = [
        (attempt.critic.percentile, attempt.judge.percentile, trial.query.id)
        for system in systems
        for trial in study.systems[system].values()
        for attempt in trial.attempts
    ]
    critic, judge, query = zip(*attempts, strict=True) if attempts else ((), (), ())
    return correlation(critic, judge, query)


def halves(spent: Spent) -> dict[tuple[str, str, Scorer], Estimate]:
    """Median change from one shot to another fresh seed and to the revisions, by the critic's half of the one shot."""
    if np.isnan(spent.one["critic"]).all():
        return {}
    low = spent.one["critic"] <= np.nanmedian(spent.one["critic"])
    again = spent.attempts - 1
    found: dict[tuple[str, str, Scorer], Estimate] = {}
    for half, mask in (("lower half", low), ("upper half", ~low & ~np.isnan(spent.one["critic"]))):
        which = np.flatnonzero(mask)
        for scorer in SCORERS:
            one = spent.one[scorer][which]
            other = spent.fresh[scorer][which, 1:]
            found[half, "fresh", scorer] = median((other - one[:, None]).ravel(), np.repeat(which, again))
            found[half, "revised", scorer] = median(spent.revised[scorer][which] - one, which)
    return found


def _regression(spent: Spent) -> str:
    found = halves(spent)
    if not found:
        return ""
    low, high = found["lower half", "fresh", "critic"], found["upper half", "fresh", "critic"]
    loop = found["lower half", "revised", "critic"]
    if not (low.n and high.n and loop.n):
        return ""
    return (
        "Regression to the mean: where the one shot ranked in the critic's lower half, a mere fresh seed changes the "
        f"rank by {low.value:+.0f} (median, {low.low:+.0f} to {low.high:+.0f}) and the revisions by {loop.value:+.0f} "
        f"({loop.low:+.0f} to {loop.high:+.0f}); in the upper half a fresh seed changes it by {high.value:+.0f}. What "
        "the fresh seed gains is owed to the weak first attempt, not to the critic's advice."
    )


def _sides(spent: Spent, way: str, scorer: Scorer) -> tuple[Floats, Floats, Ints]:
    """A, B and the number of the query of each pair."""
    one, query = spent.one[scorer], np.arange(len(spent.queries))
    if way == "fresh":
        fresh = spent.fresh[scorer]
        return fresh.ravel(), np.repeat(one, spent.attempts), np.repeat(query, spent.attempts)
    if way == "best":
        return spent.best[scorer], one, query
    if way == "revised":
        return spent.revised[scorer], one, query
    return spent.revised[scorer], spent.best[scorer], query
