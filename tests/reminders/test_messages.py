"""What a reminder says, and what it must never say."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from adverse_events.reporting import ReportKind
from reminders.messages import (
    Details,
    Happening,
    Message,
    day_in_words,
    digest,
    to_participant,
    to_safety_staff,
)
from reminders.rules import Kind, Matter
from sessions.lifecycle import Mode

DETAILS = Details(
    on=date(2026, 3, 3),
    at=time(10, 0),
    phone="555 0100",
    zone="America/Denver",
    mode=Mode.VIDEO,
)
DENVER = ZoneInfo("America/Denver")
HAPPENING = Happening(
    participant="01-001-9",
    site="01",
    at=datetime(2026, 3, 3, 10, 0, tzinfo=DENVER),
    event=2,
    by="Dana Levin",
    why="Unconscious after a fall",
    due_at=datetime(2026, 3, 4, 10, 0, tzinfo=DENVER),
)
URL = "https://candor.example/"
TO_PARTICIPANTS = (
    Kind.WEEK_BEFORE,
    Kind.DAY_BEFORE,
    Kind.QUESTIONNAIRE,
    Kind.FOLLOW_UP,
)
TO_SAFETY = (
    Kind.SERIOUS_EVENT,
    Kind.UNBLINDING,
    Kind.REPORT_DUE,
    Kind.REPORT_OVERDUE,
)
EVERYTHING: Mapping[Matter, int] = {
    Matter.OVERDUE: 1,
    Matter.WINDOW_CLOSING: 2,
    Matter.UNSIGNED: 3,
}
# Words from which anybody would learn which trial, drug or diagnosis it is about.
TELLING = [
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
    "psych",
    "therap",
    "treatment",
    "caps",
    "pcl",
    "suicid",
    "placebo",
    "active",
]
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


def all_messages() -> list[Message]:
    return [
        *(to_participant(kind, DETAILS) for kind in TO_PARTICIPANTS),
        digest(EVERYTHING, sign_in_url=URL),
        *(to_safety_staff(kind, HAPPENING, sign_in_url=URL) for kind in TO_SAFETY),
    ]


def words_of(mail: Message) -> str:
    return f"{mail.subject} {mail.body}".lower()


def test_no_message_names_a_trial_a_drug_or_a_diagnosis() -> None:
    assert {*TO_PARTICIPANTS, Kind.DIGEST, *TO_SAFETY} == set(Kind)
    for mail in all_messages():
        assert [word for word in TELLING if word in words_of(mail)] == []


@pytest.mark.parametrize("kind", TO_PARTICIPANTS)
def test_a_participants_mail_gives_nothing_away(kind: Kind) -> None:
    words = words_of(to_participant(kind, DETAILS))
    assert [word for word in NEVER if word in words] == []


@pytest.mark.parametrize("kind", TO_PARTICIPANTS)
def test_a_participant_is_told_whom_to_call(kind: Kind) -> None:
    assert "call 555 0100." in to_participant(kind, DETAILS).body
    with pytest.raises(ValueError, match="contact phone"):
        to_participant(kind, Details(on=DETAILS.on))


def test_the_mail_about_a_questionnaire_promises_no_page_and_no_link() -> None:
    mail = to_participant(Kind.QUESTIONNAIRE, DETAILS)
    assert "waiting for a questionnaire from you, until Tue 3 Mar 2026." in mail.body
    assert "To arrange when and how you fill it in" in mail.body
    assert [
        word for word in ("http", "sign in", "page") if word in words_of(mail)
    ] == []


def test_the_mail_of_the_day_has_numbers_and_the_way_to_today_only() -> None:
    mail = digest(EVERYTHING, sign_in_url=URL)
    assert mail == Message(
        "6 visits or forms wait today",
        "1 visit is overdue.\n"
        "2 visits that are not booked have windows that close within 3 days.\n"
        "3 forms wait for a signature.\n\n"
        "Today shows which, and everything else that waits for you: sign in at "
        "https://candor.example/\n",
    )


def test_what_does_not_wait_is_not_mentioned_and_one_is_singular() -> None:
    mail = digest({Matter.UNSIGNED: 1, Matter.OVERDUE: 0})
    assert mail.subject == "1 visit or form waits today"
    assert mail.body == (
        "1 form waits for a signature.\n\n"
        "Today shows which, and everything else that waits for you: sign in to see it.\n"
    )


@pytest.mark.requirement("BLD-06")
def test_an_unblinding_is_told_with_who_when_why_and_by_whom_and_never_what() -> None:
    mail = to_safety_staff(Kind.UNBLINDING, HAPPENING, sign_in_url=URL)
    assert mail.subject == "Participant 01-001-9 was unblinded"
    assert mail.body.startswith(
        "Participant 01-001-9 of site 01 was unblinded on Tue 3 Mar 2026 at 10:00 "
        "(America/Denver) by Dana Levin.\nReason given: Unconscious after a fall\n"
    )
    assert "What was revealed is not in this mail." in mail.body
    without = to_safety_staff(Kind.UNBLINDING, replace(HAPPENING, why=""))
    assert "Reason given: it is in the participant's record." in without.body


def test_a_serious_event_is_told_by_number_and_never_by_its_name() -> None:
    mail = to_safety_staff(Kind.SERIOUS_EVENT, HAPPENING, sign_in_url=URL)
    assert mail.subject == "A serious event of 01-001-9 was reported"
    assert (
        "Serious event 2 of participant 01-001-9 of site 01 was reported." in mail.body
    )
    assert "aware of it on Tue 3 Mar 2026 at 10:00 (America/Denver)." in mail.body


@pytest.mark.parametrize(
    ("kind", "word", "verb"),
    [(Kind.REPORT_DUE, "due", "is"), (Kind.REPORT_OVERDUE, "overdue", "was")],
)
def test_a_clock_says_which_report_and_by_when(
    kind: Kind, word: str, verb: str
) -> None:
    happening = replace(HAPPENING, report=ReportKind.URGENT)
    mail = to_safety_staff(kind, happening, sign_in_url=URL)
    assert mail.subject == f"A safety report on 01-001-9 is {word}"
    assert mail.body.startswith(
        "7-day report to the regulator on serious event 2 of participant 01-001-9 of site "
        f"01: it {verb} due by Wed 4 Mar 2026 at 10:00 (America/Denver), and is not "
        "recorded as sent."
    )


@pytest.mark.parametrize("kind", [Kind.WEEK_BEFORE, Kind.DAY_BEFORE])
def test_an_appointment_is_named_by_day_hour_zone_and_how_it_is_held(
    kind: Kind,
) -> None:
    """Whoever was booked by video once could not tell whether to come."""
    body = to_participant(kind, DETAILS).body
    assert "on Tue 3 Mar 2026 at 10:00 (America/Denver), by video." in body
    called = to_participant(kind, replace(DETAILS, mode=Mode.PHONE)).body
    assert "10:00 (America/Denver), by phone." in called
    here = to_participant(kind, replace(DETAILS, mode=None)).body
    assert "at 10:00 (America/Denver)." in here
    without = Details(on=DETAILS.on, phone="555 0100")
    assert "appointment on Tue 3 Mar 2026." in to_participant(kind, without).body
    with pytest.raises(ValueError, match="time zone"):
        to_participant(kind, replace(DETAILS, zone=""))


def test_a_subject_is_one_line() -> None:
    for mail in all_messages():
        assert mail.subject
        assert "\n" not in mail.subject


def test_every_month_and_weekday_has_its_word() -> None:
    assert day_in_words(date(2026, 12, 31)) == "Thu 31 Dec 2026"
    assert day_in_words(date(2026, 11, 1)) == "Sun 1 Nov 2026"
