"""A kit that was damaged or lost is exchanged for one that holds the same, unseen."""

import re
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.vocabulary import Role
from audit.models import Action, RowChange
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from participants.models import Participant
from randomization.access import exchanged_at, kits_of, stocks_of
from randomization.actions import (
    Exchange,
    KitRequest,
    Randomizing,
    dispense_kits,
    exchange_kits,
    randomize,
)
from randomization.models import Kit
from sessions.actions import GivenDose, WithheldDose, give_doses, withhold_doses
from sessions.models import Visit
from tests.pages import signed_in_as
from tests.randomization import world as wall
from tests.randomization.world import together
from tests.world import World, confirmed, held, new_world, visit_of
from trials.access import local_time

AT = datetime(2025, 4, 22, 18, 0, tzinfo=UTC)
DOSED_AT = datetime(2025, 4, 28, 16, 0, tzinfo=UTC)
DROPPED = "Dropped on the floor, the seal broke"


@pytest.fixture
def world(db: None) -> World:
    return wall.sealed(new_world(), times=6)


def dispensed(
    world: World, n: int = 1, parts: tuple[str, ...] = ("initial",)
) -> list[Participant]:
    """Return people with a kit in hand for each part of their first dosing session."""
    people = confirmed(world, n)
    by = world.actor(Role.COORDINATOR)
    randomize(randomizings=[Randomizing(person, AT) for person in people], by=by)
    held(world, people, "dosing_1")
    requests = [
        KitRequest(visit_of(person, "dosing_1"), part, "starting", AT)
        for person in people
        for part in parts
    ]
    dispense_kits(requests=requests, by=by)
    return people


def exchange_of(person: Participant, part: str = "initial", **more: str) -> Exchange:
    return Exchange(
        visit_of(person, "dosing_1"), part, more.get("condition", "damaged"), DOSED_AT
    )


def exchanged(world: World, *people: Participant) -> list[Kit]:
    return exchange_kits(
        exchanges=[exchange_of(person) for person in people],
        reason=DROPPED,
        by=world.actor(Role.PHARMACIST),
    )


def address(visit: Visit, part: str = "initial") -> str:
    return reverse("randomization:exchange", args=[visit.uuid, part])


def test_the_kit_is_marked_and_another_one_is_in_its_place(world: World) -> None:
    (person,) = dispensed(world)
    visit = visit_of(person, "dosing_1")
    (old,) = kits_of([visit.pk])[visit.pk]
    (new,) = exchanged(world, person)
    assert new.number != old.number
    assert [kit.number for kit in kits_of([visit.pk])[visit.pk]] == [new.number]
    assert visit.doses.get().kit_number == new.number
    (gone,) = exchanged_at(visit)
    assert (gone.number, gone.condition, gone.condition_note) == (
        old.number,
        "damaged",
        DROPPED,
    )
    (stock,) = stocks_of([world.site])
    assert stock.dispensed == 2
    assert Action.objects.get(verb="exchange kit").reason == DROPPED


@pytest.mark.services
@pytest.mark.slow
@pytest.mark.requirement("BLD-01")
def test_the_other_kit_holds_the_same_also_when_eight_people_ask_at_once(
    own_database: str,
) -> None:
    world = wall.sealed(new_world(), times=10)
    people = dispensed(world, 8)
    by = world.actor(Role.PHARMACIST)
    together(
        [
            partial(exchange_kits, exchanges=[exchange_of(x)], reason=DROPPED, by=by)
            for x in people
        ]
    )
    with wall.behind_the_wall() as owner:
        owner.execute("SET ROLE candor_unblinded")
        content = {
            row[0]: row[1:]
            for row in owner.execute(
                "SELECT id, arm, step, part, milligrams FROM sealed.kit_content"
            )
        }
    pairs = []
    for person in people:
        kits = Kit.objects.filter(participant=person)
        old, new = kits.get(condition="damaged"), kits.get(condition="usable")
        assert content[old.pk] == content[new.pk]
        pairs.append(content[new.pk])
    assert len({arm for arm, *_ in pairs}) == 2
    assert Kit.objects.filter(visit__isnull=False).count() == 16


def test_the_trail_tells_the_numbers_and_no_contents(world: World) -> None:
    people = dispensed(world, 2)
    exchanged(world, *people)
    act = Action.objects.get(verb="exchange kit")
    told = " ".join(
        str([row.old, row.new]) for row in RowChange.objects.filter(action_id=act.pk)
    )
    assert "damaged" in told
    for arm in wall.definition_of(world).arms:
        assert not re.search(rf"\b({arm.code}|{arm.label})\b", told)


def test_a_dose_that_was_given_keeps_its_kit(world: World) -> None:
    (person,) = dispensed(world)
    visit = visit_of(person, "dosing_1")
    two = world.user(Role.THERAPIST), world.user(Role.THERAPIST, second=True)
    give_doses(
        doses=[GivenDose(visit, "initial", DOSED_AT, 2, *two)],
        by=world.actor(Role.THERAPIST),
    )
    with pytest.raises(Refused, match="recorded as given"):
        exchanged(world, person)
    assert not exchanged_at(visit)
    client = signed_in_as(world, Role.PHARMACIST)
    page = client.get(address(visit)).content.decode()
    assert "stays on record as it is" in page
    kits = client.get(reverse("randomization:dispense", args=[visit.uuid]))
    assert address(visit) not in kits.content.decode()


