"""The chains: every act is linked once, in order, and nobody else may link anything."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from accounts.vocabulary import Role
from audit.actors import Place, SystemActor
from audit.models import Action, Chain, Link, RowChange, VerbatimJSON
from audit.seeing import seeing
from audit.trail import acting, noted
from audit.verifier.verify_trail import fields
from audit.verifying import verify
from participants.actions import NewScreening, screen
from tests.audit.conftest import CHECK, Trail
from tests.world import LONG_AGO, World, new_world
from trials.models import Site

pytestmark = pytest.mark.requirement("AUD-09")


@pytest.fixture
def world(db: None) -> World:
    return new_world()


@pytest.fixture
def seen(world: World) -> Iterator[World]:
    with seeing(CHECK):
        yield world


def links_of(action: int) -> list[tuple[str, int]]:
    found = Link.objects.filter(action_id=action).order_by("chain")
    return list(found.values_list("chain", "rows"))


def test_an_act_is_linked_in_the_chain_of_its_place(seen: World) -> None:
    place = Place(seen.trial.pk, seen.site.pk)
    action = noted("look", by=seen.actor(Role.MONITOR), place=place)
    assert links_of(action) == [(f"site:{seen.site.pk}", 0)]


def test_an_act_without_a_place_is_linked_in_the_persons_chain(seen: World) -> None:
    action = noted("look", by=seen.actor(Role.MONITOR))
    assert links_of(action) == [(f"person:{seen.user(Role.MONITOR).pk}", 0)]


def test_a_jobs_act_without_a_place_is_linked_in_the_systems_chain(seen: World) -> None:
    assert links_of(noted("look", by=CHECK)) == [("system", 0)]


def test_a_row_is_linked_in_its_own_chain_and_its_act_at_home(seen: World) -> None:
    with acting("rename sites", by=CHECK, reason="The clinics moved") as action:
        Site.objects.filter(trial=seen.trial).update(name="Elsewhere")
    both = [(f"site:{pk}", 1) for pk in sorted([seen.site.pk, seen.elsewhere.pk])]
    assert links_of(action) == sorted([*both, ("system", 0)])


def test_signing_in_and_out_and_being_refused_are_linked(trail: Trail) -> None:
    user = trail.world.user(Role.COORDINATOR)
    with seeing(CHECK):
        verbs = Action.objects.filter(
            pk__in=Link.objects.filter(chain=f"person:{user.pk}").values("action_id")
        ).order_by("pk")
        assert list(verbs.values_list("verb", flat=True)) == ["sign in", "sign out"] * 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit.note_refused_sign_in('nobody', NULL, '1')")
    with seeing(CHECK):
        refused = Action.objects.get(verb="refused sign-in")
        assert links_of(refused.pk) == [("system", 0)]


def test_every_act_and_every_row_is_linked_exactly_once(trail: Trail) -> None:
    with seeing(CHECK):
        assert Link.objects.values("action_id").distinct().count() == (
            Action.objects.count()
        )
        assert sum(Link.objects.values_list("rows", flat=True)) == (
            RowChange.objects.count()
        )


def test_a_link_follows_the_one_before_it(trail: Trail) -> None:
    links = list(Link.objects.filter(chain=trail.site).order_by("position"))
    assert [link.position for link in links] == list(range(1, len(links) + 1))
    assert bytes(links[0].previous) == bytes(32)
    for before, after in pairwise(links):
        assert bytes(after.previous) == bytes(before.hash)
    head = Chain.objects.get(chain=trail.site)
    assert (head.position, bytes(head.hash)) == (len(links), bytes(links[-1].hash))


@pytest.mark.parametrize("details", [{"b": 1, "a": "ä"}, {"n": 1.50, "x": None}, None])
def test_stored_json_is_read_as_it_was_written(
    seen: World, details: dict[str, object] | None
) -> None:
    action = noted("look", by=CHECK, details=details)
    assert Action.objects.get(pk=action).details == details


def test_stored_json_keeps_its_text() -> None:
    assert VerbatimJSON().db_type(connection) == "json"


def test_fields_cannot_run_into_each_other() -> None:
    assert fields(["a,", None, "ä"]) == b"2:a,,-,2:\xc3\xa4,"
    assert fields(["ab", "c"]) != fields(["a", "bc"])


def test_an_act_left_open_is_linked_at_the_commit(own_database: str) -> None:
    new_world()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT audit.open_system_action('job', 'test', 'forget', '', '',"
            " NULL, NULL, NULL, '1', NULL)"
        )
        (action,) = cursor.fetchone()
        assert links_of(action) == []
    assert links_of(action) == [("system", 0)]
    assert verify(trial_id=None, by=CHECK).finding == ""


def test_after_the_commits_closing_nothing_more_is_written(world: World) -> None:
    def late() -> None:
        with acting("rename", by=CHECK, reason="The clinic moved") as action:
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            assert links_of(action) == [("system", 0)]
            Site.objects.filter(pk=world.site.pk).update(name="Elsewhere")

    with pytest.raises(DatabaseError, match="outside an action"), transaction.atomic():
        late()


def test_an_act_that_is_rolled_back_leaves_no_link(own_database: str) -> None:
    new_world()
    before = Link.objects.count(), Chain.objects.get(chain="system").position
    act = acting("rename", by=CHECK, reason="It moved")
    with pytest.raises(DatabaseError), act, connection.cursor() as cursor:
        cursor.execute("UPDATE trials_site SET name = NULL")
    after = Link.objects.count(), Chain.objects.get(chain="system").position
    assert after == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_link SET hash = hash",
        "DELETE FROM audit_link",
        "TRUNCATE audit_link",
        "INSERT INTO audit_link (chain, position) VALUES ('system', 1)",
        "UPDATE audit_chain SET position = 1",
        "DELETE FROM audit_chain",
        "TRUNCATE audit_chain",
        "INSERT INTO audit_chain VALUES ('x', NULL, 1, '')",
        "DELETE FROM audit_anchor",
        "UPDATE audit_anchor SET text = ''",
        "TRUNCATE audit_anchor",
        "DELETE FROM audit_anchormail",
        "UPDATE audit_verification SET finding = ''",
        "SELECT audit.link(1)",
        "TRUNCATE audit_signature",
        "ALTER TABLE audit_link DISABLE TRIGGER ALL",
    ],
)
def test_the_app_cannot_write_links_heads_or_anchors(
    world: World, statement: str
) -> None:
    with (
        pytest.raises(DatabaseError, match=r"permission denied|must be owner"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.parametrize(
    "table",
    ["action", "rowchange", "signature", "signin", "link", "chain", "anchor"],
)
def test_not_even_a_superuser_empties_a_table_of_the_trail_by_truncating(
    trail: Trail, table: str
) -> None:
    with pytest.raises(psycopg.DatabaseError, match="never emptied"):
        trail.superuser.execute(f"TRUNCATE audit.audit_{table}")


def rename_all(number: int, world: World, person: int) -> None:
    """One act with rows in both sites' chains, at home in a participant's."""
    place = Place(world.trial.pk, world.site.pk, person)
    by = SystemActor(f"job {number}", triggered_by="test")
    sites = [world.site.pk, world.elsewhere.pk]
    with acting("rename", by=by, reason="It moved", place=place):
        # In one order: an update alone takes rows as they lie, and two can then deadlock.
        rows = Site.objects.filter(pk__in=sites)
        list(rows.order_by("pk").select_for_update())
        rows.update(name=f"{number} {person}")


def look(number: int, world: World, person: int) -> None:
    """One act in the chain of a participant alone."""
    by = SystemActor(f"job {number}", triggered_by="test")
    noted("look", by=by, place=Place(world.trial.pk, world.site.pk, person))


def in_parallel(work: Callable[[int], None], count: int) -> list[BaseException]:
    """Run `work` in threads with connections of their own; return what they raised."""

    def alone(number: int) -> None:
        try:
            work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        runs = [pool.submit(alone, number) for number in range(count)]
    return [error for run in runs if (error := run.exception()) is not None]


@pytest.mark.services
@pytest.mark.slow
def test_parallel_acts_keep_every_chain_without_a_gap(own_database: str) -> None:
    world = new_world()
    screenings = [NewScreening(world.site, LONG_AGO) for _ in range(4)]
    made = screen(screenings=screenings, by=world.actor(Role.COORDINATOR))
    people = [person.pk for person in made]

    def work(number: int) -> None:
        for turn in range(25):
            act = look if number % 2 else rename_all
            act(number, world, people[(number * turn) % len(people)])

    assert in_parallel(work, 8) == []
    found = verify(trial_id=None, by=CHECK)
    assert found.finding == ""
    assert found.acts > 200
