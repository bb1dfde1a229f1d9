"""A name, a birth date and two addresses are planted, and looked for everywhere."""

import html
import itertools
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from smtplib import SMTPDataError, SMTPRecipientsRefused
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest
from django.apps import apps
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.vocabulary import Role
from adverse_events.reporting import ReportKind
from audit.models import RowChange
from audit.refusal import Refused
from exports.datasets import DATASETS
from participants.actions import (
    NewDeviation,
    NewIdentity,
    record_deviations,
    record_identities,
    rotate_identities,
    show_identity,
)
from reminders import tasks
from reminders.models import Reminder
from tests import databases
from tests.exports.study import Study, body_of, new_study
from tests.house.test_pages import routes
from tests.medical.world import everything_of
from tests.pages import shown_identity, signed_in_as
from tests.reminders.appointments import Appointment, new_appointment, planned
from tests.world import OF_A_SITE, SETUP, WHOLE_TRIAL, visit_of

pytestmark = [pytest.mark.slow, pytest.mark.requirement("PRV-08")]

NAME = "Zyxanthe Quillfeather"
BORN = date(1991, 2, 27)
EMAIL = "zyxanthe.q@canary.invalid"
PHONE = "+1 555 0182 7364"
TELLING = re.compile(
    r"zyxanthe|quillfeather|canary\.invalid|0182.?7364"
    r"|1991-02-27|27 Feb(ruary)? 1991|Feb(\.|ruary)? 27, 1991|0?2/27/1991|27[./]0?2[./]1991",
    re.IGNORECASE,
)
# Something of it is in all that tells: to look for these first takes a tenth of the time.
HINTS = ("zyxanthe", "quillfeather", "canary", "0182", "1991")
TYPED = {
    "act": "save",
    "name": NAME,
    "birth_date": BORN.isoformat(),
    "email": EMAIL,
    "phone": PHONE,
    "reason": "",
}
# What a uuid in an app's routes stands for; in an app that is not listed, anything. A new
# route that leads nowhere with these is named by the crawl.
MEANT: Mapping[str, frozenset[str]] = {
    "workbench": frozenset({"participant", "visit"}),
    "trials": frozenset({"trial"}),
    "participants": frozenset({"participant"}),
    "medical": frozenset({"participant", "ecg"}),
    "sessions": frozenset({"participant", "visit"}),
    "adverse_events": frozenset({"participant", "adverseevent"}),
    "assessments": frozenset({"participant", "visit", "assessment"}),
    "randomization": frozenset({"trial", "participant", "visit"}),
    "exports": frozenset({"trial", "apitoken"}),
}
WORDS: Mapping[str, tuple[str, ...]] = {
    "part": ("initial", "supplement"),
    "code": ("caps5", "pcl5", "cssrs_slc"),
    "kind": (*(kind.value for kind in ReportKind), "ecg"),
    "name": tuple(DATASETS),
    "app_label": ("participants", "trials"),
    "table": ("participants_identity", "participants_participant"),
}


