"""What a reminder says, and what it must never say."""

from datetime import date, time

import pytest

from reminders.messages import Details, day_in_words, message
from reminders.rules import Kind

DETAILS = Details(
    on=date(2026, 3, 3),
    at=time(10, 0),
    phone="555 0100",
    sign_in_url="https://candor.example/",
)
STAFF = (Kind.WINDOW_CLOSING, Kind.OVERDUE, Kind.UNSIGNED)
NEVER = [
    "mdma",
    "trial",
    "study",
    "research",
    "drug",
    "dose",
    "dosing",
    "kit",
    "capsule",
    "ptsd",
    "trauma",
    "stress",
    "psych",
    "therap",
    "treatment",
    "clinic",
    "patient",
    "participant",
    "caps",
    "pcl",
    "suicid",
    "arm",
    "placebo",
    "session",
]


@pytest.mark.parametrize("kind", Kind)
def test_no_reminder_names_a_trial_a_drug_or_a_diagnosis(kind: Kind) -> None:
    mail = message(kind, DETAILS)
    words = f"{mail.subject} {mail.body}".lower()
    assert [word for word in NEVER if word in words] == []


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in STAFF])
def test_a_participant_is_told_whom_to_call(kind: Kind) -> None:
    assert "call 555 0100." in message(kind, DETAILS).body
    with pytest.raises(ValueError, match="contact phone"):
        message(kind, Details(on=DETAILS.on))


@pytest.mark.parametrize("kind", STAFF)
def test_staff_are_told_where_to_sign_in_and_nothing_of_whom(kind: Kind) -> None:
    assert "https://candor.example/" in message(kind, DETAILS).body
    assert "Sign in to see which one." in message(kind, Details(on=DETAILS.on)).body


@pytest.mark.parametrize("kind", [Kind.WEEK_BEFORE, Kind.DAY_BEFORE])
def test_an_appointment_is_named_by_weekday_day_and_time(kind: Kind) -> None:
    assert "appointment on Tue 3 Mar 2026 at 10:00." in message(kind, DETAILS).body
    without = Details(on=DETAILS.on, phone="555 0100")
    assert "appointment on Tue 3 Mar 2026." in message(kind, without).body


@pytest.mark.parametrize("kind", Kind)
def test_a_subject_is_one_line(kind: Kind) -> None:
    subject = message(kind, DETAILS).subject
    assert subject
    assert "\n" not in subject


def test_every_month_and_weekday_has_its_word() -> None:
    assert day_in_words(date(2026, 12, 31)) == "Thu 31 Dec 2026"
    assert day_in_words(date(2026, 11, 1)) == "Sun 1 Nov 2026"
