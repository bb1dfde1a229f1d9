"""Waivers: an investigator passes over a criterion, signed, for everybody to read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from accounts.vocabulary import Permission
from audit.actors import Actor, AnyActor
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from audit.signing import reauthenticate, sign
from audit.trail import acting
from participants.access import settled_in, waiver_content
from participants.actions.batch import locked, place_of, site_ids_of, subject_of
from participants.actions.deviations import NewDeviation, record_deviations
from participants.actions.readings import FactReading, take_readings
from participants.lifecycle import BEFORE_RANDOMIZATION, WORDS, State
from participants.models import Participant, Waiver
from participants.vocabulary import WAIVER_DEVIATION
from trials.access import protocol_versions, require
from trials.protocol.records import WAIVERS

MEANING = "I waive this criterion for this participant"
_TABLE = "participants_waiver"
SHORTEST_REASON = 3  # as the database asks (audit/sql)


@dataclass(frozen=True, slots=True)
class NewWaiver:
    """Leave to pass over one criterion; `code` is the criterion's."""

    participant: Participant
    code: str
    on: date
    reason: str


def grant_waivers(
    *, waivers: Sequence[NewWaiver], password: str, by: AnyActor
) -> list[Waiver]:
    """Waive criteria and sign it; each leaves a deviation that monitor and IRB read.

    The criterion keeps its verdict and stands in nobody's way. ICH E6(R3) 2.5.3.
    """
    people = [item.participant for item in waivers]
    signer = _signer(people, by)
    reauthenticate(by=signer, password=password)
    with acting(
        "waive criterion",
        by=by,
        subject=subject_of(participants=people),
        place=place_of(participants=people),
    ):
        rows = locked(participants=people)
        texts = _texts(waivers, rows)
        made = Waiver.objects.bulk_create(
            _row(item, user_id=signer.user_id) for item in waivers
        )
        sign(
            meaning=MEANING,
            table=_TABLE,
            records=[(waiver.pk, waiver_content(waiver)) for waiver in made],
        )
        record_deviations(
            deviations=[
                NewDeviation(item.participant, WAIVER_DEVIATION, item.on, text)
                for item, text in zip(waivers, texts, strict=True)
            ],
            by=by,
        )
        _keep_waived(rows, by=by)
    return made


def _row(new: NewWaiver, *, user_id: int) -> Waiver:
    return Waiver(
        trial_id=new.participant.trial_id,
        site_id=new.participant.site_id,
        participant_id=new.participant.pk,
        code=new.code,
        reason=new.reason.strip(),
        granted_on=new.on,
        granted_by_id=user_id,
    )


def end_waiver(*, waiver: Waiver, on: date, reason: str, by: AnyActor) -> Waiver:
    """Take a waiver back: from now on the criterion is asked again."""
    _signer([waiver.participant], by)
    if len(reason.strip()) < SHORTEST_REASON:
        raise ReasonNeeded("Say why the waiver is taken back, in a few words.")
    with acting(
        "end waiver",
        by=by,
        reason=reason,
        subject=subject_of(participants=[waiver.participant]),
        place=place_of(participants=[waiver.participant]),
    ):
        rows = locked(participants=[waiver.participant])
        row = Waiver.objects.select_for_update().get(pk=waiver.pk)
        if row.ended_on is not None:
            raise Refused("This waiver was taken back already.")
        if on < row.granted_on:
            raise Refused("A waiver cannot end before the day on which it was granted.")
        row.ended_on, row.end_reason = on, reason.strip()
        row.save(update_fields=["ended_on", "end_reason"])
        _keep_waived(rows, by=by)
    return row


def _signer(people: Sequence[Participant], by: AnyActor) -> Actor:
    """Return who waives: an investigator, never a job."""
    if not isinstance(by, Actor):
        raise NotPermitted("A criterion is waived by an investigator, never by a job.")
    require(
        by=by,
        permission=Permission.CONFIRM_ELIGIBILITY,
        site_ids=site_ids_of(participants=people),
    )
    return by


def _texts(waivers: Sequence[NewWaiver], rows: Mapping[int, Participant]) -> list[str]:
    """Return what each deviation says; refused where there is nothing to waive."""
    definitions = protocol_versions(row.protocol_version_id for row in rows.values())
    texts = []
    for item in waivers:
        row = rows[item.participant.pk]
        state = State(row.state)
        definition = definitions[row.protocol_version_id]
        if state not in BEFORE_RANDOMIZATION or state is settled_in(definition):
            raise Refused(f"{WORDS[state]}: no criterion is asked any more.")
        known = {each.code: each for each in definition.criteria}
        if item.code not in known:
            raise Refused(f"The protocol has no criterion “{item.code}”.")
        if len(item.reason.strip()) < SHORTEST_REASON:
            raise ReasonNeeded("Say why the criterion is waived, in a few words.")
        criterion = known[item.code]
        texts.append(
            f"{criterion.code.upper()} waived: {criterion.text}. {item.reason.strip()}"
        )
    return texts


def _keep_waived(rows: Mapping[int, Participant], *, by: AnyActor) -> None:
    """Keep the waived criteria where every question of eligibility reads them."""
    standing: dict[int, list[Waiver]] = {pk: [] for pk in rows}
    found = Waiver.objects.filter(participant_id__in=rows, ended_on__isnull=True)
    for waiver in found.order_by("pk"):
        standing[waiver.participant_id].append(waiver)
    take_readings(readings=[_reading(rows[pk], standing[pk]) for pk in rows], by=by)


def _reading(person: Participant, waivers: Sequence[Waiver]) -> FactReading:
    value: Any = sorted(waiver.code for waiver in waivers) or None
    first = min((waiver.granted_on for waiver in waivers), default=None)
    return FactReading(person, WAIVERS, value, first, "Waivers of the investigator")
