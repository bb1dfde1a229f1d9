"""Order of doses, the supplement's window and what stands in the way of a dose."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.dosing import (
    SUPPLEMENT_WORDS,
    WITHHELD_WORDS,
    WORDS,
    Administration,
    Gate,
    SessionRecord,
    Standing,
    SupplementState,
    SupplementWindow,
    WithheldReason,
    stands_in_the_way,
    supplement_state,
    window_deviation,
)

GIVEN_AT = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
READY = SessionRecord(has_kit=True, has_second_signature=True)


def window_after(span: timedelta) -> SupplementWindow:
    """The window 90 to 150 minutes, seen so long after the initial dose."""
    return supplement_state(GIVEN_AT, GIVEN_AT + span, opens_min=90, closes_min=150)


@pytest.mark.parametrize(
    ("span", "state", "minutes"),
    [
        (timedelta(0), SupplementState.NOT_YET, 90),
        (timedelta(minutes=89, seconds=59), SupplementState.NOT_YET, 1),
        (timedelta(minutes=90), SupplementState.OPEN, 60),
        (timedelta(minutes=149, seconds=30), SupplementState.OPEN, 1),
        (timedelta(minutes=150), SupplementState.OPEN, 0),
        (timedelta(minutes=150, seconds=1), SupplementState.CLOSED, None),
    ],
)
def test_the_window_opens_and_closes_to_the_second(
    span: timedelta, state: SupplementState, minutes: int | None
) -> None:
    window = window_after(span)
    assert (window.state, window.minutes) == (state, minutes)
    assert window.opens_at == datetime(2026, 3, 3, 11, 30, tzinfo=UTC)
    assert window.closes_at == datetime(2026, 3, 3, 12, 30, tzinfo=UTC)


def test_without_an_initial_dose_there_is_no_window() -> None:
    window = supplement_state(None, GIVEN_AT, opens_min=90, closes_min=150)
    assert window.state is SupplementState.NO_INITIAL_DOSE
    assert window.opens_at is None


def test_minutes_are_real_minutes_when_the_clocks_change() -> None:
    zone = ZoneInfo("America/New_York")
    before = datetime(2026, 11, 1, 0, 30, tzinfo=zone)
    window = supplement_state(before, before, opens_min=90, closes_min=150)
    assert window.opens_at == datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
    assert window.minutes == 90


def test_a_time_without_a_zone_is_refused() -> None:
    naive = GIVEN_AT.replace(tzinfo=None)
    with pytest.raises(ValueError, match="without a zone"):
        supplement_state(naive, GIVEN_AT, opens_min=90, closes_min=150)


def test_a_window_that_closes_before_it_opens_is_refused() -> None:
    with pytest.raises(ValueError, match="from 150 to 90"):
        supplement_state(GIVEN_AT, GIVEN_AT, opens_min=150, closes_min=90)


@given(st.integers(0, 600), st.integers(0, 300), st.integers(0, 300))
def test_a_dose_inside_the_window_is_no_deviation_and_any_other_is(
    after: int, opens: int, length: int
) -> None:
    given_at = GIVEN_AT + timedelta(minutes=after)
    window = supplement_state(
        GIVEN_AT, given_at, opens_min=opens, closes_min=opens + length
    )
    is_open = window.state is SupplementState.OPEN
    assert is_open == (window_deviation(window, given_at) == "")


@pytest.mark.parametrize(
    ("minutes", "sentence"),
    [(89, "given 1 minute before its window opened"), (160, "given 10 minutes after")],
)
def test_a_supplement_outside_its_window_says_by_how_much(
    minutes: int, sentence: str
) -> None:
    span = timedelta(minutes=minutes)
    assert sentence in window_deviation(window_after(span), GIVEN_AT + span)


def test_a_supplement_without_an_initial_dose_is_a_deviation() -> None:
    window = supplement_state(None, GIVEN_AT, opens_min=90, closes_min=150)
    assert "without an initial dose" in window_deviation(window, GIVEN_AT)


def test_nothing_stands_in_the_way_of_a_prepared_initial_dose() -> None:
    assert stands_in_the_way(Administration.INITIAL, READY) == ()


def test_the_supplement_waits_for_the_initial_dose() -> None:
    assert stands_in_the_way(Administration.SUPPLEMENT, READY) == (
        "The initial dose has not been recorded. It comes first.",
    )
    given = SessionRecord(initial_at=GIVEN_AT, has_kit=True, has_second_signature=True)
    assert stands_in_the_way(Administration.SUPPLEMENT, given) == ()


@pytest.mark.parametrize(
    ("administration", "record"),
    [
        (Administration.INITIAL, SessionRecord(initial_at=GIVEN_AT)),
        (Administration.INITIAL, SessionRecord(initial_is_withheld=True)),
        (
            Administration.SUPPLEMENT,
            SessionRecord(initial_at=GIVEN_AT, supplement_at=GIVEN_AT),
        ),
        (
            Administration.SUPPLEMENT,
            SessionRecord(initial_at=GIVEN_AT, supplement_is_withheld=True),
        ),
    ],
)
def test_a_dose_is_given_or_withheld_once(
    administration: Administration, record: SessionRecord
) -> None:
    name = WORDS[administration].lower()
    assert stands_in_the_way(administration, record)[0].startswith(f"The {name} ")


def test_an_unknown_gate_never_passes() -> None:
    record = SessionRecord(
        has_kit=True,
        has_second_signature=True,
        standing=Standing(
            gates=(Gate("Pregnancy test", None), Gate("Vital signs", is_met=True))
        ),
    )
    assert stands_in_the_way(Administration.INITIAL, record) == (
        "Pregnancy test is not recorded yet. Record it first.",
    )


def test_everything_in_the_way_is_said_at_once() -> None:
    record = SessionRecord(
        standing=Standing(
            gates=(Gate("Drug screen", is_met=False),),
            is_stopped_by=("systolic pressure above 180",),
        ),
    )
    sentences = stands_in_the_way(Administration.INITIAL, record)
    assert [sentence.split()[0] for sentence in sentences] == [
        "Drug",
        "Dosing",
        "No",
        "A",
    ]


def test_every_state_has_words() -> None:
    assert set(SUPPLEMENT_WORDS) == set(SupplementState)
    assert set(WITHHELD_WORDS) == set(WithheldReason)
    assert set(WORDS) == set(Administration)
