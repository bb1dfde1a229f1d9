"""Identities behind their wall: one door, an act for each look, keys that change."""

import base64
import re
import secrets
from collections.abc import Iterator
from datetime import date
from io import StringIO
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, ProgrammingError, connection, transaction
from django.urls import reverse

from accounts.vocabulary import Role
from audit.actors import Place
from audit.models import Action, RowChange
from audit.refusal import Refused
from audit.trail import acting
from participants.actions import (
    NewIdentity,
    address_of,
    record_identities,
    rotate_identities,
    show_identity,
)
from participants.ciphers import Cell, KeyRing, decrypted, key_ring
from participants.models import Participant
from tests.identities import as_administrator, every_table, known_of
from tests.pages import shown_identity, signed_in_as
from tests.world import SETUP, World, consented, new_world

BORN = date(1992, 2, 29)
SHOW = "show identity"
TYPED = {
    "act": "save",
    "name": "Ada Number 0",
    "birth_date": "1992-02-29",
    "email": "ada0@example.invalid",
}


@pytest.fixture
def world(own_database: str) -> World:
    return new_world()


@pytest.fixture
def people(world: World) -> list[Participant]:
    found = consented(world, 3)
    record_identities(
        identities=[
            NewIdentity(
                person,
                f"Ada Number {n}",
                BORN,
                f"ada{n}@example.invalid",
                f"+1 555 {n}",
            )
            for n, person in enumerate(found)
        ],
        by=world.actor(Role.COORDINATOR),
    )
    return found


@pytest.fixture
def superuser(own_database: str) -> Iterator[psycopg.Connection]:
    """A connection that may do anything, as a database administrator's."""
    with as_administrator(own_database) as found:
        yield found


def tampered(superuser: psycopg.Connection, statement: str) -> None:
    """Change rows past every trigger, as only an administrator can."""
    superuser.execute("SET session_replication_role = replica")
    superuser.execute(statement)
    superuser.execute("SET session_replication_role = DEFAULT")


SWAPS = {
    "two rows": """UPDATE identity.participants_identity i SET name = o.name
        FROM identity.participants_identity o WHERE o.id <> i.id""",
    "two columns": """UPDATE identity.participants_identity
        SET name = email, email = name""",
    "a copy": """UPDATE identity.participants_identity SET phone = email""",
    "plain text": """UPDATE identity.participants_identity SET name = 'Ada Number 0'""",
}


