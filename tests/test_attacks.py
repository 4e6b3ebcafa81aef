"""What can fool the score: decoration, lists, length and copies must not lift a median title by more than 5 points."""

from pathlib import Path

import pytest

from popcorn_agents.evaluation.benchmarks.attacks import ATTACKS, measure, median_titles, popular_titles
from popcorn_agents.tools.popularity.copies import RUN, copied_words, sketch
from popcorn_agents.tools.popularity.features import normalise
from popcorn_agents.tools.popularity.predictor import reads_as_list, score_titles

GUARDED = [attack for attack in ATTACKS if "game" not in attack.name]
COPIED = [attack for attack in ATTACKS if "popular" in attack.name]


def test_attacks_do_not_lift_a_median_title() -> None:
    own = [attack for attack in GUARDED if attack not in COPIED]  # starter titles are nobody's: copying them is free
    titles = median_titles(24)
    assert len(titles) >= 20
    for rise in measure(own, titles, titles):
        assert rise.median <= 5, rise
        assert rise.mean <= 5, rise


def test_copies_of_real_popular_titles_gain_nothing(microlens: Path) -> None:
    popular = popular_titles(microlens / "microlens_100k_titles.csv", 30)
    for rise in measure(COPIED, median_titles(30), popular):
        assert rise.mean <= 5, rise
        assert rise.mean < rise.unguarded, rise


def test_a_sketch_knows_what_it_saw_and_little_else() -> None:
    seen = [f"the quick brown fox number {n} jumps over the lazy dog in the yard" for n in range(500)]
    filter_ = sketch([*seen, "short known title"])
    assert copied_words(seen[3], filter_) == len(seen[3].split())
    assert copied_words("before it " + seen[3] + " and after", filter_) == len(seen[3].split())
    assert copied_words("short known title", filter_) == 3
    assert copied_words("known title", filter_) == 0
    other = [f"a gardener counts {n} tomatoes while her neighbour paints the fence green" for n in range(500)]
    assert sum(copied_words(text, filter_) > 0 for text in other) <= 2
    assert copied_words(" ".join(seen[3].split()[:RUN]) + " sees something else entirely", filter_) == 0


@pytest.mark.parametrize(
    ("title", "is_list"),
    [
        ("minecraft, naruto, prank, cat, dance", True),
        ("minecraft naruto prank cat dance football cake", True),
        ("My cat learns to skateboard in the rain", False),
        ("Grandma tries the spiciest noodles in town", False),
        ("Salt, sugar, flour: what grandma really puts in", False),
        ("Goku transforms", False),
    ],
)
def test_lists_are_told_from_sentences(title: str, is_list: bool) -> None:
    assert reads_as_list(title, normalise(title)) is is_list


def test_a_penalty_is_stated_widens_the_interval_and_never_lifts() -> None:
    plain, listed = score_titles(["Grandma bakes bread on a Sunday morning", "minecraft, naruto, prank, cat, dance"])
    assert plain.penalty == ""
    assert "list of keywords" in listed.penalty
    assert listed.percentile <= 50
    assert listed.high - listed.low > 1.2 * (plain.high - plain.low)
