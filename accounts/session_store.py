"""Sign-in sessions whose keys are stored hashed: a copy of the table opens no door."""

import hashlib
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession

from accounts.models import User

# With the person whose sign-in the transaction's token stands for: every page needs both.
_WITH_PERSON = """
SELECT u.*, s.session_data, s.expire_date
FROM django_session s LEFT JOIN accounts_user u ON u.id = audit.person()
WHERE s.session_key = %s AND s.expire_date > statement_timestamp()
"""


def hashed(key: str) -> str:
    """Return what is stored for a session key (fits Django's 40 characters)."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


class SessionStore(DatabaseStore):
    """Django's database sessions, looked up by the hash of the cookie's key.

    `person` is read with the session: who acts in the open transaction, None before the
    session is read and where the sign-in has ended. Whether the session is theirs is
    for `accounts.http.PersonMiddleware` to see.
    """

    person: User | None = None

    def _get_session_from_db(self) -> Any:
        key = hashed(self.session_key or "")
        found = next(iter(User.objects.raw(_WITH_PERSON, [key])), None)
        if found is None:
            self._session_key = None
            return None
        self.person = found if found.pk else None
        return self.model(
            session_key=key,
            session_data=found.session_data,  # type: ignore[attr-defined] # of _WITH_PERSON
            expire_date=found.expire_date,  # type: ignore[attr-defined] # of _WITH_PERSON
        )

    def exists(self, session_key: str) -> bool:
        return bool(super().exists(hashed(session_key)))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        instance = super().create_model_instance(data)
        instance.session_key = hashed(instance.session_key)
        return instance

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            super().delete(hashed(key))
