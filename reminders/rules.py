"""Which messages are called for, to whom, from which day and until when.

Nothing is planned ahead: a message is called for only from its day on, so that a window
that moves leaves no message behind, and a day without service is made up for as long as
the message is still of use.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from accounts.vocabulary import Permission, Role, roles_with
from adverse_events.reporting import ReportKind
from sessions.lifecycle import STILL_TO_COME, State


class Kind(StrEnum):
    """The messages there are; at most one of each for a visit, person and day."""

    WEEK_BEFORE = "week_before"
    DAY_BEFORE = "day_before"
    QUESTIONNAIRE = "questionnaire"
    FOLLOW_UP = "follow_up"
    DIGEST = "digest"
    SERIOUS_EVENT = "serious_event"
    UNBLINDING = "unblinding"
    REPORT_DUE = "report_due"
    REPORT_OVERDUE = "report_overdue"


class Audience(StrEnum):
    """Who reads it."""

    PARTICIPANT = "participant"
    SITE = "site"
    SAFETY = "safety"


class Matter(StrEnum):
    """What a site's staff hear of once a working day, as a number only."""

    OVERDUE = "overdue"
    WINDOW_CLOSING = "window_closing"
    UNSIGNED = "unsigned"


WORDS = {
    Kind.WEEK_BEFORE: "A week before the visit",
    Kind.DAY_BEFORE: "The day before the visit",
    Kind.QUESTIONNAIRE: "Questionnaire to fill in",
    Kind.FOLLOW_UP: "Follow-up visit to arrange",
    Kind.DIGEST: "What waits today",
    Kind.SERIOUS_EVENT: "Serious event reported",
    Kind.UNBLINDING: "Emergency unblinding",
    Kind.REPORT_DUE: "Safety report due",
    Kind.REPORT_OVERDUE: "Safety report overdue",
}

# Who is told, by role. The sponsor's three are those who may receive safety reports; the
# site's own 24 hours also concern whoever answers for the trial there. House rules: the
# guidelines say that the sponsor is told at once (21 CFR 312.64(b); ICH E6(R3) 4.1.4), not
# which of its people.
SPONSORS_SAFETY = frozenset(
    Role(code) for code in roles_with(Permission.RECEIVE_REPORTS)
)
TOLD_OF_UNBLINDING = frozenset({Role.INVESTIGATOR, Role.MEDICAL_MONITOR, Role.SPONSOR})
DIGEST_READERS = frozenset(Role(code) for code in roles_with(Permission.RECORD_VISITS))


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
    that a form of the participant's own is expected at the visit and not begun;
    `is_remote`, that the visit is booked by phone or video.
    """

    state: State
    opens_on: date | None = None
    closes_on: date | None = None
    booked_on: date | None = None
    is_firm: bool = True
    is_follow_up: bool = False
    asks_questionnaire: bool = False
    is_remote: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """A message that is called for: `about_on` is the day that its words name.

    `due_on` does not depend on today, so that planning twice finds the same message;
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
    """What to remind a participant of now, if that was not done; `today` is the site's."""
    found = (
        *_before_the_appointment(visit, leads),
        *_within_the_window(visit, leads),
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
    is_booked = visit.booked_on is not None
    # At an appointment in person the form is at hand: one mail about that day is enough.
    if visit.asks_questionnaire and (visit.is_remote or not is_booked):
        yield Due(
            Kind.QUESTIONNAIRE, Audience.PARTICIPANT, opens_on, closes_on, closes_on
        )
    if visit.is_follow_up and not is_booked:
        yield Due(
            Kind.FOLLOW_UP,
            Audience.PARTICIPANT,
            due_on=opens_on - timedelta(days=leads.follow_up),
            about_on=closes_on,
            useful_until_on=closes_on,
        )


def matter_of(
    visit: VisitFacts, *, today: date, leads: Leads = _USUAL
) -> Matter | None:
    """What the site has to see to at this visit today, if anything."""
    if visit.state not in STILL_TO_COME:
        return None
    closes_on = visit.closes_on if visit.is_firm else None
    if any(day is not None and day < today for day in (visit.booked_on, closes_on)):
        return Matter.OVERDUE
    return Matter.WINDOW_CLOSING if _is_closing(visit, today, leads) else None


def _is_closing(visit: VisitFacts, today: date, leads: Leads) -> bool:
    opens_on, closes_on, booked_on = visit.opens_on, visit.closes_on, visit.booked_on
    if opens_on is None or closes_on is None or not visit.is_firm:
        return False
    is_booked_within = booked_on is not None and booked_on <= closes_on
    is_near = opens_on <= today and closes_on <= today + timedelta(leads.closing)
    return is_near and not is_booked_within


def waits_for_signature(
    completed_on: date, *, today: date, leads: Leads = _USUAL
) -> bool:
    """Whether a complete form has waited long enough to be counted."""
    return completed_on + timedelta(days=leads.unsigned) <= today


# House rule: nobody opens the mail earlier, and what came up at night is in it.
MORNING = time(7, 0)
# Monday is 0. House rule, derived from where the sites are; public holidays are unknown.
WEEKEND = (5, 6)
WEEKENDS = {"ISR": (4, 5)}


def digest_due(now: datetime, *, country: str) -> Due | None:
    """The site's mail of the day: on a working day, from the morning on, that day only.

    `now` is the site's local time, `country` its three-letter code.
    """
    today = now.date()
    if today.weekday() in WEEKENDS.get(country, WEEKEND) or now.time() < MORNING:
        return None
    return Due(Kind.DIGEST, Audience.SITE, today, today, today)


@dataclass(frozen=True, slots=True)
class ReportClock:
    """The clock of an unsent safety report; times are aware.

    `zone` is that of whoever sends it: the site's, or the sponsor's.
    """

    kind: ReportKind
    runs_from: datetime
    due_at: datetime
    zone: ZoneInfo


# Unverified house rules: no guideline says when a clock must call. Counted back from the
# day on which a report is due, so 0 is that day and 1 is day 6 of seven.
DAYS_AHEAD = {ReportKind.URGENT: (2, 1, 0), ReportKind.EXPEDITED: (2, 0)}


def clock_due(clock: ReportClock, *, now: datetime) -> Due | None:
    """The last call that a report's clock has made: at most one counts at a time.

    The site's 24 hours call at half time, a regulator's report on the mornings of
    `DAYS_AHEAD`; each calls once more when its time has run out.
    """
    made = [call for call in _calls(clock) if call[0] <= now]
    if not made:
        return None
    at, kind = max(made)
    about_on = clock.due_at.astimezone(clock.zone).date()
    return Due(kind, Audience.SAFETY, at.astimezone(clock.zone).date(), about_on)


def _calls(clock: ReportClock) -> Iterator[tuple[datetime, Kind]]:
    if clock.kind is ReportKind.SITE_TO_SPONSOR:
        yield clock.runs_from + (clock.due_at - clock.runs_from) / 2, Kind.REPORT_DUE
    last_on = clock.due_at.astimezone(clock.zone).date()
    for days in DAYS_AHEAD.get(clock.kind, ()):
        morning = datetime.combine(last_on - timedelta(days), MORNING, clock.zone)
        yield morning.astimezone(UTC), Kind.REPORT_DUE
    # The last second of a day is still in time.
    yield clock.due_at + timedelta(seconds=1), Kind.REPORT_OVERDUE
