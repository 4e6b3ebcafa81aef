"""The loop itself: does the rank rise from attempt to attempt, do titles copy, do clips show what was asked."""

from collections.abc import Iterable
from functools import partial

import numpy as np

from ...tools.contrast import terms
from ..records import TrialResult
from .drawing import by_round
from .parts import DASH, Figure, Section, Table, Value, count, estimate_record, percent, sized, spread, tally
from .statistics import Estimate, median, outcomes, per_query, ratio, win_rate
from .study import SCORERS, Scorer, Study, attempt_score

COPIED = 0.9  # cosine from which the critic counts a title as a copy
STEM = 5  # letters, so that "transforms" meets "transformations"


def the_loop(study: Study) -> Section:
    """Table 8a: from the first attempt to the last, and what each attempt's titles and clips are like."""
    section = Section("t8", "The loop: attempts, copying, and what the clip shows")
    looping = {
        name: [trial for trial in trials.values() if len(trial.attempts) > 1] for name, trials in study.systems.items()
    }
    looping = {name: trials for name, trials in looping.items() if trials}
    if looping:
        section.tables.append(_rising(looping))
        lines: dict[str, dict[str, list[Estimate]]] = {
            name: {scorer: _by_round(trials, scorer) for scorer in SCORERS} for name, trials in looping.items()
        }
        caption = (
            "Median predicted rank by attempt, trials with two or more attempts; later ones are the harder queries."
        )
        section.figures.append(Figure("loop", caption, partial(by_round, lines)))
    else:
        section.lead.append("No trial has two attempts, so that nothing can be said of how the rank changes.")
    section.tables.append(_titles(study))
    clips = [one.clip_score for trial in study.trials() for one in trial.attempts if one.clip_score is not None]
    if not clips:
        section.lead.append(
            "There is no clip score: no image-text encoder was named (clip_model in the plan), or nothing was rendered."
        )
    return section


def shares_no_word(title: str, query: str) -> bool:
    """Whether a title shares no content word with its query, by the words' first letters."""
    return not {term[:STEM] for term in terms(title)} & {term[:STEM] for term in terms(query)}


def _rising(looping: dict[str, list[TrialResult]]) -> Table:
    rows: list[list[str]] = []
    records: list[dict[str, Value]] = []
    for name, trials in looping.items():
        query = [trial.query.id for trial in trials]
        for scorer in SCORERS:
            ranks = [[attempt_score(one, scorer) for one in trial.attempts] for trial in trials]
            first, last, best = (np.array([pick(of) for of in ranks]) for pick in (_first, _last, max))
            rises = win_rate(outcomes(last, first), query)
            change = median(last - first, query)
            worse = ratio(per_query(last < best, query), per_query(np.ones(len(query)), query))
            rows.append(
                [name, scorer, sized(rises.rate), tally(rises), percent(rises.rate), spread(change, sized=False),
                 percent(worse)]
            )  # fmt: skip
            records += [
                {"system": name, "scored_by": scorer, "measure": measure, **estimate_record(found)}
                for measure, found in (
                    ("last above first, a tie as half", rises.rate),
                    ("median change from first to last", change),
                    ("last below the best", worse),
                )
            ]
    return Table(
        "t8-attempts", "From the first attempt to the last",
        ["system", "scored by", "n", "rises / equal / falls", "share that rises", "median change",
         "last worse than best"],
        rows,
        "Trials with two or more attempts, that is, whose first attempt was sent back: they begin low, so that some "
        "rise is regression to the mean. A tie counts as half. The loop keeps the best attempt, not the last.",
        records,
    )  # fmt: skip


def _titles(study: Study) -> Table:
    """By system and attempt: nearness to exemplars, copies, titles off the query, clip score."""
    rows: list[list[str]] = []
    records: list[dict[str, Value]] = []
    for name, trials in study.systems.items():
        for place in range(max((len(trial.attempts) for trial in trials.values()), default=0)):
            there = [(trial, trial.attempts[place]) for trial in trials.values() if len(trial.attempts) > place]
            query = [trial.query.id for trial, _ in there]
            researched = [(trial, one) for trial, one in there if trial.exemplars]
            near = [one.similarity for _, one in researched]
            whose = [trial.query.id for trial, _ in researched]
            measures = {
                "median similarity to the nearest exemplar": median(near, whose),
                f"share above {COPIED}": _share([value > COPIED for value in near], whose),
                "share no word with the query": _share(
                    [shares_no_word(one.title, trial.query.text) for trial, one in there], query
                ),
                "median clip score": median(
                    [np.nan if one.clip_score is None else one.clip_score for _, one in there], query
                ),
            }
            similarity, copies, off, shown = measures.values()
            rows.append(
                [name, str(place + 1), count(len(there), "title"), spread(similarity, 2, sized=False), percent(copies),
                 percent(off), spread(shown, 3, sized=False)]
            )  # fmt: skip
            records += [
                {"system": name, "attempt": place + 1, "measure": measure, **estimate_record(found)}
                for measure, found in measures.items()
            ]
    return Table(
        "t8-titles", "Titles and clips by attempt",
        ["system", "attempt", "n", "similarity to nearest exemplar", f"copies (above {COPIED})",
         "no word of the query", "clip score"],
        rows,
        f"Similarity: cosine of sentence vectors; the prompt without research has no exemplars ({DASH}). Clip "
        "score: mean cosine of query and frames by an image-text encoder. Words are compared without "
        "function words and endings.",
        records,
    )  # fmt: skip


def _by_round(trials: Iterable[TrialResult], scorer: Scorer) -> list[Estimate]:
    held = list(trials)
    return [
        median(
            [attempt_score(trial.attempts[place], scorer) for trial in held if len(trial.attempts) > place],
            [trial.query.id for trial in held if len(trial.attempts) > place],
        )
        for place in range(max(len(trial.attempts) for trial in held))
    ]


def _share(true: list[bool], query: list[str]) -> Estimate:
    return ratio(per_query(true, query), per_query(np.ones(len(query)), query))


def _first(ranks: list[float]) -> float:
    return ranks[0]


def _last(ranks: list[float]) -> float:
    return ranks[-1]
