"""Counts as platforms write them: understood, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from popcorn_agents.tools.exemplar_records import clean_text, parse_count

COUNTS = st.integers(min_value=0, max_value=10**9)


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("10,000", 10_000), ("1.2K", 1_200), ("3万", 30_000), ("1.5亿", 150_000_000), ("7 w", 70_000),
        ("1.234.567", 1_234_567), ("1,00,000", 100_000), ("10 000", 10_000), ("１２", 12), ("12.0", 12), (" 5 ", 5),
        ("1.234K", 1_234), ("1,234.0", 1_234), ("2e4", 20_000), ("0", 0), (7, 7), (7.0, 7), ("1,200K", 1_200_000),
    ],
)  # fmt: skip
def test_understood(written: object, count: int) -> None:
    assert parse_count(written) == count


@pytest.mark.parametrize(
    "written",
    ["1.234", "1,2", "10,00", "1,2K", "2.5", "-1", "many", "1.2.3", ",", "K", "1K+", "0x10", "1,2345", "nan", "inf",
     True, float("nan"), float("inf"), -3, 2.5, "١٢", "1_000", "1.23456K", [1]],
)  # fmt: skip
def test_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"count|whole"):
        parse_count(written)


@pytest.mark.parametrize("written", [None, "", "  ", "\ufeff".strip("\ufeff")])
def test_nothing_written_is_no_count(written: object) -> None:
    assert parse_count(written) is None


@given(COUNTS)
def test_every_grouping_of_a_number_is_that_number(count: int) -> None:
    plain, comma = str(count), f"{count:,}"
    assert parse_count(plain) == parse_count(comma) == parse_count(comma.replace(",", " ")) == count


@given(COUNTS)
def test_dotted_groups_are_a_number_or_refused_but_never_another(count: int) -> None:
    try:
        assert parse_count(f"{count:,}".replace(",", ".")) == count
    except ValueError:
        assert 1_000 <= count < 1_000_000  # one dot and three digits: 1.234 may be a decimal


@given(st.text(max_size=12))
def test_any_text_is_a_whole_count_nothing_or_a_value_error(text: str) -> None:
    try:
        count = parse_count(text)
    except ValueError:
        return
    assert count is None or (count >= 0 and count == int(count))


@given(st.text())
def test_clean_text_is_one_line_and_stays_as_it_is(text: str) -> None:
    cleaned = clean_text(text)
    assert cleaned == clean_text(cleaned)
    assert cleaned.splitlines() in ([], [cleaned])
    cleaned.encode()
