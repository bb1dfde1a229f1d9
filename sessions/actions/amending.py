"""Bringing participants under way to another version of the protocol."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from accounts.vocabulary import Permission
from audit.actors import AnyActor
from audit.refusal import Refused
from audit.trail import acting
from participants.actions.batch import place_of, refresh, subject_of
from participants.lifecycle import State
from participants.models import Participant
from sessions.access import consents_of
from sessions.actions.entries import locked
from sessions.actions.planning import (
    close,
    comes_once,
    replan,
    rows_of,
)
from sessions.actions.recorded import known_of, record_of
from sessions.actions.statements import update_rows
from sessions.actions.unscheduled import position_by
from sessions.drawing.windows import day_text
from sessions.models import Visit
from sessions.schedule import AmendedVisit, Fate, amend, counted
from trials.access import (
    Approvals,
    approvals_of,
    definition_of,
    protocol_versions,
    require_on_trial,
    versions_beside,
)
from trials.models import ProtocolVersion
from trials.protocol.amending import amendment_problems

_OVER = frozenset({State.COMPLETED, State.WITHDRAWN, State.SCREEN_FAILURE})

# What becomes of the visits of each participant, by id and by the new version's code.
Fates = Mapping[int, Mapping[str, AmendedVisit]]


def obstacles_to(
    *, participants: Iterable[Participant], version: ProtocolVersion, on: date
) -> dict[int, str]:
    """Return by id why a participant may not go over to a version on a day, "" if they may.

    It has to amend the version that they follow, the IRB of their site to have approved
    it, and they to have signed the form approved with it where it asks for new consent
    (45 CFR 46.108(a)(3), 21 CFR 50.25(b)(5)). Five queries, however many they are.
    """
    people = list(participants)
    signed = consents_of(person.pk for person in people)
    approvals = approvals_of(person.site_id for person in people)
    problems = _problems(people, version)
    return {
        person.pk: problems[person.protocol_version_id]
        or _ended(person)
        or _not_approved(person, version, on=on, approvals=approvals)
        or _not_signed(
            person,
            version,
            on=on,
            approvals=approvals,
            signed=signed.get(person.pk, {}),
        )
        for person in people
    }


def _ended(person: Participant) -> str:
    return (
        f"{person.number} is no longer in the trial." if person.state in _OVER else ""
    )


def _not_approved(
    person: Participant, version: ProtocolVersion, *, on: date, approvals: Approvals
) -> str:
    approval = approvals.on(person.site_id, on)
    # Suspended too: to go over to another version is research, which waits (IRB-03).
    if (obstacle := approvals.obstacle(person.site_id, on)) or approval is None:
        return obstacle
    if approval.protocol_version_id == version.pk:
        return ""
    return (
        f"The IRB approval that holds at this site on {day_text(on)} names "
        f"{approval.protocol_version}, not {version}. Have the data manager record the "
        "approval of it."
    )


def _not_signed(
    person: Participant,
    version: ProtocolVersion,
    *,
    on: date,
    approvals: Approvals,
    signed: Mapping[str, date],
) -> str:
    amendment = definition_of(version).amendment
    approval = approvals.on(person.site_id, on)
    if approval is None or amendment is None or not amendment.new_consent:
        return ""
    form = approval.form_version
    if form in signed and signed[form] <= on:
        return ""
    return (
        f"{person.number} had not signed version {form} of the consent form by "
        f"{day_text(on)}. Record that consent first."
    )


def _problems(
    people: Iterable[Participant], version: ProtocolVersion
) -> dict[int, str]:
    """Return by the id of the version now followed why another may not amend it."""
    known = versions_beside([version.pk])
    new = definition_of(version)
    found = {}
    for pk in {person.protocol_version_id for person in people}:
        if pk not in known:
            found[pk] = f"{version} is of another trial."
            continue
        earlier = [definition_of(each) for each in known.values() if each.pk < pk]
        codes = {code for each in earlier for code in each.visits_by_code}
        problems = amendment_problems(
            definition_of(known[pk]), new, earlier_codes=codes
        )
        found[pk] = " ".join(map(str, problems))
    return found


def rehearse_amendment(
    *, participants: Iterable[Participant], version: ProtocolVersion, on: date
) -> Counter[str]:
    """Count what would become of the visits of participants who go over on a day."""
    people = {person.pk: person for person in participants}
    fates = _fates(people, version, on)
    return counted(item for items in fates.values() for item in items.values())


def apply_amendment(
    *,
    participants: Sequence[Participant],
    version: ProtocolVersion,
    on: date,
    by: AnyActor,
) -> list[Visit]:
    """Have participants follow a version of the protocol from a day on.

    Returns the visits that somebody has to look at: they were open, or booked in their
    window, and are not any more. What was held or missed stays as it was; the rest is
    planned afresh. One act, and as many statements for a thousand as for one.
    """
    require_on_trial(by=by, permission=Permission.MANAGE_TRIAL, trial=version.trial)
    definition = definition_of(version)
    amendment = definition.amendment
    with acting(
        "apply amendment",
        by=by,
        reason=f"{version}: {amendment.reason}" if amendment else "",
        subject=subject_of(participants=participants),
        place=place_of(participants=participants),
        details={"version": version.version, "on": on.isoformat()},
    ):
        people = locked(participants=participants)
        obstacles = obstacles_to(participants=people.values(), version=version, on=on)
        if waits := list(filter(None, obstacles.values())):
            raise Refused(" ".join(dict.fromkeys(waits)))
        fates = _fates(people, version, on)
        for person in people.values():
            person.protocol_version_id = version.pk
        update_rows(rows=list(people.values()), fields=["protocol_version"])
        _close_what_is_over(people, version, fates)
        replan(participants=participants, today=on, by=by)
        _keep_unscheduled_in_order(people)
        found = _left_to_decide(version, fates)
    refresh(participants=participants, rows=people, fields=["protocol_version_id"])
    return found


def _fates(
    people: Mapping[int, Participant], version: ProtocolVersion, on: date
) -> Fates:
    """Return what becomes of each visit that stands in a plan; nothing before consent."""
    definitions = protocol_versions(
        {version.pk, *(person.protocol_version_id for person in people.values())}
    )
    new = definitions[version.pk]
    fates = {}
    for pk, known in known_of(people=people, definitions=definitions).items():
        if known.consented_on is None:
            continue
        old = definitions[people[pk].protocol_version_id]
        once = {
            visit.code
            for visit in (*old.visits, *new.visits)
            if comes_once(visit=visit)
        }
        found = amend(old, new, record_of(person=people[pk], known=known), today=on)
        fates[pk] = {code: item for code, item in found.items() if code in once}
    return fates


def _close_what_is_over(
    people: Mapping[int, Participant], version: ProtocolVersion, fates: Fates
) -> None:
    """Add, closed, what was added when its window had passed: no later plan asks for it."""
    definition = definition_of(version)
    why = f"Added by {version}, when its window was over."
    added = []
    for pk, items in fates.items():
        over = {
            code: item.after.target
            for code, item in items.items()
            if item.fate is Fate.ADDED_CLOSED and item.after is not None
        }
        rows = rows_of(person=people[pk], definition=definition, codes=over)
        added += [close(row=row, why=why, target=over[row.code]) for row in rows]
    Visit.objects.bulk_create(added)


def _keep_unscheduled_in_order(people: Mapping[int, Participant]) -> None:
    """Put visits that no plan foresees where they stood: after the last visit held."""
    unscheduled = list(Visit.objects.filter(participant__in=people, turn__gt=0))
    held: dict[int, list[Visit]] = {row.participant_id: [] for row in unscheduled}
    visits = Visit.objects.filter(turn=0, held_on__isnull=False)
    for visit in visits.filter(participant__in=held):
        held[visit.participant_id].append(visit)
    for row in unscheduled:
        if on := row.held_on or row.booked_on:
            row.position = position_by(visits=held[row.participant_id], on=on)
    update_rows(rows=unscheduled, fields=["position"])


def _left_to_decide(version: ProtocolVersion, fates: Fates) -> list[Visit]:
    """Mark the visits that need a decision, and return them."""
    wanted = {
        (pk, item.code): item
        for pk, items in fates.items()
        for item in items.values()
        if item.needs_decision
    }
    if not wanted:
        return []
    rows = Visit.objects.select_related("participant").filter(
        participant__in={pk for pk, _ in wanted}, turn=0
    )
    found = []
    for row in rows.in_order():
        item = wanted.get((row.participant_id, row.code))
        if item is not None and item.before is not None:
            row.to_decide = _question(row, item, version)
            found.append(row)
    update_rows(rows=found, fields=["to_decide"])
    return found


def _question(row: Visit, item: AmendedVisit, version: ProtocolVersion) -> str:
    """Return in a sentence what somebody has to decide about a visit."""
    if item.fate is Fate.REMOVED:
        return f"It was booked, and {version} has it no more: tell the participant."
    if row.booked_on is not None:
        return (
            f"Booked for {day_text(row.booked_on)}, which is outside its window since "
            f"{version}. Book another day, or confirm this one."
        )
    closes = item.before.closes if item.before else None
    until = f" until {day_text(closes)}" if closes else ""
    return (
        f"It could be held{until}; since {version} it cannot be held today. Book it, or "
        "record what happened."
    )
