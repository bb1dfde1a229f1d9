"""The sponsor's API token of the demonstration, kept in a file beside the data."""

import os
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction

from accounts.vocabulary import Role
from exports.actions import issue_token
from exports.models import ApiToken
from simulation.driver.cast import cast_of

NAME = "Demonstration"
LIFETIME = timedelta(days=365)


def token_file() -> Path:
    """Return where the token is kept: in CANDOR_VAR, or in `var` of the installation."""
    folder = os.environ.get("CANDOR_VAR") or Path(settings.BASE_DIR) / "var"
    return Path(folder) / "sponsor_token"


def kept_token() -> str:
    """Return the token's plain text; empty where none is kept."""
    try:
        return token_file().read_text("utf-8").strip()
    except FileNotFoundError:
        return ""


def is_issued(identifier: str) -> bool:
    """Whether the demonstration's token was issued, still kept or not."""
    return ApiToken.objects.filter(trial__identifier=identifier, name=NAME).exists()


def keep_token(identifier: str, *, now: datetime) -> None:
    """Issue the sponsor's token once, and write it down: it is shown once only.

    The file comes before the commit, so that no token is issued that nobody knows.
    """
    if is_issued(identifier):
        return
    cast = cast_of(identifier)
    with transaction.atomic():
        _, plain = issue_token(
            trial=cast.trial,
            user=cast.user(Role.SPONSOR),
            name=NAME,
            expires_at=now + LIFETIME,
            by=cast.actor(Role.DATA_MANAGER),
        )
        _write_down(plain)
    cast.sign_out()


def _write_down(plain: str) -> None:
    """Replace the file whole; nobody else may read it."""
    path = token_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".sponsor_token.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(plain + "\n")
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)
