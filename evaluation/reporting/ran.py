"""What was run, what it cost, what failed, and what the study is too small to tell."""

import platform
from collections import Counter
from importlib.metadata import PackageNotFoundError, version
from itertools import combinations

import numpy as np

from ..plan import NO_RENDERER
from .comparing import Comparison, compare
from .parts import DASH, Section, Table, Value, count, number, probability
from .statistics import queries_needed
from .study import Study, differing, shaping


def what_was_run(study: Study) -> Section:
    """Table 9: queries, systems with the settings in which they differ, seeds, failures, versions."""
    section = Section("t9", "What was run")
    results = list(study.trials())
    failed = sum(trial.status == "failed" for trial in results)
    kinds = Counter(query.type or "of no type" for query in study.queries.values())
    section.lead.append(
        f"{count(len(study.queries), 'query')} ({', '.join(f'{n} {kind}' for kind, n in sorted(kinds.items()))}), "
        f"{count(len(study.systems), 'system')}, {count(len(results), 'trial')}, {failed} of them failed; a failed "
        "trial loses against a finished one."
    )
    section.lead += _cautions(study)
    section.lead.append(
        f"Results from {min(one.finished for one in results):%Y-%m-%d %H:%M} to "
        f"{max(one.finished for one in results):%Y-%m-%d %H:%M} UTC; report made by popcorn-agents {_version()}, "
        f"Python {platform.python_version()}."
    )
    section.lead.append("Table 4 of the paper is a user study with five people and is not reproduced.")
    names = differing(study)
    rows: list[list[str]] = []
    records: list[dict[str, Value]] = []
    for name, trials in study.systems.items():
        seeds = sorted({seed for _, seed in trials})
        missed = sum(trial.status == "failed" for trial in trials.values())
        values = [_shown(shaping(study.settings[name]).get(setting)) for setting in names]
        asked = len({query for query, _ in trials})
        seen = ", ".join(map(str, seeds[:8])) + (" …" if len(seeds) > 8 else "")
        rows.append([name, *values, seen, str(asked), str(len(trials)), str(missed)])
        own = dict(zip(names, values, strict=True))
        records.append({"system": name, **own, "seeds": " ".join(map(str, seeds)), "queries": asked,
                        "trials": len(trials), "failed": missed})  # fmt: skip
    section.tables.append(
        Table(
            "t9", "Systems, with the settings in which they differ",
            ["system", *names, "seeds", "queries", "trials", "failed"], rows, _same(study, names), records,
        )
    )  # fmt: skip
    return section


def cost(study: Study) -> Section:
    """Table 8b: failures by node and cause; tokens, money and seconds by system and node."""
    section = Section("cost", "Failures and cost")
    causes = Counter(
        (trial.system, trial.failure.node, trial.failure.cause)
        for trial in study.trials()
        if trial.status == "failed" and trial.failure is not None
    )
    if causes:
        rows = [[system, node, cause, str(n)] for (system, node, cause), n in causes.most_common()]
        records: list[dict[str, Value]] = [
            {"system": system, "node": node, "cause": cause, "trials": n}
            for (system, node, cause), n in causes.most_common()
        ]
        section.tables.append(
            Table("failures", "Failures by node and cause", ["system", "node", "cause", "trials"], rows, "", records)
        )
    else:
        section.lead.append("No trial failed.")
    section.tables.append(_cost_table(study))
    return section


def power_note(study: Study) -> list[str]:
    """How many comparisons are undecided, and how many queries would decide them."""
    compared = compare(study, combinations(study.systems, 2))
    if not compared:
        return []
    open_ = [one for one in compared if one.verdict == "undecided"]
    ties = float(np.median([one.found.tie_share for one in compared]))
    needed = queries_needed(0.55, ties)
    said = f"{len(open_)} of {len(compared)} comparisons of systems are undecided"
    if needed is None:
        return [f"{said}; with {100 * ties:.0f} % ties no number of queries tells 55 % from 50 %."]
    return [
        f"{said}. To tell 55 % from 50 % (80 % power, 5 %, one comparison, {100 * ties:.0f} % ties as here) takes "
        f"{needed:,} queries; this evaluation has {len(study.queries)}."
    ]


