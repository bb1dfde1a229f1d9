"""A request that is made again: it gets the first one's answer, and changes nothing."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils.crypto import salted_hmac

from accounts.models import AnsweredRequest, User

FIELD = "request_key"
# Longer than any sign-in lasts: with the next one the token against forged requests
# changes, so that no page from before it can be sent again.
KEPT_FOR = timedelta(days=2)
_LOCK = "pg_advisory_xact_lock(hashtextextended(%s, 0))"
_APART = frozenset({FIELD, "csrfmiddlewaretoken"})
_View = TypeVar("_View", bound=Callable[..., HttpResponse])


@dataclass(frozen=True, slots=True)
class _Asked:
    """What makes a request the same one: its key, who asks which page, and what for."""

    key: UUID
    user_id: int
    path: str
    content: str


class OnceMiddleware:
    """Answer a form that is sent again as it was answered first (DAT-06).

    A double click, a reload, a retry after a lost answer: the second waits for the first
    and gets the same redirect with the same message. A form that was refused does not
    use up its key, since nothing was done. What carries no key was not sent by a form of
    ours and is refused, unless the view is `without_key`. Within the request's
    transaction: the act and the note that it was answered are saved together or not at
    all. Inside of messages and authentication, whose results it reads.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Who signs in is nobody yet: a cookie cannot be given a second time.
        if request.method != "POST" or not isinstance(request.user, User):
            return self.get_response(request)
        if FIELD in request.POST:
            return self._once(request, request.user)
        if not _is_without_key(request):
            return _refused(request, None)
        _wait_for(*_page_of(request))
        return self.get_response(request)

    def _once(self, request: HttpRequest, user: User) -> HttpResponse:
        asked = _asked(request, request.POST[FIELD], user)
        if asked is None:
            return _refused(request, None)
        _wait_for(f"request {asked.key}", *_page_of(request))
        if before := AnsweredRequest.objects.filter(key=asked.key).first():
            return _again(request, before, asked)
        response = self.get_response(request)
        _keep(request, asked, response)
        return response


def without_key(view: _View) -> _View:
    """Let a view act on a POST without a key; beside each stands why it may be repeated."""
    view.is_without_key = True  # type: ignore[attr-defined] # our own attribute
    return view


def answered_by_page(request: HttpRequest, *, again: str, page: str) -> None:
    """State that an act was done whose answer is a page, not a redirect.

    What such a page shows is shown once (a token, an arm). Sent again, the request leads
    to `page` with the sentence `again`.
    """
    request.META[_DONE] = (resolve_url(page), again)


def forget_before(moment: datetime) -> int:
    """Remove what was answered before a moment, and return how many those were."""
    count, _ = AnsweredRequest.objects.filter(at__lt=moment).delete()
    return count


_DONE = "candor.answered_by_page"


def _asked(request: HttpRequest, sent: str, user: User) -> _Asked | None:
    try:
        key = UUID(sent)
    except ValueError:
        return None
    return _Asked(key, user.pk, request.path, _content_of(request))


def _content_of(request: HttpRequest) -> str:
    """Return a digest of what was typed, keyed: a password is among it at times."""
    digest = hashlib.sha256()
    for name, values in sorted(request.POST.lists()):
        if name not in _APART:
            _add(digest, [name, *map(str, values)])
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            if isinstance(file, UploadedFile):
                _add(digest, [name, str(file.name), _digest_of(file)])
    secret = salted_hmac("accounts.once", digest.digest(), algorithm="sha256")
    return secret.hexdigest()


def _add(digest: Any, parts: Iterable[str]) -> None:
    for part in parts:
        encoded = part.encode()
        digest.update(f"{len(encoded)}:".encode() + encoded)
    digest.update(b";")


def _digest_of(file: "UploadedFile[Any]") -> str:
    found = hashlib.sha256()
    for chunk in file.chunks():
        found.update(chunk)
    file.seek(0)
    return found.hexdigest()


def _page_of(request: HttpRequest) -> list[str]:
    """Return what acts on one page wait for, so that they come one after another.

    What the second reads is then what the first has saved, and is compared with what its
    own page showed (DAT-04). A page about no single record, as the screening log, has
    nothing to wait for.
    """
    match = _match(request)
    return [f"page {request.path}"] if match and match.kwargs else []


def _is_without_key(request: HttpRequest) -> bool:
    match = _match(request)
    return match is not None and getattr(match.func, "is_without_key", False)


def _match(request: HttpRequest) -> ResolverMatch | None:
    try:
        return resolve(request.path_info)
    except Resolver404:
        return None


def _wait_for(*things: str) -> None:
    """Take a lock on each, in this order, until the request's transaction ends."""
    if things:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join([_LOCK] * len(things))}", things)


def _keep(request: HttpRequest, asked: _Asked, response: HttpResponse) -> None:
    location = response.headers.get("Location", "")
    # Django has no public way to read what was said without consuming it.
    said = getattr(messages.get_messages(request), "_queued_messages", [])
    told = [[message.level, str(message.message)] for message in said]
    if done := request.META.get(_DONE):
        location, again = done
        told = [[messages.WARNING, again]]
    elif response.status_code != 302 or not location or _is_refusal(told):
        return
    AnsweredRequest.objects.create(
        key=asked.key,
        user_id=asked.user_id,
        path=asked.path,
        content=asked.content,
        location=location,
        messages=told,
    )


def _is_refusal(told: list[list[Any]]) -> bool:
    return any(level >= messages.ERROR for level, _ in told)


def _again(
    request: HttpRequest, before: AnsweredRequest, asked: _Asked
) -> HttpResponse:
    same = (asked.user_id, asked.path, asked.content)
    if (before.user_id, before.path, before.content) != same:
        return _refused(request, before if before.user_id == asked.user_id else None)
    for level, text in before.messages:
        messages.add_message(request, level, text)
    return redirect(before.location)


def _refused(request: HttpRequest, before: AnsweredRequest | None) -> HttpResponse:
    """Say that nothing was saved; `before` is the person's own earlier request."""
    return render(request, "409.html", {"before": before}, status=409)
