"""Booking visits, and recording that they were held or missed."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from accounts.vocabulary import Permission
from audit.actors import AnyActor
from audit.refusal import Refused
from audit.trail import acting
from participants.access import allowed_after_leaving
from participants.actions import NewDeviation, record_deviations
from sessions.access import consents_of
from sessions.actions.entries import as_they_stand, named, placed
from sessions.actions.holding import (
    Holding,
    after_leaving,
    deviation_of,
    may_be_held,
    refuse_mode,
    research_waits_for,
)
from sessions.actions.planning import Today, latest_days, replan
from sessions.actions.statements import update_rows
from sessions.drawing.windows import day_text
from sessions.lifecycle import Move, State, moved
from sessions.models import DoseAdministration, TherapySession, Visit
from trials.access import approvals_of, protocol_versions, require
from trials.protocol import ProtocolDefinition

_NOT_TO_BE_PLANNED = frozenset({"waiting", "if_needed", "not_for", "cancelled"})
_FROZEN = ("plan", "opens", "target", "closes", "to_decide")


@dataclass(frozen=True, slots=True)
class Booking:
    """A day, and perhaps a time local to the site, for a visit; no day takes it off."""

    visit: Visit
    on: datetime.date | None
    time: datetime.time | None = None
    mode: str = ""


@dataclass(frozen=True, slots=True)
class Miss:
    """That a visit did not take place, why, and the day on which that was clear."""

    visit: Visit
    why: str
    on: datetime.date


def book(
    *,
    bookings: Sequence[Booking],
    by: AnyActor,
    reason: str = "",
    today: datetime.date | None = None,
) -> None:
    """Put visits on the calendar, move them there, or take them off.

    A day outside the window may be booked: only what happens is a deviation. Without
    `today` the plan is that of the last day on record, never of the day booked.
    """
    chosen = [booking.visit for booking in bookings]
    with acting(
        "book visit",
        by=by,
        reason=reason,
        subject=named(visits=chosen),
        place=placed(visits=chosen),
    ):
        visits = to_record(visits=chosen, by=by)
        for booking in bookings:
            _book(visits[booking.visit.pk], booking, today)
        fields = ("state", "booked_on", "booked_time", "mode", "to_decide")
        update_rows(rows=list(visits.values()), fields=fields)
        _replan(visits.values(), today=today, by=by)


def _book(visit: Visit, booking: Booking, today: datetime.date | None) -> None:
    move = Move.UNBOOK if booking.on is None else Move.BOOK
    visit.state = moved(State(visit.state), move).value
    if visit.plan in _NOT_TO_BE_PLANNED:
        raise Refused(f"{visit.called} cannot be booked now. {visit.why}".rstrip())
    if booking.mode:
        refuse_mode(visit=visit, mode=booking.mode)
    if booking.on is not None and today is not None and booking.on < today:
        raise Refused(
            f"{day_text(booking.on)} has passed. Choose today or a later day, or record "
            "that the visit was held."
        )
    visit.to_decide = ""
    visit.booked_on = booking.on
    visit.booked_time = booking.time if booking.on is not None else None
    # A booking without a mode leaves the mode alone: to empty it would be a correction.
    visit.mode = booking.mode or visit.mode


def hold(
    *,
    holdings: Sequence[Holding],
    by: AnyActor,
    reason: str = "",
    today: datetime.date | None = None,
) -> None:
    """Record that visits were held, or correct the day or mode with a reason.

    Outside its window a visit needs an explanation, and leaves a deviation. Windows that
    count from it follow its actual day.
    """
    chosen = [holding.visit for holding in holdings]
    latest = latest_days(
        days=((holding.visit.participant_id, holding.on) for holding in holdings)
    )
    with acting(
        "hold visit",
        by=by,
        reason=reason.strip() or _other_mode(holdings),
        subject=named(visits=chosen),
        place=placed(visits=chosen),
    ):
        visits = to_record(visits=chosen, by=by)
        days = latest if today is None else dict.fromkeys(latest, today)
        deviations = _hold_each(holdings, visits, days)
        _keep_windows(visits.values())
        fields = ("state", "held_on", "mode", *_FROZEN)
        update_rows(rows=list(visits.values()), fields=fields)
        if deviations:
            record_deviations(deviations=deviations, by=by)
        _replan(visits.values(), today=today or latest, by=by)


def _hold_each(
    holdings: Sequence[Holding],
    visits: Mapping[int, Visit],
    days: Mapping[int, datetime.date],
) -> list[NewDeviation]:
    """Hold each visit as of its participant's day, and return what was out of order."""
    people = {visit.participant_id for visit in visits.values()}
    consents, allowed = consents_of(people), allowed_after_leaving(people)
    approvals = approvals_of(visit.site_id for visit in visits.values())
    definitions = protocol_versions(v.protocol_version_id for v in visits.values())
    anchors = _anchors(visits, definitions)
    deviations = []
    for holding in holdings:
        visit = visits[holding.visit.pk]
        signed = consents.get(visit.participant_id, {})
        may_be_held(
            visit=visit,
            holding=holding,
            definition=definitions[visit.protocol_version_id],
            consented_on=min(signed.values(), default=None),
            waits_for=after_leaving(
                person=visit.participant,
                kind=visit.kind,
                on=holding.on,
                allows=allowed.get(visit.participant_id, ()),
            )
            or research_waits_for(
                visit=visit, on=holding.on, signed=signed, approvals=approvals
            ),
            counts_from=anchors[visit.pk],
            today=days[visit.participant_id],
        )
        deviations += deviation_of(visit=visit, holding=holding)
        _hold(visit, holding)
    return deviations


