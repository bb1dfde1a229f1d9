"""What an entry says goes on saying it: whatever is renamed, dropped, deleted or set."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.contrib.admin.models import LogEntry
from django.db import DatabaseError, connection
from django.db.models import ProtectedError
from django.urls import reverse
from django.utils import timezone

from accounts.actions import deactivate
from accounts.models import User
from accounts.vocabulary import Role
from audit.actors import Place
from audit.models import Action, RowChange
from audit.trail import acting, noted
from audit.verifying import verify
from oversight.site import oversight_site
from participants.actions import NewDeviation, record_deviations
from tests import databases
from tests.audit.conftest import CHECK
from tests.audit.lived import Lived, new_lived
from tests.identities import as_administrator
from tests.pages import signed_in_as
from tests.world import SCREENED_ON, SETUP, new_world, screened
from trials.actions import end_delegation
from trials.models import Delegation, Site


@pytest.fixture(scope="module")
def lived(django_db_setup: None, django_db_blocker: Any) -> Iterator[Lived]:
    with django_db_blocker.unblock(), databases.cloned():
        yield new_lived()


@pytest.mark.requirement("AUD-04")
@pytest.mark.parametrize(
    ("table", "column", "values"),
    [
        ("assessments_itemresponse", "value", ["NULL", "3", "NULL", "4"]),
        ("assessments_itemresponse", "missing", ["''", "'refused'", "''", "'unknown'"]),
        ("trials_site", "phone", ["''", "'+1 303 555 0199'", "''", "'988'"]),
        (
            "randomization_kit",
            "dispensed_at",
            ["NULL", "'2025-04-28Z'", "NULL", "now()"],
        ),
    ],
)
def test_from_nothing_and_to_nothing_are_changes_too(
    lived: Lived, table: str, column: str, values: list[str]
) -> None:
    """What is compared with `<>` is lost wherever one of the two is NULL."""
    # Which combination of values a form allows is not the trail's matter.
    with (
        as_administrator(connection.settings_dict["NAME"]) as at,
        at.transaction(force_rollback=True),
    ):
        for (name,) in at.execute(
            "SELECT conname FROM pg_constraint"
            " WHERE contype = 'c' AND conrelid = %s::regclass",
            [table],
        ).fetchall():
            at.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'.encode())
        (act,) = at.execute(
            "SELECT audit.open_system_action('test', '', 'correct', 'A typing error',"
            " '', NULL, NULL, NULL, '1', NULL)"
        ).fetchone() or (0,)
        for value in values:
            at.execute(
                f"UPDATE {table} SET {column} = {value}"
                f" WHERE id = (SELECT min(id) FROM {table})".encode()
            )
        told = at.execute(
            "SELECT old::jsonb -> %s, new::jsonb -> %s FROM audit.audit_rowchange"
            " WHERE action_id = %s ORDER BY id",
            [column, column, act],
        ).fetchall()
    # The first value may have stood there before.
    assert len(told) >= 3
    old, new = [pair[0] for pair in told[-3:]], [pair[1] for pair in told[-3:]]
    assert old[1:] == new[:-1]
    assert old[0] == new[1]
    assert old[0] in (None, "")
    assert all(value not in (None, "") for value in (new[0], new[2]))


@pytest.mark.requirement("AUD-04")
def test_a_blank_that_is_saved_is_in_the_first_entry(lived: Lived) -> None:
    (new,) = RowChange.objects.filter(
        table_name="trials_trial", operation="I"
    ).values_list("new", flat=True)
    assert new is not None
    assert new.keys() == {
        field.column for field in lived.world.trial._meta.concrete_fields
    }
    created = RowChange.objects.filter(table_name="adverse_events_adverseevent")
    blank = created.filter(operation="I").values_list("new", flat=True)[0]
    assert blank is not None
    assert {None, ""} <= {value for value in blank.values() if not value}


@pytest.mark.requirement("AUD-12")
@pytest.mark.slow
def test_a_dropped_column_stays_readable_in_the_trail(own_database: str) -> None:
    world = new_world()
    (person,) = screened(world)
    by = world.actor(Role.COORDINATOR)
    day = SCREENED_ON
    (deviation,) = record_deviations(
        deviations=[NewDeviation(person, "other", day, "The scale was out of order")],
        by=by,
    )
    client = signed_in_as(world, Role.AUDITOR)
    page = reverse("trail:row", args=["participants_deviation", deviation.pk])
    assert "The scale was out of order" in client.get(page).text
    with psycopg.connect(databases.address_as("candor_owner")) as owner:
        owner.execute(
            "ALTER TABLE participants_deviation DROP COLUMN description CASCADE"
        )
    change = RowChange.objects.get(table_name="participants_deviation")
    assert change.new["description"] == "The scale was out of order"
    assert "The scale was out of order" in client.get(page).text
    of_person = reverse("trail:participant", args=[person.pk])
    assert "The scale was out of order" in client.get(of_person).text
    finding = verify(trial_id=None, by=CHECK).finding
    assert finding == ""


@pytest.mark.requirement("AUD-03")
def test_an_entry_keeps_the_name_and_the_role_of_then(lived: Lived) -> None:
    world = lived.world
    user = world.user(Role.MONITOR, second=True)
    act = noted("look", by=world.actor(Role.MONITOR, second=True))
    then = Action.objects.get(pk=act)
    assert (then.actor_id, then.actor_name) == (user.pk, "Monitor 2")
    at = noted("look", by=world.actor(Role.MONITOR, second=True), place=of(lived))
    assert Action.objects.get(pk=at).actor_roles == "monitor"
    kept = Action.objects.filter(pk__in=[act, at]).order_by("pk")
    before = list(kept.values())
    with acting("rename", by=SETUP, reason="Married"):
        User.objects.filter(pk=user.pk).update(name="Another Name")
    end_delegation(
        delegation=Delegation.objects.get(user=user),
        on=timezone.now().date() - timedelta(days=1),
        reason="Left the site",
        by=world.actor(Role.DATA_MANAGER),
    )
    deactivate(user=user, reason="Left the site", by=SETUP)
    assert list(kept.values()) == before
    page = signed_in_as(world, Role.AUDITOR).get(reverse("trail:list") + "?verb=look")
    assert "Monitor 2" in page.text


def of(lived: Lived) -> Place:
    return Place(lived.world.trial.pk, lived.world.site.pk)


@pytest.mark.requirement("AUD-13")
def test_nobody_and_nothing_with_a_history_can_be_deleted(lived: Lived) -> None:
    world = lived.world
    before = Action.objects.count(), RowChange.objects.count()
    for row in (world.user(Role.COORDINATOR), world.site, lived.here, world.trial):
        # Or nothing of theirs is even found: identities lie where no query reaches.
        with (
            pytest.raises((ProtectedError, DatabaseError), match=r"protected|identity"),
            acting("delete", by=SETUP, reason="To be forgotten"),
        ):
            row.delete()
        model = type(row)
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            acting("delete", by=SETUP, reason="To be forgotten"),
        ):
            model._base_manager.filter(pk=row.pk)._raw_delete("default")
        assert model._base_manager.filter(pk=row.pk).exists()
    assert (Action.objects.count(), RowChange.objects.count()) == before


@pytest.mark.requirement("AUD-13")
def test_not_even_the_owner_deletes_who_is_named_in_the_record(lived: Lived) -> None:
    """And where nothing names a person, the trail goes on naming them."""
    act = (
        "SELECT audit.open_system_action('owner', '', 'delete', 'To be forgotten', '',"
        " NULL, NULL, NULL, '1', NULL)"
    )
    with psycopg.connect(databases.address_as("candor_owner")) as owner:
        token = lived.world.actor(Role.DATA_MANAGER).token
        for table, row in (
            ("accounts_user", lived.world.user(Role.COORDINATOR)),
            ("trials_site", lived.world.site),
            ("participants_participant", lived.here),
        ):
            owner.execute("SELECT set_config('candor.token', %s, true)", [token])
            owner.execute(act)
            owner.execute("SET CONSTRAINTS ALL IMMEDIATE")
            with pytest.raises(psycopg.errors.ForeignKeyViolation):
                owner.execute(f"DELETE FROM {table} WHERE id = %s", [row.pk])
            owner.rollback()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND"
            " 'audit' IN (connamespace::regnamespace::text,"
            " (SELECT relnamespace::regnamespace::text FROM pg_class"
            " WHERE oid = confrelid))"
        )
        assert cursor.fetchone() == (0,)


@pytest.mark.requirement("AUD-24")
def test_djangos_own_log_is_no_part_of_the_trail(lived: Lived) -> None:
    world = lived.world
    client = signed_in_as(world, Role.AUDITOR)
    page = reverse("trail:row", args=["trials_site", world.site.pk])
    before = client.get(page).context["entries"]
    assert LogEntry.objects.count() == 0
    LogEntry.objects.create(
        user_id=world.user(Role.AUDITOR).pk,
        content_type_id=None,
        object_id=str(world.site.pk),
        object_repr="Denver",
        action_flag=2,
        change_message="A forged line of a log",
    )
    assert LogEntry not in oversight_site._registry
    assert client.get(page).context["entries"] == before
    listed = client.get(reverse("trail:list"))
    assert "A forged line of a log" not in listed.text


@pytest.mark.requirement("AUD-16")
def test_a_time_that_is_sent_along_is_not_the_time_of_the_entry(lived: Lived) -> None:
    forged = "1999-12-31T23:59:59Z"
    times = ("at", "created_at", "recorded_at", "entered_at", "signed_at", "started_at")
    begun = timezone.now()
    last = Action.objects.latest("id").pk
    client = signed_in_as(lived.world, Role.COORDINATOR)
    typed = {
        "kind": "other",
        "occurred_on": "2025-04-28",
        "description": "A late visit",
    }
    response = client.post(
        reverse("participants:new_deviation", args=[lived.here.uuid]),
        typed | dict.fromkeys(times, forged),
        headers={"Date": forged, "X-Request-Time": forged},
    )
    assert response.status_code == 302
    done = Action.objects.filter(pk__gt=last)
    changes = RowChange.objects.filter(action_id__in=done.values("pk"))
    assert [change.new["description"] for change in changes] == ["A late visit"]
    moments = [
        *done.values_list("at", flat=True),
        *changes.values_list("at", flat=True),
    ]
    assert len(moments) >= 3
    # Compared with the clock of this machine, which is the server's too.
    assert all(begun <= moment <= timezone.now() for moment in moments)
    assert "1999" not in str([change.new for change in changes])


_SETTINGS = """
SELECT name, context, CASE vartype
    WHEN 'bool' THEN ARRAY['on', 'off']
    WHEN 'enum' THEN enumvals
    WHEN 'string' THEN ARRAY['nonsense', '']
    ELSE ARRAY[min_val, max_val]
