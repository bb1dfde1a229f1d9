"""The audit trail as sentences: of everything overseen, one participant, one record."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone

from assessments.instruments import TITLES
from audit import history
from audit.health import in_full
from audit.models import Action, RowChange
from audit.naming import names_in
from audit.sentences import sentences
from oversight.site import oversight_site
from participants.models import Participant

PAGE = 50


def _overseen(request: HttpRequest) -> list[int]:
    return [trial.pk for trial in oversight_site.overseen(request)]


def trail(request: HttpRequest) -> HttpResponse:
    """Show what happened in the trials that the person oversees, newest first."""
    asked = {
        key: request.GET.get(key, "").strip() for key in ("participant", "who", "verb")
    }
    overseen = _overseen(request)
    actions = Action.objects.filter(trial_id__in=overseen)
    about = None
    if asked["participant"]:
        participant = Participant.objects.filter(
            trial_id__in=overseen, number=asked["participant"]
        ).first()
        actions = history.of_participant(participant.pk if participant else 0)
        if participant:
            about = history.Subject(participant.pk, participant.number)
    if asked["who"]:
        actions = actions.filter(actor_name__icontains=asked["who"])
    if asked["verb"]:
        actions = actions.filter(verb__icontains=asked["verb"])
    return _page(request, actions, title="Audit trail", asked=asked, about=about)


def of_participant(request: HttpRequest, pk: int) -> HttpResponse:
    """Show everything that happened to one participant's record."""
    participant = get_object_or_404(Participant, pk=pk, trial_id__in=_overseen(request))
    title = f"Audit trail of {participant.number}"
    actions = history.of_participant(participant.pk)
    return _page(
        request,
        actions,
        title=title,
        about=history.Subject(participant.pk, participant.number),
    )


def of_row(request: HttpRequest, table: str, row: str) -> HttpResponse:
    """Show everything that happened to one record."""
    changes = RowChange.objects.filter(
        table_name=table, row_id=row, trial_id__in=_overseen(request)
    )
    if not changes.exists():
        raise Http404
    return _page(request, history.of_row(table, row), title="History of one record")


def health(request: HttpRequest) -> HttpResponse:
    """Show how the trail of what the person oversees is doing: anchors, checks, worker."""
    trials = {trial.pk: trial.identifier for trial in oversight_site.overseen(request)}
    context: dict[str, Any] = oversight_site.each_context(request) | {
        "title": "Health",
        "signs": in_full(now=timezone.now(), trials=trials),
    }
    return TemplateResponse(request, "oversight/health.html", context)


def _page(
    request: HttpRequest,
    actions: QuerySet[Action],
    *,
    title: str,
    asked: dict[str, str] | None = None,
    about: history.Subject | None = None,
) -> HttpResponse:
    before = request.GET.get("before", "")
    entries = history.entries(
        actions,
        before=int(before) if before.isdecimal() else None,
        limit=PAGE + 1,
        about=about,
    )
    shown = entries[:PAGE]
    context: dict[str, Any] = oversight_site.each_context(request) | {
        "title": title,
        "filter": asked,
        "entries": sentences(
            shown, names=names_in(shown, titles=TITLES), sees_outcomes=True
        ),
        "pager": _pager(asked or {}, shown, before, is_more=len(entries) > PAGE),
    }
    return TemplateResponse(request, "oversight/trail.html", context)


def _pager(
    asked: dict[str, str], shown: list[history.Entry], before: str, *, is_more: bool
) -> dict[str, str]:
    kept = {key: value for key, value in asked.items() if value}
    older = f"?{urlencode(kept | {'before': shown[-1].id})}" if is_more else ""
    # There is no total and no page number: counting a long trail takes seconds.
    newest = f"?{urlencode(kept)}" if before else ""
    return {"older_url": older, "newer_url": newest, "shown": f"{len(shown)} shown"}