def _hold(visit: Visit, holding: Holding) -> None:
    if visit.state != State.HELD:
        visit.state = moved(State(visit.state), Move.HOLD).value
    visit.held_on = holding.on
    visit.mode = holding.mode


def _other_mode(holdings: Sequence[Holding]) -> str:
    """Return why the mode differs from a booking's: the booking was only a plan."""
    for holding in holdings:
        visit = holding.visit
        if visit.state == State.BOOKED and visit.mode not in {"", holding.mode}:
            booked = visit.get_mode_display().lower()
            return f"The booking said {booked}; this is how it was held."
    return ""


def _keep_windows(visits: Iterable[Visit]) -> None:
    """Freeze the windows; one that never had a day keeps its target alone."""
    for visit in visits:
        if visit.plan == "no_day":
            visit.opens = visit.closes = None
        visit.plan = "recorded"
        visit.to_decide = ""


def miss(
    *, misses: Sequence[Miss], by: AnyActor, today: datetime.date | None = None
) -> None:
    """Record that visits did not take place, each with a deviation (ICH E6(R3) 4.2.2)."""
    chosen = [item.visit for item in misses]
    reasons = "; ".join(dict.fromkeys(item.why.strip() for item in misses))
    with acting(
        "record missed visit",
        by=by,
        reason=reasons,
        subject=named(visits=chosen),
        place=placed(visits=chosen),
    ):
        visits = to_record(visits=chosen, by=by)
        for item in misses:
            _miss(visits[item.visit.pk], item)
        _keep_windows(visits.values())
        fields = ("state", "missed_reason", *_FROZEN)
        update_rows(rows=list(visits.values()), fields=fields)
        deviations = [
            NewDeviation(
                participant=visits[item.visit.pk].participant,
                kind="missed_visit",
                occurred_on=item.on,
                description=item.why.strip(),
                visit_code=item.visit.code,
            )
            for item in misses
        ]
        record_deviations(deviations=deviations, by=by)
        latest = latest_days(
            days=((item.visit.participant_id, item.on) for item in misses)
        )
        _replan(visits.values(), today=today or latest, by=by)


def _miss(visit: Visit, item: Miss) -> None:
    visit.state = moved(State(visit.state), Move.MARK_MISSED, reason=item.why).value
    if visit.plan in _NOT_TO_BE_PLANNED:
        raise Refused(f"{visit.called} is not expected, so it cannot be missed.")
    if visit.turn:
        raise Refused(
            f"The protocol does not ask for {visit.called}, so it cannot be missed. "
            "Cancel it with a reason."
        )
    visit.missed_reason = item.why.strip()
    # What counts from a missed visit counts from its target, so it must have one.
    visit.target = visit.target or item.on


def reinstate(
    *,
    visits: Sequence[Visit],
    by: AnyActor,
    reason: str,
    today: datetime.date | None = None,
) -> None:
    """Undo that visits were held or missed: they are planned again, with a reason."""
    with acting(
        "reinstate visit",
        by=by,
        reason=reason,
        subject=named(visits=visits),
        place=placed(visits=visits),
    ):
        rows = to_record(visits=visits, by=by)
        _refuse_with_contents(rows)
        for visit in rows.values():
            visit.state = moved(State(visit.state), Move.REINSTATE, reason=reason).value
            visit.held_on = None
            visit.mode = visit.missed_reason = ""
            visit.booked_on = visit.booked_time = None
            if visit.turn:
                # The planner leaves it alone, so nothing else opens it again.
                visit.plan = "firm"
        fields = (
            "state",
            "held_on",
            "mode",
            "missed_reason",
            "booked_on",
            "booked_time",
            "plan",
        )
        update_rows(rows=list(rows.values()), fields=fields)
        _replan(rows.values(), today=today, by=by)


def _refuse_with_contents(visits: Mapping[int, Visit]) -> None:
    """Refuse for visits at which a dose or a session is on record: that was no mistake."""
    given = DoseAdministration.objects.filter(visit__in=visits, given_at__isnull=False)
    held = TherapySession.objects.filter(visit__in=visits)
    for pk in given.values_list("visit_id", flat=True).union(
        held.values_list("visit_id", flat=True)
    ):
        raise Refused(
            f"{visits[pk].called} has a session or a dose on record, so it took "
            "place. Correct its day instead."
        )


def to_record(*, visits: Sequence[Visit], by: AnyActor) -> dict[int, Visit]:
    """Return the visits as they stand, locked, for somebody who may record them."""
    require(
        by=by,
        permission=Permission.RECORD_VISITS,
        site_ids={visit.site_id for visit in visits},
    )
    return as_they_stand(visits=visits)


def _anchors(
    visits: Mapping[int, Visit], definitions: Mapping[int, ProtocolDefinition]
) -> dict[int, str]:
    """Return by visit what people call the visit that its window counts from, if any.

    A window counted back from a visit, or from an event, is a forecast for long and may
    be held as one.
    """
    names = dict.fromkeys(visits, "")
    for pk, visit in visits.items():
        known = definitions[visit.protocol_version_id].visits_by_code
        when = known[visit.code].when if visit.code in known else None
        if when is not None and not when.is_ahead and when.anchor in known:
            anchor = known[when.anchor]
            names[pk] = anchor.number or anchor.label
    return names


def _replan(visits: Iterable[Visit], *, today: Today, by: AnyActor) -> None:
    people = {visit.participant_id: visit.participant for visit in visits}
    replan(participants=list(people.values()), today=today, by=by)