@pytest.mark.requirement("PRV-02")
@pytest.mark.parametrize("swap", SWAPS)
def test_a_ciphertext_moved_in_sql_fails_to_be_read_with_a_sentence(
    world: World,
    people: list[Participant],
    superuser: psycopg.Connection,
    swap: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    by = world.actor(Role.COORDINATOR)
    assert show_identity(participant=people[0], by=by) is not None
    tampered(superuser, SWAPS[swap])
    before = Action.objects.count()
    for person in people:
        with pytest.raises(Refused, match=r"cannot be read: .*Nothing is shown"):
            show_identity(participant=person, by=by)
    assert Action.objects.count() == before
    assert "identity row" in caplog.text
    assert "Ada" not in caplog.text


@pytest.mark.requirement("PRV-02")
def test_a_page_says_that_an_identity_cannot_be_read(
    world: World, people: list[Participant], superuser: psycopg.Connection
) -> None:
    tampered(superuser, SWAPS["two rows"])
    client = signed_in_as(world, Role.COORDINATOR)
    page = reverse("participants:identity", args=[people[0].uuid])
    response = client.post(page, {"act": "show"}, follow=True)
    assert "This identity cannot be read" in response.text
    assert "Ada Number" not in response.text


@pytest.mark.requirement("PRV-01")
@pytest.mark.parametrize("privilege", ["SELECT", "INSERT", "UPDATE", "DELETE"])
@pytest.mark.parametrize("role", ["candor_web", "candor_worker", "candor_export"])
def test_no_role_of_the_application_reaches_the_table(
    superuser: psycopg.Connection, role: str, privilege: str
) -> None:
    may = superuser.execute(
        "SELECT has_any_column_privilege(%s, 'identity.participants_identity', %s)"
        if privilege != "DELETE"
        else "SELECT has_table_privilege(%s, 'identity.participants_identity', %s)",
        [role, privilege],
    ).fetchone()
    assert may == (False,)


@pytest.mark.requirement("PRV-01")
def test_the_tables_query_is_refused_to_the_application(
    people: list[Participant],
) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT name FROM identity.participants_identity")


def read(ids: list[int]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM identity.read(%s)", [ids])
        return list(cursor.fetchall())


@pytest.mark.requirement("PRV-04")
def test_nothing_is_read_outside_an_act(people: list[Participant]) -> None:
    with pytest.raises(DatabaseError, match="only by an act that says so"):
        read([people[0].pk])


@pytest.mark.requirement("PRV-04")
@pytest.mark.parametrize("verb", ["hold visit", SHOW, "record identity"])
def test_an_act_about_somebody_else_reads_nothing(
    world: World, people: list[Participant], verb: str
) -> None:
    """Nor one about nobody in particular, nor one that reads one beside its own."""
    me, other = people[0].pk, people[1].pk
    by = world.actor(Role.COORDINATOR)
    wanted = [(None, [me]), (other, [me]), (other, [other, me])]
    for about, ids in wanted:
        place = Place(world.trial.pk, world.site.pk, about)
        with (
            pytest.raises(DatabaseError, match="only by an act"),
            acting(verb, by=by, place=place),
        ):
            read(ids)


@pytest.mark.requirement("PRV-04")
def test_a_person_cannot_read_under_the_name_of_the_job_that_changes_keys(
    world: World, people: list[Participant]
) -> None:
    with (
        pytest.raises(DatabaseError, match="only by an act"),
        acting("change identity key", by=world.actor(Role.COORDINATOR)),
    ):
        read([person.pk for person in people])


@pytest.mark.requirement("PRV-04")
def test_each_look_leaves_exactly_one_entry(
    world: World, people: list[Participant]
) -> None:
    client = signed_in_as(world, Role.COORDINATOR)
    page = reverse("participants:identity", args=[people[0].uuid])
    for number in range(1, 4):
        assert "Ada Number 0" in client.post(page, {"act": "show"}).text
        entries = Action.objects.filter(verb=SHOW, participant_id=people[0].pk)
        assert entries.count() == number
    assert not Action.objects.filter(verb=SHOW, participant_id=people[1].pk).exists()


@pytest.mark.requirement("PRV-04")
def test_an_address_is_read_alone_and_leaves_one_entry(
    people: list[Participant],
) -> None:
    assert address_of(participant=people[1], by=SETUP) == "ada1@example.invalid"
    entries = Action.objects.filter(verb="address reminder")
    assert [entry.participant_id for entry in entries] == [people[1].pk]
    with acting(
        "address reminder",
        by=SETUP,
        place=_place(people[1]),
    ):
        ((_, _, name, born_on, email, phone),) = read([people[1].pk])
    assert (name, born_on, phone) == ("", "", "")
    assert email


def _place(person: Participant) -> Place:
    return Place(person.trial_id, person.site_id, person.pk)


def test_several_identities_are_not_corrected_in_one_act(
    world: World, people: list[Participant]
) -> None:
    again = [NewIdentity(person, "Ada", BORN) for person in people]
    with pytest.raises(Refused, match="one at a time"):
        record_identities(
            identities=again, by=world.actor(Role.COORDINATOR), reason="Misspelled"
        )


def ring_with(*ids: str) -> KeyRing:
    lines = [
        f"{one}:{base64.b64encode(secrets.token_bytes(32)).decode()}" for one in ids
    ]
    return key_ring("\n".join(lines))


def failing(**_: object) -> None:
    """Fail as an action could; far from any identity, since a page shows the lines here."""
    raise RuntimeError("the disk is full")


def rotated() -> str:
    out = StringIO()
    call_command("rotate_identity_keys", stdout=out)
    return out.getvalue()


@pytest.mark.requirement("PRV-02")
def test_after_a_change_of_keys_everything_is_read_without_the_old_one(
    people: list[Participant], settings: Any
) -> None:
    old = django_settings.IDENTITY_KEYS
    new = ring_with("k2")
    settings.IDENTITY_KEYS = KeyRing(dict(new.keys) | dict(old.keys))
    before = RowChange.objects.filter(table_name="participants_identity").count()
    assert "3 identities encrypted anew" in rotated()
    settings.IDENTITY_KEYS = new
    for number, person in enumerate(people):
        known = known_of(person)
        assert (known.name, known.birth_date) == (f"Ada Number {number}", BORN)
        assert known.email == f"ada{number}@example.invalid"
    changes = RowChange.objects.filter(table_name="participants_identity")
    assert changes.count() == before + 3
    act = Action.objects.get(verb="change identity key")
    assert (act.actor_name, act.reason) == (
        "system:identity keys",
        "Key k2 is the first of the ring",
    )
    assert "0 identities encrypted anew" in rotated()  # nothing left, and no act for it
    assert Action.objects.filter(verb="change identity key").count() == 1


@pytest.mark.requirement("PRV-02")
def test_the_trails_history_opens_as_long_as_the_old_key_is_kept(
    people: list[Participant], settings: Any
) -> None:
    old = django_settings.IDENTITY_KEYS
    settings.IDENTITY_KEYS = KeyRing(dict(ring_with("k2").keys) | dict(old.keys))
    rotated()
    change = RowChange.objects.filter(
        table_name="participants_identity",
        operation="U",
        participant_id=people[0].pk,
    ).get()
    cell = Cell(UUID(change.row_id), "name")
    assert change.old is not None
    assert change.new is not None
    assert decrypted(change.old["name"], cell, old) == "Ada Number 0"
    assert decrypted(change.new["name"], cell, settings.IDENTITY_KEYS) == "Ada Number 0"


def test_a_rotation_that_was_stopped_goes_on_where_it_was(
    people: list[Participant], settings: Any
) -> None:
    old = django_settings.IDENTITY_KEYS
    settings.IDENTITY_KEYS = KeyRing(dict(ring_with("k2").keys) | dict(old.keys))
    first = rotate_identities(by=SETUP, most=1)
    assert first is not None
    assert first.changed == 1
    assert "2 identities encrypted anew" in rotated()
    acts = Action.objects.filter(verb="change identity key").order_by("id")
    assert [act.subject for act in acts] == [
        "identities of 1 participant",
        "identities of 2 participants",
    ]


def test_a_rotation_leaves_what_it_cannot_read_and_says_how_many(
    people: list[Participant], superuser: psycopg.Connection, settings: Any
) -> None:
    old = django_settings.IDENTITY_KEYS
    tampered(
        superuser,
        "UPDATE identity.participants_identity SET name = email"
        f" WHERE participant_id = {people[0].pk}",
    )
    settings.IDENTITY_KEYS = KeyRing(dict(ring_with("k2").keys) | dict(old.keys))
    with pytest.raises(CommandError, match=r"^1 identities could not be read"):
        rotated()
    assert known_of(people[1]).name == "Ada Number 1"


def test_what_is_corrected_during_a_rotation_is_not_written_back(
    world: World, people: list[Participant], superuser: psycopg.Connection
) -> None:
    """The read of a rotation holds its rows until the act ends."""
    with transaction.atomic(), acting("change identity key", by=SETUP):
        read([person.pk for person in people])
        held = superuser.execute(
            "SELECT count(*) FROM identity.participants_identity"
        ).fetchone()
        free = superuser.execute(
            "SELECT count(*) FROM (SELECT FROM identity.participants_identity"
            " FOR UPDATE SKIP LOCKED) AS free"
        ).fetchone()
    assert (held, free) == ((3,), (0,))


@pytest.mark.requirement("PRV-02")
def test_a_dump_of_every_table_holds_no_identity(
    world: World, people: list[Participant], superuser: psycopg.Connection
) -> None:
    client = signed_in_as(world, Role.COORDINATOR)
    client.post(
        reverse("participants:identity", args=[people[0].uuid]), {"act": "show"}
    )
    record_identities(
        identities=[NewIdentity(people[1], "Ada Corrected", BORN)],
        by=world.actor(Role.COORDINATOR),
        reason="Misspelled",
    )
    telling = re.compile(
        rb"Ada Number|Ada Corrected|1992-02-29|ada\d@example|\+1 555 \d\b"
    )
    found = dict(every_table(superuser))
    assert found["identity.participants_identity"].count(b"\n") == 3
    assert found["audit.audit_rowchange"].count(b"participants_identity") == 4
    assert [name for name, text in found.items() if telling.search(text)] == []
    assert telling.search(b"Ada Number 1")


def test_an_error_page_shows_nothing_that_somebody_typed(
    world: World,
    people: list[Participant],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither the page of a program that is being debugged, nor the log."""
    settings.DEBUG = True
    client = signed_in_as(world, Role.COORDINATOR)
    client.raise_request_exception = False

    monkeypatch.setattr("participants.views.identity.record_identities", failing)
    page = reverse("participants:identity", args=[people[0].uuid])
    response = client.post(page, shown_identity(client, page) | TYPED)
    assert response.status_code == 500
    assert "the disk is full" in response.text  # the page of Django's debugging
    for word in ("Ada Number", "1992-02-29", "ada0@example"):
        assert word not in response.text
        assert word not in caplog.text


def test_no_representation_tells_who_somebody_is(
    world: World, people: list[Participant]
) -> None:
    new = NewIdentity(people[0], "Ada Number 0", BORN, "ada0@example.invalid")
    known = show_identity(participant=people[0], by=world.actor(Role.COORDINATOR))
    for shown in (repr(new), str(new), repr(known), str(known)):
        assert "Ada" not in shown
        assert "1992" not in shown
