"""Which reminders a visit calls for, to whom, from which day and until when.

Nothing is planned ahead: a reminder is called for only from its day on, so that a
window that moves leaves no message behind, and a day without service is made up for as
long as the message is still of use.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from sessions.lifecycle import STILL_TO_COME, State


class Kind(StrEnum):
    """The reminders there are; at most one of each for a visit and a day."""

    WEEK_BEFORE = "week_before"
    DAY_BEFORE = "day_before"
    QUESTIONNAIRE = "questionnaire"
    FOLLOW_UP = "follow_up"
    WINDOW_CLOSING = "window_closing"
    OVERDUE = "overdue"
    UNSIGNED = "unsigned"


class Audience(StrEnum):
    """Who reads it."""

    PARTICIPANT = "participant"
    SITE = "site"


WORDS = {
    Kind.WEEK_BEFORE: "A week before the visit",
    Kind.DAY_BEFORE: "The day before the visit",
    Kind.QUESTIONNAIRE: "Questionnaire to fill in",
    Kind.FOLLOW_UP: "Follow-up visit to arrange",
    Kind.WINDOW_CLOSING: "Window closing",
    Kind.OVERDUE: "Visit overdue",
    Kind.UNSIGNED: "Form unsigned",
}


@dataclass(frozen=True, slots=True)
class Leads:
    """How many days ahead or after; a site may choose others."""

    week: int = 7
    day: int = 1
    follow_up: int = 14
    closing: int = 3
    unsigned: int = 3


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """What the rules need to know of one visit; dates are the site's.

    `is_firm` is false while the window is only a forecast. `asks_questionnaire` says
    that a form of the participant's own is still to be filled in, and
    `unsigned_since_on` since when the oldest complete form waits for a signature.
    """

    state: State
    opens_on: date | None = None
    closes_on: date | None = None
    booked_on: date | None = None
    is_firm: bool = True
    is_follow_up: bool = False
    asks_questionnaire: bool = False
    unsigned_since_on: date | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """A reminder that is called for: `about_on` is the day that its words name.

    `due_on` does not depend on today, so that planning twice finds the same reminder;
    after `useful_until_on` it is not sent any more (None: always of use).
    """

    kind: Kind
    audience: Audience
    due_on: date
    about_on: date
    useful_until_on: date | None = None

    def is_called_for(self, today: date) -> bool:
        """Whether today is a day to send it."""
        is_in_time = self.useful_until_on is None or today <= self.useful_until_on
        return self.due_on <= today and is_in_time


_USUAL = Leads()


def reminders_due(
    visit: VisitFacts, *, today: date, leads: Leads = _USUAL
) -> tuple[Due, ...]:
    """The reminders to send now, if they have not been sent; `today` is the site's."""
    found = (
        *_before_the_appointment(visit, leads),
        *_within_the_window(visit, leads),
        *_after_the_visit(visit, leads),
    )
    return tuple(due for due in found if due.is_called_for(today))


def _before_the_appointment(visit: VisitFacts, leads: Leads) -> Iterator[Due]:
    booked_on = visit.booked_on
    if visit.state is not State.BOOKED or booked_on is None:
        return
    yield Due(
        Kind.WEEK_BEFORE,
        Audience.PARTICIPANT,
        due_on=booked_on - timedelta(days=leads.week),
        about_on=booked_on,
        # With two days to go the reminder of the day before is near enough.
        useful_until_on=booked_on - timedelta(days=leads.day + 1),
    )
    yield Due(
        Kind.DAY_BEFORE,
        Audience.PARTICIPANT,
        due_on=booked_on - timedelta(days=leads.day),
        about_on=booked_on,
        useful_until_on=booked_on,
    )


def _within_the_window(visit: VisitFacts, leads: Leads) -> Iterator[Due]:
    opens_on, closes_on = visit.opens_on, visit.closes_on
    if opens_on is None or closes_on is None or not visit.is_firm:
        return
    if visit.state not in STILL_TO_COME:
        return
    is_booked_within = visit.booked_on is not None and visit.booked_on <= closes_on
    if visit.asks_questionnaire:
        yield Due(
            Kind.QUESTIONNAIRE, Audience.PARTICIPANT, opens_on, closes_on, closes_on
        )
    if visit.is_follow_up and visit.booked_on is None:
        yield Due(
            Kind.FOLLOW_UP,
            Audience.PARTICIPANT,
            due_on=opens_on - timedelta(days=leads.follow_up),
            about_on=closes_on,
            useful_until_on=closes_on,
        )
    if not is_booked_within:
        yield Due(
            Kind.WINDOW_CLOSING,
            Audience.SITE,
            due_on=max(opens_on, closes_on - timedelta(days=leads.closing)),
            about_on=closes_on,
            useful_until_on=closes_on,
        )
    yield Due(Kind.OVERDUE, Audience.SITE, closes_on + timedelta(days=1), closes_on)


def _after_the_visit(visit: VisitFacts, leads: Leads) -> Iterator[Due]:
    since_on = visit.unsigned_since_on
    if since_on is not None:
        yield Due(
            Kind.UNSIGNED,
            Audience.SITE,
            due_on=since_on + timedelta(days=leads.unsigned),
            about_on=since_on,
        )
