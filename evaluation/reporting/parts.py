"""What a report is made of: sections with sentences, tables and figures; and how figures are written."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from .statistics import Estimate, WinRate

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

    from .comparing import Comparison

Value = str | float | int | None
DASH = "–"
NARROW = "\u00a0"  # a space at which no line is broken


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is shown, all cells plain text; `records` are its figures for the CSV file, one fact a row."""

    key: str
    title: str
    columns: list[str]
    rows: list[list[str]]
    note: str = ""
    records: list[dict[str, Value]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and the sentence that says what it shows; `draw` makes it with matplotlib."""

    key: str
    caption: str
    draw: Callable[[], "Drawing"]


@dataclass(slots=True)
class Section:
    """One heading of the report: sentences, then reasons as a list; without tables, `lead` says why."""

    key: str
    title: str
    lead: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)


def number(value: float, digits: int = 1) -> str:
    """A figure with so many digits; a dash where there is none."""
    if math.isnan(value):
        return DASH
    return f"{value:.{digits}f}".replace("-0.0", "0.0") if abs(value) < 0.05 else f"{value:.{digits}f}"


def spread(found: Estimate, digits: int = 1, sized: bool = True) -> str:
    """A figure, its interval and its n, such as `61.2 (58.0 to 64.1), n = 40`."""
    if not found.n:
        return DASH
    value, low, high = (number(part, digits) for part in (found.value, found.low, found.high))
    return _interval(value, low, high, found.n * sized)


def percent(found: Estimate, sized: bool = False) -> str:
    """A share in percent with its interval, and its n where asked."""
    if not found.n:
        return DASH
    value, low, high = (f"{100 * share:.0f}" for share in (found.value, found.low, found.high))
    return _interval(f"{value}{NARROW}%", low, high, found.n * sized)


def sized(found: Estimate) -> str:
    """How many observations of how many queries."""
    if found.n == found.queries:
        return str(found.n)
    return f"{found.n} of {count(found.queries, 'query')}"


def count(how_many: int, what: str) -> str:
    """A number with its noun, such as `1 query` and `2 queries`."""
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{how_many:,} {what if how_many == 1 else plural}"


def probability(p: float) -> str:
    """A p-value with as many digits as it deserves."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def tally(found: WinRate) -> str:
    """Wins, ties and losses."""
    return f"{found.wins} / {found.ties} / {found.losses}".replace(" ", NARROW)


def estimate_record(found: Estimate) -> dict[str, Value]:
    """The columns of an estimate in a CSV file."""
    return {
        "value": _plain(found.value), "low": _plain(found.low), "high": _plain(found.high),
        "n": found.n, "queries": found.queries,
    }  # fmt: skip


COMPARED = ["A", "B", "queries", "scored by", "n", "wins / ties / losses", "win rate of A", "without ties",
            "p (Holm)", "verdict"]  # fmt: skip


def comparison_row(one: "Comparison") -> list[str]:
    """A comparison in the columns of COMPARED."""
    found = one.found
    return [
        one.a, one.b, one.subset, one.scorer, sized(found.rate), tally(found), percent(found.rate),
        percent(found.decided), probability(one.p), one.verdict,
    ]  # fmt: skip


def comparison_record(one: "Comparison") -> dict[str, Value]:
    """A comparison as a row of a CSV file; shares from 0 to 1."""
    found = one.found
    return {
        "a": one.a, "b": one.b, "subset": one.subset, "scored_by": one.scorer, "n": found.n,
        "queries": found.rate.queries, "wins": found.wins, "ties": found.ties, "losses": found.losses,
        "win_rate": _plain(found.rate.value), "low": _plain(found.rate.low), "high": _plain(found.rate.high),
        "win_rate_without_ties": _plain(found.decided.value), "p_sign_test": _plain(found.p), "p_holm": _plain(one.p),
        "verdict": one.verdict,
    }  # fmt: skip


def comparison_table(key: str, title: str, compared: Sequence["Comparison"], note: str = "") -> Table:
    """A table of comparisons, each on a line of its own."""
    return Table(
        key, title, list(COMPARED), [comparison_row(one) for one in compared], note,
        [comparison_record(one) for one in compared],
    )  # fmt: skip


def paper_table(key: str) -> Table | None:
    """What the paper prints in its table, labelled as the paper's; None where it prints no figures as text."""
    entry = _paper()["tables"][key]
    if not entry["rows"]:
        return None
    title = f"For comparison, the paper's {entry['title']}"
    return Table(f"paper-{key}", title, entry["columns"], entry["rows"], f"{_paper()['source']}. {entry['note']}")


def paper_note(key: str) -> str:
    """What is to be said about the paper's table."""
    return str(_paper()["tables"][key]["note"])


@cache
def _paper() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("paper.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _interval(value: str, low: str, high: str, n: int) -> str:
    """Broken, where it must be, before the interval and before n."""
    said = f"{value} ({low}{NARROW}to{NARROW}{high})"
    return f"{said}, n{NARROW}={NARROW}{n}" if n else said


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)
