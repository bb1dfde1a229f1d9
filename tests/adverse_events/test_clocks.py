"""The reports that serious events call for, and when they are due."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.vocabulary import Role
from adverse_events.access import (
    events_without_determination,
    events_without_receipt,
    reports_due,
)
from adverse_events.actions import (
    Receipt,
    SentReport,
    amend_event,
    receive,
    send_reports,
)
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from participants.models import Participant
from tests.adverse_events.events import (
    AWARE,
    HOUR,
    determined,
    kinds,
    received,
    reported,
    serious,
)
from tests.world import World


@pytest.mark.django_db
@pytest.mark.requirement("SAF-02")
def test_a_serious_event_is_due_at_the_sponsor_24_hours_after_the_site_knew(
    world: World, person: Participant
) -> None:
    event = serious(world, person)
    (report,) = event.reports.all()
    assert (report.kind, report.runs_from) == ("site_to_sponsor", AWARE)
    assert report.due_at == AWARE + 24 * HOUR
    (due,) = reports_due([world.site.pk], now=AWARE + 23 * HOUR)
    assert (due.participant_number, due.is_overdue) == (person.number, False)
    assert due.event_uuid == event.uuid
    assert reports_due([world.site.pk], now=AWARE + 25 * HOUR)[0].is_overdue
    assert reports_due([world.elsewhere.pk], now=AWARE) == []


@pytest.mark.django_db
def test_a_severe_event_is_not_thereby_serious(
    world: World, person: Participant
) -> None:
    event = reported(world, person, severity="severe")
    assert not event.is_serious
    assert kinds(event) == []


@pytest.mark.django_db
def test_an_event_amended_to_serious_gets_its_report(
    world: World, person: Participant
) -> None:
    event = reported(world, person)
    amend_event(
        event=event,
        changes={
            "seriousness": frozenset({"hospitalization"}),
            "site_aware_at": AWARE,
        },
        reason="Taken to hospital in the evening",
        by=world.actor(Role.COORDINATOR),
    )
    assert event.reports.get().due_at == AWARE + 24 * HOUR


@pytest.mark.django_db
def test_a_corrected_moment_of_awareness_moves_the_clock(
    world: World, person: Participant
) -> None:
    event = serious(world, person)
    amend_event(
        event=event,
        changes={"site_aware_at": AWARE - 2 * HOUR},
        reason="The therapist knew two hours before",
        by=world.actor(Role.COORDINATOR),
    )
    report = event.reports.get()
    assert (report.runs_from, report.due_at) == (AWARE - 2 * HOUR, AWARE + 22 * HOUR)


@pytest.mark.django_db
def test_an_event_found_not_serious_has_no_report_due_but_keeps_it_on_record(
    world: World, person: Participant
) -> None:
    event = serious(world, person)
    amend_event(
        event=event,
        changes={"seriousness": frozenset()},
        reason="Was seen as an outpatient only",
        by=world.actor(Role.COORDINATOR),
    )
    assert kinds(event) == ["site_to_sponsor"]
    assert reports_due([world.site.pk], now=AWARE) == []


@pytest.mark.django_db
@pytest.mark.parametrize("reason", ["", "  ", "x"])
def test_an_amendment_without_a_reason_is_refused(
    world: World, person: Participant, reason: str
) -> None:
    event = reported(world, person)
    with pytest.raises(ReasonNeeded):
        amend_event(
            event=event,
            changes={"description": "In the evening"},
            reason=reason,
            by=world.actor(Role.COORDINATOR),
        )


@pytest.mark.django_db
@pytest.mark.requirement("SAF-03")
def test_no_clock_of_the_sponsor_runs_before_the_determination(
    world: World, person: Participant
) -> None:
    event = received(world, serious(world, person, "life_threatening"))
    assert kinds(event) == ["site_to_sponsor"]
    assert reports_due([world.site.pk], now=AWARE) == []
    assert list(events_without_determination([world.site.pk])) == [event]


@pytest.mark.django_db
@pytest.mark.requirement("SAF-03")
@pytest.mark.parametrize(
    ("criterion", "kind", "days"),
    [
        ("hospitalization", "ind_15_days", 15),
        ("life_threatening", "ind_7_days", 7),
    ],
)
def test_the_days_of_the_regulators_report_count_from_the_determination(
    world: World, person: Participant, criterion: str, kind: str, days: int
) -> None:
    event = determined(world, received(world, serious(world, person, criterion)))
    report = event.reports.exclude(kind="site_to_sponsor").get()
    decided_at = AWARE + 48 * HOUR
    assert (report.kind, report.runs_from) == (kind, decided_at)
    due_on = decided_at.date() + timedelta(days=days)
    assert report.due_at == datetime(
        due_on.year, due_on.month, due_on.day, 23, 59, 59, tzinfo=UTC
    )
    (due,) = reports_due([world.site.pk], now=AWARE)
    assert due.kind == kind


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("unexpected", "suspected"), [(False, True), (True, False), (False, False)]
)
def test_what_is_expected_or_not_suspected_calls_for_no_regulators_report(
    world: World, person: Participant, unexpected: bool, suspected: bool
) -> None:
    event = received(world, serious(world, person))
    event = determined(world, event, unexpected=unexpected, suspected=suspected)
    assert kinds(event) == ["site_to_sponsor"]


@pytest.mark.django_db
def test_another_seriousness_puts_the_event_before_the_sponsor_again(
    world: World, person: Participant
) -> None:
    event = determined(world, received(world, serious(world, person)))
    amend_event(
        event=event,
        changes={"seriousness": frozenset({"hospitalization", "life_threatening"})},
        reason="Moved to intensive care",
        by=world.actor(Role.COORDINATOR),
    )
    event.refresh_from_db()
    assert event.sponsor_determined_at is None
    # The clock that runs goes on until the sponsor has decided again.
    assert [due.kind for due in reports_due([world.site.pk])] == ["ind_15_days"]
    determined(world, event, hours=60)
    assert kinds(event) == ["ind_15_days", "ind_7_days", "site_to_sponsor"]
    assert [due.kind for due in reports_due([world.site.pk])] == ["ind_7_days"]


@pytest.mark.django_db
def test_the_three_moments_keep_their_order(world: World, person: Participant) -> None:
    event = serious(world, person)
    by = world.actor(Role.MEDICAL_MONITOR)
    with pytest.raises(Refused, match="before the site learned"):
        receive(receipts=[Receipt(event, AWARE - HOUR)], by=by)
    with pytest.raises(Refused, match="first when the sponsor received"):
        determined(world, event)
    received(world, event)
    with pytest.raises(Refused, match="before it received"):
        determined(world, event, hours=0)


@pytest.mark.django_db
def test_what_is_not_serious_is_neither_received_nor_determined(
    world: World, person: Participant
) -> None:
    event = reported(world, person)
    with pytest.raises(Refused, match="not serious"):
        received(world, event)
    with pytest.raises(Refused, match="not serious"):
        determined(world, event)


@pytest.mark.django_db
def test_receipt_counts_as_the_sending_that_the_site_did_not_record(
    world: World, person: Participant
) -> None:
    event = received(world, serious(world, person))
    assert event.reports.get().sent_at == AWARE + HOUR
    assert not events_without_receipt([world.site.pk]).exists()


@pytest.mark.django_db
def test_a_recorded_sending_is_kept_and_corrected_only_with_a_reason(
    world: World, person: Participant
) -> None:
    event = serious(world, person)
    by = world.actor(Role.COORDINATOR)
    report = event.reports.get()
    send_reports(reports=[SentReport(report, AWARE + HOUR / 2)], by=by)
    received(world, event)
    report.refresh_from_db()
    assert report.sent_at == AWARE + HOUR / 2
    with pytest.raises(ReasonNeeded):
        send_reports(reports=[SentReport(report, AWARE + HOUR / 3)], by=by)
    with pytest.raises(Refused, match="before the moment"):
        send_reports(reports=[SentReport(report, AWARE - HOUR)], by=by, reason="Typo")


@pytest.mark.django_db
def test_each_side_records_its_own_reports(world: World, person: Participant) -> None:
    event = determined(world, received(world, serious(world, person)))
    regulators = event.reports.get(kind="ind_15_days")
    sites = event.reports.get(kind="site_to_sponsor")
    sent_at = AWARE + 50 * HOUR
    with pytest.raises(NotPermitted):
        send_reports(
            reports=[SentReport(regulators, sent_at)], by=world.actor(Role.COORDINATOR)
        )
    with pytest.raises(NotPermitted):
        send_reports(reports=[SentReport(sites, sent_at)], by=world.actor(Role.SPONSOR))
    send_reports(
        reports=[SentReport(regulators, sent_at)], by=world.actor(Role.SPONSOR)
    )
    assert reports_due([world.site.pk]) == []
