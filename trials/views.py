"""The trial's page, IRB approvals, the delegation log, and the demonstration's door."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import pluralize
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts import http
from accounts.editing import edited
from accounts.forms import SignInForm
from accounts.http import SignedInRequest, acts_by_post, attempted
from accounts.models import User
from accounts.once import without_key
from accounts.views import onward
from accounts.vocabulary import ROLES, Permission, Role
from trials import actions
from trials.access import (
    approvals_of,
    definition_of,
    is_only_synthetic,
    lock_of,
    sites_seen,
    today_at,
    trials_for,
    trials_where,
)
from trials.forms import (
    ApprovalForm,
    DelegationForm,
    EndDelegationForm,
    LiftForm,
    LockForm,
    ReopenForm,
    SuspensionForm,
)
from trials.models import Delegation, Reopening, Site, Suspension, Trial


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


# As the sign-in: the form is made for nobody, and to be the same person twice is no harm.
@without_key
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
    """Show the trial: sites, IRB approvals, delegations, and where its protocol is."""
    person = cast(SignedInRequest, request).user
    shown = get_object_or_404(trials_for(person.pk), uuid=uuid)
    sites = list(shown.sites.all())
    version = shown.protocols.order_by("-id").first()
    definition = definition_of(version) if version else None
    context = {
        "trial": shown,
        "sites": sites,
        "approvals": _approvals(
            sites_seen(person.pk).filter(trial=shown).order_by("number")
        ),
        "version": version,
        "definition": definition,
        "delegations": shown.delegations.select_related("user", "site").order_by(
            "site__number", "role", "user__name"
        ),
        "may_manage": _may(person, Permission.MANAGE_TRIAL, shown),
        "may_agree": _may(person, Permission.AGREE_TO_REOPEN, shown),
        "lock": lock_of(shown),
    }
    return render(request, "trials/trial.html", context)


def _approvals(sites: QuerySet[Site]) -> list[dict[str, Any]]:
    """Return how the IRB's approval stands at each site today."""
    known = approvals_of(site.pk for site in sites)
    lines = []
    for site in sites:
        today = today_at(site)
        newest = next(
            (x for x in known.approvals.get(site.pk, ()) if x.approved_on <= today),
            None,
        )
        pauses = known.suspensions.get(site.pk, ())
        pause = next((x for x in pauses if x.lifted_on is None), None)
        if known.obstacle(site.pk, today):
            word = "Suspended" if pause else "Lapsed" if newest else "None"
            look = (word, "late", "x-circle")
        elif newest and newest.expires_on - today < _SOON:
            look = (f"{(newest.expires_on - today).days} d left", "due", "clock")
        else:
            look = ("Approved", "good", "check-circle")
        lines.append(
            {"site": site, "approval": newest, "pause": pause}
            | dict(zip(("word", "tone", "icon"), look, strict=True))
        )
    return lines


_SOON = timedelta(days=60)  # a continuing review takes that long


def _may(person: User, permission: Permission, shown: Trial) -> bool:
    return trials_where(person.pk, permission).filter(pk=shown.pk).exists()