def test_a_dose_that_was_withheld_keeps_its_kit(world: World) -> None:
    (person,) = dispensed(world, parts=("initial", "supplement"))
    visit = visit_of(person, "dosing_1")
    withhold_doses(
        doses=[WithheldDose(visit, "supplement", "starting", "Declined")],
        by=world.actor(Role.THERAPIST),
    )
    with pytest.raises(Refused):
        exchange_kits(
            exchanges=[exchange_of(person, "supplement")],
            reason=DROPPED,
            by=world.actor(Role.PHARMACIST),
        )
    assert not exchanged_at(visit)


def test_nothing_is_exchanged_where_nothing_was_dispensed(world: World) -> None:
    (person,) = dispensed(world)
    with pytest.raises(Refused, match="No kit was dispensed for the supplemental dose"):
        exchange_kits(
            exchanges=[exchange_of(person, "supplement")],
            reason=DROPPED,
            by=world.actor(Role.PHARMACIST),
        )
    client = signed_in_as(world, Role.PHARMACIST)
    visit = visit_of(person, "dosing_1")
    for part in ("supplement", "third"):
        assert client.get(address(visit, part)).status_code == 404


def test_without_another_kit_nothing_changes_and_the_sentence_tells_no_arm(
    db: None,
) -> None:
    world = wall.sealed(new_world(), times=1)
    people = confirmed(world, 8)
    by = world.actor(Role.COORDINATOR)
    randomize(randomizings=[Randomizing(person, AT) for person in people], by=by)
    sentences = []
    for person in people:
        visit = visit_of(person, "dosing_1")
        try:
            dispense_kits(
                requests=[KitRequest(visit, "initial", "starting", AT)], by=by
            )
        except Refused:
            continue  # the one kit that their arm gets is in somebody's hand
        with pytest.raises(Refused, match="No other kit for this dose") as refused:
            exchanged(world, person)
        sentences.append(str(refused.value))
    assert len(sentences) == 2  # one of either arm
    assert len(set(sentences)) == 1
    assert not Kit.objects.exclude(condition="usable").exists()


@pytest.mark.parametrize("reason", ["", "  "])
def test_an_exchange_says_what_happened(world: World, reason: str) -> None:
    (person,) = dispensed(world)
    with pytest.raises(ReasonNeeded):
        exchange_kits(
            exchanges=[exchange_of(person)],
            reason=reason,
            by=world.actor(Role.PHARMACIST),
        )
    with pytest.raises(Refused, match="damaged or lost"):
        exchange_kits(
            exchanges=[exchange_of(person, condition="ugly")],
            reason=DROPPED,
            by=world.actor(Role.PHARMACIST),
        )


def test_a_kit_may_be_exchanged_twice(world: World) -> None:
    (person,) = dispensed(world)
    exchanged(world, person)
    exchanged(world, person)
    visit = visit_of(person, "dosing_1")
    assert len(exchanged_at(visit)) == 2
    assert len(kits_of([visit.pk])[visit.pk]) == 1


def test_the_statements_do_not_grow_with_the_number_of_kits(db: None) -> None:
    world = wall.sealed(new_world(), times=12)
    people = dispensed(world, 6)
    counts = []
    for some in (people[:1], people[1:]):
        exchanges = [exchange_of(person) for person in some]
        by = world.actor(Role.PHARMACIST)
        with CaptureQueriesContext(connection) as queries:
            exchange_kits(exchanges=exchanges, reason=DROPPED, by=by)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_those_who_dispense_no_kits_exchange_none(world: World) -> None:
    (person,) = dispensed(world)
    with pytest.raises(NotPermitted):
        exchange_kits(
            exchanges=[exchange_of(person)],
            reason=DROPPED,
            by=world.actor(Role.THERAPIST),
        )
    visit = visit_of(person, "dosing_1")
    for role in (Role.THERAPIST, Role.MONITOR, Role.DATA_MANAGER, Role.RATER):
        client = signed_in_as(world, role)
        assert client.get(address(visit)).status_code == 404
        sent = {"condition": "lost", "why": DROPPED}
        assert client.post(address(visit), sent).status_code == 404
    elsewhere = signed_in_as(world, Role.PHARMACIST, elsewhere=True)
    assert elsewhere.get(address(visit)).status_code == 404
    assert not exchanged_at(visit)


def test_the_pages_lead_to_the_exchange_and_show_it(world: World) -> None:
    (person,) = dispensed(world)
    visit = visit_of(person, "dosing_1")
    (old,) = kits_of([visit.pk])[visit.pk]
    client = signed_in_as(world, Role.COORDINATOR)
    for name in ("randomization:dispense", "sessions:dosing"):
        page = client.get(reverse(name, args=[visit.uuid])).content.decode()
        assert address(visit) in page
    lost = {"condition": "lost", "on": "2025-04-28", "at": "08:50"}
    unsaid = client.post(address(visit), lost | {"why": ""})
    assert not exchanged_at(visit)
    assert "This field is required" in unsaid.content.decode()
    before = lost | {"on": "2025-04-21", "why": DROPPED}
    early = client.post(address(visit), before).content.decode()
    assert "was dispensed on 22 Apr 2025 at 12:00, so it was not exchanged" in early
    page = client.post(
        address(visit), lost | {"why": DROPPED}, follow=True
    ).content.decode()
    assert local_time(visit.site, kits_of([visit.pk])[visit.pk][0].dispensed_at) == (
        datetime(2025, 4, 28, 8, 50, tzinfo=ZoneInfo(visit.site.time_zone))
    )
    (new,) = kits_of([visit.pk])[visit.pk]
    assert new.number in page
    assert f"Kit {old.number} is exchanged" in page
    assert DROPPED in page
    assert "Lost" in page
