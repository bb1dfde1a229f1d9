"""A participant's audit history in sentences, newest first."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.vocabulary import Permission
from assessments.instruments import TITLES
from audit.history import Subject, entries, of_participant
from audit.naming import names_in
from audit.sentences import sentences
from participants.access import definition_for, participants_for
from participants.facts import labels_of
from workbench.rail import desk
from workbench.views.participant import tabs

PAGE = 25
LONGEST_ID = 18


@require_safe
def trail(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Show who did what to this participant's record, when and why."""
    here = desk(request)
    person = get_object_or_404(
        participants_for(here.user_id).defer("protocol_version__text"), uuid=uuid
    )
    if not here.may(Permission.READ_TRAIL, person.site):
        raise Http404
    before = request.GET.get("before", "")
    is_page = before.isdecimal() and len(before) <= LONGEST_ID
    found = entries(
        of_participant(person.pk),
        before=int(before) if is_page else None,
        limit=PAGE + 1,
        about=Subject(person.pk, person.number),
    )
    page = found[:PAGE]
    shown = sentences(
        page,
        names=names_in(page, titles={**labels_of([definition_for(person)]), **TITLES}),
        zone=person.site.time_zone,
        sees_outcomes=here.may(Permission.VIEW_OUTCOMES, person.site),
    )
    context = {
        "participant": person,
        "tabs": tabs(person, here, "trail"),
        "entries": shown,
        "pager": {
            "newer_url": request.path if is_page else "",
            "older_url": f"?before={page[-1].id}" if len(found) > PAGE else "",
            "shown": f"{len(page)} shown",
        },
        "empty": {"sentence": "Nothing is on the trail before this."},
    }
    with timezone.override(person.site.time_zone):
        return render(request, "workbench/trail.html", context)