class Everything(logging.Handler):
    """Keeps every line that anything logs, tracebacks included."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@dataclass
class Planted:
    """A study in which two people have the planted identity, and what it logged."""

    study: Study
    appointment: Appointment
    log: Everything


class Visited(NamedTuple):
    """One answer to one address of a named route."""

    name: str
    address: str
    response: Any


def told(text: str) -> set[str]:
    """Return what of the planted identity a text tells, however it is written."""
    hinting = [
        each
        for each in {text, unquote(text), html.unescape(text)}
        if any(map(each.lower().__contains__, HINTS))
    ]
    return {found[0] for each in hinting for found in TELLING.finditer(each)}


@pytest.fixture(scope="module")
def course(django_db_setup: None, django_db_blocker: Any) -> Iterator[Planted]:
    """A whole course with everything logged, SQL as well, in a committed database."""
    log = Everything()
    loggers = [logging.getLogger(name) for name in ("", "django.db.backends")]
    levels = [logger.level for logger in loggers]
    with django_db_blocker.unblock(), databases.cloned():
        connection.force_debug_cursor = True
        for logger in loggers:
            logger.setLevel(logging.DEBUG)
        loggers[0].addHandler(log)
        try:
            yield _course(log)
        finally:
            connection.force_debug_cursor = False
            loggers[0].removeHandler(log)
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def _course(log: Everything) -> Planted:
    """Record, correct, refuse, show, remind and encrypt anew, beside a whole course."""
    study = new_study()
    by = study.world.actor(Role.COORDINATOR)
    appointment = new_appointment(study.world, email=EMAIL)
    new = NewIdentity(study.treated, NAME, BORN, EMAIL, PHONE)
    record_identities(identities=[new], by=by)
    for person in (study.unconsented, appointment.person):
        # Refused: before consent, and for want of a reason.
        again = NewIdentity(person, NAME, BORN, EMAIL, PHONE)
        with pytest.raises(Refused):
            record_identities(identities=[again], by=by)
    again = NewIdentity(appointment.person, NAME, BORN, EMAIL, PHONE)
    record_identities(identities=[again], by=by, reason="Misspelled")
    record_deviations(
        deviations=[
            NewDeviation(
                study.treated, "procedure", date(2025, 4, 28), "Late start", "dosing_1"
            )
        ],
        by=by,
    )
    assert show_identity(participant=study.treated, by=by) is not None
    assert rotate_identities(by=SETUP) is None  # every value has the first key already
    planned(appointment)
    everything_of(study.world, study.treated)
    return Planted(study, appointment, log)


def choices(name: str, argument: str, course: Planted) -> list[object]:
    """Return the values of a route's argument that lead to rows of the course."""
    if argument in {"uuid", "visit"}:
        return [row.uuid for row in _rows_meant(name.partition(":")[0], course)]
    if argument == "object_id":
        return [
            pk
            for model in apps.get_models()
            if name.startswith(
                f"oversight:{model._meta.label_lower.replace('.', '_')}_"
            )
            for pk in model._default_manager.order_by("pk").values_list(
                "pk", flat=True
            )[:2]
        ]
    if argument == "row":
        changes = RowChange.objects.filter(table_name=WORDS["table"][0])
        return [*changes.values_list("row_id", flat=True)[:2]]
    return list(WORDS.get(argument, (course.study.treated.pk, 1)))


def _rows_meant(app: str, course: Planted) -> list[Any]:
    models = [
        model
        for model in apps.get_models()
        if any(column.name == "uuid" for column in model._meta.concrete_fields)
        and model._meta.model_name in MEANT.get(app, {model._meta.model_name})
    ]
    rows = [
        row for model in models for row in model._default_manager.order_by("pk")[:2]
    ]
    if any(model._meta.model_name == "visit" for model in models):
        rows.append(visit_of(course.study.treated, "dosing_1"))
    return rows


def addresses(course: Planted) -> dict[str, list[str]]:
    """Return every route of the site with its addresses in this course."""
    found = {}
    for name, arguments in routes():
        values = [choices(name, argument, course) for argument in arguments]
        found[name] = [
            reverse(name, kwargs=dict(zip(arguments, chosen, strict=True)))
            for chosen in itertools.product(*values)
        ]
    return found


def whole(response: Any) -> str:
    """Return an answer with its headers and cookies, as it goes over the wire."""
    body = body_of(response).decode("utf-8", "replace")
    return f"{response.headers}\n{response.cookies}\n{body}"


PEOPLE = (*OF_A_SITE, *WHOLE_TRIAL)
# They would end the crawl of whoever is signed in.
LEAVING = {"accounts:sign_out", "oversight:logout"}


def crawled(client: Client, known: Mapping[str, list[str]]) -> Iterator[Visited]:
    """Open every address as one person; the oversight site only if it opens at all."""
    enters = client.get(reverse("oversight:index")).status_code == 200
    for name, some in known.items():
        if name in LEAVING or (name.startswith("oversight:") and not enters):
            continue
        for address in some:
            yield Visited(name, address, client.get(address))


@pytest.mark.parametrize("role", PEOPLE)
def test_no_page_of_any_role_tells_who_a_participant_is(
    course: Planted, role: Role
) -> None:
    connection.force_debug_cursor = False  # the course's own statements are logged
    client = signed_in_as(course.study.world, role)
    client.raise_request_exception = False
    found, broken = [], set()
    for name, address, response in crawled(client, addresses(course)):
        if telling := told(address + whole(response)):
            found.append(f"{address}: {telling}")
        if response.status_code >= 500:
            broken.add(name)
    assert found == []
    # Where no anchor was ever made, health says so by its status.
    assert broken <= {"health_of_trail"}


