"""The trial's page with its protocol, the delegation log, and the demonstration's door."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from accounts import http
from accounts.editing import edited
from accounts.forms import SignInForm
from accounts.http import SignedInRequest, acts_by_post
from accounts.models import User
from accounts.views import onward
from accounts.vocabulary import ROLES, Permission, Role
from audit.refusal import Refused
from trials import actions
from trials.access import (
    definition_of,
    is_only_synthetic,
    trials_for,
    trials_where,
)
from trials.forms import DelegationForm, EndDelegationForm
from trials.models import Delegation, Trial
from trials.protocol import ProtocolDefinition, Timing


def _require_demonstration() -> None:
    if not (settings.DEMONSTRATION and is_only_synthetic()):
        raise Http404


@login_not_required
@never_cache
def demonstration(request: HttpRequest) -> HttpResponse:
    """Offer people for each role, one click each, while every trial is synthetic."""
    _require_demonstration()
    context = {
        "form": SignInForm(),
        "next": request.GET.get("next"),
        "people": demonstration_people(),
    }
    return render(request, "accounts/sign_in.html", context)


def demonstration_people() -> list[dict[str, Any]]:
    """Return one person for each role that has pages, in the order of the roles.

    `others` holds the rest of the role: an interview is drawn for one rater of the pool,
    and a course goes on only as that one.
    """
    today = timezone.now().date()
    lines = Delegation.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=today), starts_on__lte=today
    ).select_related("user")
    held: dict[str, dict[int, User]] = {}
    for line in lines.order_by("id"):
        held.setdefault(line.role, {}).setdefault(line.user_id, line.user)
    return [
        _offered(role, list(held[role].values()))
        for role in Role
        if role in held and ROLES[role].permissions
    ]


def _offered(role: Role, people: Sequence[User]) -> dict[str, Any]:
    first, *others = people
    return {
        "id": first.pk,
        "name": first.name,
        "username": first.username,
        "role": ROLES[role].label,
        "explanation": ROLES[role].held_by,
        "others": [
            {"id": each.pk, "name": each.name}
            for each in sorted(others, key=lambda each: each.name)
        ],
    }


@login_not_required
@acts_by_post(page="trials:demonstration")
def become(request: HttpRequest) -> HttpResponse:
    """Sign in as the chosen person of the demonstration."""
    _require_demonstration()
    chosen = request.POST.get("person", "")
    people = demonstration_people()
    listed = [each for person in people for each in (person, *person["others"])]
    offered = {str(each["id"]) for each in listed}
    if chosen not in offered:
        raise Http404
    http.sign_in(request, get_object_or_404(User, pk=chosen, is_active=True))
    return redirect(onward(request))


def trial(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Show the trial: sites, protocol with its schedule and provenance, delegations."""
    person = cast(SignedInRequest, request).user
    shown = get_object_or_404(trials_for(person.pk), uuid=uuid)
    version = shown.protocols.order_by("-id").first()
    definition = definition_of(version) if version else None
    context = {
        "trial": shown,
        "sites": shown.sites.all(),
        "version": version,
        "definition": definition,
        "schedule": _schedule(definition) if definition else [],
        "delegations": shown.delegations.select_related("user", "site").order_by(
            "site__number", "role", "user__name"
        ),
        "may_manage": _may_manage(person, shown),
    }
    return render(request, "trials/trial.html", context)


def _schedule(definition: ProtocolDefinition) -> list[dict[str, str]]:
    """Return the visits as a table: what each is counted from, and how well that is known."""
    return [
        {
            "number": visit.number,
            "label": visit.label,
            "kind": visit.kind.value.replace("_", " "),
            "timing": _timing(definition, visit.when) if visit.when else "if needed",
            "provenance": definition.provenance_of(visit, "when").provenance.value,
        }
        for visit in definition.visits
    ]


def _timing(definition: ProtocolDefinition, when: Timing) -> str:
    anchor = definition.visits_by_code.get(when.anchor)
    of = (anchor.number or anchor.label) if anchor else when.anchor.replace("_", " ")
    where = "before" if when.is_ahead else "after"
    return f"{when.earliest} to {when.latest} {where} {of}, best {when.target}"


def _may_manage(person: User, shown: Trial) -> bool:
    managed = trials_where(person.pk, Permission.MANAGE_TRIAL)
    return managed.filter(pk=shown.pk).exists()


def delegate(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Add a line to the delegation log."""
    signed_in = cast(SignedInRequest, request)
    managed = trials_where(signed_in.user.pk, Permission.MANAGE_TRIAL)
    shown = get_object_or_404(managed, uuid=uuid)
    form = DelegationForm(request.POST or None, trial=shown)
    if request.method == "POST" and form.is_valid():
        line = actions.NewDelegation(
            user=form.cleaned_data["user"],
            role=Role(form.cleaned_data["role"]),
            starts_on=form.cleaned_data["starts_on"],
            site=form.cleaned_data["site"],
        )
        try:
            actions.delegate(trial=shown, delegations=[line], by=signed_in.actor)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{line.user.name} is delegated.")
            return redirect("trials:trial", uuid=shown.uuid)
    return render(request, "trials/delegate.html", {"trial": shown, "form": form})


def end_delegation(request: HttpRequest, pk: int) -> HttpResponse:
    """End a line of the delegation log."""
    signed_in = cast(SignedInRequest, request)
    managed = trials_where(signed_in.user.pk, Permission.MANAGE_TRIAL)
    line = get_object_or_404(
        Delegation.objects.select_related("trial", "user", "site"),
        pk=pk,
        trial__in=managed,
    )
    edit = edited(signed_in, EndDelegationForm, rows=[line], is_whole=True)
    form = edit.form
    if request.method == "POST" and form.is_valid():
        try:
            with edit.guard():
                actions.end_delegation(
                    delegation=line, by=signed_in.actor, **form.cleaned_data
                )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{line} ends.")
            return redirect("trials:trial", uuid=line.trial.uuid)
    return render(
        request,
        "trials/end_delegation.html",
        {"line": line, "form": form, "edit": edit},
    )
