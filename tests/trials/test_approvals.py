"""The IRB's approval: what waits while it does not hold, and what never does."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.vocabulary import Role
from audit.refusal import NotPermitted, Refused
from participants.actions import Step, mark_randomized, record_consents
from participants.models import Consent, Participant
from sessions import actions
from sessions.access import standings_of
from sessions.actions import Unscheduled, add_unscheduled
from sessions.dosing import forbidding
from tests.forms import posted
from tests.pages import signed_in_as
from tests.workbench.life import lives
from tests.world import (
    ON_TARGET,
    SCREENED_ON,
    SETUP,
    World,
    approve,
    confirmed,
    consent_of,
    enrolled,
    held,
    new_world,
    randomized,
    screened,
    visit_of,
)
from trials.actions import (
    NewApproval,
    lift_suspension,
    record_approvals,
    suspend_approval,
)
from trials.models import Approval, Suspension

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def world() -> World:
    return new_world()


def lapse(world: World, *, after: date) -> None:
    """Give the site an approval of yesterday's content whose last day is `after`."""
    new = NewApproval(
        site=world.site,
        protocol_version=world.protocol,
        form_version="1.0",
        irb="IRB of Denver",
        approved_on=SCREENED_ON - DAY,
        expires_on=after,
    )
    record_approvals(trial=world.trial, approvals=[new], by=SETUP)


def suspend(world: World, *, on: date) -> Suspension:
    return suspend_approval(
        site=world.site, on=on, why="Two events reported late", by=SETUP
    )


def approve_form(world: World, version: str, *, on: date) -> None:
    approve(
        trial=world.trial,
        protocol=world.protocol,
        sites=[world.site],
        form_version=version,
        on=on,
    )


@pytest.mark.requirement("CON-01")
def test_consent_is_taken_on_the_form_approved_at_the_site_that_day(
    world: World,
) -> None:
    [person] = screened(world)
    approve_form(world, "2.0", on=SCREENED_ON)
    by = world.actor(Role.COORDINATOR)
    with pytest.raises(Refused, match=r"had approved version 2\.0 .* not version 1\.0"):
        record_consents(consents=[consent_of(world, person)], by=by)
    newer = replace(consent_of(world, person), form_version="2.0")
    record_consents(consents=[newer], by=by)
    assert Consent.objects.get().form_version == "2.0"


def test_a_form_approved_elsewhere_is_not_approved_here(world: World) -> None:
    approve(
        trial=world.trial,
        protocol=world.protocol,
        sites=[world.elsewhere],
        form_version="2.0",
        on=SCREENED_ON,
    )
    [person] = screened(world)
    newer = replace(consent_of(world, person), form_version="2.0")
    with pytest.raises(Refused, match=r"approved version 1\.0"):
        record_consents(consents=[newer], by=world.actor(Role.COORDINATOR))


@pytest.mark.requirement("CON-04")
def test_whoever_obtained_consent_was_delegated_to_on_that_day(world: World) -> None:
    [person] = screened(world)
    by = world.actor(Role.COORDINATOR)
    for other in (
        world.user(Role.THERAPIST),
        world.user(Role.COORDINATOR, elsewhere=True),
    ):
        form = replace(consent_of(world, person), obtained_by=other)
        with pytest.raises(Refused, match="delegation log does not let"):
            record_consents(consents=[form], by=by)


@pytest.mark.requirement("CON-04")
def test_nobody_consents_who_is_not_able_to(world: World) -> None:
    [person] = screened(world)
    form = replace(consent_of(world, person), is_able=False)
    with pytest.raises(Refused, match="not able to consent"):
        record_consents(consents=[form], by=world.actor(Role.COORDINATOR))


