"""An amendment reaches participants under way: kept, planned afresh, closed, decided."""

from collections import Counter
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.vocabulary import Role
from audit.models import Action, Signature
from audit.refusal import NotPermitted, Refused
from participants.actions import Withdrawal
from sessions import actions
from sessions.actions import Unscheduled, apply_amendment, rehearse_amendment
from sessions.models import Visit
from sessions.schedule import Fate
from sessions.schedule.amending import DECISIONS
from tests.sessions.amendments import (
    BEFORE_T2,
    DAY,
    NEXT_DAYS,
    RENAMING,
    SHORTER_V9,
    SLEEP,
    TODAY,
    V9,
    VISIT,
    adopted,
    apply,
    booked,
    hold,
    living,
    replanned,
    text,
    with_visits,
    without_follow_up,
)
from tests.world import (
    MAPP2,
    World,
    consent_of,
    new_world,
    screened,
    signed_caps,
    visit_of,
)
from trials.actions import suspend_approval
from trials.protocol import ProtocolError

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return new_world()


def test_a_visit_that_is_added_to_the_file_is_planned_for_people_under_way(
    world: World,
) -> None:
    [person] = living(world)
    version = adopted(world, with_visits(SLEEP))
    assert apply(world, [person], version) == []
    visit = visit_of(person, "sleep")
    assert (visit.plan, visit.called) == ("firm", "V21")
    dosed_on = visit_of(person, "dosing_1").held_on
    assert dosed_on is not None
    assert visit.closes == dosed_on + 40 * DAY
    person.refresh_from_db()
    assert person.protocol_version == version
    planned = Visit.objects.filter(participant=person, state="planned")
    assert {each.protocol_version_id for each in planned} == {version.pk}


def test_what_was_held_stays_as_it_was_held_and_what_follows_stays_in_order(
    world: World,
) -> None:
    [person] = living(world)
    on = TODAY - 5 * DAY
    new = Unscheduled(person, on, "in_person", "Palpitations")
    actions.add_unscheduled(additions=[new], by=world.actor(Role.COORDINATOR))
    names = (
        "code",
        "opens",
        "target",
        "closes",
        "held_on",
        "protocol_version",
        "label",
    )
    held = Visit.objects.filter(participant=person, state="held").order_by("pk")
    before = list(held.values(*names))
    order = [row.code for row in Visit.objects.filter(participant=person).in_order()]
    first = VISIT.replace('after = "dosing_1"', 'after = "screening"').format(
        code="first", number="V23", label="First", first="1 days", last="2 days"
    )
    at = '[[visits]]\ncode = "prep_1"'
    version = adopted(world, text((at, first + "\n" + at)))
    apply(world, [person], version)
    assert list(held.values(*names)) == before
    after = [row.code for row in Visit.objects.filter(participant=person).in_order()]
    assert [code for code in after if code != "first"] == order
    assert after.index("first") == order.index("prep_1")
    planned = Visit.objects.filter(participant=person, turn=0)
    assert planned.values("position").distinct().count() == planned.count()


@pytest.mark.requirement("DAT-07")
def test_what_was_signed_keeps_its_version_and_its_signature(world: World) -> None:
    [person] = living(world)
    form = signed_caps(world, person)
    signature = Signature.objects.get(row_id=str(form.pk))
    version = adopted(world, RENAMING)
    apply(world, [person], version)
    form.refresh_from_db()
    assert form.visit.protocol_version == world.protocol
    assert Signature.objects.get(row_id=str(form.pk)) == signature
    assert form.state == "signed"


def test_a_visit_held_under_its_old_code_is_not_asked_for_again_and_counts(
    world: World,
) -> None:
    [person] = living(world, days=28)
    window = visit_of(person, "prep_2").opens, visit_of(person, "prep_2").closes
    apply(world, [person], adopted(world, RENAMING))
    codes = set(Visit.objects.filter(participant=person).values_list("code", flat=True))
    assert "prep_1" in codes
    assert "preparation" not in codes
    visit = visit_of(person, "prep_2")
    assert (visit.plan, visit.opens, visit.closes) == ("firm", *window)
    hold(world, person, "prep_2", TODAY)
    assert visit_of(person, "baseline").plan == "firm"


