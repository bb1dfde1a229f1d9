"""Emergency unblinding: the one act by which an arm comes out."""

from datetime import datetime

from django.db import connection

from accounts.vocabulary import Permission
from audit.actors import Actor, AnyActor, Place
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from audit.signing import reauthenticate
from audit.trail import acting
from participants.models import Participant
from randomization.models import Unblinding
from trials.access import definition_of, require


def reveal_arm(
    *, participant: Participant, why: str, password: str, at: datetime, by: AnyActor
) -> str:
    """Return the code of the participant's arm, or of its group where unblinding has them.

    Recorded before it is told: who learned it, when and why, never what. Only a person
    may ask, with their password (ICH E6(R3) 2.11, 21 CFR 11.200).
    """
    if not isinstance(by, Actor):
        raise NotPermitted("Only a person can be told an arm, never a job.")
    require(by=by, permission=Permission.UNBLIND, site_ids={participant.site_id})
    if len(why.strip()) < 3:
        raise ReasonNeeded("Say why the arm must be known now, in a few words.")
    reauthenticate(by=by, password=password)
    with acting(
        "reveal arm",
        by=by,
        reason=why,
        subject=participant.number,
        place=Place(participant.trial_id, participant.site_id, participant.pk),
    ):
        Unblinding.objects.create(
            trial_id=participant.trial_id,
            site_id=participant.site_id,
            participant=participant,
            kind="emergency",
            revealed_to_id=by.user_id,
            revealed_at=at,
            why=why.strip(),
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT sealed.reveal(%s)", [participant.pk])
            (arm,) = cursor.fetchone()
        if arm is None:
            raise Refused(f"{participant.number} was not randomized: there is no arm.")
    definition = definition_of(participant.protocol_version)
    return definition.unblinding.group_of(arm) if definition.unblinding else str(arm)
