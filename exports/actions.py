"""Issuing and revoking API tokens, and noting each export before it begins."""

import secrets
from datetime import datetime

from django.conf import settings
from django.db import connection

from accounts.actions import open_session
from accounts.models import User
from accounts.vocabulary import Permission
from audit.actors import Actor, AnyActor, Place
from audit.refusal import Refused
from audit.trail import acting, noted
from exports.access import hash_of, receivers_of
from exports.models import ApiToken
from trials.access import require_on_trial
from trials.models import Trial

PREFIX = "candor_"  # so that a scanner for leaked secrets can know one


def issue_token(
    *, trial: Trial, user: User, name: str, expires_at: datetime, by: AnyActor
) -> tuple[ApiToken, str]:
    """Give a person's program a key to one trial, and return it with its plain text.

    The plain text is shown now and never again: only its hash is kept (ACC-06). The
    person must be delegated to export; the key stops with the delegation.
    """
    require_on_trial(by=by, permission=Permission.MANAGE_TOKENS, trial=trial)
    if not receivers_of(trial).filter(pk=user.pk).exists():
        raise Refused(
            f"{user.name} has no role in {trial.identifier} that includes exporting. "
            "Add a line to the delegation log first."
        )
    plain = PREFIX + secrets.token_urlsafe(32)
    subject = f"{name} for {user.name}"
    place = Place(trial_id=trial.pk)
    with acting("issue API token", by=by, subject=subject, place=place):
        token = ApiToken.objects.create(
            trial=trial,
            user=user,
            name=name,
            token_hash=hash_of(plain),
            expires_at=expires_at,
        )
        # The trail believes only a sign-in: what the program does is then under its
        # person's name.
        open_session(user=user, token=plain, kind="api", expires_at=expires_at)
    return token, plain


def revoke_token(*, token: ApiToken, at: datetime, reason: str, by: AnyActor) -> None:
    """End a token at once, with a reason."""
    require_on_trial(by=by, permission=Permission.MANAGE_TOKENS, trial=token.trial)
    if token.revoked_at is not None:
        raise Refused("This token is revoked already.")
    if len(reason.strip()) < 3:
        raise Refused("Say why the token is revoked.")
    subject = f"{token.name} for {token.user.name}"
    place = Place(trial_id=token.trial_id)
    with acting("revoke API token", by=by, reason=reason, subject=subject, place=place):
        token.revoked_at = at
        token.save(update_fields=["revoked_at"])
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT audit.end_session_of_hash(%s, %s)",
                [bytes.fromhex(token.token_hash), settings.VERSION],
            )


def note_export(
    *, trial: Trial, dataset: str, form: str, filters: str = "", by: Actor
) -> int:
    """Record that somebody takes data; committed before the first byte goes (AUD-14)."""
    return noted(
        "export dataset",
        by=by,
        subject=f"{dataset} of {trial.identifier} as {form}",
        place=Place(trial_id=trial.pk),
        details={"dataset": dataset, "format": form, "filter": filters},
    )
