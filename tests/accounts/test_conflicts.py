"""Of every form that changes a record: whoever is second looks again, and loses nothing."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.editing import MINE, SEEN, SENTENCE, UNSEEN
from audit.models import Action, RowChange
from tests import databases
from tests.accounts.cases import CASES
from tests.accounts.meetings import Form, Meeting, Stage, new_stage
from tests.forms import forms_of
from tests.pages import signed_in_as

pytestmark = pytest.mark.requirement("DAT-04")

# What is typed anew each time, and never shown again.
SECRET = {"password", "act"}
MADE_FIRST = {
    "participants:eligibility",
    "participants:identity",
    "sessions:session",
}
LOOK_AGAIN = "changed this while you had it open"


@pytest.fixture(scope="module")
def shared(django_db_setup: None, django_db_blocker: Any) -> Iterator[Stage]:
    with django_db_blocker.unblock(), databases.cloned():
        yield new_stage()


@pytest.fixture
def stage(shared: Stage, django_db_blocker: Any) -> Iterator[Stage]:
    """The people of the module as they were, whatever the meetings before made of them."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield shared
        transaction.set_rollback(True)


def browser(stage: Stage, form: Form) -> Client:
    return signed_in_as(stage.world, form.role, second=form.is_second)


def form_on(page: Any, form: Form) -> dict[str, Any]:
    """Return what a browser would send of the form as a page shows it."""
    for address, fields in forms_of(page.content.decode()):
        if SEEN in fields and address.partition("#")[0] == form.to:
            return fields
    raise AssertionError(f"no form for {form.to or form.page}")


def sent(client: Client, form: Form, fields: dict[str, Any]) -> Any:
    return client.post(form.to or form.page, fields)


def saved(stage: Stage, form: Form) -> None:
    client = browser(stage, form)
    answer = sent(client, form, form_on(client.get(form.page), form) | form.typed)
    assert answer.status_code == 302, answer.context["form"].errors


def begun(stage: Stage, route: str) -> Meeting:
    meeting = CASES[route](stage)
    for form in meeting.before:
        saved(stage, form)
    return meeting


def newest() -> int:
    return RowChange.objects.latest("id").id


def acts() -> int:
    """Count the acts that change something; to have looked at an identity is none."""
    return Action.objects.exclude(verb="show identity").count()


def refused(client: Client, form: Form, answer: Any, *sentences: str) -> dict[str, Any]:
    """Check that an answer says why, and return its form: with all that was typed."""
    page = answer
    if answer.status_code == 302:
        # An act that is a mere button says it on the page to which it leads.
        answer, page = client.get(answer["Location"]), client.get(form.page)
    assert any(sentence in answer.text for sentence in sentences)
    again = form_on(page, form)
    for name in form.typed.keys() - SECRET:
        value = form.typed[name]
        assert again[name] in (value, [value], str(value)), name
    choices = re.findall(r'name="(keep_\w+)"', page.text)
    return again | dict.fromkeys(choices, MINE)


@pytest.mark.parametrize("route", CASES)
def test_the_second_looks_again_and_loses_nothing(stage: Stage, route: str) -> None:
    meeting = begun(stage, route)
    form = meeting.open
    client = browser(stage, form)
    fields = form_on(client.get(form.page), form) | form.typed
    for other in meeting.saved:
        saved(stage, other)
    entry, before = newest(), acts()
    answer = sent(client, form, fields)
    again = refused(client, form, answer, SENTENCE, LOOK_AGAIN)
    assert (newest(), acts()) == (entry, before)
    done = sent(client, form, again | meeting.more)
    if meeting.ends:
        assert meeting.ends in done.text
        assert newest() == entry
    else:
        assert done.status_code == 302, done.context["form"].errors
        assert newest() > entry
        assert acts() == before + 1


@pytest.mark.parametrize("route", CASES)
def test_a_page_that_does_not_say_what_it_showed_saves_nothing(
    stage: Stage, route: str
) -> None:
    meeting = begun(stage, route)
    form = meeting.open
    client = browser(stage, form)
    fields = form_on(client.get(form.page), form) | form.typed | {SEEN: "made up"}
    if route in MADE_FIRST:
        # What nobody has saved yet has no version; once somebody has, it has one.
        for other in meeting.saved:
            saved(stage, other)
    entry, before = newest(), acts()
    refused(client, form, sent(client, form, fields), UNSEEN)
    assert (newest(), acts()) == (entry, before)
