"""Events, their judgment, and the reports that serious ones call for."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection

from accounts.vocabulary import Role
from adverse_events.access import (
    events_for,
    events_without_causality,
    events_without_determination,
    events_without_receipt,
    reports_due,
    signed_content,
)
from adverse_events.actions import (
    Causality,
    Determination,
    NewEvent,
    Receipt,
    SentReport,
    amend_event,
    assess_causality,
    determine,
    receive,
    report_events,
    send_reports,
    void_event,
)
from adverse_events.models import AdverseEvent, SafetyReport
from audit.models import Action
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from audit.signing import digest, signatures_of
from participants.models import Participant
from tests.world import (
    PASSWORD,
    SETUP,
    World,
    consented,
    new_world,
    screened,
    visit_of,
)

AWARE = datetime(2025, 4, 29, 9, 30, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def world() -> World:
    return new_world()


@pytest.fixture
def person(world: World) -> Participant:
    return consented(world)[0]


def new(person: Participant, **other: Any) -> NewEvent:
    event = NewEvent(
        participant=person,
        term="Tightness of the jaw",
        onset_on=date(2025, 4, 28),
        severity="mild",
        valence="unpleasant",
        outcome="recovering",
        action_taken="not_changed",
    )
    return replace(event, **other)


def reported(world: World, person: Participant, **other: Any) -> AdverseEvent:
    by = world.actor(Role.THERAPIST)
    return report_events(events=[new(person, **other)], by=by)[0]


def serious(world: World, person: Participant, *criteria: str) -> AdverseEvent:
    found = frozenset(criteria or {"hospitalization"})
    return reported(world, person, seriousness=found, site_aware_at=AWARE)


def received(world: World, event: AdverseEvent) -> AdverseEvent:
    by = world.actor(Role.MEDICAL_MONITOR)
    return receive(receipts=[Receipt(event, AWARE + HOUR)], by=by)[0]


def determined(
    world: World,
    event: AdverseEvent,
    *,
    unexpected: bool = True,
    suspected: bool = True,
    hours: int = 48,
) -> AdverseEvent:
    decision = Determination(event, unexpected, suspected, AWARE + hours * HOUR)
    by = world.actor(Role.MEDICAL_MONITOR)
    return determine(determinations=[decision], by=by)[0]


def kinds(event: AdverseEvent) -> list[str]:
    return sorted(event.reports.values_list("kind", flat=True))


@pytest.mark.django_db
@pytest.mark.requirement("SAF-01")
@pytest.mark.parametrize("valence", ["pleasant", "neutral", "unpleasant"])
def test_an_effect_is_recorded_whatever_it_felt_like(
    world: World, person: Participant, valence: str
) -> None:
    event = reported(world, person, valence=valence)
    assert AdverseEvent.objects.get(pk=event.pk).valence == valence
    assert kinds(event) == []


@pytest.mark.django_db
def test_events_of_each_participant_are_numbered_from_one(world: World) -> None:
    one, other = consented(world, 2)
    by = world.actor(Role.COORDINATOR)
    made = report_events(events=[new(one), new(other), new(one)], by=by)
    assert [event.sequence for event in made] == [1, 1, 2]
    assert reported(world, one).sequence == 3


@pytest.mark.django_db
def test_a_hundred_events_take_as_many_statements_as_two(
    world: World, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    people = consented(world, 4)
    by = world.actor(Role.COORDINATOR)
    danger: dict[str, Any] = {
        "seriousness": frozenset({"life_threatening"}),
        "site_aware_at": AWARE,
    }
    with django_assert_max_num_queries(40) as few:
        report_events(events=[new(people[0]), new(people[1], **danger)], by=by)
    with django_assert_max_num_queries(len(few)):
        report_events(
            events=[
                new(people[n % 4], **(danger if n % 2 else {})) for n in range(100)
            ],
            by=by,
        )
    assert SafetyReport.objects.count() == 51


@pytest.mark.django_db
def test_nothing_is_recorded_of_somebody_who_has_not_consented(world: World) -> None:
    (person,) = screened(world)
    with pytest.raises(Refused, match="not consented"):
        reported(world, person)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"term": "  "}, "Say what happened"),
        ({"severity": "huge"}, "severity"),
        ({"valence": ""}, "valence"),
        ({"outcome": "fatal"}, "come together"),
        (
            {"seriousness": frozenset({"death"}), "site_aware_at": AWARE},
            "come together",
        ),
        ({"seriousness": frozenset({"rudeness"})}, "not known"),
        ({"seriousness": frozenset({"disability"})}, "moment when the site learned"),
        ({"ended_on": date(2025, 4, 1)}, "end before it began"),
        ({"special_interest": "everything"}, "special interest"),
    ],
)
def test_a_contradictory_event_is_refused(
    world: World, person: Participant, change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence):
        reported(world, person, **change)
    assert AdverseEvent.objects.count() == 0


@pytest.mark.django_db
def test_an_event_is_linked_only_to_the_participants_own_dosing_visit(
    world: World,
) -> None:
    one, other = consented(world, 2)
    with pytest.raises(Refused, match="another participant"):
        reported(world, one, dosing_visit=visit_of(other, "dosing_1"))
    with pytest.raises(Refused, match="Only a dosing visit"):
        reported(world, one, dosing_visit=visit_of(one, "prep_1"))
    event = reported(world, one, dosing_visit=visit_of(one, "dosing_1"))
    assert event.dosing_visit_id == visit_of(one, "dosing_1").pk


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


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.RATER, Role.MONITOR, Role.AUDITOR, Role.SPONSOR])
def test_a_role_without_the_permission_reports_nothing(
    world: World, person: Participant, role: Role
) -> None:
    with pytest.raises(NotPermitted):
        report_events(events=[new(person)], by=world.actor(role))


@pytest.mark.django_db
def test_causality_is_judged_by_an_investigator_with_a_password(
    world: World, person: Participant
) -> None:
    event = reported(world, person)
    judgment = [Causality(event, "possible", AWARE)]
    with pytest.raises(NotPermitted):
        assess_causality(
            assessments=judgment, password=PASSWORD, by=world.actor(Role.COORDINATOR)
        )
    with pytest.raises(NotPermitted, match="never by a job"):
        assess_causality(assessments=judgment, password=PASSWORD, by=SETUP)
    by = world.actor(Role.INVESTIGATOR)
    with pytest.raises(NotPermitted, match="password"):
        assess_causality(assessments=judgment, password="guess", by=by)
    assert list(events_without_causality([world.site.pk])) == [event]
    assess_causality(assessments=judgment, password=PASSWORD, by=by)
    event.refresh_from_db()
    assert (event.relatedness, event.relatedness_by_id) == ("possible", by.user_id)
    (signature,) = signatures_of("adverse_events_adverseevent", [event.pk])[
        str(event.pk)
    ]
    assert signature.digest == digest(signed_content(event))
    assert signature.user_id == by.user_id


@pytest.mark.django_db
def test_a_second_judgment_needs_a_reason(world: World, person: Participant) -> None:
    event = reported(world, person)
    ask: dict[str, Any] = {
        "password": PASSWORD,
        "by": world.actor(Role.INVESTIGATOR),
    }
    assess_causality(assessments=[Causality(event, "possible", AWARE)], **ask)
    again = [Causality(event, "unrelated", AWARE + HOUR)]
    with pytest.raises(ReasonNeeded):
        assess_causality(assessments=again, **ask)
    assess_causality(assessments=again, reason="The laboratory called", **ask)
    event.refresh_from_db()
    assert event.relatedness == "unrelated"


@pytest.mark.django_db
def test_a_voided_event_stays_and_is_waited_for_no_more(
    world: World, person: Participant
) -> None:
    event = serious(world, person)
    by = world.actor(Role.COORDINATOR)
    with pytest.raises(ReasonNeeded):
        void_event(event=event, reason="", at=AWARE, by=by)
    void_event(event=event, reason="Entered twice", at=AWARE, by=by)
    event.refresh_from_db()
    assert event.void_reason == "Entered twice"
    assert reports_due([world.site.pk]) == []
    assert not events_without_causality([world.site.pk]).exists()
    with pytest.raises(Refused, match="voided"):
        received(world, event)
    assert Action.objects.get(verb="void adverse event").reason == "Entered twice"


@pytest.mark.django_db
def test_an_event_that_was_reported_is_amended_not_voided(
    world: World, person: Participant
) -> None:
    event = received(world, serious(world, person))
    with pytest.raises(Refused, match="reported already"):
        void_event(
            event=event,
            reason="Entered twice",
            at=AWARE,
            by=world.actor(Role.COORDINATOR),
        )


@pytest.mark.django_db
def test_events_are_seen_at_ones_site_by_the_sponsor_and_never_by_raters(
    world: World, person: Participant
) -> None:
    event = reported(world, person)
    (other,) = consented(world, elsewhere=True)
    by = world.actor(Role.COORDINATOR, elsewhere=True)
    (foreign,) = report_events(events=[new(other)], by=by)

    def seen(role: Role, *, elsewhere: bool = False) -> set[int]:
        user = world.user(role, elsewhere=elsewhere)
        return {row.pk for row in events_for(user.pk)}

    assert seen(Role.THERAPIST) == {event.pk}
    assert seen(Role.THERAPIST, elsewhere=True) == {foreign.pk}
    for role in (Role.MEDICAL_MONITOR, Role.SPONSOR, Role.AUDITOR):
        assert seen(role) == {event.pk, foreign.pk}
    for role in (Role.RATER, Role.STATISTICIAN):
        assert seen(role) == set()


@pytest.mark.services
@pytest.mark.slow
def test_ten_reports_at_once_take_ten_numbers(own_database: str) -> None:
    world = new_world()
    (person,) = consented(world)
    by = world.actor(Role.THERAPIST)
    failures: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        try:
            act()
        except Exception as error:  # noqa: BLE001 - a thread's failure fails the test
            failures.append(error)
        finally:
            connection.close()

    acts = [partial(report_events, events=[new(person)], by=by) for _ in range(10)]
    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    numbers = AdverseEvent.objects.order_by("sequence").values_list(
        "sequence", flat=True
    )
    assert list(numbers) == list(range(1, 11))
