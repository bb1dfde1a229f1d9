"""The words of messages, which name no trial, drug or diagnosis, and never an arm.

A message may be read by anybody at the recipient's screen. To a participant it says
that there is an appointment or something to do, on which day, and whom to call; to a
site's staff how much waits; to safety staff the participant's number and the moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from adverse_events.reporting import KIND_WORDS, ReportKind
from reminders.rules import Kind, Leads, Matter
from sessions.lifecycle import MODE_WORDS, Mode


@dataclass(frozen=True, slots=True)
class Message:
    """A plain-text mail."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Details:
    """All that may enter a participant's message.

    `on` is the day that the reminder is about, `at` the appointment's time at the site
    and `zone` the site's time zone, `mode` how it is held, `phone` the site's contact
    number.
    """

    on: date
    phone: str = ""
    at: time | None = None
    zone: str = ""
    mode: Mode | None = None


_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)


def day_in_words(day: date) -> str:
    """As in "Tue 3 Mar 2026", whatever the machine's language."""
    month = _MONTHS[day.month - 1]
    return f"{_WEEKDAYS[day.weekday()]} {day.day} {month} {day.year}"


def moment_in_words(moment: datetime) -> str:
    """As in "Tue 3 Mar 2026 at 09:30 (America/Denver)"; `moment` is local and aware."""
    return f"{day_in_words(moment)} at {moment:%H:%M} ({moment.tzinfo})"


def to_participant(kind: Kind, details: Details) -> Message:
    """The mail that reminds a participant."""
    day = day_in_words(details.on)
    when = f"{day}{_hour(details)}"
    subject, sentence = {
        Kind.WEEK_BEFORE: (
            f"Your appointment on {day}",
            f"You have an appointment on {when}.",
        ),
        Kind.DAY_BEFORE: (
            f"Your appointment on {day}",
            f"This is a reminder of your appointment on {when}.",
        ),
        # No word of how: by hand, by phone or on a page, the site will say.
        Kind.QUESTIONNAIRE: (
            "We are waiting for a questionnaire",
            f"We are waiting for a questionnaire from you, until {day}.",
        ),
        Kind.FOLLOW_UP: (
            "Your next appointment",
            f"It is time to arrange your next appointment, which is due by {day}.",
        ),
    }[kind]
    return Message(subject, f"{sentence}\n\n{_whom_to_call(kind, details)}\n")


def _hour(details: Details) -> str:
    """The hour with its zone, and how: who waits for a call waits at the right clock."""
    if details.at and not details.zone:
        raise ValueError("The hour of an appointment needs the site's time zone.")
    at = f" at {details.at:%H:%M} ({details.zone})" if details.at else ""
    return f"{at}, {MODE_WORDS[details.mode].lower()}" if details.mode else at


def _whom_to_call(kind: Kind, details: Details) -> str:
    if not details.phone:
        raise ValueError("A reminder to a participant needs the site's contact phone.")
    question = (
        "To arrange when and how you fill it in, or if you have a question"
        if kind is Kind.QUESTIONNAIRE
        else "If the time does not suit you or you have a question"
    )
    return (
        f"{question}, call {details.phone}.\n"
        "Please do not answer this mail: nobody reads the answers."
    )


def digest(counts: Mapping[Matter, int], *, sign_in_url: str = "") -> Message:
    """The mail of the day to one of a site's staff: numbers and the way to Today.

    It counts visits and forms of the sites, which all of their staff share; what waits
    for one person alone, as safety reports do, is on Today, and the mail says so.
    """
    days = Leads().closing
    lines = [
        sentence
        for matter, one, many in (
            (Matter.OVERDUE, "1 visit is overdue.", "{} visits are overdue."),
            (
                Matter.WINDOW_CLOSING,
                f"1 visit that is not booked has a window that closes within {days} days.",
                f"{{}} visits that are not booked have windows that close within {days} days.",
            ),
            (
                Matter.UNSIGNED,
                "1 form waits for a signature.",
                "{} forms wait for a signature.",
            ),
        )
        if (number := counts.get(matter, 0))
        for sentence in [one if number == 1 else many.format(number)]
    ]
    total = sum(counts.values())
    subject = (
        "1 visit or form waits today"
        if total == 1
        else f"{total} visits or forms wait today"
    )
    which = "Today shows which, and everything else that waits for you"
    return _to_staff(subject, *lines, close=_sign_in(which, sign_in_url))


@dataclass(frozen=True, slots=True)
class Happening:
    """All that may enter a message to safety staff; times are local and aware.

    `site` is the site's number, `event` the event's number within its participant's.
    `by` and `why` are who acted and the reason as typed, empty where it is not to be
    read in a mail.
    """

    participant: str
    site: str
    at: datetime
    event: int = 0
    by: str = ""
    why: str = ""
    report: ReportKind = ReportKind.SITE_TO_SPONSOR
    due_at: datetime | None = None


def to_safety_staff(
    kind: Kind, happening: Happening, *, sign_in_url: str = ""
) -> Message:
    """The mail about a serious event, its reports, or an unblinding."""
    where = f"participant {happening.participant} of site {happening.site}"
    if kind is Kind.UNBLINDING:
        return _of_unblinding(where, happening, sign_in_url)
    event = f"serious event {happening.event} of {where}"
    if kind is Kind.SERIOUS_EVENT:
        return _to_staff(
            f"A serious event of {happening.participant} was reported",
            f"{event.capitalize()} was reported.",
            f"The site became aware of it on {moment_in_words(happening.at)}.",
            close=_sign_in("Its page says what is known", sign_in_url),
        )
    due_at = happening.due_at or happening.at
    verb, is_late = ("was", True) if kind is Kind.REPORT_OVERDUE else ("is", False)
    word = "overdue" if is_late else "due"
    return _to_staff(
        f"A safety report on {happening.participant} is {word}",
        f"{KIND_WORDS[happening.report]} on {event}: it {verb} due by "
        f"{moment_in_words(due_at)}, and is not recorded as sent.",
        close=_sign_in("Its page shows the clock", sign_in_url),
    )


def _of_unblinding(where: str, happening: Happening, sign_in_url: str) -> Message:
    reason = happening.why or "it is in the participant's record."
    return _to_staff(
        f"Participant {happening.participant} was unblinded",
        f"{where.capitalize()} was unblinded on {moment_in_words(happening.at)} by "
        f"{happening.by}.",
        f"Reason given: {reason}",
        "What was revealed is not in this mail. Do not ask for it.",
        close=_sign_in("The participant's page lists every unblinding", sign_in_url),
    )


def _to_staff(subject: str, *lines: str, close: str) -> Message:
    text = "\n".join(lines)
    return Message(subject, f"{text}\n\n{close}\n")


def _sign_in(what: str, url: str) -> str:
    return f"{what}: sign in at {url}" if url else f"{what}: sign in to see it."
