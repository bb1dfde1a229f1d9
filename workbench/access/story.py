"""Everything that was recorded of one participant, in the order in which it happened."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.template.defaultfilters import pluralize

from adverse_events.access import signed_content as judgment_of
from adverse_events.models import AdverseEvent
from adverse_events.vocabulary import (
    RELATEDNESS_WORDS,
    SEVERITY_WORDS,
    Relatedness,
    Severity,
)
from assessments.access import digests_of
from assessments.instruments import TITLES
from assessments.lifecycle import WORDS as FORM_WORDS
from assessments.lifecycle import State as FormState
from assessments.models import Assessment
from audit.models import Signature
from audit.signing import digest
from participants.access import consent_history
from participants.access import signed_content as decision_of
from participants.models import Consent, Deviation, EligibilityDecision, Participant
from participants.vocabulary import AGREEMENTS
from randomization.access import kits_of, randomization_numbers, unblindings_of
from sessions.dosing import WORDS, Administration
from sessions.lifecycle import MODE_WORDS, Mode
from sessions.models import DoseAdministration, TherapySession, Visit
from workbench.vocabulary import visit_name

FORM = "assessments_assessment"
EVENT = "adverse_events_adverseevent"
DECISION = "participants_eligibilitydecision"


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature as it is printed: name, time with zone, meaning, and whether it holds.

    `is_whole` is None where a later signature on the same record stands in its place.
    """

    name: str
    at: datetime
    meaning: str
    is_whole: bool | None


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that happened: on what day, at what time where one is known, and what."""

    on: date
    kind: str
    what: str
    details: tuple[str, ...] = ()
    at: datetime | None = None
    signatures: tuple[Signed, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """The whole of it; `coming` are visits that are planned or booked."""

    told: tuple[Told, ...]
    coming: tuple[Visit, ...]
    signatures: int
    broken: int


@dataclass(frozen=True, slots=True)
class _Record:
    """What the story is told from, each read once."""

    person: Participant
    zone: ZoneInfo
    visits: Mapping[int, Visit]
    forms: Sequence[Assessment]
    events: Sequence[AdverseEvent]
    decisions: Sequence[EligibilityDecision]
    signed: Mapping[tuple[str, str], tuple[Signed, ...]]

    def signed_on(self, table: str, pk: int) -> tuple[Signed, ...]:
        return self.signed.get((table, str(pk)), ())


def story_of(person: Participant) -> Story:
    """Return a participant's story in a fixed number of queries; no outcome is in it."""
    record = _read(person)
    told = [
        *_consents(record),
        *_steps(record),
        *_decisions(record),
        *_visits(record),
        *_doses(record),
        *_forms(record),
        *_events(record),
        *_deviations(record),
        *_unblindings(record),
    ]
    order = {kind: number for number, kind in enumerate(_ORDER)}
    told.sort(key=lambda each: (each.on, order[each.kind]))
    signed = [each for of_one in record.signed.values() for each in of_one]
    return Story(
        told=tuple(told),
        coming=tuple(
            visit
            for visit in record.visits.values()
            if visit.state in {"planned", "booked"} and visit.target is not None
        ),
        signatures=len(signed),
        broken=sum(each.is_whole is False for each in signed),
    )


_ORDER = (
    *("Consent", "Eligibility", "Course", "Visit", "Dose", "Form"),
    *("Event", "Deviation", "Unblinding"),
)


def _read(person: Participant) -> _Record:
    visits = Visit.objects.filter(participant=person).in_order()
    forms = Assessment.objects.filter(participant=person).select_related("rater")
    events = list(
        AdverseEvent.objects.filter(participant=person).select_related(
            "participant", "dosing_visit", "relatedness_by"
        )
    )
    decisions = list(
        EligibilityDecision.objects.filter(participant=person)
        .select_related("decided_by")
        .order_by("pk")
    )
    zone = ZoneInfo(person.site.time_zone)
    found = list(forms.order_by("position", "pk"))
    current = {(FORM, str(pk)): known for pk, known in digests_of(found).items()}
    current |= {(EVENT, str(each.pk)): digest(judgment_of(each)) for each in events}
    current |= {
        (DECISION, str(each.pk)): digest(decision_of(each)) for each in decisions
    }
    return _Record(
        person,
        zone,
        {visit.pk: visit for visit in visits},
        found,
        events,
        decisions,
        _signatures(current, zone),
    )


