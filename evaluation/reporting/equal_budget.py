"""The section on equal budgets: which way to spend N attempts is best, and how much of it is the critic's taste."""

from functools import partial

from .budget import WAYS, Judged, Spent, budgets, goal, halves, judge_all, reasons, taste
from .drawing import shares
from .parts import Figure, Section, Table, Value, percent, probability, sized, spread, tally
from .statistics import Estimate
from .study import SCORERS, Study


def equal_budgets(study: Study) -> list[Section]:
    """Table 7: one shot, fresh seeds, best of them, revisions; under the critic and the judge; a section a pair."""
    found = budgets(study)
    if not found:
        why = (
            "Left out: it needs two systems that differ in max_revisions (and target_percentile) alone, one of them "
            "without revisions, with two or more seeds, and a seed that both have."
        )
        return [Section("t7", "Equal budget: seeds, selection or revision", [why])]
    return [_section("t7" if place == 1 else f"t7-{place}", study, spent) for place, spent in enumerate(found, 1)]


def _section(key: str, study: Study, spent: Spent) -> Section:
    judged, names = judge_all(spent), called(spent)
    points = [(names[way], scorer, _in_points(judged[way].found[scorer].rate)) for way in WAYS for scorer in SCORERS]
    caption = f"Win rates at {spent.attempts} attempts each, as points above or below 50 %, with 95 % intervals."
    return Section(
        key,
        f"Equal budget: {spent.open_system} and {spent.loop}",
        [goal(spent, judged)],
        [f"{names[way].capitalize()}: {taste(judged, way)}" for way in ("best", "revised")]
        + reasons(study, spent, judged),
        [_ways_table(key, spent, judged), _gap_table(key, spent, judged), _halves_table(key, spent)],
        [Figure(key, caption, partial(shares, points, "win rate, points above 50 %"))],
    )


def called(spent: Spent) -> dict[str, str]:
    """The ways in words."""
    n = spent.attempts
    return {
        "fresh": f"a random one of {n} seeds against one shot",
        "best": f"best of {n} seeds against one shot",
        "revised": "revisions against one shot",
        "revised-best": f"revisions against best of {n} seeds",
    }


def _ways_table(key: str, spent: Spent, judged: dict[str, Judged]) -> Table:
    names, rows = called(spent), []
    records: list[dict[str, Value]] = []
    for way in WAYS:
        for scorer in SCORERS:
            ours = judged[way]
            found, change = ours.found[scorer], ours.change[scorer]
            rows.append(
                [names[way], scorer, sized(found.rate), tally(found), percent(found.rate), percent(found.decided),
                 spread(change, sized=False), probability(ours.p[scorer]), ours.verdict[scorer]]
            )  # fmt: skip
            records.append(
                {
                    "comparison": names[way], "scored_by": scorer, "n": found.n, "queries": found.rate.queries,
                    "wins": found.wins, "ties": found.ties, "losses": found.losses,
                    "win_rate": found.rate.value, "low": found.rate.low, "high": found.rate.high,
                    "median_change": change.value, "change_low": change.low, "change_high": change.high,
                    "p_sign_test": found.p, "p_holm": ours.p[scorer], "verdict": ours.verdict[scorer],
                }
            )  # fmt: skip
    left = f" {spent.left_out} queries without all trials are left out." if spent.left_out else ""
    return Table(
        key, f"{spent.attempts} attempts each: {spent.open_system} with {spent.attempts} seeds, and {spent.loop}",
        ["A against B", "scored by", "n", "wins / ties / losses", "win rate of A", "without ties",
         "median change in rank",
         "p (Holm)", "verdict"],
        rows,
        "One shot: the attempt of the first seed. A random one of the seeds: the mean over all of them, the first "
        "included, which ties with itself. Best: the critic's favourite among them. Revisions: the attempt that the "
        f"loop keeps; it used {spent.used:.1f} attempts on average, since it stops where the target is met.{left}",
        records,
    )  # fmt: skip


def _gap_table(key: str, spent: Spent, judged: dict[str, Judged]) -> Table:
    names = called(spent)
    rows, records = [], []
    for way in WAYS:
        ours = judged[way]
        rates = [f"{100 * ours.found[scorer].rate.value:.0f} %" for scorer in SCORERS]
        gap = _points(ours.gap)
        rows.append([names[way], *rates, f"{spread(gap, 0, sized=False)} points", sized(ours.gap)])
        record: dict[str, Value] = {
            "comparison": names[way],
            "gap_points": round(gap.value, 4),
            "low": round(gap.low, 4),
        }
        records.append({**record, "high": round(gap.high, 4), "n": ours.gap.n, "queries": ours.gap.queries})
    return Table(
        f"{key}-taste", "How much is the critic's own taste",
        ["A against B", "win rate, critic", "win rate, judge", "critic minus judge", "n"], rows,
        "The judge shares no training video with the critic, so that what only the critic sees is no gain. The "
        "interval is by bootstrap over queries of both rates together; where it holds 0, no gap is shown.",
        records,
    )  # fmt: skip


def _halves_table(key: str, spent: Spent) -> Table:
    rows: list[list[str]] = []
    records: list[dict[str, Value]] = []
    for (half, way, scorer), found in halves(spent).items():
        what = "another seed" if way == "fresh" else "revisions"
        rows.append([half, what, scorer, spread(found)])
        records.append(
            {
                "first_attempt": half, "then": what, "scored_by": scorer, "median_change": found.value,
                "low": found.low, "high": found.high, "n": found.n, "queries": found.queries,
            }
        )  # fmt: skip
    return Table(
        f"{key}-regression", "Regression to the mean", ["first attempt", "then", "scored by", "median change in rank"],
        rows,
        "Queries split at the median of the critic's rank of the one shot. What a mere other seed gains in the lower "
        "half, and loses in the upper, is owed to the selection of the half.",
        records,
    )  # fmt: skip


def _points(found: Estimate) -> Estimate:
    return Estimate(100 * found.value, 100 * found.low, 100 * found.high, found.n, found.queries)


def _in_points(found: Estimate) -> Estimate:
    low, value, high = (100 * (share - 0.5) for share in (found.low, found.value, found.high))
    return Estimate(value, low, high, found.n, found.queries)