@pytest.mark.requirement("CON-04")
@pytest.mark.parametrize("days", [0, 1])
def test_nobody_consents_on_the_day_of_a_dose_or_the_day_after(
    world: World, days: int
) -> None:
    today = timezone.now().date()
    [person] = lives(world, 1, today=today, days=80)
    dosed_on = visit_of(person, "dosing_1").held_on
    assert dosed_on is not None
    approve_form(world, "2.0", on=dosed_on)

    def again(on: date) -> None:
        form = replace(consent_of(world, person, on=on), form_version="2.0")
        actions.consent(consents=[form], by=world.actor(Role.COORDINATOR))

    with pytest.raises(Refused, match="had a dose on that day or the day before"):
        again(dosed_on + days * DAY)
    again(dosed_on + 2 * DAY)


@pytest.mark.requirement("IRB-03")
@pytest.mark.parametrize("stop", ["lapsed", "suspended"])
def test_enrollment_waits_while_the_approval_does_not_hold(
    world: World, stop: str
) -> None:
    day = ON_TARGET["enrollment_visit"]
    if stop == "lapsed":
        lapse(world, after=day - DAY)
        sentence = "lapsed on"
    else:
        suspend(world, on=day)
        sentence = "suspended this site on .*: Two events reported late"
    with pytest.raises(Refused, match=sentence):
        enrolled(world)
    assert Participant.objects.get().enrolled_on is None


@pytest.mark.requirement("IRB-03")
def test_randomization_waits_while_the_site_is_suspended(world: World) -> None:
    people = confirmed(world)
    pause = suspend(world, on=ON_TARGET["prep_3"] + DAY)
    on = ON_TARGET["prep_3"] + 2 * DAY
    with pytest.raises(Refused, match="Research waits until that is lifted"):
        mark_randomized(
            steps=[Step(person, on) for person in people],
            by=world.actor(Role.COORDINATOR),
        )
    lift_suspension(suspension=pause, on=on, reason="Letter of that day", by=SETUP)
    mark_randomized(
        steps=[Step(person, on) for person in people], by=world.actor(Role.COORDINATOR)
    )


@pytest.mark.requirement("IRB-03")
@pytest.mark.requirement("DAT-09")
def test_no_dosing_visit_and_no_dose_while_the_approval_does_not_hold(
    world: World,
) -> None:
    [person] = randomized(world)
    held(world, [person], "dosing_1")
    visit = visit_of(person, "dosing_1")
    assert forbidding(standings_of([visit])[visit.pk]) == ()
    assert visit.held_on is not None
    pause = suspend(world, on=visit.held_on)
    (told,) = forbidding(standings_of([visit])[visit.pk])
    assert told.startswith("Dosing is stopped: the IRB suspended this site on ")
    lift_suspension(
        suspension=pause, on=visit.held_on, reason="An error of ours", by=SETUP
    )
    assert forbidding(standings_of([visit])[visit.pk]) == ()


@pytest.mark.requirement("IRB-03")
def test_a_visit_of_research_waits_and_one_for_safety_does_not(world: World) -> None:
    [person] = enrolled(world)
    day = ON_TARGET["prep_1"]
    suspend(world, on=day)
    with pytest.raises(Refused, match="The IRB suspended this site"):
        held(world, [person], "prep_1")
    by = world.actor(Role.COORDINATOR)
    new = Unscheduled(person, day, "in_person", "Palpitations")
    [visit] = add_unscheduled(additions=[new], by=by)
    visit.refresh_from_db()
    assert visit.state == "held"


@pytest.mark.requirement("CON-02")
def test_after_a_new_form_the_next_visit_waits_for_consent_on_it(world: World) -> None:
    [person] = enrolled(world)
    day = ON_TARGET["prep_1"]
    approve_form(world, "2.0", on=day - DAY)
    with pytest.raises(Refused, match=r"Version 2\.0 of the consent form held"):
        held(world, [person], "prep_1")
    form = replace(consent_of(world, person, on=day), form_version="2.0")
    actions.consent(consents=[form], by=world.actor(Role.COORDINATOR))
    held(world, [person], "prep_1")


