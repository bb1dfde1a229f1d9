"""A participant's whole story on one page, to read and to print."""

from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from accounts.vocabulary import Permission
from audit.diffs import chain_of, heads_of
from participants.access import participants_for
from workbench.access.story import story_of
from workbench.rail import desk
from workbench.views.participant import tabs
from workbench.vocabulary import state_chip


@require_safe
def story(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Show everything recorded of a participant in its order, with every signature.

    The head of the history's chain stands on the print: a copy on paper can be held
    against the trail later. ICH E6(R3) 4.2.2, 21 CFR 11.10(b), 11.50.
    """
    here = desk(request)
    person = get_object_or_404(participants_for(here.user_id), uuid=uuid)
    if not here.may(Permission.READ_TRAIL, person.site):
        raise Http404
    chain = chain_of("participant", person.pk)
    now = timezone.now().astimezone(ZoneInfo(person.site.time_zone))
    context = {
        "participant": person,
        "chip": state_chip(person.state),
        "tabs": tabs(person, here, "story"),
        "story": story_of(person),
        "head": heads_of([chain]).get(chain),
        "printed_by": _reader(request),
        "printed_at": now,
    }
    with timezone.override(person.site.time_zone):
        return render(request, "workbench/story.html", context)


def _reader(request: HttpRequest) -> str:
    return cast(SignedInRequest, request).user.name
