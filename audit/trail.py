"""The one door to a change: `acting` opens an action, the database does the rest."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection

from audit.actors import NOWHERE, Actor, AnyActor, Place
from audit.binding import bound
from audit.refusal import NotPermitted, ReasonNeeded, Refused, SessionEnded
from audit.seeing import transaction_of

_open: ContextVar[tuple[int, AnyActor] | None] = ContextVar("open_action", default=None)

_REFUSALS: Mapping[str, type[Refused]] = {
    "AU002": ReasonNeeded,
    "AU003": SessionEnded,
    "AU004": NotPermitted,
    "AU005": NotPermitted,
    "AU008": Refused,
}


@contextmanager
def acting(
    verb: str,
    *,
    by: AnyActor,
    reason: str = "",
    subject: str = "",
    place: Place = NOWHERE,
    details: Mapping[str, Any] | None = None,
) -> Iterator[int]:
    """Run the block as one act in one transaction and yield the action's id.

    The block sees what the person may see (`audit.seeing`), a job everything.
    Inside another `acting` of the same person the block joins that act. Raises `Refused`
    (or a kind of it) where the trail or a constraint refuses; nothing is saved then.
    """
    if (outer := _open.get()) is not None:
        if outer[1] != by:
            raise RuntimeError("An action of one person cannot contain another's.")
        with _sentences():
            yield outer[0]
        return
    with _sentences(), transaction_of(by):
        action = _open_action(verb, by, reason, subject, place, details)
        mark = _open.set((action, by))
        try:
            yield action
        finally:
            _open.reset(mark)
        with connection.cursor() as cursor:
            cursor.execute("SELECT audit.close_action(%s)", [action])


def noted(
    verb: str,
    *,
    by: AnyActor,
    reason: str = "",
    subject: str = "",
    place: Place = NOWHERE,
    details: Mapping[str, Any] | None = None,
) -> int:
    """Record an act that changes no row: an export, a read of sealed data."""
    with acting(
        verb, by=by, reason=reason, subject=subject, place=place, details=details
    ) as action:
        return action


def _open_action(  # noqa: PLR0917 - the columns of one entry
    verb: str,
    by: AnyActor,
    reason: str,
    subject: str,
    place: Place,
    details: Mapping[str, Any] | None,
) -> int:
    where = [place.trial_id, place.site_id, place.participant_id]
    what = [verb, reason.strip(), subject]
    more = json.dumps(details) if details is not None else None
    with bound() as cursor:
        if isinstance(by, Actor):
            cursor.execute(
                "SELECT audit.open_action"
                "(%s, %s, %s, %s, %s, %s, %s, %s, %s::inet, %s, %s::jsonb)",
                [
                    by.token,
                    *what,
                    *where,
                    by.request_id,
                    by.ip,
                    settings.VERSION,
                    more,
                ],
            )
        else:
            cursor.execute(
                "SELECT audit.open_system_action"
                "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb)",
                [by.job, by.triggered_by, *what, *where, settings.VERSION, more],
            )
        (action,) = cursor.fetchone() or (0,)
        return int(action)


@contextmanager
def _sentences() -> Iterator[None]:
    """Turn what the database refuses into the sentence that a person can act on."""
    try:
        yield
    except DatabaseError as error:
        diagnosis = getattr(error.__cause__, "diag", None)
        if diagnosis is None:
            raise
        if kind := _REFUSALS.get(diagnosis.sqlstate or ""):
            raise kind(diagnosis.message_primary) from error
        if sentence := _sentence_of(diagnosis.constraint_name):
            raise Refused(sentence) from error
        raise


def _sentence_of(constraint_name: str | None) -> str | None:
    """Return the sentence that a model gives its constraint, if it has that one."""
    if not constraint_name:
        return None
    for model in apps.get_models():
        for constraint in model._meta.constraints:  # noqa: SLF001 - Django's public name
            if constraint.name == constraint_name:
                message = constraint.violation_error_message
                if message != constraint.default_violation_error_message:
                    return str(message)
    return None