def _signatures(
    current: Mapping[tuple[str, str], str], zone: ZoneInfo
) -> dict[tuple[str, str], tuple[Signed, ...]]:
    """Return the signatures on each record, the first one first, in one query."""
    rows: dict[str, list[str]] = {FORM: [], EVENT: [], DECISION: []}
    for table, row in current:
        rows[table].append(row)
    chosen = Signature.objects.none()
    for table, of_table in rows.items():
        chosen |= Signature.objects.filter(table_name=table, row_id__in=of_table)
    found: dict[tuple[str, str], list[Signature]] = {}
    for signature in chosen.order_by("id"):
        key = (signature.table_name, signature.row_id)
        found.setdefault(key, []).append(signature)
    return {
        key: tuple(
            Signed(
                each.name,
                each.signed_at.astimezone(zone),
                each.meaning,
                each.digest == current[key] if each is of_one[-1] else None,
            )
            for each in of_one
        )
        for key, of_one in found.items()
    }


def _consents(record: _Record) -> Iterator[Told]:
    signed = Consent.objects.filter(participant=record.person)
    for consent in signed.select_related("obtained_by"):
        yield Told(
            consent.signed_on,
            "Consent",
            f"Signed consent form {consent.form_version}",
            (f"Obtained by {consent.obtained_by.name}",),
        )
    for change in reversed(consent_history(record.person)):
        verb = "Agreed to" if change.is_given else "Did not agree to"
        reason = (change.reason,) if change.reason else ()
        yield Told(
            change.decided_on,
            "Consent",
            f"{verb}: {AGREEMENTS.get(change.code, change.code).lower()}",
            (f"Recorded by {change.who}", *reason),
        )


def _steps(record: _Record) -> Iterator[Told]:
    person = record.person
    numbers = randomization_numbers([person.pk])
    number = numbers.get(person.pk, "")
    steps = (
        (person.screened_on, "Added to the screening log", ""),
        (person.enrolled_on, "Enrolled", ""),
        (person.confirmed_on, "Enrollment confirmed", ""),
        (
            person.randomized_on,
            f"Randomized as R {number}" if number else "Randomized",
            "The arm is sealed",
        ),
        (
            person.treatment_stopped_on,
            "Treatment stopped",
            person.treatment_stop_reason,
        ),
        (
            person.ended_on,
            person.get_state_display().replace("_", " ").capitalize(),
            person.end_reason,
        ),
    )
    for on, what, more in steps:
        if on is not None:
            yield Told(on, "Course", what, (more,) if more else ())


def _decisions(record: _Record) -> Iterator[Told]:
    for decision in record.decisions:
        said = "eligible" if decision.is_eligible else "not eligible"
        yield Told(
            decision.decided_on,
            "Eligibility",
            f"{decision.milestone.replace('_', ' ').capitalize()}: {said}",
            (f"Decided by {decision.decided_by.name}",),
            signatures=record.signed_on(DECISION, decision.pk),
        )


def _visits(record: _Record) -> Iterator[Told]:
    held = TherapySession.objects.filter(participant=record.person)
    people = held.select_related("lead_therapist", "co_therapist")
    sessions = {session.visit_id: session for session in people}
    for visit in record.visits.values():
        on = visit.held_on or visit.booked_on or visit.target or visit.closes
        if visit.state not in {"held", "missed", "cancelled"} or on is None:
            continue
        yield Told(
            on,
            "Visit",
            f"{visit_name(visit.number, visit.label)}: {visit.state}",
            tuple(_of_visit(visit, sessions.get(visit.pk))),
        )


