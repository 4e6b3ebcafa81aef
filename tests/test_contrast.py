"""What separates two groups of titles: found where it is, silent where there is nothing."""

import random

from hypothesis import given
from hypothesis import strategies as st

from popcorn_agents.tools.contrast import contrasts, log_odds_z, strip_hashtags, term_contrasts, terms

WORDS = [
    "river",
    "garden",
    "winter",
    "letter",
    "market",
    "bridge",
    "window",
    "summer",
    "kitchen",
    "forest",
    "doctor",
    "mirror",
]


def plain(count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    return [" ".join(chance.sample(WORDS, chance.choice([5, 6, 7]))) for _ in range(count)]


def named(popular: list[str], unpopular: list[str]) -> dict[str, float]:
    return {contrast.name: contrast.z for contrast in contrasts(popular, unpopular)}


def test_traits_of_the_popular_group_are_found_with_their_figures() -> None:
    popular = [f"Can you name 3 of them? {title}" for title in plain(40, 1)]
    found = {contrast.name: contrast for contrast in contrasts(popular, plain(40, 2))}
    assert {"question", "number", "second_person", "title_words", "term:name"} <= found.keys()
    assert (found["question"].popular, found["question"].unpopular, found["question"].n_popular) == (1, 0, 40)
    assert found["question"].sentence == (
        "Popular titles ask a question more often: 40 of 40 (100%) against 0 of 40 unpopular ones (0%)."
    )
    assert found["title_words"].sentence.startswith("Popular titles are longer: 1")


def test_sides_swapped_is_the_sign_swapped() -> None:
    popular, unpopular = [f"{title} my recipe!" for title in plain(30, 3)], plain(30, 4)
    there, back = named(popular, unpopular), named(unpopular, popular)
    assert there
    assert there == {name: -z for name, z in back.items()}


def test_a_recurring_term_is_counted_once_a_title() -> None:
    popular = ["recipe recipe recipe noodles"] * 12 + plain(28, 5)
    (found,) = [c for c in term_contrasts(popular, plain(40, 6)) if c.name == "term:recipe"]
    assert "in 12 of 40 popular and 0 of 40 unpopular ones" in found.sentence


def test_shuffled_labels_say_next_to_nothing() -> None:
    chance = random.Random(7)
    said = []
    for seed in range(30):
        titles = [f"{title}{chance.choice(['', '?', '!', ' 7', ' my'])}" for title in plain(80, seed)]
        said.append(len(contrasts(titles[:40], titles[40:])))
    assert sum(said) / len(said) < 0.5


def test_hashtags_do_not_count() -> None:
    popular = [f"{title} # summerstrike # why? 100" for title in plain(40, 8)]
    assert named(popular, plain(40, 8)) == {}
    assert strip_hashtags("Soup #food #hot") == "Soup"
    assert strip_hashtags("＃only a tag") == ""


def test_small_empty_and_equal_groups_are_silent() -> None:
    assert contrasts([], []) == []
    assert contrasts(["really? 1!"] * 7, plain(40, 9)) == []
    assert contrasts(["# tag"] * 40, plain(40, 9)) == []
    assert contrasts(["the same title"] * 40, ["the same title"] * 40) == []


def test_terms_carry_topics() -> None:
    assert terms("You won't BELIEVE the Chef’s café, do you? 100 # x") == ["won't", "believe", "chef's", "café"]


def test_log_odds_by_hand() -> None:
    # 15 of 100 against 0 of 100, prior 0.1 x (15 of 200): odds 16.5/103.5 against 1.5/118.5, variance 1/16.5 + 1/1.5
    assert abs(log_odds_z(15, 0, 100, 100) - 2.9707) < 0.001


@given(st.integers(0, 50), st.integers(0, 50))
def test_log_odds_is_odd_and_grows_with_the_gap(high: int, low: int) -> None:
    if high + low == 0:
        return
    z = log_odds_z(high, low, 200, 200)
    assert abs(z + log_odds_z(low, high, 200, 200)) < 1e-9
    assert (z > 0) == (high > low) or z == 0


@given(st.lists(st.text(max_size=30), max_size=20), st.lists(st.text(max_size=30), max_size=20))
def test_any_titles_give_one_line_sentences(popular: list[str], unpopular: list[str]) -> None:
    for contrast in contrasts(popular, unpopular):
        assert contrast.sentence.endswith(".")
        assert len(contrast.sentence.splitlines()) == 1