def test_almost_every_route_answers_somebody(course: Planted) -> None:
    """A crawl that is turned away everywhere finds nothing either."""
    connection.force_debug_cursor = False
    known = addresses(course)
    silent = {name: some for name, some in known.items() if name not in LEAVING}
    for role in PEOPLE:
        client = signed_in_as(course.study.world, role)
        client.raise_request_exception = False
        answered = {
            name
            for name, _, response in crawled(client, silent)
            if response.status_code != 404
        }
        silent = {name: some for name, some in silent.items() if name not in answered}
    # What waits for a kit to be exchanged or a report to be sent is not in the course.
    assert len(silent) < len(known) / 8, sorted(silent)


def test_only_the_act_of_showing_tells_it(course: Planted) -> None:
    """Without this, the crawl could be green because nothing is recorded."""
    client = signed_in_as(course.study.world, Role.COORDINATOR)
    page = reverse("participants:identity", args=[course.study.treated.uuid])
    shown = client.post(page, {"act": "show"})
    assert {word.lower() for word in told(shown.text)} >= {"zyxanthe", "canary.invalid"}
    assert told(f"{shown.headers}{shown.cookies}") == set()
    assert "no-store" in shown["Cache-Control"]
    assert told(whole(client.get(page))) == set()


@pytest.mark.requirement("PRV-03")
def test_no_export_tells_who_a_participant_is(course: Planted) -> None:
    study, rows = course.study, 0
    for name in DATASETS:
        for accept in ("text/csv", "application/json"):
            client = Client(
                headers={"Authorization": f"Bearer {study.plain}", "Accept": accept}
            )
            response = client.get(f"/api/v1/datasets/{name}")
            assert response.status_code == 200
            assert response["Content-Type"].startswith(accept)
            text = whole(response)
            rows += text.count(study.treated.number)
            assert told(text) == set(), f"{name} as {accept}"
    assert rows > len(DATASETS)
    for path in ("", "datasets/", "manifest", "schema"):
        assert told(whole(study.get(path))) == set(), path


def test_a_mail_goes_to_the_address_and_tells_nothing_else(
    course: Planted, django_db_blocker: Any
) -> None:
    reminder = Reminder.objects.get(participant=course.appointment.person)
    mail.outbox.clear()
    with django_db_blocker.unblock():
        assert tasks.send_one(reminder.pk) == "sent"
    (message,) = mail.outbox
    assert message.to == [EMAIL]
    written = message.message()
    del written["To"]
    assert told(written.as_string()) == set()
    reminder.refresh_from_db()
    assert told(str(vars(reminder))) == set()


@pytest.mark.parametrize(
    "error",
    [
        SMTPRecipientsRefused({EMAIL: (550, f"<{EMAIL}> unknown".encode())}),
        SMTPDataError(554, f"<{EMAIL}> is a trap".encode()),
        ValueError(f"Invalid address {EMAIL}"),
        ConnectionRefusedError(111, "Connection refused"),
    ],
)
def test_a_mail_that_is_refused_leaves_no_address_behind(
    course: Planted, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_message: object) -> None:
        raise error

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    appointment = new_appointment(course.study.world, email=EMAIL)
    reminder = planned(appointment)
    assert tasks.send_one(reminder.pk) == "failed"
    reminder.refresh_from_db()
    assert len(reminder.note) > 10
    assert told(reminder.note) == set()


def failing(**_: object) -> None:
    """Fail as an action could, in a program that was handed an identity."""
    raise RuntimeError("the disk is full")


def test_no_error_page_tells_what_was_typed(
    course: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """400, 403, 404, 405 and 500, each answered to somebody who typed an identity."""
    client = signed_in_as(course.study.world, Role.COORDINATOR)
    client.raise_request_exception = False
    page = reverse("participants:identity", args=[course.study.treated.uuid])
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    stranger = signed_in_as(course.study.world, Role.MONITOR)
    home = reverse("workbench:participants")
    answers = {
        400: client.post(page, TYPED, headers={"Host": "elsewhere.invalid"}),
        403: strict.post(page, TYPED),
        404: stranger.post(page, TYPED),
        405: client.post(home, TYPED),
    }
    monkeypatch.setattr("participants.views.identity.record_identities", failing)
    answers[500] = client.post(page, shown_identity(client, page) | TYPED)
    assert {code: answer.status_code for code, answer in answers.items()} == {
        code: code for code in answers
    }
    assert {code: told(whole(answer)) for code, answer in answers.items()} == (
        {code: set() for code in answers}
    )


def test_nothing_was_logged_of_who_a_participant_is(course: Planted) -> None:
    """Last in the module: what all the pages above logged is looked through as well."""
    text = "\n".join(course.log.lines)
    assert "identity.record" in text  # the statements themselves were logged
    assert course.appointment.person.number in text
    assert told(text) == set()
