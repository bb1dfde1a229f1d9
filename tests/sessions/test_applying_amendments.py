"""An amendment reaches participants under way: kept, planned afresh, closed, decided."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.vocabulary import Role
from audit.models import Action
from audit.refusal import NotPermitted, Refused
from participants.actions import Step
from participants.models import Participant
from sessions import actions
from sessions.actions import Unscheduled, apply_amendment, rehearse_amendment
from sessions.models import Visit
from sessions.schedule import Fate
from sessions.schedule.amending import DECISIONS
from tests.workbench.life import lives
from tests.world import (
    MAPP2,
    SETUP,
    World,
    approve,
    consent_of,
    new_world,
    screened,
    visit_of,
)
from trials.actions import adopt_protocol
from trials.models import ProtocolVersion

pytestmark = pytest.mark.django_db

# Day 80 after consent, 24 days after the first dose: V9 and V10 are open.
TODAY = date(2025, 6, 2)
DAY = timedelta(days=1)
OLD = MAPP2.read_text("utf-8")
AMENDMENT = """
[amendment]
amends = "1.0"
reason = "Sleep was never asked about"
new_consent = false

[[visits]]
code = "unscheduled"
"""
VISIT = """
[[visits]]
code = "{code}"
number = "{number}"
label = "{label}"
kind = "call"
when = {{ after = "dosing_1", earliest = "{first}", target = "{last}", latest = "{last}" }}
"""
SLEEP = VISIT.format(
    code="sleep", number="V21", label="Sleep", first="20 days", last="40 days"
)
# Its window closed 19 days before the amendment.
NEXT_DAYS = VISIT.format(
    code="next_days", number="V22", label="Next days", first="2 days", last="5 days"
)
BEFORE_T2 = '[[visits]]\ncode = "t2"'
V9 = 'earliest = "18 days", target = "25 days", latest = "32 days" }\notherwise = { after = "baseline", earliest = "3 weeks"'
SHORTER_V9 = V9.replace('target = "25 days", latest = "32 days"', 'latest = "23 days"')


def text(*edits: tuple[str, str]) -> str:
    """Return MAPP2 as somebody with an editor would amend it."""
    changed = OLD
    for old, new in (
        ('version = "1.0"', 'version = "1.1"'),
        ('\n[[visits]]\ncode = "unscheduled"\n', AMENDMENT),
        *edits,
    ):
        assert old in changed, old
        changed = changed.replace(old, new)
    return changed


def with_visits(*visits: str) -> str:
    return text((BEFORE_T2, "".join(visits) + "\n" + BEFORE_T2))


def without_follow_up() -> str:
    start = OLD.index('[[visits]]\ncode = "follow_up"')
    end = OLD.index("[[visits]]", start + 1)
    return text(
        (OLD[start:end], ""),
        (', "follow_up"', ""),
        ('to = "follow_up"', 'to = "termination"'),
    )


# V1 under another code; MAPP2 names it in the visits after it and in a period.
RENAMING = text(
    ('code = "prep_1"', 'code = "preparation"'),
    ('"prep_1"', '"preparation"'),
    (
        "new_consent = false",
        'new_consent = false\nrenamed = { prep_1 = "preparation" }',
    ),
)


@pytest.fixture
def world() -> World:
    return new_world()


def adopted(
    world: World, definition: str, *, form: str = "1.0", on: date = TODAY - DAY
) -> ProtocolVersion:
    """Adopt a version and have the site's IRB approve it with a consent form."""
    version = adopt_protocol(
        trial=world.trial, text=definition, filename="mapp2.toml", on=on, by=SETUP
    )
    sites = [world.site, world.elsewhere]
    approve(trial=world.trial, protocol=version, sites=sites, form_version=form, on=on)
    return version


def living(world: World, n: int = 1, *, days: int = 80) -> list[Participant]:
    return lives(world, n, today=TODAY, days=days)


def apply(
    world: World,
    people: Sequence[Participant],
    version: ProtocolVersion,
    *,
    on: date = TODAY,
) -> list[Visit]:
    by = world.actor(Role.DATA_MANAGER)
    return apply_amendment(participants=people, version=version, on=on, by=by)


def replanned(world: World, person: Participant, on: date) -> None:
    by = world.actor(Role.COORDINATOR)
    actions.replan(participants=[person], today=on, by=by)


def hold(world: World, person: Participant, code: str, on: date) -> None:
    holding = actions.Holding(visit_of(person, code), on, "in_person", "Came then")
    actions.hold(holdings=[holding], by=world.actor(Role.COORDINATOR))


def booked(world: World, person: Participant, code: str, on: date) -> None:
    booking = actions.Booking(visit_of(person, code), on, None, "in_person")
    actions.book(bookings=[booking], by=world.actor(Role.COORDINATOR), today=TODAY)


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
    version = adopted(
        world, with_visits(SLEEP).replace('"1.0"\nreason', '"0.9"\nreason')
    )
    with pytest.raises(Refused, match=r"amends version 0\.9, but 1\.0 is in force"):
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
    with pytest.raises(Refused, match="an earlier version dropped"):
        apply(world, [person], adopted(world, third))


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
    step = Step(person, TODAY, "Moved away")
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
