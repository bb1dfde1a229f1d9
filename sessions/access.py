"""Which visits a person may see, and who may do what at them on a day."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from django.db import connection
from django.db.models import Max, Q, QuerySet

from accounts.models import User
from accounts.vocabulary import Permission, Role, roles_with
from participants.access import (
    eligible_at,
    evidence_on,
    facts_of,
    participants_for,
    settled_in,
    settled_on,
)
from participants.eligibility import truth_of
from participants.lifecycle import HAS_LEFT, STEP_WORDS, State, Treatment
from participants.models import Consent, Fact, Participant
from participants.vocabulary import CONFIRMATION
from sessions.dosing import Gate, Standing
from sessions.models import DoseAdministration, Visit
from trials.access import (
    Approvals,
    approvals_of,
    codes_between,
    definition_of,
    local_time,
    lock_of,
    protocol_versions,
    sites_for,
)
from trials.models import Delegation, Site
from trials.protocol import ProtocolDefinition
from trials.protocol.observations import Gate as PlannedGate
from trials.protocol.records import done_code


def sites_held_back() -> frozenset[int]:
    """Return the sites whose course after a planned unblinding whoever looks may not read.

    Asked of the database, which holds it back; worth it only where a definition has
    something to hold back.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit.sites_held_back()")
        return frozenset(cursor.fetchone()[0])


def parent_days(parent: Participant) -> dict[str, date]:
    """Return the days of a parent study that somebody's record tells, by event."""
    given = DoseAdministration.objects.filter(
        participant=parent, given_at__isnull=False
    ).values_list("given_at", flat=True)
    doses = [local_time(parent.site, at).date() for at in given if at is not None]
    days = {
        "parent.first_dose": min(doses, default=None),
        "parent.last_dose": max(doses, default=None),
        "parent.completed": parent.ended_on
        if parent.state == State.COMPLETED
        else None,
        "parent.primary_endpoint": _primary_endpoint_of(parent),
    }
    return {event: day for event, day in days.items() if day is not None}


def _primary_endpoint_of(parent: Participant) -> date | None:
    definition = definition_of(parent.protocol_version)
    ends = {each.end for each in definition.endpoints if each.role == "primary"}
    held = Visit.objects.filter(participant=parent, code__in=ends)
    day: date | None = held.aggregate(Max("held_on"))["held_on__max"]
    return day


def obstacle_to_parent(definition: ProtocolDefinition, parent: Participant) -> str:
    """Return why a participant cannot be the parent of one of a protocol; "" if they can."""
    of = definition_of(parent.protocol_version)
    trials = definition.parent.trials if definition.parent else ()
    if not {of.identifier, of.registry, parent.trial.identifier} & {*trials}:
        return f"The protocol does not continue {parent.trial.identifier}."
    if State(parent.state) not in {State.COMPLETED, State.WITHDRAWN}:
        return f"{parent.number} is still in {parent.trial.identifier}."
    if of.held_back.visits and lock_of(parent.trial).lock is None:
        return (
            f"The days of {parent.trial.identifier} tell the treatment, and it is not "
            "locked yet."
        )
    return ""


def parents_for(user_id: int, participant: Participant) -> list[Participant]:
    """Return those whom somebody may have been in a parent study, as a person sees them."""
    definition = definition_of(participant.protocol_version)
    taken = Participant.objects.filter(
        trial=participant.trial_id, parent__isnull=False
    ).values("parent")
    people = (
        participants_for(user_id)
        .filter(state__in=[State.COMPLETED, State.WITHDRAWN])
        .exclude(trial=participant.trial_id)
        .exclude(pk__in=taken)
        .order_by("trial__identifier", "number")
    )
    return [each for each in people if not obstacle_to_parent(definition, each)]


def visits_for(
    user_id: int, permission: Permission = Permission.VIEW_PARTICIPANTS
) -> QuerySet[Visit]:
    """Return the visits at the sites where this person has a permission today.

    A page that changes something asks for its own permission: a visit that somebody
    may not change looks to them as if that page did not exist.
    """
    return Visit.objects.filter(site__in=sites_for(user_id, permission)).select_related(
        "trial", "site", "participant__site", "protocol_version"
    )


def held_on(person: Participant, **which: str) -> date | None:
    """Return the last day on which a visit of some `code` or `kind` was held."""
    held = Visit.objects.filter(participant=person, held_on__isnull=False, **which)
    last: date | None = held.aggregate(last=Max("held_on"))["last"]
    return last


def held_codes_of(person: Participant) -> set[str]:
    """Return the visits held, by the codes of the version that the participant follows."""
    version = person.protocol_version_id
    held = list(
        Visit.objects.filter(participant=person, state="held", turn=0).values_list(
            "protocol_version_id", "code"
        )
    )
    codes = codes_between((older, version) for older, _ in held)
    return {codes.get((older, version), {}).get(code, code) for older, code in held}


def doses_of(visit: Visit) -> QuerySet[DoseAdministration]:
    """Return the administrations of one visit with the people, initial dose first."""
    return (
        DoseAdministration.objects.filter(visit=visit)
        .select_related("given_by", "witnessed_by")
        .order_by("part")
    )


