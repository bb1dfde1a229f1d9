"""A check at start: the database role is one that the walls and the trail hold against."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper

# A superuser, and a role with BYPASSRLS, read past every policy; an owner (or whoever may
# become it) can take the policies and the triggers off.
_STANDING = """
SELECT r.rolname, r.rolsuper, r.rolbypassrls, EXISTS (
    SELECT FROM pg_class c
    WHERE c.relkind = 'r'
      AND c.relnamespace IN (SELECT oid FROM pg_namespace
          WHERE nspname IN ('public', 'audit', 'sealed', 'identity'))
      AND pg_has_role(r.rolname, c.relowner, 'MEMBER')
)
FROM pg_roles r WHERE r.rolname IN (session_user, current_user)
"""


def unsafe_role(cursor: CursorWrapper) -> str:
    """Return what is wrong with the connection's role, in a sentence; empty if nothing.

    Both roles count: the one that signed in, and the one it has taken on.
    """
    cursor.execute(_STANDING)
    for name, is_superuser, bypasses, is_owner in cursor.fetchall():
        if is_superuser:
            return f"DATABASE_URL connects as {name}, a superuser."
        if bypasses:
            return (
                f"DATABASE_URL connects as {name}, which bypasses row-level security."
            )
        if is_owner:
            return f"DATABASE_URL connects as {name}, which owns the tables."
    return ""


def refuse_unsafe_role() -> None:
    """Raise unless web or worker may run as this role: called before either serves.

    Such a role would show everybody everything, and everything would seem to work. A
    demonstration says so in its own words (`starter`). A database that does not answer
    yet is no reason to refuse: then nothing is shown either.
    """
    if settings.DEMONSTRATION or settings.DEBUG:
        return
    try:
        with connection.cursor() as cursor:
            problem = unsafe_role(cursor)
    except OperationalError:
        return
    finally:
        # What is forked from here on must not share this connection.
        connection.close()
    if problem:
        raise ImproperlyConfigured(
            f"{problem} Use candor_web for the web and candor_worker for the worker; "
            "`manage.py database_roles` prints the SQL that makes them."
        )


@register(Tags.database)
def role_is_safe(
    databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """The same for `manage.py check --database default`, as an error with a hint."""
    if "default" not in (databases or ()):
        return []
    with connection.cursor() as cursor:
        problem = unsafe_role(cursor)
    if not problem:
        return []
    hint = "Set DATABASE_URL to candor_web's or candor_worker's address."
    return [Error(problem, hint=hint, id="audit.E001")]
