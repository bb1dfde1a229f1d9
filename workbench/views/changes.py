"""What changed since somebody last looked: a participant, a site, a trial; and all of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest, acts_by_post
from accounts.vocabulary import Permission
from assessments.instruments import TITLES
from audit.diffs import Diff, chain_of, changed_since
from participants.access import definition_for, participants_for
from participants.facts import labels_of
from participants.models import Participant
from trials.models import Site
from workbench import actions
from workbench.access import Desk, Unseen, unseen
from workbench.rail import desk, sites_in_view
from workbench.views.participant import tabs

_P = Permission
LONGEST_ID = 18


@dataclass(frozen=True, slots=True)
class Line:
    """One history on the overview, with what of it is new to the reader."""

    chain: str
    label: str
    url: str
    state: Unseen


def review_tabs(current: str) -> list[dict[str, object]]:
    """Return the pages of the review as links."""
    pages = (
        ("changes", "Changes", "workbench:review"),
        ("late", "Late entry", "workbench:late"),
    )
    return [
        {"label": label, "url": reverse(route), "is_current": key == current}
        for key, label, route in pages
    ]


@require_safe
def review(request: HttpRequest) -> HttpResponse:
    """Show every history that the person may read, those with something new first."""
    here = desk(request)
    sites = _read_sites(request)
    people = participants_for(here.user_id, _P.READ_TRAIL).filter(site__in=sites)
    lines = _lines(here, sites, people.order_by("number"))
    context = {
        "tabs": review_tabs("changes"),
        "new": sorted(
            (line for line in lines if line.state.acts),
            key=lambda line: -line.state.acts,
        ),
        "unmarked": [line for line in lines if line.state.seen is None],
        "quiet": sum(
            line.state.seen is not None and not line.state.acts for line in lines
        ),
        "lines": lines,
    }
    return render(request, "workbench/review.html", context)


def _read_sites(request: HttpRequest) -> list[Site]:
    sites = sites_in_view(request, _P.READ_TRAIL)
    if not sites:
        raise Http404
    return sites


def _lines(
    here: Desk, sites: Iterable[Site], people: Iterable[Participant]
) -> list[Line]:
    trials = {site.trial_id for site in sites}
    named = [
        (chain_of("trial", trial.pk), trial.identifier, "review_trial", trial.uuid)
        for trial in here.trials
        if trial.pk in trials
    ]
    named += [
        (chain_of("site", site.pk), str(site), "review_site", site.uuid)
        for site in sites
    ]
    named += [
        (chain_of("participant", each.pk), each.number, "changes", each.uuid)
        for each in people
    ]
    known = unseen(here.user_id, [chain for chain, *_ in named])
    return [
        Line(chain, label, reverse(f"workbench:{route}", args=[uuid]), known[chain])
        for chain, label, route, uuid in named
        if chain in known
    ]


@require_safe
def changes(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Show what changed on one participant's record since the reader marked it as seen."""
    here = desk(request)
    person = _person(here, uuid)
    context = _shown(
        here,
        chain_of("participant", person.pk),
        zone=person.site.time_zone,
        sees_outcomes=here.may(_P.VIEW_OUTCOMES, person.site),
        facts=labels_of([definition_for(person)]),
    )
    context |= {
        "participant": person,
        "tabs": tabs(person, here, "changes"),
        "about": person.number,
        "seen_url": reverse("workbench:changes_seen", args=[uuid]),
    }
    with timezone.override(person.site.time_zone):
        return render(request, "workbench/changes.html", context)


@require_safe
def site_changes(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Show what changed of a site itself: its delegations, its kits."""
    here = desk(request)
    sites = here.sites_with(_P.READ_TRAIL)
    site = next((each for each in sites if each.uuid == uuid), None)
    if site is None:
        raise Http404
    context = _shown(here, chain_of("site", site.pk), zone=site.time_zone)
    return _of_place(request, context, name=str(site), zone=site.time_zone)


@require_safe
def trial_changes(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Show what changed of the trial itself: sites, protocol versions, delegations."""
    here = desk(request)
    trial = next((each for each in here.trials if each.uuid == uuid), None)
    if trial is None or not here.reads_trail_of(trial):
        raise Http404
    zone = trial.sponsor_time_zone
    context = _shown(here, chain_of("trial", trial.pk), zone=zone)
    return _of_place(request, context, name=trial.identifier, zone=zone)


def _of_place(
    request: HttpRequest, context: Mapping[str, object], *, name: str, zone: str
) -> HttpResponse:
    shown = {
        **context,
        "tabs": review_tabs("changes"),
        "about": name,
        "seen_url": reverse("workbench:review_seen"),
    }
    with timezone.override(zone):
        return render(request, "workbench/changes.html", shown)


def _shown(
    here: Desk,
    chain: str,
    *,
    zone: str,
    sees_outcomes: bool = False,
    facts: Mapping[str, str] | None = None,
) -> dict[str, object]:
    state = unseen(here.user_id, [chain]).get(chain)
    if state is None:
        raise Http404
    diff = None
    if state.seen is not None:
        diff = changed_since(
            chain,
            state.seen,
            titles={**(facts or {}), **TITLES},
            zone=zone,
            sees_outcomes=sees_outcomes,
        )
    return {
        "chain": chain,
        "unseen": state,
        "diff": diff,
        "position": _position(state, diff),
        "zone": zone,
    }


def _position(state: Unseen, diff: Diff | None) -> int:
    """Return up to where the page tells: what came while it was read stays new."""
    return state.head.position if diff is None else diff.position


def _person(here: Desk, uuid: UUID) -> Participant:
    person = get_object_or_404(participants_for(here.user_id), uuid=uuid)
    if not here.may(_P.READ_TRAIL, person.site):
        raise Http404
    return person


@acts_by_post(page="workbench:changes", key="uuid")
def changes_seen(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Keep that the reader has seen a participant's record up to where it was shown."""
    person = _person(desk(request), uuid)
    position = _number(request.POST.get("position", ""))
    seen = {chain_of("participant", person.pk): position}
    actions.mark_seen(seen=seen, by=request.actor)
    messages.success(request, f"{person.number} is marked as seen.")
    return redirect("workbench:participant", uuid=uuid)


@acts_by_post(page="workbench:review")
def review_seen(request: SignedInRequest) -> HttpResponse:
    """Keep that the reader has seen these histories up to where they were shown."""
    if not desk(request).sites_with(_P.READ_TRAIL):
        raise Http404
    pairs = (each.partition(" ") for each in request.POST.getlist("seen"))
    seen = {chain: _number(position) for chain, _, position in pairs}
    count = actions.mark_seen(seen=seen, by=request.actor)
    word = "record is" if count == 1 else "records are"
    messages.success(request, f"{count} {word} marked as seen.")
    return redirect("workbench:review")


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= LONGEST_ID else 0