def test_an_unheld_visit_takes_its_new_code(world: World) -> None:
    [person] = living(world, days=21)
    row = visit_of(person, "prep_1").pk
    version = adopted(world, RENAMING)
    apply(world, [person], version)
    visit = Visit.objects.get(pk=row)
    assert (visit.code, visit.protocol_version_id) == ("preparation", version.pk)


def test_codes_are_followed_through_several_amendments(world: World) -> None:
    [person] = living(world, days=28)
    window = visit_of(person, "prep_2").opens
    apply(world, [person], adopted(world, RENAMING, on=TODAY - 2 * DAY))
    again = (
        RENAMING.replace('version = "1.1"', 'version = "1.2"')
        .replace('amends = "1.0"', 'amends = "1.1"')
        .replace('"preparation"', '"first_preparation"')
        .replace('{ prep_1 = "first_', '{ preparation = "first_')
    )
    assert 'renamed = { preparation = "first_preparation" }' in again
    apply(world, [person], adopted(world, again))
    codes = Visit.objects.filter(participant=person).values_list("code", flat=True)
    assert {code for code in codes if code.endswith(("prep_1", "preparation"))} == {
        "prep_1"
    }
    assert visit_of(person, "prep_2").opens == window


def test_a_visit_held_under_its_old_code_and_reinstated_takes_the_new_one(
    world: World,
) -> None:
    [person] = living(world, days=28)
    version = adopted(world, RENAMING)
    apply(world, [person], version)
    visit = visit_of(person, "prep_1")
    actions.reinstate(
        visits=[visit],
        by=world.actor(Role.COORDINATOR),
        reason="Another participant's",
        today=TODAY,
    )
    visit.refresh_from_db()
    assert (visit.code, visit.state) == ("preparation", "planned")
    assert visit.protocol_version_id == version.pk


def test_a_removed_visit_is_closed_and_not_missed(world: World) -> None:
    [person] = living(world)
    apply(world, [person], adopted(world, without_follow_up()))
    visit = visit_of(person, "follow_up")
    assert (visit.state, visit.plan) == ("cancelled", "cancelled")
    assert visit.why == "Removed by version 1.1."
    replanned(world, person, TODAY + 300 * DAY)
    visit.refresh_from_db()
    assert (visit.state, visit.plan) == ("cancelled", "cancelled")


def test_an_added_visit_whose_window_is_over_is_never_asked_for(world: World) -> None:
    [person] = living(world)
    apply(world, [person], adopted(world, with_visits(NEXT_DAYS)))
    hold(world, person, "t2", TODAY)
    visit = visit_of(person, "next_days")
    assert (visit.state, visit.plan) == ("cancelled", "cancelled")
    assert visit.why == "Added by version 1.1, when its window was over."
    assert not Visit.objects.open_to_record().filter(pk=visit.pk).exists()


def test_what_counts_from_an_added_visit_that_is_closed_counts_from_its_target(
    world: World,
) -> None:
    [person] = living(world)
    later = VISIT.replace('after = "dosing_1"', 'after = "next_days"').format(
        code="later", number="V24", label="Later", first="3 weeks", last="4 weeks"
    )
    apply(world, [person], adopted(world, with_visits(NEXT_DAYS, later)))
    dosed_on = visit_of(person, "dosing_1").held_on
    assert dosed_on is not None
    visit = visit_of(person, "later")
    assert (visit.plan, visit.closes) == ("firm", dosed_on + 33 * DAY)


