"""Which tokens a person may see, and whom an API token lets in."""

import hashlib
from datetime import datetime

from django.db.models import QuerySet

from accounts.models import User
from accounts.vocabulary import Permission, roles_with
from exports.models import ApiToken
from trials.access import definition_of, lock_of, trials_where
from trials.models import Delegation, ProtocolVersion, Trial


def hash_of(token: str) -> str:
    """Return what is stored of a token: its SHA-256 in hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()


def tokens_for(user_id: int) -> QuerySet[ApiToken]:
    """Return the tokens that this person may revoke, newest first."""
    managed = trials_where(user_id, Permission.MANAGE_TOKENS)
    return (
        ApiToken.objects.filter(trial__in=managed)
        .select_related("trial", "user")
        .order_by("-id")
    )


def trials_to_export(user_id: int) -> QuerySet[Trial]:
    """Return the trials whose data this person may export or give tokens for."""
    may_export = trials_where(user_id, Permission.EXPORT)
    may_manage = trials_where(user_id, Permission.MANAGE_TOKENS)
    return (may_export | may_manage).distinct().order_by("identifier")


def receivers_of(trial: Trial) -> QuerySet[User]:
    """Return the people who may export a trial's data today."""
    lines = Delegation.objects.filter(
        trial=trial, site__isnull=True, role__in=roles_with(Permission.EXPORT)
    )
    return User.objects.filter(pk__in=lines.values("user_id"), is_active=True).order_by(
        "name"
    )


def names_held_back(version: ProtocolVersion) -> tuple[str, ...]:
    """Return the visits that no export has before the lock, in the order of the course."""
    if lock_of(version.trial).lock is not None:
        return ()
    definition = definition_of(version)
    hidden = definition.held_back.visits
    return tuple(str(each.label) for each in definition.visits if each.code in hidden)


def token_in_force(plain: str, *, now: datetime) -> ApiToken | None:
    """Return the token, if it stands today: unexpired, unrevoked, its person delegated."""
    found = (
        ApiToken.objects.select_related("trial", "user")
        .filter(
            token_hash=hash_of(plain),
            expires_at__gt=now,
            revoked_at__isnull=True,
            user__is_active=True,
        )
        .first()
    )
    if found is None:
        return None
    may_export = trials_where(found.user_id, Permission.EXPORT)
    return found if may_export.filter(pk=found.trial_id).exists() else None