def standings_of(visits: Iterable[Visit]) -> dict[int, Standing]:
    """Return by visit whether its participant may have a dose on the day it was held.

    The one place for what must be true before a dose: the IRB's approval, consent on
    the form approved at the site on that day, the signed decision on eligibility,
    randomization, the protocol's own gates, and that nothing stopped treatment before.
    Five queries at most; a kit is another matter of each dose. 21 CFR 11.10(f), 312.60.
    """
    chosen = [visit for visit in visits if visit.held_on is not None]
    people = {visit.participant_id: visit.participant for visit in chosen}
    definitions = protocol_versions(visit.protocol_version_id for visit in chosen)
    consents = consents_of(people)
    approvals = approvals_of(visit.site_id for visit in chosen)
    eligible = eligible_at(people.values())
    facts: Mapping[int, Mapping[str, Fact]] = {}
    if any(definition.gates for definition in definitions.values()):
        facts = facts_of(people)
    found = {}
    for visit in chosen:
        person, definition = visit.participant, definitions[visit.protocol_version_id]
        gates = (
            _consent_gate(consents.get(person.pk, {}), visit, approvals),
            *_decision_gates(definition, eligible.get(person.pk, frozenset())),
            _settled_gate(definition, visit),
            *protocol_gates(definition, visit, facts.get(person.pk, {})),
        )
        stops = (*_stops(person, visit), *_waits(visit, approvals))
        found[visit.pk] = Standing(gates, stops)
    return found


def consents_of(ids: Iterable[int]) -> dict[int, dict[str, date]]:
    """Return by participant the day on which each version of the form was signed."""
    found: dict[int, dict[str, date]] = {}
    signed = Consent.objects.filter(participant_id__in=list(ids))
    for row in signed.order_by("signed_on"):
        found.setdefault(row.participant_id, {})[row.form_version] = row.signed_on
    return found


def _is_by(day: date | None, visit: Visit) -> bool | None:
    """Tell whether something was so on the visit's day; None where it never was."""
    if day is None or visit.held_on is None:
        return None
    return day <= visit.held_on


def _consent_gate(
    signed: Mapping[str, date], visit: Visit, approvals: Approvals
) -> Gate:
    """Return whether consent was signed on the form that held at the site on the day.

    Who agreed to an earlier form has not agreed to what the new one tells (CON-01).
    """
    day = visit.held_on
    approval = approvals.on(visit.site_id, day) if day else None
    if approval is None:
        return Gate("Signed consent", None)
    version = approval.form_version
    label = f"Signed consent, version {version} of the form"
    return Gate(label, _is_by(signed.get(version), visit))


def _settled_gate(definition: ProtocolDefinition, visit: Visit) -> Gate:
    """Return whether the last step before treatment was taken: mostly randomization."""
    day = settled_on(visit.participant, definition)
    return Gate(STEP_WORDS[settled_in(definition)], _is_by(day, visit))


def _decision_gates(
    definition: ProtocolDefinition, eligible: frozenset[str]
) -> Iterator[Gate]:
    planned = definition.randomization
    for milestone in planned.needs if planned else (CONFIRMATION,):
        words = milestone.replace("_", " ")
        is_met = True if milestone in eligible else None
        yield Gate(f"The investigator's signed decision on {words}", is_met)


def protocol_gates(
    definition: ProtocolDefinition, visit: Visit, facts: Mapping[str, Fact]
) -> Iterator[Gate]:
    """Return the protocol's own gates before a dose of a visit, answered from facts.

    A gate on a procedure is answered by when the medical record has it last; one on
    another form stays unknown, and nothing passes it. Where a gate says `within`, what was
    found before that span counts as not known.
    """
    for gate in definition.gates:
        if visit.code not in gate.before or visit.held_on is None:
            continue
        label = gate.code.replace("_", " ").capitalize()
        on = visit.held_on
        first = gate.within.before(on) if gate.within else date.min
        if gate.rule is None:
            done = facts.get(done_code(gate.form))
            yield Gate(label, _is_done(gate, done, first=first, on=on))
        else:
            known = {k: each for k, each in facts.items() if each.observed_on >= first}
            evidence = evidence_on(definition, known, on=on)
            yield Gate(label, truth_of(gate.rule, definition, evidence))


def _is_done(
    gate: PlannedGate, done: Fact | None, *, first: date, on: date
) -> bool | None:
    """Tell whether a procedure was done in time, and reviewed where the gate asks it."""
    days = (
        {date.fromisoformat(day): read for day, read in done.value.items()}
        if done
        else {}
    )
    in_time = [read for day, read in days.items() if first <= day <= on]
    if not in_time:
        return None
    return any(in_time) or not gate.reviewed


def _stops(person: Participant, visit: Visit) -> Iterator[str]:
    """What stopped dosing before the day; a dose of the day itself was given before."""
    if visit.held_on is None:
        return
    stopped_on = person.treatment_stopped_on
    is_stopped = person.treatment == Treatment.DISCONTINUED
    if is_stopped and stopped_on is not None and stopped_on < visit.held_on:
        yield "treatment was stopped"
    has_left = State(person.state) in HAS_LEFT and person.ended_on is not None
    if has_left and person.ended_on is not None and person.ended_on < visit.held_on:
        yield "the participant had left"


def _waits(visit: Visit, approvals: Approvals) -> Iterator[str]:
    if visit.held_on and (obstacle := approvals.obstacle(visit.site_id, visit.held_on)):
        yield obstacle[:1].lower() + obstacle[1:].rstrip(".")


def people_with(permission: Permission, site: Site, *, on: date) -> QuerySet[User]:
    """Return the people whom the delegation log gives a permission at a site on a day."""
    return _people(roles_with(permission), site, on)


def therapists_at(site: Site, *, on: date) -> QuerySet[User]:
    """Return the therapists of a site's delegation log on a day (ICH E6(R3) 2.3.3)."""
    return _people([Role.THERAPIST.value], site, on)


def _people(roles: list[str], site: Site, on: date) -> QuerySet[User]:
    lines = Delegation.objects.filter(
        Q(site=site) | Q(site__isnull=True, trial_id=site.trial_id),
        Q(ends_on__isnull=True) | Q(ends_on__gte=on),
        role__in=roles,
        starts_on__lte=on,
    )
    return User.objects.filter(pk__in=lines.values("user_id")).order_by("name", "pk")
