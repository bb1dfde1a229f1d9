"""Participant numbers, and the typing errors that their check digit finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.refusal import Refused
from participants.numbering import (
    Numbered,
    check_digit,
    hyphened,
    participant_number,
    passes_check,
    read_number,
    with_check_digit,
)

sites, sequences = st.integers(1, 99), st.integers(1, 999)


def test_the_check_digit_is_that_of_the_published_example() -> None:
    assert check_digit("572") == "4"
    assert passes_check("5724")


def test_a_number_shows_site_sequence_and_check_digit() -> None:
    assert participant_number(site=1, sequence=1) == "01-001-9"


@given(sites, sequences)
def test_a_number_reads_back_as_what_it_was_made_from(site: int, sequence: int) -> None:
    number = participant_number(site=site, sequence=sequence)
    assert read_number(f" {number} ") == Numbered(site, sequence)


@given(sites, sequences, st.sampled_from([0, 1, 3, 4, 5, 7]), st.integers(0, 9))
def test_every_single_wrong_digit_is_found(
    site: int, sequence: int, place: int, digit: int
) -> None:
    number = participant_number(site=site, sequence=sequence)
    wrong = f"{number[:place]}{digit}{number[place + 1 :]}"
    if wrong != number:
        with pytest.raises(Refused, match="check digit does not fit"):
            read_number(wrong)


@given(sites, sequences, st.integers(0, 4))
def test_every_swap_of_neighboring_digits_is_found(
    site: int, sequence: int, place: int
) -> None:
    digits = participant_number(site=site, sequence=sequence).replace("-", "")
    swapped = list(digits)
    swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
    if swapped != list(digits):
        assert not passes_check("".join(swapped))


def test_a_trial_never_has_the_same_number_twice() -> None:
    numbers = {
        participant_number(site=site, sequence=sequence)
        for site in range(1, 14)
        for sequence in range(1, 200)
    }
    assert len(numbers) == 13 * 199


@pytest.mark.parametrize("text", ["", "1-1-1", "010019", "01-001-", "01-001-٩"])
def test_other_text_is_refused_with_the_right_form(text: str) -> None:
    with pytest.raises(Refused, match="has the form 01-001-9"):
        read_number(text)


@pytest.mark.parametrize(("site", "sequence"), [(0, 1), (100, 1), (1, 0), (1, 1000)])
def test_a_number_beyond_its_digits_is_refused(site: int, sequence: int) -> None:
    with pytest.raises(Refused, match="from 1 to"):
        participant_number(site=site, sequence=sequence)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("010019", "01-001-9"),
        ("01001", "01-001"),
        ("010", "01-0"),
        ("01", "01"),
        ("01-001-9", "01-001-9"),
        ("0100190", "0100190"),
        ("Ada", "Ada"),
    ],
)
def test_hyphens_are_put_where_people_leave_them_out(typed: str, number: str) -> None:
    assert hyphened(typed) == number


@given(st.integers(1, 99), st.integers(1, 999), st.integers(0, 9))
def test_a_wrong_check_digit_leads_to_the_number_meant(
    site: int, sequence: int, digit: int
) -> None:
    right = participant_number(site=site, sequence=sequence)
    assert with_check_digit(f"{right[:-1]}{digit}") == right
    assert with_check_digit(right[:-2]) == ""
