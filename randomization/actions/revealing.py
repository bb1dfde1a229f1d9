"""Unblinding: in an emergency, as planned, and what is recorded of an accident."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from accounts.models import User
from accounts.vocabulary import Permission
from audit.actors import Actor, AnyActor, Place
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from audit.signing import reauthenticate
from audit.trail import acting
from notices.actions import NewNotice, notify
from notices.vocabulary import Kind
from participants.actions import Step
from participants.models import Participant
from randomization.access import planned_unblinding_of
from randomization.models import LEARNED, Unblinding
from sessions.actions import enter_stages
from trials.access import definition_of, local_time, require, require_on_trial
from trials.models import Trial
from trials.protocol import ProtocolDefinition

ONLY_A_PERSON = "Only a person can be told an arm, never a job."
NO_ARM = "{} has no arm yet."


@dataclass(frozen=True, slots=True)
class Accident:
    """Somebody learned a participant's arm who should not have, at an aware time.

    `learned` is a code of `randomization.models.LEARNED`; `user` or `others` (people
    without an account) or both say who. No text may say which arm it is.
    """

    participant: Participant
    at: datetime
    learned: str
    how: str
    impact: str
    user: User | None = None
    others: str = ""


@dataclass(frozen=True, slots=True)
class AllocatedArm:
    """One participant of an unblinded trial: both numbers, and the arm's code."""

    site: str
    participant: str
    randomization: str
    arm: str


def arms_of_locked_trial(
    *, trial: Trial, password: str, by: AnyActor
) -> list[AllocatedArm]:
    """Return the arm of everybody who was randomized, in the order of their numbers.

    Refused in the database itself before the trial is locked, and to whoever locked it:
    the end of the blinding takes two people (ICH E6(R3) 3.16.1(r)).
    """
    if not isinstance(by, Actor):
        raise NotPermitted(ONLY_A_PERSON)
    require_on_trial(by=by, permission=Permission.UNBLIND_TRIAL, trial=trial)
    reauthenticate(by=by, password=password)
    place = Place(trial_id=trial.pk)
    with (
        acting("unblind locked trial", by=by, subject=trial.identifier, place=place),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT s.number, p.number, coalesce(r.number, ''), a.arm"
            " FROM sealed.arms_of_locked_trial(%s) a"
            " JOIN participants_participant p ON p.id = a.participant"
            " JOIN trials_site s ON s.id = p.site_id"
            " LEFT JOIN randomization_randomization r ON r.participant_id = p.id"
            " ORDER BY p.number",
            [trial.pk],
        )
        return [AllocatedArm(*row) for row in cursor]


def reveal_arm(
    *, participant: Participant, why: str, password: str, at: datetime, by: AnyActor
) -> str:
    """Return the code of the participant's arm, or of its group where unblinding has them.

    Recorded before it is told: who learned it, when and why, never what; and others are
    told that it was. Only a person may ask, with their password (ICH E6(R3) 2.11, 21 CFR
    11.200).
    """
    if not isinstance(by, Actor):
        raise NotPermitted(ONLY_A_PERSON)
    require(by=by, permission=Permission.UNBLIND, site_ids={participant.site_id})
    if len(why.strip()) < 3:
        raise ReasonNeeded("Say why the arm must be known now, in a few words.")
    reauthenticate(by=by, password=password)
    definition = definition_of(participant.protocol_version)
    has_groups = bool(definition.unblinding and definition.unblinding.groups)
    with acting(
        "reveal arm",
        by=by,
        reason=why,
        subject=participant.number,
        place=_place(participant),
    ):
        unblinding = Unblinding.objects.create(
            trial=participant.trial,
            site=participant.site,
            participant=participant,
            kind="emergency",
            learned="group" if has_groups else "treatment",
            revealed_to_id=by.user_id,
            revealed_at=at,
            why=why.strip(),
        )
        arm = _arm_told(participant)
        _tell_of(unblinding, by)
    return definition.unblinding.group_of(arm) if definition.unblinding else arm


def _arm_told(participant: Participant) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed.reveal(%s)", [participant.pk])
        (arm,) = cursor.fetchone()
    if arm is None:
        raise Refused(NO_ARM.format(participant.number))
    return str(arm)


