"""Telling somebody at once: a row within the act, a message to the worker after it."""

import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from celery import current_app
from django.db import transaction

from audit.actors import Actor, AnyActor
from audit.trail import acting
from notices.models import Notice
from notices.vocabulary import Kind, is_news
from trials.models import Site, Trial

# By name: the sender stands far above. The clock calls it every minute as well, so that
# a broker that is down delays a notice and loses none.
TASK = "reminders.tasks.tell"


@dataclass(frozen=True, slots=True)
class NewNotice:
    """What happened, to whom and when (aware); `about` is the uuid of its row."""

    kind: Kind
    about: UUID
    trial: Trial
    site: Site
    participant_id: int
    occurred_at: datetime
    why: str = ""


def notify(*, notices: Sequence[NewNotice], by: AnyActor) -> list[Notice]:
    """Record within the open act what others must be told, and wake the sender after.

    What happened before the trial's messages begin is not told, and leaves no row.
    """
    rows = [_row(new, by) for new in notices if _is_news(new)]
    if not rows:
        return []
    with acting("notify", by=by):
        Notice.objects.bulk_create(rows)
        # After the commit: a worker that is quicker would not find the rows. Robust: the
        # act is saved by then, and must not look as if it had failed.
        transaction.on_commit(_wake_the_sender, robust=True)
    return rows


def _is_news(new: NewNotice) -> bool:
    zone = zoneinfo.ZoneInfo(new.site.time_zone)
    return is_news(new.occurred_at, zone=zone, begins_on=new.trial.reminders_from)


def _row(new: NewNotice, by: AnyActor) -> Notice:
    return Notice(
        trial=new.trial,
        site=new.site,
        participant_id=new.participant_id,
        kind=new.kind.value,
        about=new.about,
        occurred_at=new.occurred_at,
        by_id=by.user_id if isinstance(by, Actor) else None,
        why=new.why,
    )


def _wake_the_sender() -> None:
    current_app.send_task(TASK, retry=False)
