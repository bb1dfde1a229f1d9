"""The words of reminders, which name no trial, drug, diagnosis, site or person.

A message may be read by anybody at the recipient's screen: it says that there is an
appointment or something to do, on which day, and whom to call.
"""

from dataclasses import dataclass
from datetime import date, time

from reminders.rules import Kind


@dataclass(frozen=True, slots=True)
class Message:
    """A plain-text mail."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Details:
    """All that may enter the words.

    `on` is the day that the reminder is about, `at` the appointment's time at the site,
    `phone` the site's contact number, `sign_in_url` the address staff sign in at.
    """

    on: date
    phone: str = ""
    at: time | None = None
    sign_in_url: str = ""


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


def message(kind: Kind, details: Details) -> Message:
    """The mail for a reminder."""
    day = day_in_words(details.on)
    at = f" at {details.at:%H:%M}" if details.at else ""
    subject, sentence = {
        Kind.WEEK_BEFORE: (
            f"Your appointment on {day}",
            f"You have an appointment on {day}{at}.",
        ),
        Kind.DAY_BEFORE: (
            f"Your appointment on {day}",
            f"This is a reminder of your appointment on {day}{at}.",
        ),
        Kind.QUESTIONNAIRE: (
            "A questionnaire for you",
            f"There is a questionnaire for you to fill in, until {day}.",
        ),
        Kind.FOLLOW_UP: (
            "Your next appointment",
            f"It is time to arrange your next appointment, which is due by {day}.",
        ),
        Kind.WINDOW_CLOSING: (
            f"A visit window closes on {day}",
            f"A visit that is not booked has a window that closes on {day}.",
        ),
        Kind.OVERDUE: (
            f"A visit window closed on {day}",
            (
                f"A visit window closed on {day}, and the visit is not recorded. "
                "Record whether it was held or missed."
            ),
        ),
        Kind.UNSIGNED: (
            "A form waits for a signature",
            f"A form that was completed on {day} is not signed.",
        ),
    }[kind]
    return Message(subject, f"{sentence}\n\n{_closing(kind, details)}\n")


def _closing(kind: Kind, details: Details) -> str:
    if kind in {Kind.WINDOW_CLOSING, Kind.OVERDUE, Kind.UNSIGNED}:
        where = f": {details.sign_in_url}" if details.sign_in_url else ""
        return f"Sign in to see which one{where}."
    if not details.phone:
        raise ValueError("A reminder to a participant needs the site's contact phone.")
    question = (
        "If you have a question"
        if kind is Kind.QUESTIONNAIRE
        else "If the time does not suit you or you have a question"
    )
    return (
        f"{question}, call {details.phone}.\n"
        "Please do not answer this mail: nobody reads the answers."
    )
