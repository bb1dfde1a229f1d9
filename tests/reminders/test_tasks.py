"""Sending: once, over real SMTP, by real workers, and after a worker was killed."""

import email
import email.policy
import os
import signal
import subprocess
import sys
import time
import tomllib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.utils import timezone

from accounts.models import User
from accounts.vocabulary import Role
from adverse_events.actions import NewEvent, report_events
from audit.seeing import seeing
from audit.trail import acting
from config.environment import mail_server
from reminders import tasks
from reminders.access import failed_reminders
from reminders.actions import plan_notices
from reminders.models import Reminder
from starter.environment import Profile, place_for
from tests.reminders.appointments import Appointment, new_appointment, planned
from tests.world import MAPP2, SETUP, World, new_world

ROOT = Path(__file__).resolve().parents[2]
SMTP = "django.core.mail.backends.smtp.EmailBackend"
# Words from which somebody who looks over a shoulder would learn what it is about.
TELLING = {
    "trial",
    "study",
    "ptsd",
    "trauma",
    "mdma",
    "drug",
    "dose",
    "placebo",
    "psych",
}


@pytest.fixture
def appointment(db: None) -> Appointment:
    return new_appointment(new_world())


@pytest.fixture
def real_smtp(settings: Any) -> None:
    """Send by SMTP to the catcher, where the test runner would keep mails in memory."""
    settings.EMAIL_BACKEND = SMTP
    for name, value in mail_server(os.environ["EMAIL_URL"]).items():
        setattr(settings, name, value)


def caught(address: str) -> list[EmailMessage]:
    """Return the mails that the catcher keeps for an address."""
    folder = place_for(Profile.TESTING).mail
    return [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in folder.glob(f"*{address}*.eml")
    ]


def text_of(message: EmailMessage) -> str:
    body = message.get_body()
    assert body is not None
    return f"{message['Subject']}\n{body.get_content()}"


def lease_runs_out(reminder: Reminder) -> None:
    with acting("prepare test", by=SETUP):
        Reminder.objects.filter(pk=reminder.pk).update(
            leased_until=timezone.now() - timedelta(seconds=1)
        )


def test_a_reminder_is_sent_once(appointment: Appointment) -> None:
    reminder = planned(appointment)
    assert tasks.send_one(reminder.pk) == "sent"
    lease_runs_out(reminder)
    assert tasks.send_one(reminder.pk) == "taken"
    (message,) = mail.outbox
    assert message.to == [appointment.email]
    reminder.refresh_from_db()
    assert reminder.state == "sent"
    assert reminder.sent_at is not None


def test_the_mail_names_no_trial_drug_or_diagnosis(appointment: Appointment) -> None:
    tasks.send_one(planned(appointment).pk)
    (message,) = mail.outbox
    text = f"{message.subject} {message.body} {message.from_email}".lower()
    definition = tomllib.loads(MAPP2.read_text("utf-8"))
    telling = TELLING | set(definition["forbidden_words"])
    world = appointment.world
    telling |= {world.trial.identifier.lower(), world.trial.sponsor_name.lower()}
    telling |= {appointment.person.number, "ada example"}
    assert [word for word in telling if word in text] == []
    assert "at 09:30" in text
    assert world.site.phone in text


def test_a_reminder_that_is_no_longer_wanted_is_dropped_with_its_reason(
    appointment: Appointment,
) -> None:
    reminder = planned(appointment)
    with acting("prepare test", by=SETUP, reason="A test needs it so"):
        appointment.person.consent_items.filter(code="reminders_email").update(
            is_given=False
        )
    assert tasks.send_one(reminder.pk) == "dropped"
    reminder.refresh_from_db()
    assert (reminder.state, mail.outbox) == ("dropped", [])
    assert "not consented" in reminder.note


@pytest.mark.services
def test_over_real_smtp_one_mail_arrives(
    appointment: Appointment, real_smtp: None
) -> None:
    reminder = planned(appointment)
    assert tasks.send_one(reminder.pk) == "sent"
    assert tasks.send_one(reminder.pk) == "taken"
    (message,) = caught(appointment.email)
    assert message["To"] == appointment.email
    assert message["Message-ID"] == f"<{reminder.uuid}@{django_settings.MAIL_DOMAIN}>"
    text = text_of(message).lower()
    assert [word for word in TELLING if word in text] == []