def test_a_visit_of_before_the_new_form_is_still_recorded(world: World) -> None:
    [person] = enrolled(world)
    approve_form(world, "2.0", on=ON_TARGET["prep_1"] + DAY)
    held(world, [person], "prep_1")


@pytest.mark.requirement("CON-02")
def test_a_new_form_stands_on_the_worklist_until_it_is_signed(world: World) -> None:
    today = timezone.now().date()
    [person] = lives(world, 1, today=today, days=80)
    browser = signed_in_as(world, Role.COORDINATOR)
    home, page = (
        reverse("workbench:home"),
        reverse("workbench:participant", args=[person.uuid]),
    )
    words = "Record consent on version 2.0"
    assert words not in browser.get(home).content.decode()
    approve_form(world, "2.0", on=today - DAY)
    for address in (home, page):
        assert words in browser.get(address).content.decode()
    form = replace(consent_of(world, person, on=today), form_version="2.0")
    actions.consent(consents=[form], by=world.actor(Role.COORDINATOR))
    for address in (home, page):
        assert words not in browser.get(address).content.decode()


@pytest.mark.requirement("IRB-03")
def test_the_data_manager_records_suspends_and_lifts_on_the_trial_s_page(
    world: World,
) -> None:
    browser = signed_in_as(world, Role.DATA_MANAGER)
    page = reverse("trials:trial", args=[world.trial.uuid])

    def send(address: str, **typed: object) -> None:
        form = posted(browser.get(address).content.decode(), having=next(iter(typed)))
        answer = browser.post(address, form | typed)
        assert answer.headers.get("Location") == page, answer.content.decode()

    send(
        reverse("trials:approve", args=[world.trial.uuid]),
        site=world.site.pk,
        protocol_version=world.protocol.pk,
        form_version="2.0",
        irb="Western board",
        approved_on="2025-01-01",
        expires_on="2025-12-31",
    )
    assert Approval.objects.filter(site=world.site).count() == 2
    assert "Lapsed" in browser.get(page).content.decode()
    site = reverse("trials:suspend", args=[world.site.uuid])
    send(site, on="2025-03-01", why="Reported late")
    assert "Suspended" in browser.get(page).content.decode()
    pause = Suspension.objects.get()
    send(
        reverse("trials:lift", args=[pause.pk]),
        on="2025-03-09",
        reason="Letter of 8 Mar",
    )
    pause.refresh_from_db()
    assert pause.lifted_on == date(2025, 3, 9)


def test_nobody_else_records_an_approval(world: World) -> None:
    coordinator = signed_in_as(world, Role.COORDINATOR)
    for address in (
        reverse("trials:approve", args=[world.trial.uuid]),
        reverse("trials:suspend", args=[world.site.uuid]),
    ):
        assert coordinator.get(address).status_code == 404
    with pytest.raises(NotPermitted):
        suspend_approval(
            site=world.site,
            on=SCREENED_ON,
            why="Not mine to say",
            by=world.actor(Role.COORDINATOR),
        )


def test_a_site_is_suspended_once_at_a_time(world: World) -> None:
    suspend(world, on=SCREENED_ON)
    with pytest.raises(Refused, match="suspended already"):
        suspend(world, on=SCREENED_ON + DAY)


def test_an_approval_does_not_end_before_it_starts(world: World) -> None:
    with pytest.raises(Refused, match="end before it starts"):
        lapse(world, after=SCREENED_ON - 2 * DAY)


def test_the_page_says_nothing_of_approvals_at_sites_of_others(world: World) -> None:
    """It once said "None" of them: their rows are behind the wall, not missing."""
    page = reverse("trials:trial", args=[world.trial.uuid])
    shown = [
        [
            line["site"]
            for line in signed_in_as(world, role).get(page).context["approvals"]
        ]
        for role in (Role.COORDINATOR, Role.DATA_MANAGER)
    ]
    assert shown == [[world.site], [world.site, world.elsewhere]]
