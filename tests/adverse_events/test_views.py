"""The pages of adverse events."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.vocabulary import Role
from adverse_events.actions import (
    Determination,
    NewEvent,
    Receipt,
    amend_event,
    determine,
    receive,
    report_events,
)
from adverse_events.models import AdverseEvent
from participants.models import Participant
from tests.pages import signed_in_as
from tests.world import PASSWORD, World

pytestmark = pytest.mark.django_db
DENVER = ZoneInfo("America/Denver")


def typed(**other: Any) -> dict[str, Any]:
    return {
        "term": "Warmth in the chest",
        "valence": "pleasant",
        "severity": "mild",
        "onset_on": "2025-04-28",
        "outcome": "recovered",
        "action_taken": "not_changed",
    } | other


def report_url(person: Participant) -> str:
    return reverse("adverse_events:report", args=[person.uuid])


def url(name: str, event: AdverseEvent, *more: str) -> str:
    return reverse(f"adverse_events:{name}", args=[event.uuid, *more])


def serious(world: World, person: Participant, *, hours_ago: int = 30) -> AdverseEvent:
    now = timezone.now()
    new = NewEvent(
        participant=person,
        term="Fainting",
        onset_on=(now - timedelta(days=6)).date(),
        severity="severe",
        valence="unpleasant",
        outcome="recovering",
        action_taken="interrupted",
        seriousness=frozenset({"life_threatening"}),
        site_aware_at=now - timedelta(hours=hours_ago),
    )
    return report_events(events=[new], by=world.actor(Role.COORDINATOR))[0]


def test_a_pleasant_effect_takes_six_answers(world: World, person: Participant) -> None:
    client = signed_in_as(world, Role.THERAPIST)
    page = client.get(report_url(person))
    assert page.status_code == 200
    response = client.post(report_url(person), typed())
    event = AdverseEvent.objects.get()
    assert response["Location"] == url("event", event)
    assert (event.valence, event.is_serious) == ("pleasant", False)
    shown = client.get(url("event", event)).content.decode()
    assert "Warmth in the chest" in shown
    assert "Waits for the investigator" in shown


def test_what_was_typed_stays_when_the_form_is_refused(
    world: World, person: Participant
) -> None:
    client = signed_in_as(world, Role.THERAPIST)
    response = client.post(report_url(person), typed(severity="", description="Lasted"))
    assert response.status_code == 200
    page = response.content.decode()
    assert "Warmth in the chest" in page
    assert "Lasted" in page
    assert "Not done yet" in page
    assert AdverseEvent.objects.count() == 0


def test_a_ticked_criterion_shows_the_moment_of_awareness_which_starts_the_clock(
    world: World, person: Participant
) -> None:
    client = signed_in_as(world, Role.COORDINATOR)
    new = typed(seriousness=["hospitalization"], outcome="recovering", severity="")
    page = client.post(report_url(person), new).content.decode()
    assert '<details class="panel" open>' in page
    aware = datetime.now(DENVER).replace(second=0, microsecond=0) - timedelta(hours=1)  # noqa: TID251 - a browser's own clock
    new |= {"severity": "mild", "site_aware_at": aware.strftime("%Y-%m-%dT%H:%M")}
    client.post(report_url(person), new)
    event = AdverseEvent.objects.get()
    assert event.site_aware_at == aware
    page = client.get(url("event", event)).content.decode()
    assert "22 h 59 min left" in page or "23 h left" in page
    assert "Record as sent" in page


def test_a_moment_that_has_not_come_yet_is_refused(
    world: World, person: Participant
) -> None:
    client = signed_in_as(world, Role.COORDINATOR)
    new = typed(
        seriousness=["hospitalization"],
        outcome="recovering",
        site_aware_at="2199-01-01T10:00",
    )
    page = client.post(report_url(person), new).content.decode()
    assert "This time has not come yet." in page
    page = client.post(
        report_url(person), typed(onset_on="2199-01-01")
    ).content.decode()
    assert "This day has not come yet." in page
    assert AdverseEvent.objects.count() == 0


def test_an_amendment_changes_what_was_changed_and_nothing_else(
    world: World, person: Participant
) -> None:
    event = serious(world, person)
    client = signed_in_as(world, Role.COORDINATOR)
    page = client.get(url("amend", event))
    values = page.context["form"].initial | {"term": "Fainting on standing"}
    assert event.site_aware_at is not None
    aware = event.site_aware_at.astimezone(DENVER)
    values |= {"site_aware_at": aware.strftime("%Y-%m-%dT%H:%M")}
    sent = {key: value for key, value in values.items() if value not in (None, "")}
    refused = client.post(url("amend", event), sent)
    assert "Reason for the change" in refused.content.decode()
    client.post(url("amend", event), sent | {"reason": "Follow-up information"})
    after = AdverseEvent.objects.get()
    assert after.term == "Fainting on standing"
    # To the second, although the page shows minutes: the clock runs from it.
    assert after.site_aware_at == event.site_aware_at
    shown = client.get(url("event", event)).content.decode()
    assert "Follow-up information" in shown
    assert "<ins>Fainting on standing</ins>" in shown


def test_the_sponsors_side_from_receipt_to_the_report(
    world: World, person: Participant
) -> None:
    event = serious(world, person)
    client = signed_in_as(world, Role.MEDICAL_MONITOR)
    page = client.get(url("event", event)).content.decode()
    assert "Record receipt" in page
    assert "has not received the report" in page
    now = timezone.now().astimezone(UTC)

    def at(hours: int) -> str:
        return (now - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")

    client.post(url("receive", event), {"at": at(20)})
    page = client.get(url("event", event)).content.decode()
    assert "Determine the event" in page
    assert "No sponsor&#x27;s clock runs" in page
    answers = {"unexpected": "yes", "suspected": "yes", "at": at(2)}
    client.post(url("determine", event), answers)
    page = client.get(url("event", event)).content.decode()
    assert "7-day report to the regulator" in page
    assert event.reports.get(kind="ind_7_days").sent_at is None
    client.post(url("send", event, "ind_7_days"), {"at": at(1)})
    assert event.reports.get(kind="ind_7_days").sent_at is not None


def test_the_earlier_reading_of_the_seven_days_is_shown(
    world: World, person: Participant
) -> None:
    event = serious(world, person, hours_ago=100)
    by = world.actor(Role.MEDICAL_MONITOR)
    now = timezone.now()
    receive(receipts=[Receipt(event, now - timedelta(hours=90))], by=by)
    decision = Determination(event, True, True, now)
    determine(determinations=[decision], by=by)
    client = signed_in_as(world, Role.SPONSOR)
    page = client.get(url("event", event)).content.decode()
    assert "reading unverified" in page


def test_causality_is_signed_on_its_page(world: World, person: Participant) -> None:
    event = serious(world, person)
    client = signed_in_as(world, Role.INVESTIGATOR)
    answers = {"relatedness": "probable", "password": "guess"}
    page = client.post(url("causality", event), answers).content.decode()
    assert "The password is not right" in page
    client.post(url("causality", event), answers | {"password": PASSWORD})
    event.refresh_from_db()
    assert event.relatedness == "probable"
    page = client.get(url("event", event)).content.decode()
    assert "Probably related" in page
    assert "Signed by" in page
    assert "amended since" not in page


def test_a_voided_event_is_shown_with_its_reason_and_no_act(
    world: World, person: Participant
) -> None:
    event = serious(world, person)
    client = signed_in_as(world, Role.COORDINATOR)
    client.post(url("void", event), {"reason": "Entered twice"})
    page = client.get(url("event", event)).content.decode()
    assert "Voided: Entered twice" in page
    assert "Record as sent" not in page
    assert client.get(url("amend", event)).status_code == 404


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("event", {Role.COORDINATOR, Role.INVESTIGATOR, Role.SPONSOR, Role.AUDITOR}),
        ("amend", {Role.COORDINATOR, Role.INVESTIGATOR}),
        ("causality", {Role.INVESTIGATOR}),
        ("receive", {Role.SPONSOR}),
        ("determine", {Role.SPONSOR}),
        ("void", {Role.COORDINATOR, Role.INVESTIGATOR}),
    ],
)
def test_a_page_opens_to_those_who_may_and_exists_for_nobody_else(
    world: World, person: Participant, name: str, allowed: set[Role]
) -> None:
    event = serious(world, person)
    for role in (
        Role.COORDINATOR,
        Role.INVESTIGATOR,
        Role.SPONSOR,
        Role.AUDITOR,
        Role.RATER,
        Role.STATISTICIAN,
    ):
        client = signed_in_as(world, role)
        expected = 200 if role in allowed else 404
        assert client.get(url(name, event)).status_code == expected, role
    elsewhere = signed_in_as(world, Role.INVESTIGATOR, elsewhere=True)
    assert elsewhere.get(url(name, event)).status_code == 404


def test_the_board_shows_clocks_judgments_and_events_in_a_fixed_number_of_queries(
    world: World, person: Participant, django_assert_max_num_queries: Any
) -> None:
    board = reverse("adverse_events:board")
    client = signed_in_as(world, Role.INVESTIGATOR)
    assert "No events yet" in client.get(board).content.decode()
    serious(world, person)
    with django_assert_max_num_queries(60) as few:
        page = client.get(board).content.decode()
    assert "6 h overdue" in page
    assert "Judge causality" in page
    for _ in range(8):
        serious(world, person)
    with django_assert_max_num_queries(len(few)):
        client.get(board)


def test_an_event_page_takes_a_fixed_number_of_queries(
    world: World, person: Participant, django_assert_max_num_queries: Any
) -> None:
    event = serious(world, person)
    client = signed_in_as(world, Role.COORDINATOR)
    with django_assert_max_num_queries(60) as few:
        client.get(url("event", event))
    count = len(few)  # before the next request empties the log of queries
    for number in range(3):
        client.post(
            url("send", event, "site_to_sponsor"),
            {
                "at": timezone.now().astimezone(DENVER).strftime("%Y-%m-%dT%H:%M"),
                "reason": f"Sent again, {number}",
            },
        )
    with django_assert_max_num_queries(count + 1):
        client.get(url("event", event))


def test_an_unknown_kind_of_report_is_not_a_page(
    world: World, person: Participant
) -> None:
    event = serious(world, person)
    client = signed_in_as(world, Role.COORDINATOR)
    assert client.get(url("send", event, "postcard")).status_code == 404
    assert client.get(url("send", event, "ind_7_days")).status_code == 404
    assert client.get(url("send", event, "site_to_sponsor")).status_code == 200


def test_a_stranger_is_sent_to_the_sign_in(client: Client, person: Participant) -> None:
    assert client.get(report_url(person)).status_code == 302


def test_the_board_counts_what_is_not_judged_for_those_who_cannot_judge_too(
    world: World, person: Participant
) -> None:
    board = reverse("adverse_events:board")
    late, early = serious(world, person), serious(world, person)
    amend_event(
        event=early,
        changes={"onset_on": late.onset_on - timedelta(days=1)},
        reason="The diary says so",
        by=world.actor(Role.COORDINATOR),
    )
    page = signed_in_as(world, Role.COORDINATOR).get(board)
    assert "2 events not judged by the investigator yet" in page.content.decode()
    assert "waiting for you" not in page.content.decode()
    assert [event.pk for event, _ in page.context["events"]] == [late.pk, early.pk]


def test_a_new_event_has_no_outcome_and_no_action_before_somebody_chose(
    world: World, person: Participant
) -> None:
    client = signed_in_as(world, Role.THERAPIST)
    form = client.get(report_url(person)).context["form"]
    assert not form["outcome"].value()
    assert not form["action_taken"].value()
    unsaid = typed(outcome="", action_taken="")
    page = client.post(report_url(person), unsaid).content.decode()
    assert page.count("Choose one.") >= 2
    assert not AdverseEvent.objects.exists()