@pytest.mark.services
def test_a_mail_server_that_is_down_makes_it_fail_in_the_open(
    appointment: Appointment, real_smtp: None, settings: Any
) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    reminder = planned(appointment)
    for _ in range(3):
        assert tasks.send_one(reminder.pk) == "failed"
        assert tasks.send_one(reminder.pk) == "taken"  # a pause before the next attempt
        lease_runs_out(reminder)
    (failed,) = failed_reminders([appointment.world.site.pk])
    assert failed.pk == reminder.pk
    assert "refused" in failed.note.lower()


def environment_for(database: str) -> dict[str, str]:
    """Return the environment of a process that works on a test's own database."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    broker = os.environ["REDIS_URL"]
    # A number of its own in the broker: other tests' tasks are none of this worker's.
    broker += ("&" if "?" in broker else "?") + "virtual_host=9"
    return os.environ | {
        "DATABASE_URL": urlunsplit(parts._replace(path=f"/{database}")),
        "REDIS_URL": broker,
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }


CLAIM_AND_HANG = """
import sys, time, django
django.setup()
from django.utils import timezone
from audit.actors import SystemActor
from audit.seeing import seeing
from reminders.actions import claim
by = SystemActor("reminders", triggered_by="test")
with seeing(by):
    claimed = claim(reminder_id=int(sys.argv[1]), now=timezone.now(), by=by)
print(claimed.pk, flush=True)
time.sleep(120)
"""


@pytest.mark.services
def test_a_worker_killed_before_sending_loses_nothing(
    own_database: str, real_smtp: None
) -> None:
    appointment = new_appointment(new_world())
    reminder = planned(appointment)
    with subprocess.Popen(
        [sys.executable, "-c", CLAIM_AND_HANG, str(reminder.pk)],
        cwd=ROOT,
        env=environment_for(own_database),
        stdout=subprocess.PIPE,
    ) as worker:
        assert worker.stdout is not None
        assert int(worker.stdout.readline()) == reminder.pk
        assert tasks.send_one(reminder.pk) == "taken"
        worker.send_signal(signal.SIGKILL)
    assert worker.returncode == -signal.SIGKILL
    assert tasks.send_one(reminder.pk) == "taken"
    assert caught(appointment.email) == []
    lease_runs_out(reminder)
    assert tasks.send_one(reminder.pk) == "sent"
    assert len(caught(appointment.email)) == 1


@contextmanager
def celery_worker(environment: dict[str, str]) -> Iterator[None]:
    """Run a real worker until the block ends."""
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--pool=solo"]
    worker = subprocess.Popen(
        [*command, "--loglevel=WARNING"], cwd=ROOT, env=environment
    )
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(timeout=60)


@pytest.mark.services
@pytest.mark.slow
def test_a_real_worker_sends_what_is_due_once(own_database: str) -> None:
    appointment = new_appointment(new_world())
    environment = environment_for(own_database)
    call = [sys.executable, "-m", "celery", "-A", "config", "call"]
    for name in ("plan", "send_due", "plan", "send_due"):
        subprocess.run(
            [*call, f"reminders.tasks.{name}"],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
        )
    with celery_worker(environment):
        end = time.monotonic() + 60
        sent = Reminder.objects.filter(participant=appointment.person, state="sent")
        while not sent.exists() and time.monotonic() < end:
            time.sleep(0.2)
        time.sleep(1)  # a second mail would come now
    assert sent.count() == Reminder.objects.count() == 1
    (message,) = caught(appointment.email)
    text = text_of(message).lower()
    assert [word for word in TELLING if word in text] == []


REPORT_AND_LEAVE = """
import sys, django
django.setup()
from datetime import timedelta
from django.utils import timezone
from adverse_events.actions import NewEvent, report_events
from audit.actors import SystemActor
from audit.seeing import seeing
from participants.models import Participant
by = SystemActor("setup", triggered_by="test")
with seeing(by):
    person = Participant.objects.get(pk=int(sys.argv[1]))
    now = timezone.now()
    event = NewEvent(
        person, "Road accident", now.date() - timedelta(days=1), "severe",
        "unpleasant", "recovering", "not_changed",
        seriousness=frozenset({"hospitalization"}), site_aware_at=now,
    )
    report_events(events=[event], by=by)
