"""An amendment and the participants under way: who may go over, and what it would do."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import islice
from typing import Any, Final, cast

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import pluralize

from accounts.http import SignedInRequest
from accounts.vocabulary import Permission
from audit.refusal import Refused
from participants.access import participants_for
from participants.lifecycle import State
from participants.models import Participant
from sessions.access import visits_for
from sessions.actions import apply_amendment, obstacles_to, rehearse_amendment
from sessions.schedule import Fate
from trials.access import definition_of, today_at, trials_where
from trials.forms import AmendmentForm
from trials.models import ProtocolVersion
from workbench.vocabulary import visit_name

_OVER: Final = (State.COMPLETED, State.WITHDRAWN, State.SCREEN_FAILURE)
_AT_MOST = 20  # sentences; a trial may have a thousand


def amend(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what a version would do to participants under way, and apply it to all who may."""
    here = cast(SignedInRequest, request)
    version = get_object_or_404(_versions(here.user.pk), pk=pk)
    people = _people(here.user.pk, version)
    day = min((today_at(person.site) for person in people), default=date.max)
    obstacles = obstacles_to(participants=people, version=version, on=day)
    ready = [person for person in people if not obstacles[person.pk]]
    form = AmendmentForm(request.POST or None, initial={"people": len(ready)})
    if request.method == "POST" and form.is_valid():
        try:
            _refuse_others(form.cleaned_data["people"], ready)
            apply_amendment(participants=ready, version=version, on=day, by=here.actor)
        except Refused as refusal:
            # What it would do now is shown with it, and may be sent.
            form = AmendmentForm({"people": len(ready)})
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{_number(ready)} now on {version}.")
            return redirect("workbench:amend", pk=version.pk)
    context = {
        "trial": version.trial,
        "version": version,
        "amends": _amends(version),
        "form": form,
        "people": people,
        "ready": ready,
        "gates": _gates(list(filter(None, obstacles.values()))),
        "counts": _told(
            rehearse_amendment(participants=ready, version=version, on=day)
        ),
        "left": _left(here.user.pk, version),
    }
    return render(request, "workbench/amend.html", context)


def _versions(user_id: int) -> QuerySet[ProtocolVersion]:
    """Return the versions that this person may apply."""
    managed = trials_where(user_id, Permission.MANAGE_TRIAL)
    return ProtocolVersion.objects.filter(trial__in=managed).select_related("trial")


def _amends(version: ProtocolVersion) -> str:
    amendment = definition_of(version).amendment
    return amendment.amends if amendment else ""


def _people(user_id: int, version: ProtocolVersion) -> list[Participant]:
    """Return who follows the version that this one amends, and is still in the trial."""
    everybody = participants_for(user_id).filter(
        trial=version.trial_id, protocol_version__version=_amends(version)
    )
    return list(everybody.exclude(state__in=_OVER).order_by("number"))


def _number(people: Sequence[Participant]) -> str:
    return f"{len(people)} participant{pluralize(len(people))}"


def _refuse_others(shown: int, ready: Sequence[Participant]) -> None:
    """Refuse where others may go over than the page was about."""
    if shown != len(ready) or not ready:
        raise Refused(
            f"{_number(ready)} may go over now, which is not what the page showed. Look "
            "at it as it stands now."
        )


def _gates(sentences: Sequence[str]) -> list[dict[str, str]]:
    """Return a gate line for each thing in the way, with how many wait for it."""
    counted = Counter(sentences)
    lines = [
        {
            "word": f"{count} wait" if count > 1 else "Waits",
            "tone": "due",
            "icon": "hourglass-split",
            "sentence": sentence,
        }
        for sentence, count in islice(counted.items(), _AT_MOST)
    ]
    if (more := len(counted) - _AT_MOST) > 0:
        lines.append(lines[-1] | {"word": "More", "sentence": f"And {more} more."})
    return lines


def _told(counts: Counter[str]) -> list[dict[str, Any]]:
    """Return what would become of the visits, in the order of the fates."""
    return [
        {"what": fate.value, "count": counts[fate]} for fate in Fate if counts[fate]
    ]


def _left(user_id: int, version: ProtocolVersion) -> list[dict[str, Any]]:
    """Return the visits of the trial about which an amendment left something to decide."""
    visits = visits_for(user_id).filter(trial=version.trial_id).exclude(to_decide="")
    return [
        {
            "participant": visit.participant,
            "visit": visit,
            "name": visit_name(visit.number, visit.label),
            "sentence": visit.to_decide,
        }
        for visit in visits.defer("protocol_version__text").order_by(
            "participant__number", "position"
        )
    ]
