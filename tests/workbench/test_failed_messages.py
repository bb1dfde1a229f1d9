"""Messages that could not be sent, on Today: whom to tell another way, and of what."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.vocabulary import Role
from audit.trail import acting
from notices.actions import NewNotice, notify
from notices.vocabulary import Kind as NoticeKind
from reminders.actions import plan_notices
from reminders.models import Reminder
from tests.workbench.conftest import Browser, text_of
from tests.world import SETUP, World, consented

pytestmark = pytest.mark.django_db


def test_a_notice_that_was_not_sent_says_whom_to_tell_of_what(
    world: World, browser: Browser
) -> None:
    (person,) = consented(world)
    with acting("prepare test", by=SETUP):
        notify(
            notices=[
                NewNotice(
                    kind=NoticeKind.UNBLINDING,
                    about=uuid.uuid4(),
                    trial=world.trial,
                    site=world.site,
                    participant_id=person.pk,
                    occurred_at=timezone.now(),
                    why="Unconscious after a fall",
                )
            ],
            by=SETUP,
        )
    plan_notices(now=timezone.now(), by=SETUP)
    sponsor = world.user(Role.SPONSOR)
    with acting("prepare test", by=SETUP):
        Reminder.objects.filter(recipient=sponsor).update(
            state="failed", note="Connection refused"
        )
    page = text_of(browser(world.user(Role.COORDINATOR)).get("/"))
    assert f"Tell {sponsor.name} another way: emergency unblinding" in page
    assert "Connection refused" in page
    assert person.number in page
    # Whoever receives safety reports must know that a colleague was not told.
    for role in (Role.SAFETY_OFFICER, Role.MEDICAL_MONITOR):
        page = text_of(browser(world.user(role)).get("/"))
        assert page.count(f"Tell {sponsor.name} another way") == 1


def test_a_mail_of_the_day_that_was_not_sent_belongs_to_no_participant(
    world: World, browser: Browser
) -> None:
    therapist = world.user(Role.THERAPIST)
    with acting("prepare test", by=SETUP):
        Reminder.objects.create(
            trial=world.trial,
            site=world.site,
            recipient=therapist,
            kind="digest",
            audience="site",
            due_on=timezone.now().date() - timedelta(days=1),
            state="failed",
            note="Connection refused",
        )
    for view in ("/", "/?group=participant"):
        page = text_of(browser(world.user(Role.COORDINATOR)).get(view))
        assert f"Tell {therapist.name} another way: what waits today" in page
    # What a site's own staff is told of is none of the sponsor's.
    page = text_of(browser(world.user(Role.MEDICAL_MONITOR)).get("/"))
    assert "another way" not in page