def test_an_open_visit_that_is_open_no_more_waits_for_a_decision(world: World) -> None:
    [person] = living(world)
    [left] = apply(world, [person], adopted(world, text((V9, SHORTER_V9))))
    assert left.code == "t2"
    assert left.to_decide.startswith("It could be held until ")
    hold(world, person, "t2", TODAY)
    assert not visit_of(person, "t2").to_decide


def test_a_booking_that_is_outside_its_window_waits_for_a_decision(
    world: World,
) -> None:
    [person] = living(world)
    booked(world, person, "t2", TODAY + 3 * DAY)
    [left] = apply(world, [person], adopted(world, text((V9, SHORTER_V9))))
    assert left.to_decide.startswith("Booked for 5 Jun 2025, which is outside")
    assert visit_of(person, "t2").booked_on == TODAY + 3 * DAY
    booked(world, person, "t2", TODAY + 4 * DAY)
    assert not visit_of(person, "t2").to_decide


def test_a_removed_visit_that_was_booked_is_told(world: World) -> None:
    [person] = living(world, days=175)
    window = visit_of(person, "follow_up").opens
    assert window is not None
    booked(world, person, "follow_up", window)
    [left] = apply(world, [person], adopted(world, without_follow_up()))
    assert "tell the participant" in left.to_decide
    assert left.booked_on is None


def test_the_rehearsal_counts_what_then_happens(world: World) -> None:
    people = [*living(world, 3), *living(world, 2, days=40)]
    definition = text(
        (V9, SHORTER_V9), (BEFORE_T2, SLEEP + NEXT_DAYS + "\n" + BEFORE_T2)
    )
    version = adopted(world, definition)
    told = rehearse_amendment(participants=people, version=version, on=TODAY)
    before = {row.pk: row for row in Visit.objects.all()}
    left = apply(world, people, version)
    after = list(Visit.objects.all())
    seen: Counter[str] = Counter(_fate(row, before.get(row.pk)) for row in after)
    seen[DECISIONS] = len(left)
    assert told == seen
    assert (told[Fate.ADDED_CLOSED], told[Fate.ADDED], told[DECISIONS]) == (3, 7, 3)


def _fate(row: Visit, before: Visit | None) -> Fate:
    """Return what became of a visit, from nothing but the rows before and after."""
    if before is None:
        return Fate.ADDED_CLOSED if row.state == "cancelled" else Fate.ADDED
    if row.state in {"held", "missed"}:
        return Fate.KEPT
    names = ("plan", "opens", "target", "closes")
    same = all(getattr(row, name) == getattr(before, name) for name in names)
    return Fate.UNCHANGED if same else Fate.MOVED


def test_one_act_and_as_many_statements_for_many_as_for_one(world: World) -> None:
    few, many = living(world, 2), living(world, 9)
    definition = text(
        (V9, SHORTER_V9), (BEFORE_T2, SLEEP + NEXT_DAYS + "\n" + BEFORE_T2)
    )
    version = adopted(world, definition)
    world.actor(Role.DATA_MANAGER)  # who has signed in before
    acts = Action.objects.count()
    counts = []
    for people in (few, many):
        with CaptureQueriesContext(connection) as queries:
            apply(world, people, version)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert Action.objects.count() == acts + 2
    act = Action.objects.order_by("-id")[0]
    assert act.reason == "version 1.1: Sleep was never asked about"


def test_only_a_version_that_amends_the_participant_s_is_applied(world: World) -> None:
    [person] = living(world)
    first = adopted(world, with_visits(SLEEP), on=TODAY - 2 * DAY)
    second = with_visits(SLEEP).replace('"1.1"', '"1.2"')
    version = adopted(world, second.replace('"1.0"\nreason', '"1.1"\nreason'))
    with pytest.raises(Refused, match=r"amends version 1\.1, but 1\.0 is in force"):
        apply(world, [person], version)
    assert first != version


