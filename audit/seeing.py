"""Who asks the database: study data are read inside `seeing`, and otherwise not at all.

Row-level security shows nobody anything but through two settings of the transaction: the
token of a sign-in, or the name of a job. Both are only ever set for the transaction
(`SET LOCAL`): behind a pooler that hands connections on, what is set for a session would
show one person's rows to the next.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from psycopg import Cursor

from audit.actors import Actor, AnyActor
from audit.binding import bound
from audit.refusal import SessionEnded

# Read and written in one statement; OFFSET 0 has the old values read first.
_LOOK = """SELECT was.token, was.job, set_config('candor.token', %s, true),
    set_config('candor.job', %s, true)
FROM (
    SELECT coalesce(current_setting('candor.token', true), '') AS token,
        coalesce(current_setting('candor.job', true), '') AS job OFFSET 0
) AS was
"""
_SEES_SOMETHING = "SELECT audit.is_job() OR audit.person() IS NOT NULL"


@dataclass(frozen=True, slots=True)
class _Eyes:
    """Through whose eyes the open transaction looks; empty for nobody's."""

    token: str = ""
    job: str = ""

    def __repr__(self) -> str:
        # Tracebacks and logs must never show the token.
        return f"_Eyes(job={self.job!r})"


_open: ContextVar[_Eyes | None] = ContextVar("eyes", default=None)


def _of(by: AnyActor) -> _Eyes:
    return _Eyes(token=by.token) if isinstance(by, Actor) else _Eyes(job=by.job)


def seeing(by: AnyActor) -> AbstractContextManager[None]:
    """Run the block in one transaction that sees what `by` may see.

    A task, a command: `with seeing(SystemActor("reminders")): …`. A request has its
    middleware for it, and `acting` opens its own. A job is believed on the connection of
    the worker alone; with an unknown or ended sign-in nothing is seen.
    """
    return _looking(_of(by))


def seeing_by_token(token: str) -> AbstractContextManager[None]:
    """Run the block in one transaction that sees what a token opens; of none, nothing."""
    # PostgreSQL's text has no zero byte, and a cookie of somebody's making may.
    return _looking(_Eyes(token="" if "\0" in token else token))


def transaction_of(by: AnyActor) -> AbstractContextManager[Any]:
    """Return a transaction (or savepoint) that sees what `by` may see."""
    eyes = _of(by)
    return transaction.atomic() if _open.get() == eyes else _looking(eyes)


@contextmanager
def _looking(eyes: _Eyes) -> Iterator[None]:
    outer = _open.get()
    if outer == eyes:
        yield
        return
    is_inside = connection.in_atomic_block
    with transaction.atomic():
        was = _look(eyes)
        _open.set(eyes)
        try:
            yield
        finally:
            _open.set(outer)
        # A released savepoint keeps what was set in it; a rollback or the end of the
        # transaction takes it back by itself.
        if is_inside and not connection.needs_rollback:
            _look(was)


def _look(eyes: _Eyes) -> _Eyes:
    with bound() as cursor:
        found = cursor.execute(_LOOK, [eyes.token, eyes.job]).fetchone()
    token, job, *_ = found or ("", "")
    return _Eyes(token, job)


def look_on_as(token: str) -> None:
    """Go on in the open block as another sign-in: who signs in or out in a request.

    Without an open block nothing is set, and so nothing is seen.
    """
    if _open.get() is not None:
        eyes = _Eyes(token=token)
        _look(eyes)
        _open.set(eyes)


@contextmanager
def reading(by: AnyActor, *, as_blinded: bool = False) -> Iterator[Cursor[Any]]:
    """Open a transaction that can only read, all of one moment, and yield psycopg's cursor.

    For a stream, which goes on after the request's own transaction has ended. `durable`:
    inside somebody's open transaction the note of an export would not be committed yet,
    and data would leave without a trace (AUD-14). Raises `SessionEnded` where nothing
    would be seen: an empty file must not look like a trial without data. `as_blinded`
    takes away what only those may read who were told: a file goes from hand to hand.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        _look(_of(by))
        if as_blinded:
            cursor.execute("SELECT set_config('candor.blinded', 'on', true)")
        cursor.execute(_SEES_SOMETHING)
        if not cursor.fetchone()[0]:
            raise SessionEnded("The sign-in has ended, so nothing can be read.")
        yield cursor.cursor