def delegate(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Add a line to the delegation log."""
    signed_in = cast(SignedInRequest, request)
    managed = trials_where(signed_in.user.pk, Permission.MANAGE_TRIAL)
    shown = get_object_or_404(managed, uuid=uuid)
    form = DelegationForm(request.POST or None, trial=shown)

    def act() -> None:
        line = actions.NewDelegation(
            user=form.cleaned_data["user"],
            role=Role(form.cleaned_data["role"]),
            starts_on=form.cleaned_data["starts_on"],
            site=form.cleaned_data["site"],
        )
        actions.delegate(trial=shown, delegations=[line], by=signed_in.actor)

    if request.method == "POST" and attempted(form, act):
        messages.success(request, f"{form.cleaned_data['user'].name} is delegated.")
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

    def act() -> None:
        actions.end_delegation(delegation=line, by=signed_in.actor, **form.cleaned_data)

    if request.method == "POST" and attempted(form, edit.guarded(act)):
        messages.success(request, f"{line} ends.")
        return redirect("trials:trial", uuid=line.trial.uuid)
    return render(
        request,
        "trials/end_delegation.html",
        {"line": line, "form": form, "edit": edit},
    )


def record_approval(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Record what an IRB approved at a site."""
    signed_in = cast(SignedInRequest, request)
    managed = trials_where(signed_in.user.pk, Permission.MANAGE_TRIAL)
    shown = get_object_or_404(managed, uuid=uuid)
    form = ApprovalForm(request.POST or None, trial=shown)

    def act() -> None:
        new = actions.NewApproval(**form.cleaned_data)
        actions.record_approvals(trial=shown, approvals=[new], by=signed_in.actor)

    if request.method == "POST" and attempted(form, act):
        site = form.cleaned_data["site"]
        messages.success(request, f"The approval for {site} is recorded.")
        return redirect("trials:trial", uuid=shown.uuid)
    context = {
        "trial": shown,
        "form": form,
        "heading": "Record an IRB approval",
        "state": "It replaces the site's last one from its first day on. Consent is then "
        "taken on this version of the form, from everybody in the trial.",
        "button": "Record approval",
    }
    return render(request, "trials/approval.html", context)


def suspend(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Record that an IRB suspended its approval at a site."""
    signed_in = cast(SignedInRequest, request)
    managed = trials_where(signed_in.user.pk, Permission.MANAGE_TRIAL)
    site = get_object_or_404(
        Site.objects.filter(trial__in=managed).select_related("trial"), uuid=uuid
    )
    form = SuspensionForm(request.POST or None)

    def act() -> None:
        actions.suspend_approval(site=site, by=signed_in.actor, **form.cleaned_data)

    if request.method == "POST" and attempted(form, act):
        messages.success(request, f"The suspension of {site} is recorded.")
        return redirect("trials:trial", uuid=site.trial.uuid)
    context = {
        "trial": site.trial,
        "form": form,
        "heading": f"Record an IRB suspension of {site}",
        "state": "From that day enrollment, dosing and every visit of research are "
        "refused at the site. Events, calls and safety visits stay open.",
        "button": "Record suspension",
    }
    return render(request, "trials/approval.html", context)


def lift(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that an IRB lifted a suspension."""
    signed_in = cast(SignedInRequest, request)
    managed = trials_where(signed_in.user.pk, Permission.MANAGE_TRIAL)
    pause = get_object_or_404(
        Suspension.objects.select_related("trial", "site__trial"),
        pk=pk,
        trial__in=managed,
    )
    edit = edited(signed_in, LiftForm, rows=[pause], is_whole=True)
    form = edit.form

    def act() -> None:
        actions.lift_suspension(
            suspension=pause, by=signed_in.actor, **form.cleaned_data
        )

    if request.method == "POST" and attempted(form, edit.guarded(act)):
        messages.success(request, f"The suspension of {pause.site} is lifted.")
        return redirect("trials:trial", uuid=pause.trial.uuid)
    context = {
        "trial": pause.trial,
        "form": form,
        "edit": edit,
        "heading": f"Lift the IRB suspension of {pause.site}",
        "state": f"Suspended because: {pause.why}",
        "button": "Lift suspension",
    }
    return render(request, "trials/approval.html", context)


@sensitive_post_parameters("password")
def reopen(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Ask to open a locked trial for some days."""
    signed_in = cast(SignedInRequest, request)
    managed = trials_where(signed_in.user.pk, Permission.LOCK_TRIAL)
    shown = get_object_or_404(managed, uuid=uuid)
    form = ReopenForm(request.POST or None)

    def act() -> None:
        actions.ask_to_reopen(trial=shown, by=signed_in.actor, **form.cleaned_data)

    if request.method == "POST" and attempted(form, act):
        messages.success(request, "Asked. Somebody else has to agree.")
        return redirect("trials:trial", uuid=shown.uuid)
    context = {
        "trial": shown,
        "form": form,
        "heading": f"Ask to reopen {shown.identifier}",
        "state": "Nothing opens before another data manager or the medical monitor "
        "agrees. It replaces a request that nobody has agreed to.",
        "button": "Sign request",
    }
    return render(request, "trials/approval.html", context)


@sensitive_post_parameters("password")
def agree(request: HttpRequest, pk: int) -> HttpResponse:
    """Agree to open a locked trial, as somebody other than who asked."""
    signed_in = cast(SignedInRequest, request)
    agreeable = trials_where(signed_in.user.pk, Permission.AGREE_TO_REOPEN)
    asked = get_object_or_404(
        Reopening.objects.select_related("trial", "asked_by"),
        pk=pk,
        trial__in=agreeable,
    )
    shown = asked.trial
    edit = edited(signed_in, LockForm, rows=[asked], is_whole=True)
    form = edit.form

    def act() -> None:
        actions.agree_to_reopen(
            reopening=asked, by=signed_in.actor, **form.cleaned_data
        )

    if request.method == "POST" and attempted(form, edit.guarded(act)):
        messages.success(request, f"{shown.identifier} is open for correction.")
        return redirect("trials:trial", uuid=shown.uuid)
    context = {
        "trial": shown,
        "form": form,
        "edit": edit,
        "heading": f"Agree to reopen {shown.identifier}",
        "state": f"{asked.asked_by.name} asks for {asked.days} "
        f"day{pluralize(asked.days)}: {asked.why}",
        "button": "Agree and sign",
    }
    return render(request, "trials/approval.html", context)
