"""Every form that a test sends: with what its page hides in it, and twice more (DAT-06)."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any
from unittest import mock
from uuid import uuid4

from django.db import connection
from django.test import Client
from django.urls import Resolver404, ResolverMatch, resolve, reverse

from accounts.editing import SEEN
from audit.models import Action
from tests.forms import forms_of
from tests.routes import edits

# Their forms have no key: whoever signs in is nobody yet, and a draft is saved over and
# over by its nature.
WITHOUT_KEY = {"accounts:sign_in", "trials:become", "assessments:draft"}
# Whoever signs in or out, or changes the password, has another cookie afterwards.
NOT_REPLAYED = WITHOUT_KEY | {
    "accounts:sign_out",
    "accounts:change_password",
    "oversight:logout",
}
# Acts whose form stands on another page than the one that a GET of them leads to.
PAGES = {"sessions:unbook": "sessions:book"}
replayed: set[str] = set()


@contextmanager
def replaying() -> Iterator[None]:
    """Send what a form hides with what a test types, and replay what was acted on.

    What is given as a text with its own content type is sent as it is.
    """
    first = Client.post

    def post(
        client: Client, path: str, data: Any = None, *rest: Any, **more: Any
    ) -> Any:
        match = _match(path)
        name = match.view_name if match else path
        is_plain = isinstance(data, dict | None) and not (
            rest or "content_type" in more
        )
        if name in WITHOUT_KEY or not is_plain:
            return first(client, path, data, *rest, **more)
        typed = {"request_key": str(uuid4())} | (data or {})
        if match and edits(match.func) and SEEN not in typed:
            typed |= _version_on(client, path, match)
        answer = first(client, path, typed, **more)
        is_done = answer.status_code == 302 and name not in NOT_REPLAYED
        if is_done and not (more.get("follow") or _has_file(typed)) and _is_calm():
            _replay(name, answer, client, lambda: first(client, path, typed, **more))
        return answer

    with mock.patch.object(Client, "post", post):
        yield


def _version_on(client: Client, path: str, match: ResolverMatch) -> dict[str, str]:
    """Return the hidden version of the form that a browser would have open now."""
    cookies = deepcopy(client.cookies)
    page = PAGES.get(match.view_name)
    shown = client.get(
        reverse(page, kwargs=match.kwargs) if page else path, follow=True
    )
    # What the page said is still to be heard by the test.
    client.cookies = cookies
    # A form without an address is sent to the page on which it stands.
    addresses = {path} if page or shown.redirect_chain else {path, ""}
    for address, fields in forms_of(shown.content.decode()):
        if SEEN in fields and address.partition("#")[0] in addresses:
            return {SEEN: fields[SEEN]}
    return {}


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


def _match(path: str) -> ResolverMatch | None:
    try:
        return resolve(path.partition("?")[0])
    except Resolver404:
        return None