END FROM pg_settings WHERE context IN ('user', 'superuser') ORDER BY name
"""
# Made up, as a program might have them: the trail asks none of them.
_MADE_UP = [
    (f"{space}.{name}", "user", [value])
    for space in ("app", "candor", "audit", "pgtrigger", "pghistory", "myapp")
    for name in ("actor", "ignore", "audit", "disabled", "skip", "job", "trail")
    for value in ("on", "off", "all", "1")
]


@pytest.mark.requirement("AUD-08")
@pytest.mark.slow
def test_no_setting_that_a_login_can_make_keeps_an_entry_from_being_made(
    lived: Lived,
) -> None:
    site, token = lived.world.site.pk, lived.world.actor(Role.COORDINATOR).token
    with as_administrator(connection.settings_dict["NAME"]) as at:
        settings = [*at.execute(_SETTINGS).fetchall(), *_MADE_UP]
        made, unseen = 0, []
        with psycopg.connect(databases.address_as("candor_web")) as web:
            for name, context, values in settings:
                for value in values:
                    text = f"{name} = {value}"
                    if not written(web, name, value, text, site, token):
                        continue
                    made += 1
                    if context == "superuser":
                        unseen.append(f"{text}: could be set")
            told = at.execute(
                "SELECT new::jsonb ->> 'name' FROM audit.audit_rowchange"
                " WHERE table_name = 'trials_site' AND old::jsonb ? 'name' ORDER BY id"
            ).fetchall()
    names = [name for (name,) in told]
    assert unseen == []
    assert made > 200
    assert len(names) == made
    assert names[-1] == Site.objects.get(pk=site).name


def written(
    web: psycopg.Connection, name: str, value: str, text: str, site: int, token: str
) -> bool:
    """Set something and rename a site in an act; whether that was committed."""
    try:
        with web.transaction():
            web.execute("SELECT set_config(%s, %s, true)", [name, value])
            web.execute(
                "SELECT audit.open_action(%s, 'rename', 'The clinic moved', '', NULL,"
                " NULL, NULL, '', NULL, '1', NULL)",
                [token],
            )
            web.execute("UPDATE trials_site SET name = %s WHERE id = %s", [text, site])
    except psycopg.DatabaseError:
        return False
    return True


@pytest.mark.requirement("AUD-08")
def test_what_writes_the_trail_asks_no_setting(lived: Lived) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'audit'::regnamespace"
            " AND prosrc ILIKE '%%current_setting%%' ORDER BY 1"
        )
        # One tells who reads, and opens nothing but what the token's hash opens; one
        # refuses an act in a transaction that looks at an older moment; and one holds
        # more back from an export, whoever asks: none of them shows more by a setting.
        known = [("person",), ("refuse_locked",), ("sites_held_back",)]
        assert cursor.fetchall() == known
