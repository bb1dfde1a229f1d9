"""Emergency unblinding: what it tells, whom, and what it leaves behind."""

from typing import Any

import pytest

from accounts.vocabulary import Role
from audit.models import Action, RowChange
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from notices.models import Notice
from randomization.access import unblindings_of
from randomization.actions import reveal_arm
from randomization.models import Unblinding
from tests.randomization import world as wall
from tests.randomization.world import AT, randomized
from tests.world import PASSWORD, SETUP, World, confirmed


@pytest.mark.django_db
def test_an_unblinding_tells_the_arm_and_records_who_and_why_but_not_what(
    world: World,
) -> None:
    (person,) = randomized(world)
    arm = reveal_arm(
        participant=person,
        why="Seizure; the emergency physician asks what was given",
        password=PASSWORD,
        at=AT,
        by=world.actor(Role.INVESTIGATOR),
    )
    codes = {arm.code for arm in wall.definition_of(world).arms}
    assert arm in codes
    (line,) = unblindings_of([person.pk])[person.pk]
    assert line.name == world.user(Role.INVESTIGATOR).name
    assert line.why.startswith("Seizure")
    act = Action.objects.get(verb="reveal arm")
    changes = RowChange.objects.filter(action_id=act.pk)
    said = str([act.subject, act.details, act.reason, *changes.values("old", "new")])
    assert not any(code in said for code in codes)


@pytest.mark.django_db
@pytest.mark.requirement("BLD-06")
def test_an_unblinding_writes_a_notice_in_its_own_act_that_is_alike_for_every_arm(
    world: World,
) -> None:
    people = randomized(world, 2)
    by = world.actor(Role.INVESTIGATOR)
    for person in people:
        reveal_arm(participant=person, why="Seizure", password=PASSWORD, at=AT, by=by)
    acts = Action.objects.filter(verb="reveal arm").order_by("pk")
    changes = RowChange.objects.filter(table_name="notices_notice").order_by("pk")
    assert [change.action_id for change in changes] == [act.pk for act in acts]
    ours = {"id", "uuid", "about", "participant_id"}
    first, second = (
        {name: value for name, value in change.new.items() if name not in ours}
        for change in changes
    )
    assert first == second
    assert (first["kind"], first["why"]) == ("unblinding", "Seizure")
    told = Unblinding.objects.order_by("pk").values_list("uuid", flat=True)
    notices = Notice.objects.order_by("pk")
    assert [notice.about for notice in notices] == list(told)
    assert [notice.participant_id for notice in notices] == [row.pk for row in people]


@pytest.mark.django_db
def test_an_unblinding_without_reason_password_or_permission_tells_nothing(
    world: World,
) -> None:
    (person,) = randomized(world)
    ask: dict[str, Any] = {
        "participant": person,
        "at": AT,
        "why": "Seizure",
        "password": PASSWORD,
    }
    by = world.actor(Role.INVESTIGATOR)
    with pytest.raises(ReasonNeeded):
        reveal_arm(**(ask | {"why": " "}), by=by)
    with pytest.raises(NotPermitted, match="password"):
        reveal_arm(**(ask | {"password": "guess"}), by=by)
    with pytest.raises(NotPermitted):
        reveal_arm(**ask, by=world.actor(Role.COORDINATOR))
    with pytest.raises(NotPermitted):
        reveal_arm(**ask, by=SETUP)
    assert Unblinding.objects.count() == Notice.objects.count() == 0
    assert not Action.objects.filter(verb="reveal arm").exists()


@pytest.mark.django_db
def test_somebody_not_randomized_has_no_arm_to_tell(world: World) -> None:
    (person,) = confirmed(world)
    with pytest.raises(Refused, match="has no arm yet"):
        reveal_arm(
            participant=person,
            why="Seizure",
            password=PASSWORD,
            at=AT,
            by=world.actor(Role.MEDICAL_MONITOR),
        )
    assert Unblinding.objects.count() == 0
