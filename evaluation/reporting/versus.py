"""Tables 3, 5 and 6, the retrieval table, and all systems against each other: win rates of pairs."""

from functools import partial
from itertools import combinations

from .comparing import Comparison, compare, ranking, subsets_by_type
from .drawing import forest, matrix
from .levels import llm
from .parts import NARROW, Figure, Section, Table, Value, comparison_record, comparison_table, paper_table, percent
from .statistics import Estimate
from .study import SCORERS, Study, groups, labels, varied

MARKS = {"A better": f"{NARROW}▲", "B better": f"{NARROW}▼", "undecided": ""}
READ = (
    "Each cell: win rate of the row over the column and its 95 % interval; ▲ row better, ▼ column better, neither: "
    "undecided. p-values are Holm-corrected over this table under both scorers."
)
FEWEST, MOST = 4, 14  # systems between which a matrix is drawn


def enhancement(study: Study) -> Section:
    """Table 3: prompt enhancement over the basic prompt, by LLM."""
    section = Section("t3", "Table 3: prompt enhancement against the basic prompt")
    pairs = [
        (pe, basic)
        for names in groups(study, "mode")
        for pe in names
        for basic in names
        if (varied(study, pe, "mode"), varied(study, basic, "mode")) == ("pe", "basic")
    ]
    compared = compare(study, pairs, subsets_by_type(study))
    if compared:
        table = comparison_table("t3", "Win rate of prompt enhancement (A) over the basic prompt (B)", compared)
        llms = [llm(study, one.a) for one in compared]
        table.columns.insert(0, "LLM")
        for row, record, name in zip(table.rows, table.records, llms, strict=True):
            row.insert(0, name)
            record["llm"] = name
        section.tables.append(table)
        points = [(f"{one.a}, {one.subset}", one) for one in compared]
        caption = "Win rate of prompt enhancement over the basic prompt, with 95 % intervals; the line is 50 %."
        section.figures.append(Figure("t3-enhancement", caption, lambda: forest(points)))
    else:
        section.lead.append("Left out: no two systems differ in mode alone (pe and basic).")
    return _with_paper(section, "t3")


def llms(study: Study) -> Section:
    """Table 5: LLM against LLM, for the basic prompt and for prompt enhancement."""
    section = Section("t5", "Table 5: LLM against LLM")
    _matrices(study, section, "llm")
    if not section.tables:
        section.lead.append("Left out: no two systems differ in their LLM alone.")
    return _with_paper(section, "t5")


def generators(study: Study) -> Section:
    """Table 6: video generator against video generator."""
    section = Section("t6", "Table 6: generator against generator")
    _matrices(study, section, "generator")
    if not section.tables:
        section.lead.append("Left out: no two systems differ in their renderer or video model alone.")
    else:
        section.lead.append(
            "The scorers read the title and not the pixels, so that differences here are those of the scripts and of "
            "failed or vetoed clips."
        )
    return _with_paper(section, "t6")


def retrieval(study: Study) -> Section:
    """The paper's third question: how many exemplars, from how many tags."""
    section = Section("rag", "Retrieval: number of exemplars and tags")
    for number, names in enumerate(groups(study, "retrieval"), 1):
        first = names[0]
        compared = compare(study, [(name, first) for name in names[1:]])
        title = f"Against {first} (k = {study.settings[first]['k']}, tags = {study.settings[first]['tags']})"
        table = comparison_table(_numbered("rag", number), title, compared)
        for column in ("tags", "k"):
            table.columns.insert(1, f"{column} of A")
            for row, record, one in zip(table.rows, table.records, compared, strict=True):
                row.insert(1, str(study.settings[one.a][column]))
                record[column] = study.settings[one.a][column]
        section.tables.append(table)
    if not section.tables:
        section.lead.append("Left out: no two systems differ in k or tags alone.")
    return section


