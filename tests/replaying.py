"""Every form that a test sends is sent twice more, and must change nothing (DAT-06)."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any
from unittest import mock
from uuid import uuid4

from django.db import connection
from django.test import Client
from django.urls import Resolver404, resolve

from audit.models import Action

# Who signs in or out, or changes the password, has another cookie afterwards; a draft is
# saved over and over by its nature, and has no key.
APART = {
    "accounts:sign_in",
    "accounts:sign_out",
    "accounts:change_password",
    "trials:become",
    "assessments:draft",
}
replayed: set[str] = set()


@contextmanager
def replaying() -> Iterator[None]:
    """Give each form that is posted a key, and replay it where it was acted on."""
    first = Client.post

    def post(
        client: Client, path: str, data: Any = None, *rest: Any, **more: Any
    ) -> Any:
        name = _name_of(path)
        plain = isinstance(data, dict | None) and not _has_file(data)
        if name in APART or not plain or rest or more.get("content_type"):
            return first(client, path, data, *rest, **more)
        typed = {"request_key": str(uuid4())} | (data or {})
        answer = first(client, path, typed, **more)
        if answer.status_code == 302 and not more.get("follow") and _is_calm():
            _replay(name, answer, client, lambda: first(client, path, typed, **more))
        return answer

    with mock.patch.object(Client, "post", post):
        yield


def _replay(name: str, answer: Any, client: Client, again: Callable[[], Any]) -> None:
    # Each answer says again what was done: the test's next page must hear it once.
    cookies, acts = deepcopy(client.cookies), Action.objects.count()
    for _ in range(2):
        repeated = again()
        assert repeated.status_code == 302, f"{name}: {repeated.status_code}"
        assert repeated["Location"] == answer["Location"], name
        said = [[str(each) for each in _told(one)] for one in (answer, repeated)]
        assert said[0] == said[1], name
    assert Action.objects.count() == acts, f"{name} was done again"
    client.cookies = cookies
    replayed.add(name)


def _told(answer: Any) -> list[Any]:
    return list(answer.wsgi_request._messages._queued_messages)


def _is_calm() -> bool:
    """Whether nobody counts queries here, and no other thread acts meanwhile."""
    is_main = threading.current_thread() is threading.main_thread()
    return (
        is_main and threading.active_count() == 1 and not connection.force_debug_cursor
    )


def _has_file(data: Any) -> bool:
    return any(hasattr(value, "read") for value in (data or {}).values())


def _name_of(path: str) -> str:
    try:
        return resolve(path.partition("?")[0]).view_name
    except Resolver404:
        return path