def clearest(study: Study) -> list[str]:
    """The decided comparisons in words, those that both scorers agree on first."""
    compared = compare(study, combinations(study.systems, 2))
    by_pair: dict[tuple[str, str], list[Comparison]] = {}
    for one in compared:
        by_pair.setdefault((one.a, one.b), []).append(one)
    told = []
    for (a, b), both in by_pair.items():
        words = {one.verdict for one in both}
        if len(both) == 2 and len(words) == 1 and words != {"undecided"}:
            winner, loser = (a, b) if words == {"A better"} else (b, a)
            p = max(one.p for one in both)
            told.append(
                f"{winner} ranks above {loser} under both scorers (p {'' if p < 0.001 else '= '}{probability(p)})."
            )
    return told


def _cautions(study: Study) -> list[str]:
    told = []
    silent = [name for name, settings in study.settings.items() if settings.get("renderer") == NO_RENDERER]
    if silent:
        which = "all systems" if len(silent) == len(study.systems) else ", ".join(silent)
        told.append(
            f"Rendering was left out for {which}: title and prompts were written and scored, no clip was drawn."
        )
    kinds = {one.kind for trial in study.trials() for one in trial.attempts}
    if "animatic" in kinds:
        told.append("Clips of the animatic renderer are animatic: drawn pre-visualisation, not footage.")
    told.append(
        "Every score is a prediction from the title by one of two predictors that share no training video: the loop's "
        "critic and an independent, weaker judge. It is a rank among MicroLens videos as predicted, not popularity."
    )
    sizes = {len(trials) / max(1, len({seed for _, seed in trials})) for trials in study.systems.values()}
    if len(sizes) > 1 or sizes != {float(len(study.queries))}:
        told.append("Not every system has run on every query; systems are compared on what both have run.")
    if study.changed:
        told.append(
            f"Settings changed while {', '.join(study.changed)} ran: its trials are not of one kind, and the latest "
            "settings are shown."
        )
    return told


def _cost_table(study: Study) -> Table:
    nodes = list(dict.fromkeys(node for trial in study.trials() for node in trial.timings))
    rows: list[list[str]] = []
    records: list[dict[str, Value]] = []
    for name, trials in study.systems.items():
        held = list(trials.values())
        calls = sum(one.usage.calls for one in held)
        tokens = [sum(getattr(one.usage, f"{side}_tokens") for one in held) for side in ("input", "output")]
        prices = [one.usage.cost for one in held if one.usage.calls]
        known = [price for price in prices if price is not None]
        money = sum(known) if known and len(known) == len(prices) else None
        seconds = {node: sum(one.timings.get(node, 0.0) for one in held) for node in nodes}
        device = sum(one.device_seconds for one in held)
        reused = sum(bool(one.cached) for one in held)
        rows.append(
            [name, f"{calls:,}", f"{tokens[0]:,} + {tokens[1]:,}", "unknown" if money is None else f"${money:,.4f}",
             *(number(seconds[node]) for node in nodes), number(device), str(reused)]
        )  # fmt: skip
        records.append(
            {"system": name, "trials": len(held), "calls": calls, "input_tokens": tokens[0], "output_tokens": tokens[1],
             "cost_usd": money, **{f"seconds_{node}": round(seconds[node], 3) for node in nodes},
             "device_seconds": device, "trials_reusing": reused}
        )  # fmt: skip
    return Table(
        "cost", "What it took, in all", ["system", "LLM calls", "tokens in + out", "cost",
        *(f"{node}, s" for node in nodes), "device, s", "trials reusing"], rows,
        "Sums over all trials, waiting for a free worker left out. Cost by list prices. Reusing: trials that took a "
        "part, such as the first script, from another trial and did not pay for it again.",
        records,
    )  # fmt: skip


def _same(study: Study, names: list[str]) -> str:
    one = {name: value for settings in study.settings.values() for name, value in shaping(settings).items()}
    told = {"llm", "mode", "renderer", "exemplars", "k", "tags", "split", "max_revisions", "target_percentile"}
    same = [f"{name} = {_shown(one[name])}" for name in sorted(told - set(names)) if name in one]
    return f"The same for all: {', '.join(same)}." if same else ""


def _shown(value: object) -> str:
    return DASH if value is None else str(value)


def _version() -> str:
    try:
        return version("popcorn-agents")
    except PackageNotFoundError:
        return "of a checkout"