def _of_visit(visit: Visit, session: TherapySession | None) -> Iterator[str]:
    if visit.mode:
        yield MODE_WORDS[Mode(visit.mode)]
    if visit.missed_reason:
        yield visit.missed_reason
    if session is not None:
        people = [session.lead_therapist.name]
        if session.co_therapist:
            people.append(session.co_therapist.name)
        yield f"Session with {' and '.join(people)}"


def _doses(record: _Record) -> Iterator[Told]:
    doses = DoseAdministration.objects.filter(participant=record.person)
    for kit in (each for of in kits_of(record.visits).values() for each in of):
        at = kit.dispensed_at.astimezone(record.zone)
        visit = record.visits[kit.visit_id]
        yield Told(
            at.date(),
            "Dose",
            f"Kit {kit.number} dispensed, {WORDS[Administration(kit.part)].lower()}",
            (visit_name(visit.number, visit.label),),
            at=at,
        )
    for dose in doses.select_related("given_by", "witnessed_by").order_by("pk"):
        told = _dose(record, dose)
        if told is not None:
            yield told


def _dose(record: _Record, dose: DoseAdministration) -> Told | None:
    visit = record.visits[dose.visit_id]
    part = f"{dose.get_part_display()}, {visit_name(visit.number, visit.label)}"
    if dose.given_at is not None:
        at = dose.given_at.astimezone(record.zone)
        people = [
            f"Given by {dose.given_by.name}" if dose.given_by else "",
            f"witnessed by {dose.witnessed_by.name}" if dose.witnessed_by else "",
        ]
        count = ""
        if dose.capsules is not None:
            count = f"{dose.capsules} capsule{pluralize(dose.capsules)}"
        details = [count, f"kit {dose.kit_number}" if dose.kit_number else "", *people]
        return Told(at.date(), "Dose", part, tuple(filter(None, details)), at=at)
    if dose.withheld_reason and visit.held_on is not None:
        return Told(visit.held_on, "Dose", f"{part}: withheld", (dose.withheld_reason,))
    return None


def _forms(record: _Record) -> Iterator[Told]:
    for form in record.forms:
        visit = record.visits[form.visit_id]
        on = form.assessed_on or form.due_on or visit.held_on or visit.target
        if on is None:
            continue
        title = TITLES.get(form.instrument, form.instrument)
        details = [
            visit_name(visit.number, visit.label),
            f"Given by {form.rater.name}" if form.rater else "",
            form.get_source_display() if form.source else "",
            form.not_done_reason,
        ]
        yield Told(
            on,
            "Form",
            f"{title}: {FORM_WORDS[FormState(form.state)].lower()}",
            tuple(filter(None, details)),
            signatures=record.signed_on(FORM, form.pk),
        )


def _events(record: _Record) -> Iterator[Told]:
    for event in record.events:
        judged = (
            f"Causality: {RELATEDNESS_WORDS[Relatedness(event.relatedness)].lower()}"
            if event.relatedness
            else "Causality not judged yet"
        )
        serious = "Serious" if event.is_serious else "Not serious"
        severity = SEVERITY_WORDS[Severity(event.severity)].lower()
        ended = [f"Ended {event.ended_on:%-d %b %Y}"] if event.ended_on else []
        voided = [f"Voided: {event.void_reason}"] if event.voided_at else []
        yield Told(
            event.onset_on,
            "Event",
            event.term,
            (f"{serious}, {severity}", judged, *ended, *voided),
            signatures=record.signed_on(EVENT, event.pk),
        )


def _deviations(record: _Record) -> Iterator[Told]:
    for deviation in Deviation.objects.filter(participant=record.person):
        yield Told(
            deviation.occurred_on,
            "Deviation",
            deviation.get_kind_display(),
            (deviation.description,),
        )


def _unblindings(record: _Record) -> Iterator[Told]:
    for line in unblindings_of([record.person.pk]).get(record.person.pk, []):
        at = line.at.astimezone(record.zone)
        yield Told(
            at.date(), "Unblinding", f"{line.kind}: to {line.name}", (line.why,), at=at
        )
