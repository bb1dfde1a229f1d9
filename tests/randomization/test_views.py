"""The pages of randomization, and that none but one says an arm."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.vocabulary import Role
from adverse_events.actions import NewEvent, report_events
from audit.models import Action
from participants.models import Participant
from randomization.access import kits_of, places_of, stocks_of
from randomization.actions import KitRequest, Randomizing, dispense_kits, randomize
from randomization.blocks import list_text
from randomization.forms import RandomizeForm
from randomization.models import Kit, Randomization, Unblinding
from tests.pages import signed_in_as
from tests.randomization import world as wall
from tests.world import PASSWORD, World, confirmed, enrolled, new_world, visit_of
from trials.access import local_time, today_at
from trials.models import Site, Trial

pytestmark = pytest.mark.django_db
AT = datetime(2025, 4, 22, 18, 0, tzinfo=UTC)


def randomized(world: World, n: int = 1) -> list[Participant]:
    people = confirmed(world, n)
    randomize(
        randomizings=[Randomizing(person, AT) for person in people],
        by=world.actor(Role.COORDINATOR),
    )
    return people


def url(name: str, of: object) -> str:
    return reverse(f"randomization:{name}", args=[getattr(of, "uuid")])  # noqa: B009 - whatever has one


def text_of(response: Any) -> str:
    return str(response.content.decode())


def file_of(text: str, name: str = "sealed.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode(), "text/csv")


def test_the_page_says_what_stands_in_the_way_and_then_randomizes(world: World) -> None:
    (person,) = enrolled(world)
    client = signed_in_as(world, Role.COORDINATOR)
    page = text_of(client.get(url("randomize", person)))
    assert "Enrollment must be confirmed first." in page
    assert "disabled" in page
    refused = text_of(client.post(url("randomize", person)))
    assert "cannot be randomized" in refused
    (ready,) = confirmed(world)
    page = text_of(client.get(url("randomize", ready)))
    assert "Not met" not in page
    response = client.post(url("randomize", ready), follow=True)
    number = Randomization.objects.get(participant=ready).number
    assert f"Randomized as R {number}" in text_of(response)
    assert f"/visits/{visit_of(ready, 'dosing_1').uuid}/" in text_of(response)
    again = text_of(client.post(url("randomize", ready)))
    assert Randomization.objects.count() == 1
    assert number in again


def test_without_a_list_nobody_can_be_randomized() -> None:
    world = new_world()
    (person,) = confirmed(world)
    client = signed_in_as(world, Role.COORDINATOR)
    assert "has no place" in text_of(client.get(url("randomize", person)))
    assert "no place left" in text_of(client.post(url("randomize", person)))


def test_a_kit_is_dispensed_on_the_visits_page(world: World) -> None:
    (person,) = randomized(world)
    visit = visit_of(person, "dosing_1")
    client = signed_in_as(world, Role.PHARMACIST)
    assert "No kit dispensed yet" in text_of(client.get(url("dispense", visit)))
    dose = {"part": "initial", "step": "starting", "on": "2025-04-28", "at": "08:40"}
    page = text_of(client.post(url("dispense", visit), dose, follow=True))
    (kit,) = kits_of([visit.pk])[visit.pk]
    assert kit.number in page
    assert "1 of 2 kits" in page
    # What is dispensed is no longer offered, and a second press gives no second kit.
    assert 'value="initial"' not in page
    client.post(url("dispense", visit), dose)
    assert Kit.objects.filter(visit__isnull=False).count() == 1


@pytest.mark.requirement("AUD-03")
def test_a_kit_was_dispensed_when_the_person_says_and_entered_when_typed(
    world: World,
) -> None:
    (person,) = randomized(world)
    visit = visit_of(person, "dosing_1")
    client = signed_in_as(world, Role.COORDINATOR)
    now = local_time(visit.site, timezone.now())
    page = text_of(client.get(url("dispense", visit)))
    assert f'value="{now.date().isoformat()}"' in page
    dose = {"part": "initial", "step": "starting", "on": "2025-04-28", "at": "08:40"}
    client.post(url("dispense", visit), dose)
    (kit,) = kits_of([visit.pk])[visit.pk]
    assert local_time(visit.site, kit.dispensed_at) == datetime(
        2025, 4, 28, 8, 40, tzinfo=ZoneInfo(visit.site.time_zone)
    )
    entry = Action.objects.filter(verb="dispense kit").latest("id")
    assert timezone.now() - entry.at < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("on", "at", "sentence"),
    [
        ("2999-01-01", "08:00", "has not come yet"),
        ("2025-04-21", "08:00", "was randomized on 22 Apr 2025"),
        ("", "", "This field is required"),
    ],
)
def test_a_kit_is_not_dispensed_in_the_future_or_before_randomization(
    world: World, on: str, at: str, sentence: str
) -> None:
    (person,) = randomized(world)
    visit = visit_of(person, "dosing_1")
    client = signed_in_as(world, Role.COORDINATOR)
    dose = {"part": "initial", "step": "starting", "on": on, "at": at}
    page = text_of(client.post(url("dispense", visit), dose))
    assert sentence in page
    assert f'value="{on}"' in page or not on
    assert not Kit.objects.filter(visit__isnull=False).exists()


def test_a_visit_without_a_dose_offers_no_kit(world: World) -> None:
    (person,) = randomized(world)
    client = signed_in_as(world, Role.COORDINATOR)
    page = text_of(client.get(url("dispense", visit_of(person, "prep_1"))))
    assert "No dose is planned" in page
    assert "Dispense kit" not in page


@pytest.mark.requirement("BLD-06")
def test_an_arm_is_told_once_and_stays_nowhere(world: World) -> None:
    (person,) = randomized(world)
    client = signed_in_as(world, Role.INVESTIGATOR)
    asked = {"why": "Seizure; the emergency physician asks", "password": "guess"}
    refused = client.post(url("unblind", person), asked)
    assert "The password is not right" in text_of(refused)
    labels = [arm.label for arm in wall.definition_of(world).arms]
    assert not any(label in text_of(refused) for label in labels)
    told = client.post(url("unblind", person), asked | {"password": PASSWORD})
    assert told.status_code == 200
    assert sum(label in text_of(told) for label in labels) == 1
    assert "no-store" in told["Cache-Control"]
    after = client.get(url("unblind", person))
    assert "Seizure" in text_of(after)
    assert "no-store" in after["Cache-Control"]
    assert not any(label in text_of(after) for label in labels)
    assert not any(label in str(dict(client.session)) for label in labels)
    assert Unblinding.objects.get().revealed_to == world.user(Role.INVESTIGATOR)
    assert Action.objects.filter(verb="reveal arm").count() == 1


def test_a_look_at_the_unblinding_page_reveals_and_records_nothing(
    world: World,
) -> None:
    (person,) = randomized(world)
    before = Action.objects.count()
    client = signed_in_as(world, Role.MEDICAL_MONITOR)
    signed_in = Action.objects.count()
    assert signed_in == before + 1
    assert client.get(url("unblind", person)).status_code == 200
    assert Action.objects.count() == signed_in


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("randomize", {Role.COORDINATOR, Role.INVESTIGATOR}),
        ("dispense", {Role.COORDINATOR, Role.INVESTIGATOR, Role.PHARMACIST}),
        ("unblind", {Role.INVESTIGATOR, Role.MEDICAL_MONITOR, Role.SAFETY_OFFICER}),
        ("load_list", {Role.STATISTICIAN}),
        ("load_kits", {Role.STATISTICIAN, Role.PHARMACIST}),
    ],
)
def test_a_page_opens_to_those_who_may_and_exists_for_nobody_else(
    world: World, name: str, allowed: set[Role]
) -> None:
    (person,) = randomized(world)
    subjects: dict[str, object] = {
        "dispense": visit_of(person, "dosing_1"),
        "load_list": world.trial,
        "load_kits": world.site,
    }
    place = url(name, subjects.get(name, person))
    for role in Role:
        if role is Role.IRB_CONTACT:
            continue
        client = signed_in_as(world, role)
        expected = 200 if role in allowed else 404
        assert client.get(place).status_code == expected, role
    for role in (Role.INVESTIGATOR, Role.PHARMACIST):
        elsewhere = signed_in_as(world, role, elsewhere=True)
        assert elsewhere.get(place).status_code == 404


def test_a_list_is_checked_sealed_and_counted(world: World) -> None:
    world = new_world("TEST-2")
    client = signed_in_as(world, Role.STATISTICIAN)
    entries = wall.entries_of(world)
    place = url("load_list", world.trial)
    swapped = [replace(entry, stratum="09") for entry in entries]
    for text, sentence in (
        ("a,b\n", "The first line must be"),
        (list_text(entries).replace("01,3,", "01,three,"), "does not read as"),
        (list_text(swapped), "no stratum of this trial"),
        (list_text(entries[1:]), "positions do not run"),
        ("stratum,position,arm\n", "no stratum"),
        ("\ufffe", "first line"),
    ):
        page = text_of(client.post(place, {"file": file_of(text)}))
        assert sentence in page
        assert places_of(world.trial.pk) == {}
    assert "not text" in text_of(
        client.post(place, {"file": SimpleUploadedFile("list.csv", b"\xff\xfe\x00")})
    )
    response = client.post(place, {"file": file_of(list_text(entries))}, follow=True)
    assert f"{len(entries)} places are sealed." in text_of(response)
    assert places_of(world.trial.pk)["01"].total >= 24


def test_kits_are_checked_sealed_and_counted() -> None:
    world = new_world()
    client = signed_in_as(world, Role.PHARMACIST)
    place = url("load_kits", world.site)
    kits = wall.kits_of(world, world.site, times=2)
    lines = [
        f"{kit.number},{kit.arm},{kit.step},{kit.part},{kit.milligrams}" for kit in kits
    ]
    head = "number,arm,step,part,milligrams"
    for rows, sentence in (
        (["number,arm"], "The first line must be"),
        ([head], "no kits to load"),
        ([head, "482913-0,much"], "Line 2 does not read"),
        ([head, lines[0], f"{lines[0]},more"], "Line 3 does not read"),
        ([head, lines[0].rsplit(",", 1)[0] + ",NaN"], "Line 2 does not read"),
        ([head, lines[0], lines[0]], "same number"),
    ):
        page = text_of(client.post(place, {"file": file_of("\n".join(rows))}))
        assert sentence in page
        assert Kit.objects.count() == 0
    text = "\n".join([head, *lines])
    page = text_of(client.post(place, {"file": file_of(text)}, follow=True))
    assert f"{len(kits)} kits are entered and sealed." in page
    again = text_of(client.post(place, {"file": file_of(text)}))
    assert "entered already" in again
    (stock,) = stocks_of([world.site])
    assert (stock.total, stock.left) == (len(kits), len(kits))


def pages(
    world: World, person: Participant, event: object
) -> Iterator[tuple[Role, str]]:
    """Every page of both apps, with somebody who opens it."""
    visit = visit_of(person, "dosing_1")
    for role in (Role.COORDINATOR, Role.INVESTIGATOR):
        yield role, url("randomize", person)
        yield role, url("dispense", visit)
    yield Role.INVESTIGATOR, url("unblind", person)
    yield Role.MEDICAL_MONITOR, url("unblind", person)
    for role in (Role.STATISTICIAN, Role.PHARMACIST):
        yield role, reverse("randomization:kits")
        yield role, url("load_kits", world.site)
    yield Role.STATISTICIAN, url("load_list", world.trial)
    found = [getattr(event, "uuid")]  # noqa: B009 - as above
    for role in (Role.INVESTIGATOR, Role.MEDICAL_MONITOR):
        yield role, reverse("adverse_events:board")
        yield role, reverse("adverse_events:event", args=found)
    for name in ("amend", "causality", "void"):
        yield Role.INVESTIGATOR, reverse(f"adverse_events:{name}", args=found)
    for name in ("receive", "determine"):
        yield Role.MEDICAL_MONITOR, reverse(f"adverse_events:{name}", args=found)
    yield Role.THERAPIST, reverse("adverse_events:report", args=[person.uuid])


def with_event(world: World, person: Participant) -> object:
    event = NewEvent(
        participant=person,
        term="Fainting",
        onset_on=AT.date(),
        severity="severe",
        valence="unpleasant",
        outcome="recovering",
        action_taken="interrupted",
        dosing_visit=visit_of(person, "dosing_1"),
        seriousness=frozenset({"hospitalization"}),
        site_aware_at=AT,
    )
    return report_events(events=[event], by=world.actor(Role.COORDINATOR))[0]


@pytest.mark.requirement("BLD-02")
def test_no_page_of_either_app_says_an_arm_or_an_amount(world: World) -> None:
    people = randomized(world, 2)
    definition = wall.definition_of(world)
    amounts = {
        amount
        for arm in definition.arms
        for dose in arm.doses.values()
        for amount in (*dose.initial_mg, *dose.supplement_mg)
    }
    words = [re.escape(arm.label) for arm in definition.arms]
    words += [re.escape(arm.code) for arm in definition.arms]
    words += [rf"{amount} ?(mg|milligrams?)" for amount in amounts if amount > 0]
    telling = re.compile(rf"(?<![\w-])({'|'.join(words)})(?![\w-])", re.IGNORECASE)
    for person in people:
        by = world.actor(Role.COORDINATOR)
        visit = visit_of(person, "dosing_1")
        dispense_kits(requests=[KitRequest(visit, "initial", "starting", AT)], by=by)
        for role, place in pages(world, person, with_event(world, person)):
            response = signed_in_as(world, role).get(place)
            assert response.status_code == 200, place
            assert telling.findall(text_of(response)) == [], place


@pytest.mark.requirement("BLD-02")
def test_pages_of_two_participants_in_different_arms_differ_by_their_numbers_only(
    world: World,
) -> None:
    people = randomized(world, 6)
    seen = {}
    for person in people:
        page = text_of(
            signed_in_as(world, Role.COORDINATOR).get(url("randomize", person))
        )
        page = re.sub(
            r'(csrf|request_key)[^>]*value="[^"]+"|X-CSRFToken": "[^"]+"', "", page
        )
        number = Randomization.objects.get(participant=person).number
        following = visit_of(person, "dosing_1")
        for own in (str(person.uuid), person.number, number, str(following.uuid)):
            page = page.replace(own, "OWN")
        seen[person.pk] = page
    assert len(set(seen.values())) == 1


def test_amounts_are_compared_as_numbers() -> None:
    world = new_world()
    kits = wall.kits_of(world, world.site, times=1)
    kit = next(kit for kit in kits if kit.milligrams > 0)
    row = f"{kit.number},{kit.arm},{kit.step},{kit.part},{kit.milligrams:.1f}"
    text = f"number,arm,step,part,milligrams\n{row}\n"
    client = signed_in_as(world, Role.PHARMACIST)
    client.post(url("load_kits", world.site), {"file": file_of(text)})
    assert Kit.objects.get().number == kit.number
    assert Decimal(row.rsplit(",", 1)[1]) == kit.milligrams


def test_in_a_synthetic_trial_randomization_may_be_for_an_earlier_day(
    world: World,
) -> None:
    (person,) = confirmed(world)
    client = signed_in_as(world, Role.COORDINATOR)
    address = url("randomize", person)
    tomorrow = today_at(world.site) + timedelta(days=1)
    refused = text_of(client.post(address, {"on": tomorrow.isoformat()}))
    assert "This day has not come yet at the site." in refused
    client.post(address, {"on": "2025-04-22"})
    made = Randomization.objects.get(participant=person)
    assert local_time(world.site, made.randomized_at).date() == date(2025, 4, 22)
    assert Action.objects.filter(verb="randomize").latest("id").at > made.randomized_at


def test_in_a_real_trial_randomization_is_now() -> None:
    site = Site(trial=Trial(is_synthetic=False), time_zone="America/Denver")
    form = RandomizeForm({"on": "2025-04-22"}, site=site, now=AT)
    assert form.is_valid()
    assert "on" not in form.fields
    assert form.moment() == AT
