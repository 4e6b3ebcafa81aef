"""What can fool the score: the rise in percentile of median titles under attacks, mean and worst, by the shipped
critic.

The baseline of the table is the same score with the penalties left out. Titles are the bundled starter's; popular
titles to copy come from a CSV of real videos when one is named (video_id, title, comment_count, split), else from
the starter.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from ...tools.popularity.features import strip_hashtags
from ...tools.popularity.predictor import Score, score_titles

KEYWORDS = "minecraft, naruto, prank, cat, dance, street food, football, ultraman, magic trick, cake"
FILLER = "and then it goes on and on while everybody in the room just keeps looking at what is going to happen next"
LEET = str.maketrans("aeios", "43105")
MEDIAN = (45.0, 55.0)
COUNT = 50


class Attack(NamedTuple):
    """What is done to a title; `popular` stands for a real popular title."""

    name: str
    change: Callable[[str, str], str]


ATTACKS = [
    Attack("hashtags appended", lambda title, popular: f"{title} #viral #funny #summer strike #naruto"),
    Attack("emoji run", lambda title, popular: title + " " + "🔥😂😱" * 8),
    Attack("capitals", lambda title, popular: title.upper()),
    Attack("MUST WATCH", lambda title, popular: f"MUST WATCH!!! {title} (you won't believe it)"),
    Attack("a popular title copied", lambda title, popular: popular),
    Attack("a popular title appended", lambda title, popular: f"{title} {popular}"),
    Attack("a list of keywords", lambda title, popular: KEYWORDS),
    Attack("keywords appended", lambda title, popular: f"{title} {KEYWORDS}"),
    Attack("ten times as long, repeated", lambda title, popular: " ".join([title] * 10)),
    Attack("ten times as long, filler", lambda title, popular: f"{title} " + " ".join([FILLER] * 5)),
    Attack("digits for letters", lambda title, popular: title.translate(LEET)),
    Attack("letters spaced out", lambda title, popular: " ".join(title)),
    Attack("a game's name appended", lambda title, popular: f"{title} Minecraft"),
]


class Rise(NamedTuple):
    """Rise in percentile over the titles: its mean, its median, the worst case, and the mean without penalties."""

    attack: str
    mean: float
    median: float
    worst: float
    unguarded: float


def measure(attacks: Sequence[Attack], titles: Sequence[str], popular: Sequence[str]) -> list[Rise]:
    """Each attack on each title, the popular ones taken in turn."""
    import numpy as np

    before = score_titles(titles)
    found = []
    for attack in attacks:
        changed = [attack.change(title, popular[i % len(popular)]) for i, title in enumerate(titles)]
        after = score_titles(changed)
        rises = np.array([b.percentile - a.percentile for a, b in zip(before, after, strict=True)])
        raw = np.array([b - a.percentile for a, b in zip(before, unguarded(changed), strict=True)])
        found.append(Rise(attack.name, rises.mean(), float(np.median(rises)), rises.max(), raw.mean()))
    return found


def unguarded(titles: Sequence[str]) -> list[float]:
    """Percentiles as they were before any penalty."""
    from ...tools.popularity.model import load, predict
    from ...tools.popularity.predictor import percentile

    weights = load()
    quantiles = weights.card["variants"]["hashtag_blind"]["modes"]["alone"]["quantiles"]
    return [percentile(float(guess), quantiles) for guess in predict(weights, titles, "hashtag_blind")[0]]


def median_titles(count: int = COUNT) -> list[str]:
    """Bundled titles that the critic rates in the middle, and does not penalise."""
    titles, scores = _starter()
    middle = [
        t for t, s in zip(titles, scores, strict=True) if MEDIAN[0] <= s.percentile <= MEDIAN[1] and not s.penalty
    ]
    return middle[:count]


def popular_titles(data: Path | None, count: int = COUNT) -> list[str]:
    """The most commented training titles of a CSV, without hashtags; or the bundled titles that the critic rates
    best."""
    if data is None:
        titles, scores = _starter()
        return [t for _, t in sorted(((s.percentile, t) for s, t in zip(scores, titles, strict=True)), reverse=True)][
            :count
        ]
    from ...tools.popularity.rows import read_rows

    rows = sorted((row for row in read_rows(data) if row.split in ("", "train")), key=lambda row: -row.label)
    return [text for row in rows if len((text := strip_hashtags(row.title)).split()) >= 6][:count]


def _starter() -> tuple[list[str], list[Score]]:
    titles = starter_titles()
    return titles, score_titles(titles)


def starter_titles() -> list[str]:
    """The bundled titles."""
    import csv

    from ...tools.exemplar_sources import starter_file

    with starter_file("starter.csv").open(encoding="utf-8", newline="") as file:
        return [row["title"] for row in csv.DictReader(file)]


def main(argv: list[str] | None = None) -> None:
    """Print the table."""
    from rich.console import Console
    from rich.table import Table

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="CSV of real videos whose popular titles are copied")
    data = parser.parse_args(argv).data
    titles = median_titles()
    table = Table(title=f"Rise in percentile over {len(titles)} median titles")
    for name in ("attack", "mean", "median", "worst", "mean without penalties"):
        table.add_column(name, justify="left" if name == "attack" else "right")
    for rise in measure(ATTACKS, titles, popular_titles(data)):
        table.add_row(rise.attack, *(f"{value:+.1f}" for value in rise[1:]))
    Console(width=80).print(table)


if __name__ == "__main__":
    main()