def test_a_version_that_amends_none_of_the_trial_s_is_not_adopted(
    world: World,
) -> None:
    orphan = with_visits(SLEEP).replace('"1.0"\nreason', '"0.9"\nreason')
    with pytest.raises(ProtocolError, match=r"amends version 0\.9, but 1\.0 is in"):
        adopted(world, orphan)
    with pytest.raises(ProtocolError, match=r"say what changes in \[amendment\]"):
        adopted(world, MAPP2.read_text("utf-8").replace('"1.0"', '"1.1"', 1))


def test_a_site_that_the_irb_suspended_goes_over_to_no_version(world: World) -> None:
    [person] = living(world)
    version = adopted(world, with_visits(SLEEP))
    suspend_approval(
        site=world.site,
        on=TODAY,
        why="Deviations not reported",
        by=world.actor(Role.DATA_MANAGER),
    )
    with pytest.raises(Refused, match="The IRB suspended this site"):
        apply(world, [person], version)


def test_a_code_that_an_earlier_version_dropped_is_not_used_again(
    world: World,
) -> None:
    [person] = living(world)
    first = with_visits(SLEEP)
    apply(world, [person], adopted(world, first, on=TODAY - 3 * DAY))
    second = text().replace('"1.1"', '"1.2"').replace('"1.0"\nreason', '"1.1"\nreason')
    apply(world, [person], adopted(world, second, on=TODAY - 2 * DAY))
    third = first.replace('"1.1"', '"1.3"').replace('"1.0"\nreason', '"1.2"\nreason')
    with pytest.raises(ProtocolError, match="an earlier version dropped"):
        adopted(world, third)


def test_the_site_s_approval_of_the_day_names_the_version(world: World) -> None:
    [person] = living(world)
    version = adopted(world, with_visits(SLEEP), on=TODAY + DAY)
    with pytest.raises(Refused, match=r"names version 1\.0, not version 1\.1"):
        apply(world, [person], version)
    apply(world, [person], version, on=TODAY + DAY)


@pytest.mark.requirement("CON-02")
def test_where_new_consent_is_asked_the_form_is_signed_first(world: World) -> None:
    [person] = living(world)
    definition = with_visits(SLEEP).replace("new_consent = false\n", "")
    version = adopted(world, definition, form="2.0")
    with pytest.raises(Refused, match=r"had not signed version 2\.0 .* by 2 Jun 2025"):
        apply(world, [person], version)
    form = replace(consent_of(world, person, on=TODAY), form_version="2.0")
    actions.consent(consents=[form], by=world.actor(Role.COORDINATOR))
    with pytest.raises(Refused, match="had not signed"):
        apply(world, [person], version, on=TODAY - DAY)
    apply(world, [person], version)


def test_who_is_no_longer_in_the_trial_stays_on_their_version(world: World) -> None:
    [person] = living(world)
    step = Withdrawal(person, TODAY, "Moved away")
    actions.withdraw(steps=[step], by=world.actor(Role.COORDINATOR))
    with pytest.raises(Refused, match="no longer in the trial"):
        apply(world, [person], adopted(world, with_visits(SLEEP)))


def test_one_refusal_leaves_everybody_on_their_version(world: World) -> None:
    first, second = living(world, 2)
    version = adopted(world, with_visits(SLEEP))
    apply(world, [first], version)
    with pytest.raises(Refused):
        apply(world, [first, second], version)
    second.refresh_from_db()
    assert second.protocol_version == world.protocol


def test_before_consent_only_the_version_changes(world: World) -> None:
    [person] = screened(world, on=TODAY - 5 * DAY)
    version = adopted(world, with_visits(SLEEP))
    apply(world, [person], version)
    person.refresh_from_db()
    assert person.protocol_version == version
    assert not Visit.objects.filter(participant=person).exists()


def test_nobody_but_who_manages_the_trial_applies_one(world: World) -> None:
    [person] = living(world, days=10)
    version = adopted(world, with_visits(SLEEP))
    with pytest.raises(NotPermitted):
        apply_amendment(
            participants=[person],
            version=version,
            on=TODAY,
            by=world.actor(Role.COORDINATOR),
        )
