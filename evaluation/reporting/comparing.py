"""Systems against each other, paired by query and seed, under both scorers, corrected over the whole table."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..records import Query
from .ranking import Rank, rank
from .statistics import Floats, Ints, WinRate, holm, outcomes, per_query, verdict, win_rate
from .study import SCORERS, Scorer, Study, score


@dataclass(frozen=True, slots=True)
class Comparison:
    """A against B on a subset of the queries under one scorer; `p` is corrected for all comparisons of its table."""

    a: str
    b: str
    subset: str
    scorer: Scorer
    found: WinRate
    p: float
    verdict: str


def compare(study: Study, pairs: Iterable[tuple[str, str]], subsets: Iterable[str] = ("all",)) -> list[Comparison]:
    """Every pair on every subset under both scorers; pairs of systems without a common trial are left out."""
    wanted, named = list(pairs), list(subsets)
    raw = [
        (a, b, subset, scorer, win_rate(*paired(study, a, b, scorer, subset)))
        for a, b in wanted
        for subset in named
        for scorer in SCORERS
    ]
    raw = [one for one in raw if one[-1].n]
    corrected = holm([found.p for *_, found in raw])
    return [
        Comparison(a, b, subset, scorer, found, p, verdict(found, p))
        for (a, b, subset, scorer, found), p in zip(raw, corrected, strict=True)
    ]


def paired(study: Study, a: str, b: str, scorer: Scorer, subset: str = "all") -> tuple[Floats, Ints]:
    """Outcomes of A against B, and the number of the query, of all trials that both have run."""
    first, second = study.systems[a], study.systems[b]
    numbers = {query: number for number, query in enumerate(study.queries)}
    places = [place for place in first if place in second and within(study.queries[place[0]], subset)]
    return (
        outcomes([score(first[place], scorer) for place in places], [score(second[place], scorer) for place in places]),
        np.array([numbers[query] for query, _ in places], dtype=np.int64),
    )


def within(query: Query, subset: str) -> bool:
    """Whether a query belongs to a subset: all, a type or a category."""
    return subset in ("all", query.type, query.category)


def subsets_by_type(study: Study) -> list[str]:
    """`all`, after the types where the queries have two."""
    types = study.types()
    return [*types, "all"] if len(types) > 1 else ["all"]


def ranking(study: Study, systems: list[str], scorer: Scorer) -> list[Rank]:
    """Bradley-Terry ranking of the systems over all trials that each two have in common; empty where none has."""
    number = {query: place for place, query in enumerate(study.queries)}
    counts = np.zeros((len(number), len(systems) * (len(systems) - 1) // 2, 3))
    for place, (a, b) in enumerate(combinations(systems, 2)):
        result, query = paired(study, a, b, scorer)
        if not len(result):
            continue
        rows = np.unique(query)
        for column, value in enumerate((1.0, 0.5, 0.0)):
            counts[rows, place, column] = per_query(result == value, query)
    seen = counts[counts.any(axis=(1, 2))]
    return rank(systems, seen, int(seen.sum())) if len(seen) and len(systems) > 1 else []
