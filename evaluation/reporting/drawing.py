"""Figures that are read on a phone and by colour-blind eyes: narrow, few colours (Okabe and Ito's), and shapes."""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from .statistics import Estimate

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

    from .comparing import Comparison

WIDTH = 4.4  # inches: at 96 points to the inch, about the width of a phone
COLOURS = {"critic": "#0072B2", "judge": "#D55E00"}
LIGHT_ON_DARK = {"critic": "#56B4E9", "judge": "#E69F00"}
SHAPES = {"critic": "o", "judge": "D"}
LONGEST = 24  # characters of a label on one line
THEMES = {"light": ("#1c1c1c", "#d8d8d8", "#ffffff"), "dark": ("#e8e6e3", "#4a4d52", "#181a1d")}
_theme = "light"


def render(draw: Callable[[], "Drawing"], kind: str, theme: str = "light") -> bytes:
    """A figure as png or svg; the same bytes for the same figures."""
    with _styled(theme):
        drawing = draw()
        buffer = io.BytesIO()
        extra: dict[str, Any] = {"metadata": {"Date": None}} if kind == "svg" else {"dpi": 200}
        drawing.savefig(buffer, format=kind, bbox_inches="tight", pad_inches=0.08, **extra)
    return buffer.getvalue()


def distributions(values: dict[str, dict[str, list[float]]]) -> "Drawing":
    """By scorer, then by system: a box over the dots of all trials."""
    rng = np.random.default_rng(0)
    names = list(next(iter(values.values())))
    drawing = _new(0.9 + len(values) * (0.35 + 0.36 * len(names)))
    axes = np.atleast_1d(drawing.subplots(len(values), 1, sharex=True))
    for axis, (scorer, by_system) in zip(axes, values.items(), strict=True):
        colour = _colour(scorer)
        for row, name in enumerate(names):
            ranks = by_system[name]
            axis.scatter(ranks, row + rng.uniform(-0.24, 0.24, len(ranks)), s=5, color=colour, alpha=0.35, linewidths=0)
            if ranks:
                line = {"color": _ink(), "linewidth": 1}
                axis.boxplot(
                    [ranks], positions=[row], orientation="horizontal", widths=0.5, showfliers=False, whis=(5, 95),
                    medianprops={**line, "linewidth": 2.2}, boxprops=line, whiskerprops=line, capprops=line,
                )  # fmt: skip
        axis.set_yticks(range(len(names)), [_short(name) for name in names], fontsize=8.5)
        axis.set_ylim(len(names) - 0.4, -0.6)
        axis.set_title(f"scored by the {scorer}", loc="left", fontsize=9.5)
        axis.set_xlim(-1, 101)
    axes[-1].set_xlabel("predicted rank among MicroLens videos")
    return drawing


def forest(points: Sequence[tuple[str, "Comparison"]]) -> "Drawing":
    """Win rates with their intervals, a line each, both scorers on it; hollow where undecided."""
    labels = list(dict.fromkeys(label for label, _ in points))
    drawing = _new(0.9 + 0.42 * len(labels))
    axis = drawing.subplots()
    axis.axvline(50, color=_ink(), linewidth=1)
    for label, one in points:
        row = labels.index(label) + (-0.14 if one.scorer == "critic" else 0.14)
        found, colour = one.found.rate, _colour(one.scorer)
        axis.plot([100 * found.low, 100 * found.high], [row, row], color=colour, linewidth=2)
        fill = _paper() if one.verdict == "undecided" else colour
        axis.plot(100 * found.value, row, SHAPES[one.scorer], color=colour, markerfacecolor=fill, markersize=6)
    _rows(axis, labels)
    axis.set_xlabel("win rate, % (hollow: undecided)")
    _legend(axis, [one.scorer for _, one in points])
    return drawing


def shares(points: Sequence[tuple[str, str, Estimate]], xlabel: str) -> "Drawing":
    """(label, scorer, estimate) as in `forest`, for figures that are no comparison of systems; the line is 0."""
    labels = list(dict.fromkeys(label for label, *_ in points))
    drawing = _new(0.9 + 0.42 * len(labels))
    axis = drawing.subplots()
    axis.axvline(0, color=_ink(), linewidth=1)
    for label, scorer, found in points:
        row = labels.index(label) + (-0.14 if scorer == "critic" else 0.14)
        axis.plot([found.low, found.high], [row, row], color=_colour(scorer), linewidth=2)
        axis.plot(found.value, row, SHAPES[scorer], color=_colour(scorer), markersize=6)
    _rows(axis, labels)
    axis.set_xlabel(xlabel)
    _legend(axis, [scorer for _, scorer, _ in points])
    return drawing