"""


def given_own_addresses(world: World, *roles: Role) -> list[str]:
    """Give the holders of some roles addresses that no other test's mail goes to."""
    addresses = []
    with acting("prepare test", by=SETUP, reason="A test needs it so"):
        for role in roles:
            addresses.append(f"{uuid.uuid4().hex}@staff.invalid")
            User.objects.filter(pk=world.user(role).pk).update(email=addresses[-1])
    return addresses


@pytest.mark.services
@pytest.mark.slow
@pytest.mark.requirement("SAF-02")
def test_a_serious_event_reaches_the_sponsor_within_a_minute_of_being_saved(
    own_database: str,
) -> None:
    appointment = new_appointment(new_world())
    addresses = given_own_addresses(
        appointment.world, Role.MEDICAL_MONITOR, Role.SAFETY_OFFICER, Role.SPONSOR
    )
    environment = environment_for(own_database)
    # No clock runs here: the act itself wakes the worker, which waits already.
    with celery_worker(environment):
        subprocess.run(
            [sys.executable, "-c", REPORT_AND_LEAVE, str(appointment.person.pk)],
            cwd=ROOT,
            env=environment,
            check=True,
        )
        end = time.monotonic() + 60
        while time.monotonic() < end and not all(map(caught, addresses)):
            time.sleep(0.2)
        time.sleep(1)  # a second mail would come now
    for address in addresses:
        (message,) = caught(address)
        assert message["To"] == address  # one mail a person: nobody sees the others
        text = text_of(message)
        assert appointment.person.number in text
        assert "Road accident" not in text
        assert [word for word in TELLING if word in text.lower()] == []


@pytest.mark.services
def test_a_notice_survives_the_worker_that_was_killed_over_it(
    own_database: str, real_smtp: None
) -> None:
    appointment = new_appointment(new_world())
    (address,) = given_own_addresses(appointment.world, Role.SPONSOR)
    environment = environment_for(own_database)
    subprocess.run(
        [sys.executable, "-c", REPORT_AND_LEAVE, str(appointment.person.pk)],
        cwd=ROOT,
        env=environment,
        check=True,
    )
    with seeing(tasks.BY):
        plan_notices(now=timezone.now(), by=tasks.BY)
        reminder = Reminder.objects.get(recipient__email=address)
    with subprocess.Popen(
        [sys.executable, "-c", CLAIM_AND_HANG, str(reminder.pk)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
    ) as worker:
        assert worker.stdout is not None
        assert int(worker.stdout.readline()) == reminder.pk
        worker.send_signal(signal.SIGKILL)
    assert tasks.send_one(reminder.pk) == "taken"
    assert caught(address) == []
    lease_runs_out(reminder)
    assert tasks.send_one(reminder.pk) == "sent"
    assert tasks.send_one(reminder.pk) == "taken"
    assert len(caught(address)) == 1


@pytest.mark.services
def test_a_notice_that_no_mail_server_takes_is_on_the_sites_list_in_minutes(
    appointment: Appointment, real_smtp: None, settings: Any
) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    now = timezone.now()
    report_events(
        events=[
            NewEvent(
                appointment.person,
                "Road accident",
                appointment.today - timedelta(days=1),
                "severe",
                "unpleasant",
                "recovering",
                "not_changed",
                seriousness=frozenset({"hospitalization"}),
                site_aware_at=now,
            )
        ],
        by=appointment.world.actor(Role.COORDINATOR),
    )
    plan_notices(now=now, by=tasks.BY)
    reminder = Reminder.objects.get(recipient=appointment.world.user(Role.SPONSOR))
    for _ in range(3):
        assert tasks.send_one(reminder.pk) == "failed"
        lease_runs_out(reminder)
    (failed,) = failed_reminders([appointment.world.site.pk])
    assert failed.pk == reminder.pk
    assert "refused" in failed.note.lower()
