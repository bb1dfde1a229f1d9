"""A person with an appointment tomorrow and an email address of their own."""

import uuid
from dataclasses import dataclass
from datetime import date, time, timedelta

from django.utils import timezone

from accounts.vocabulary import Role
from audit.actors import SystemActor
from participants.actions import NewIdentity, record_identities
from participants.models import Participant
from reminders.actions import plan_reminders
from reminders.models import Reminder
from sessions.actions import Booking, book
from sessions.models import Visit
from tests.world import World, consented, visit_of
from trials.access import today_at

BY = SystemActor("reminders", triggered_by="test")


@dataclass(frozen=True)
class Appointment:
    """Who comes tomorrow to which visit, and where a mail would go."""

    world: World
    person: Participant
    visit: Visit
    email: str
    today: date


def born(today: date) -> date:
    """Return a birth date that fits the age on the consent form."""
    return date(today.year - 34, 1, 1)


def new_appointment(world: World, *, email: str | None = None) -> Appointment:
    """Book somebody's screening visit for tomorrow at half past nine."""
    today = today_at(world.site)
    (person,) = consented(world, on=today - timedelta(days=7))
    address = f"{uuid.uuid4().hex}@participant.invalid" if email is None else email
    record_identities(
        identities=[NewIdentity(person, "Ada Example", born(today), address)],
        by=world.actor(Role.COORDINATOR),
    )
    visit = visit_of(person, "screening")
    book(
        bookings=[Booking(visit, today + timedelta(days=1), time(9, 30), "in_person")],
        by=world.actor(Role.COORDINATOR),
        today=today,
    )
    return Appointment(world, person, visit_of(person, "screening"), address, today)


def planned(appointment: Appointment) -> Reminder:
    """Plan what is called for now; return the one reminder to this person."""
    plan_reminders(now=timezone.now(), by=BY)
    return Reminder.objects.get(participant=appointment.person)