def by_round(lines: dict[str, dict[str, list[Estimate]]]) -> "Drawing":
    """By system, then by scorer: the median at each attempt with its interval."""
    drawing = _new(0.5 + 2.0 * len(lines))
    axes = np.atleast_1d(drawing.subplots(len(lines), 1, sharex=True, sharey=True))
    for axis, (system, by_scorer) in zip(axes, lines.items(), strict=True):
        for scorer, rounds in by_scorer.items():
            place = np.arange(1, len(rounds) + 1) + (-0.04 if scorer == "critic" else 0.04)
            middle = np.array([found.value for found in rounds])
            reach = np.array([[found.value - found.low, found.high - found.value] for found in rounds]).T
            axis.errorbar(
                place, middle, yerr=np.maximum(reach, 0), color=_colour(scorer), marker=SHAPES[scorer], markersize=5,
                linewidth=1.4, capsize=2, label=scorer,
            )  # fmt: skip
        axis.set_title(_short(system, 60), loc="left", fontsize=9.5)
        axis.set_ylabel("median rank")
        axis.set_xticks(range(1, max(len(rounds) for rounds in by_scorer.values()) + 1))
    axes[0].legend(frameon=False, loc="best")
    axes[-1].set_xlabel("attempt")
    return drawing


def matrix(names: Sequence[str], compared: Sequence["Comparison"]) -> "Drawing":
    """Win rates of rows over columns in percent, bold where decided."""
    size = len(names)
    rates, undecided = np.full((size, size), np.nan), set()
    for one in compared:
        i, j = names.index(one.a), names.index(one.b)
        rates[i, j], rates[j, i] = 100 * one.found.rate.value, 100 * (1 - one.found.rate.value)
        if one.verdict == "undecided":
            undecided |= {(i, j), (j, i)}
    drawing = _new(0.6 + 0.36 * size)
    axis = drawing.subplots()
    axis.imshow(rates, cmap="PuOr", vmin=0, vmax=100, aspect="auto")
    for i in range(size):
        for j in range(size):
            if not np.isnan(rates[i, j]):
                ink = "#ffffff" if abs(rates[i, j] - 50) > 32 else "#1c1c1c"
                weight = "normal" if (i, j) in undecided else "bold"
                text, small = f"{rates[i, j]:.0f}", 9 if size < 8 else 7
                axis.text(j, i, text, ha="center", va="center", color=ink, fontsize=small, fontweight=weight)
    axis.set_xticks(range(size), [str(place) for place in range(1, size + 1)])
    axis.xaxis.tick_top()
    called = [f"{_short(name)}  {place}" for place, name in enumerate(names, 1)]
    axis.set_yticks(range(size), called, fontsize=8.5)
    axis.grid(visible=False)
    return drawing


@contextmanager
def _styled(theme: str) -> Iterator[None]:
    import matplotlib as mpl

    global _theme
    _theme = theme
    ink, grid, paper = THEMES[theme]
    style = {
        "figure.facecolor": paper, "savefig.facecolor": paper, "axes.facecolor": paper, "axes.edgecolor": grid,
        "text.color": ink, "axes.labelcolor": ink, "xtick.color": ink, "ytick.color": ink, "grid.color": grid,
        "axes.grid": True, "axes.axisbelow": True, "grid.linewidth": 0.6, "font.size": 9, "axes.spines.top": False,
        "axes.spines.right": False, "svg.hashsalt": "popcorn", "svg.fonttype": "path", "text.parse_math": False,
        "text.usetex": False,
    }  # fmt: skip
    try:
        with mpl.rc_context(style):
            yield
    finally:
        _theme = "light"


def _new(height: float) -> "Drawing":
    from matplotlib.figure import Figure as Drawing  # not pyplot, which keeps figures and needs a display

    return Drawing(figsize=(WIDTH, max(1.6, height)), layout="constrained")


def _rows(axis: Any, labels: Sequence[str]) -> None:
    axis.set_yticks(range(len(labels)), [_short(label) for label in labels], fontsize=8.5)
    axis.set_ylim(len(labels) - 0.5, -0.5)


def _legend(axis: Any, scorers: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    named = dict.fromkeys(scorers)
    handles = [Line2D([], [], color=_colour(name), marker=SHAPES[name], label=name) for name in named]
    axis.legend(handles=handles, frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)


def _short(label: str, most: int = LONGEST) -> str:
    """A label in lines that fit, cut after two; letters that the font may lack are replaced."""
    import textwrap

    plain = "".join(c if c.isprintable() and ord(c) < 0x0530 else "?" for c in label)
    lines = textwrap.wrap(plain.replace("llm=", ""), most, break_on_hyphens=False) or [""]
    return "\n".join(lines[:2]) + ("…" if len(lines) > 2 else "")


def _colour(scorer: str) -> str:
    return (COLOURS if _theme == "light" else LIGHT_ON_DARK)[scorer]


def _ink() -> str:
    return THEMES[_theme][0]


def _paper() -> str:
    return THEMES[_theme][2]
