"""Tables 1 and 2 and Figure 3: how high the systems' videos are predicted to rank."""

from collections.abc import Callable, Iterable

from ..records import Query, TrialResult
from .drawing import distributions
from .humans import Reference, human_reference
from .parts import Figure, Section, Table, Value, estimate_record, paper_note, paper_table, spread
from .statistics import Estimate, median
from .study import NAN, SCORERS, Scorer, Study, score

RANKS = "Predicted rank: the share of held-out MicroLens videos that the scorer rates lower, 0 to 100. "


def by_category(study: Study) -> Section:
    """Table 1: median predicted rank by category and system, which is by LLM where systems differ in it."""
    categories = [*study.categories(), "all"]
    section = Section("t1", "Table 1: predicted popularity by category and LLM", [paper_note("t1")])
    for scorer in SCORERS:
        rows: list[list[str]] = []
        records: list[dict[str, Value]] = []
        for system, trials in study.systems.items():
            cells = []
            for category in categories:
                found = middle(trials.values(), scorer, of_category(category))
                cells.append(spread(found))
                who = {"system": system, "llm": llm(study, system), "category": category, "scored_by": scorer}
                records.append({**who, **estimate_record(found)})
            failed = sum(trial.status == "failed" for trial in trials.values())
            rows.append([system, llm(study, system), *cells, str(failed)])
        section.tables.append(
            Table(
                f"t1-{scorer}",
                f"Median predicted rank, scored by the {scorer}",
                ["system", "LLM", *categories, "failed"],
                rows,
                RANKS + "Median and 95 % interval over queries; failed trials have no rank and are counted at the end.",
                records,
            )
        )
    return section


def against_humans(study: Study) -> Section:
    """Table 2: log2 comments by system, beside the video of the user's store whose title is nearest to each query."""
    section = Section("t2", "Table 2: generated videos beside human ones")
    kinds = [*study.types(), "all"] if len(study.types()) > 1 else ["all"]
    rows: list[list[str]] = []
    records: list[dict[str, Value]] = []
    for system, trials in study.systems.items():
        for scorer in SCORERS:
            found = {kind: middle(trials.values(), scorer, of_kind(kind), log2) for kind in kinds}
            _add(rows, records, system, f"predicted by the {scorer}", found)
    reference = human_reference(study)
    if isinstance(reference, Reference):
        for name, values in reference.values.items():
            found = {kind: _of_queries(study, values, kind) for kind in kinds}
            _add(rows, records, reference.label, name, found)
        section.lead += [reference.sentence]
    else:
        section.lead += [reference]
    note = "Median log2 of the number of comments (0 comments count as 1), 95 % interval over queries. "
    note += "A prediction varies less than what it predicts: compare like with like, predicted with predicted."
    section.tables.append(Table("t2", "Median log2 comments", ["videos", "measure", *kinds], rows, note, records))
    if paper := paper_table("t2"):
        section.tables.append(paper)
    return section


def distribution(study: Study) -> Section:
    """Figure 3: the distribution of predicted ranks."""
    values: dict[str, dict[str, list[float]]] = {
        scorer: {system: _ranks(trials.values(), scorer) for system, trials in study.systems.items()}
        for scorer in SCORERS
    }
    caption = "Predicted rank by system: each dot is one trial, the box its middle half, the line its median."
    figure = Figure("fig3-distribution", caption, lambda: distributions(values))
    some = any(ranks for by_system in values.values() for ranks in by_system.values())
    lead = [] if some else ["No trial was finished, so there is nothing to draw."]
    return Section("fig3", "Figure 3: distribution of predicted popularity", lead, figures=[figure] if some else [])


def middle(
    trials: Iterable[TrialResult],
    scorer: Scorer,
    keep: Callable[[Query], bool],
    value: Callable[[TrialResult, Scorer], float] = score,
) -> Estimate:
    """Median over the trials of the queries that are kept."""
    kept = [trial for trial in trials if keep(trial.query)]
    return median([value(trial, scorer) for trial in kept], [trial.query.id for trial in kept])


def log2(trial: TrialResult, scorer: Scorer) -> float:
    """Predicted log2 comments of the attempt that the loop keeps; NaN for a failed trial."""
    return NAN if trial.best is None else getattr(trial.best, scorer).log2_comments


def of_kind(kind: str) -> Callable[[Query], bool]:
    """Whether a query is of a type; `all` are."""
    return lambda query: kind in (query.type, "all")


def of_category(category: str) -> Callable[[Query], bool]:
    """Whether a query is of a category; `all` are."""
    return lambda query: category in (query.category, "all")


def llm(study: Study, system: str) -> str:
    """The LLM of a system, with its file where another one is embedded."""
    settings = study.settings[system]
    return " ".join(str(settings[name]) for name in ("llm", "gguf") if settings.get(name))


def _ranks(trials: Iterable[TrialResult], scorer: Scorer) -> list[float]:
    return [rank for trial in trials if (rank := score(trial, scorer)) == rank]


def _of_queries(study: Study, values: dict[str, float], kind: str) -> Estimate:
    kept = [query for query in values if of_kind(kind)(study.queries[query])]
    return median([values[query] for query in kept], kept)


def _add(
    rows: list[list[str]], records: list[dict[str, Value]], who: str, measure: str, found: dict[str, Estimate]
) -> None:
    rows.append([who, measure, *(spread(estimate) for estimate in found.values())])
    records += [
        {"videos": who, "measure": measure, "queries_of": kind, **estimate_record(estimate)}
        for kind, estimate in found.items()
    ]
