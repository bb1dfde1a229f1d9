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
from participants.facts import labels_of
from participants.models import Participant
from trials.access import definitions_in

PAGE = 40
LONGEST_ID = 18
OLDEST = "oldest"
_OLDEST_FIRST = {"order": OLDEST}


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


def _titles(request: HttpRequest) -> dict[str, str]:
    """Return what forms and the facts of the trials that are overseen are called."""
    known = definitions_in(oversight_site.overseen(request))
    return {**labels_of(known), **TITLES}


def _page(
    request: HttpRequest,
    actions: QuerySet[Action],
    *,
    title: str,
    asked: dict[str, str] | None = None,
    about: history.Subject | None = None,
) -> HttpResponse:
    is_oldest_first = request.GET.get("order") == OLDEST
    here = _number(request, "after" if is_oldest_first else "before")
    entries = history.entries(
        actions,
        before=None if is_oldest_first else here,
        after=(here or 0) if is_oldest_first else None,
        limit=PAGE + 1,
        about=about,
    )
    kept = {key: value for key, value in (asked or {}).items() if value}
    shown = entries[:PAGE]
    context: dict[str, Any] = oversight_site.each_context(request) | {
        "title": title,
        "filter": asked,
        "entries": sentences(
            shown, names=names_in(shown, titles=_titles(request)), sees_outcomes=True
        ),
        "is_oldest_first": is_oldest_first,
        "other_order": f"?{urlencode(kept | ({} if is_oldest_first else _OLDEST_FIRST))}",
        "pager": _pager(
            kept | (_OLDEST_FIRST if is_oldest_first else {}),
            shown[-1].id if len(entries) > PAGE else 0,
            is_first=here is None,
        )
        | {"shown": f"{len(shown)} shown"},
    }
    return TemplateResponse(request, "oversight/trail.html", context)


def _number(request: HttpRequest, key: str) -> int | None:
    text = request.GET.get(key, "")
    return int(text) if text.isdecimal() and len(text) <= LONGEST_ID else None


def _pager(kept: dict[str, str], last: int, *, is_first: bool) -> dict[str, str]:
    """Return the ways on, from the page's last act (0: there is no more), and back.

    There is no total and no page number: counting a long trail takes seconds.
    """
    goes_up = kept.get("order") == OLDEST
    key = "after" if goes_up else "before"
    on = f"?{urlencode(kept | {key: last})}" if last else ""
    back = "" if is_first else f"?{urlencode(kept)}"
    newer, older = (on, back) if goes_up else (back, on)
    return {"older_url": older, "newer_url": newer}
