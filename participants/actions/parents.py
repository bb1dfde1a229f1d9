"""Who somebody was in a parent study."""

from accounts.vocabulary import Permission
from audit.actors import AnyActor
from audit.refusal import ReasonNeeded, Refused
from audit.trail import acting
from participants.actions.batch import SHORTEST_REASON, locked, place_of, refresh
from participants.models import Participant
from trials.access import require


def set_parent(
    *,
    participant: Participant,
    parent: Participant | None,
    by: AnyActor,
    reason: str = "",
) -> None:
    """Link somebody to the participant that they were, or take the link back.

    Once: another parent takes the link back first, which needs a reason. Which parents
    are possible, `sessions.actions.link_parent` knows, who also takes over what they tell.
    """
    require(by=by, permission=Permission.SCREEN, site_ids={participant.site_id})
    if parent is None and len(reason.strip()) < SHORTEST_REASON:
        raise ReasonNeeded("Saved data is changed: say why, in a few words.")
    with acting(
        "link to parent study" if parent else "unlink from parent study",
        by=by,
        reason=reason,
        subject=participant.number,
        place=place_of(participants=[participant]),
    ):
        row = locked(participants=[participant])[participant.pk]
        if parent is not None and row.parent_id is not None:
            raise Refused(f"{row.number} is linked to a parent study already.")
        row.parent = parent
        row.save(update_fields=["parent"])
    refresh(participants=[participant], rows={row.pk: row}, fields=["parent_id"])