def everybody(study: Study) -> Section:
    """All systems against each other, and their ranking."""
    section = Section("all", "All systems: win rates and ranking")
    names = list(study.systems)
    if len(names) < 2:
        section.lead.append("Left out: there is one system only.")
        return section
    compared = compare(study, combinations(names, 2))
    _matrix_tables(section, "all", "All systems", names, {name: name for name in names}, compared)
    if FEWEST <= len(names) <= MOST:
        for scorer in SCORERS:
            own = [one for one in compared if one.scorer == scorer]
            caption = f"Win rate of the row over the column (numbered as the rows), %, by the {scorer}; bold: decided."
            section.figures.append(Figure(f"matrix-{scorer}", caption, partial(matrix, names, own)))
    section.tables.append(_ranking_table(study, names))
    return section


def _matrices(study: Study, section: Section, axis: str) -> None:
    for number, names in enumerate(groups(study, axis), 1):
        compared = compare(study, combinations(names, 2))
        modes = sorted({str(study.settings[name].get("mode")) for name in names})
        title = f"{', '.join(modes)} ({', '.join(names)})"
        _matrix_tables(section, _numbered(section.key, number), title, names, labels(study, names, axis), compared)


def _matrix_tables(
    section: Section, key: str, title: str, names: list[str], called: dict[str, str], compared: list[Comparison]
) -> None:
    for scorer in SCORERS:
        own = [one for one in compared if one.scorer == scorer]
        cells = {(one.a, one.b): percent(one.found.rate) + MARKS[one.verdict] for one in own}
        cells |= {(one.b, one.a): _mirrored(one) for one in own}
        rows = [[called[a], *("" if a == b else cells.get((a, b), "–") for b in names)] for a in names]
        sizes = sorted({one.found.n for one in own})
        n = f"{sizes[0]} to {sizes[-1]}" if len(sizes) > 1 else str(sizes[0] if sizes else 0)
        ties = sum(one.found.ties for one in own) / max(1, sum(one.found.n for one in own))
        section.tables.append(
            Table(
                f"{key}-{scorer}", f"{title}: scored by the {scorer}", ["", *(called[name] for name in names)], rows,
                f"{READ} n = {n} pairs a cell, {100 * ties:.0f} % of them ties; "
                "wins, ties, losses and p in the CSV file.",
                [comparison_record(one) for one in own],
            )
        )  # fmt: skip


def _mirrored(one: Comparison) -> str:
    found = one.found.rate
    other = Estimate(1 - found.value, 1 - found.high, 1 - found.low, found.n, found.queries)
    flipped = {"A better": "B better", "B better": "A better", "undecided": "undecided"}
    return percent(other) + MARKS[flipped[one.verdict]]


def _ranking_table(study: Study, names: list[str]) -> Table:
    rows: list[list[str]] = []
    records: list[dict[str, Value]] = []
    for scorer in SCORERS:
        for one in ranking(study, names, scorer):
            place = str(one.place) if one.best == one.worst else f"{one.place} ({one.best} to {one.worst})"
            rows.append([scorer, place, one.system, percent(one.strength), str(one.strength.n)])
            records.append(
                {
                    "scored_by": scorer, "place": one.place, "place_low": one.best, "place_high": one.worst,
                    "system": one.system, "strength": round(one.strength.value, 6), "low": round(one.strength.low, 6),
                    "high": round(one.strength.high, 6), "n": one.strength.n, "queries": one.strength.queries,
                }
            )  # fmt: skip
    return Table(
        "ranking", "Bradley-Terry ranking", ["scored by", "place", "system", "expected win rate", "pairs"], rows,
        "Expected win rate against an average other system, from all pairs together; intervals by bootstrap over "
        "queries. One draw is added between each two systems, so that a system that only wins has a finite strength.",
        records,
    )  # fmt: skip


def _with_paper(section: Section, key: str) -> Section:
    if paper := paper_table(key):
        section.tables.append(paper)
    return section


def _numbered(key: str, number: int) -> str:
    return key if number == 1 else f"{key}-{number}"