def unblind_as_planned(
    *, participant: Participant, password: str, at: datetime, by: AnyActor
) -> str:
    """Return the group that the definition reveals of a participant who came so far.

    From then on their site sees it, and the visits of the stages that it opens; nobody
    else before the lock. Refused before the visit or milestone at which the definition
    unblinds, and a second time.
    """
    if not isinstance(by, Actor):
        raise NotPermitted(ONLY_A_PERSON)
    allowed = Permission.UNBLIND_AS_PLANNED
    require(by=by, permission=allowed, site_ids={participant.site_id})
    planned = planned_unblinding_of(participant)
    if planned is None:
        raise Refused("This protocol unblinds nobody before the database is locked.")
    if not planned.is_reached:
        raise Refused(planned.waits_for)
    reauthenticate(by=by, password=password)
    with acting(
        "unblind as planned",
        by=by,
        subject=participant.number,
        place=_place(participant),
    ):
        Unblinding.objects.create(
            trial=participant.trial,
            site=participant.site,
            participant=participant,
            kind="planned",
            learned="group" if planned.has_groups else "treatment",
            revealed_to_id=by.user_id,
            others="The staff of the site",
            revealed_at=at,
            why=f"Planned by the protocol at {planned.at}",
        )
        told = _group_told(participant, planned.groups)
        on = local_time(participant.site, at).date()
        enter_stages(step=Step(participant, on), revealed=told, by=by)
        return told


def _group_told(participant: Participant, groups: Mapping[str, str]) -> str:
    """Have the wall tell which of the groups it is, and keep it for the site."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sealed.unblind_as_planned(%s, %s, %s)",
            [participant.pk, list(groups), list(groups.values())],
        )
        (told,) = cursor.fetchone()
    if told is None:
        raise Refused(NO_ARM.format(participant.number))
    return str(told)


def record_accident(*, accident: Accident, by: AnyActor) -> Unblinding:
    """Record that somebody learned an arm by accident: who, when, how, and the impact.

    Refused where a text names a treatment: what is recorded here is read by everybody
    who is still blinded (ICH E6(R3) 3.16.1(g), 4.1.4).
    """
    person = accident.participant
    allowed = Permission.RECORD_UNBLINDING
    require(by=by, permission=allowed, site_ids={person.site_id})
    if accident.learned not in LEARNED:
        raise Refused("Choose what was learned.")
    if len(accident.how.strip()) < 3:
        raise ReasonNeeded("Say how it happened, in a few words.")
    _check_texts([accident.how, accident.impact, accident.others], person)
    with acting(
        "record accidental unblinding",
        by=by,
        subject=person.number,
        place=_place(person),
    ):
        return Unblinding.objects.create(
            trial=person.trial,
            site=person.site,
            participant=person,
            kind="accidental",
            learned=accident.learned,
            revealed_to=accident.user,
            others=accident.others.strip(),
            revealed_at=accident.at,
            why=accident.how.strip(),
            impact=accident.impact.strip(),
        )


def assess_impact(
    *, unblinding: Unblinding, impact: str, reason: str = "", by: AnyActor
) -> None:
    """Write what an unblinding means for the trial; a later change needs a reason."""
    allowed = Permission.RECORD_UNBLINDING
    require(by=by, permission=allowed, site_ids={unblinding.site_id})
    person = unblinding.participant
    if len(impact.strip()) < 3:
        raise Refused("Say what it means for the trial, in a few words.")
    _check_texts([impact], person)
    with acting(
        "assess impact of unblinding",
        by=by,
        reason=reason,
        subject=person.number,
        place=_place(person),
    ):
        row = Unblinding.objects.select_for_update().get(pk=unblinding.pk)
        if row.impact and row.impact != impact.strip() and not reason.strip():
            raise ReasonNeeded("Say why the impact is judged anew.")
        Unblinding.objects.filter(pk=row.pk).update(impact=impact.strip())


def _check_texts(texts: Iterable[str], person: Participant) -> None:
    """Refuse a text that names a treatment or an amount, the same words for every arm."""
    telling = _telling_words(definition_of(person.protocol_version))
    for text in texts:
        if found := telling.search(text):
            raise Refused(
                f"The text says “{found[0]}”. Tell what happened without naming a "
                "treatment: everybody in the trial can read this."
            )


def _telling_words(definition: ProtocolDefinition) -> re.Pattern[str]:
    words = [name for arm in definition.arms for name in (arm.code, arm.label)]
    if definition.unblinding:
        words += definition.unblinding.groups
    words += definition.forbidden_words
    telling = [re.escape(word.replace("_", " ")) for word in words]
    telling.append(r"\d+(?:[.,]\d+)? ?(?:mg|milligrams?)")
    return re.compile(rf"(?<!\w)(?:{'|'.join(telling)})(?!\w)", re.IGNORECASE)


def _place(person: Participant) -> Place:
    return Place(person.trial_id, person.site_id, person.pk)


def _tell_of(unblinding: Unblinding, by: AnyActor) -> None:
    """Have investigator, medical monitor and sponsor told of the act, not of the arm."""
    notify(
        notices=[
            NewNotice(
                kind=Kind.UNBLINDING,
                about=unblinding.uuid,
                trial=unblinding.trial,
                site=unblinding.site,
                participant_id=unblinding.participant_id,
                occurred_at=unblinding.revealed_at,
                why=unblinding.why,
            )
        ],
        by=by,
    )
