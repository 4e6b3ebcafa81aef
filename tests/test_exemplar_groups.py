"""Popular and unpopular: quarters with ties kept together, or the paper's tenth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from popcorn_agents.tools.exemplar_groups import split_counts, wanted

COUNTS = st.lists(st.integers(0, 6), min_size=2, max_size=40)


def groups(counts: list[int], split: str = "quartile") -> tuple[list[int], list[int]]:
    group = split_counts(np.arange(len(counts)), np.array(counts, dtype=float), split)  # type: ignore[arg-type]
    return [counts[row] for row in group.popular], [counts[row] for row in group.unpopular]


@pytest.mark.parametrize(
    ("counts", "popular", "unpopular"),
    [
        ([5, 1, 7, 3, 8, 2, 6, 4], [7, 8], [1, 2]),
        ([9, 1], [9], [1]),
        ([9, 1, 5], [9], [1]),
        ([1, 1, 1, 1, 1, 1, 4, 9], [4, 9], [1] * 6),
        ([1, 9, 9, 9, 9, 9, 9, 9], [9] * 7, [1]),
        ([2, 2, 2, 2], [], []),
        ([3], [], []),
    ],
)
def test_quarters(counts: list[int], popular: list[int], unpopular: list[int]) -> None:
    assert groups(counts) == (popular, unpopular)


@given(COUNTS)
def test_equal_counts_are_never_on_both_sides_nor_split(counts: list[int]) -> None:
    popular, unpopular = groups(counts)
    assert bool(popular) == bool(unpopular) == (len(set(counts)) > 1)
    if popular:
        assert min(popular) > max(unpopular)
        assert len(popular) == sum(c >= min(popular) for c in counts)
        assert len(unpopular) == sum(c <= max(unpopular) for c in counts)
        everyone = len(popular) + len(unpopular) == len(counts)  # where one count is shared by more than half
        assert everyone or min(len(popular), len(unpopular)) >= len(counts) // 4


def test_the_paper_calls_nine_tenths_popular() -> None:
    popular, unpopular = groups(list(range(20)), "paper")
    assert (unpopular, popular) == ([0, 1], list(range(2, 20)))


@pytest.mark.parametrize(
    ("k", "quartile", "paper"), [(1, (1, 0), (1, 0)), (10, (5, 5), (9, 1)), (50, (25, 25), (45, 5))]
)
def test_how_many_of_each(k: int, quartile: tuple[int, int], paper: tuple[int, int]) -> None:
    assert (wanted(k, "quartile"), wanted(k, "paper")) == (quartile, paper)
