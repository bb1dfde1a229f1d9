"""What comes after a form: who signs it, and which form of the visit is next."""

from typing import Any

from django.urls import reverse

from accounts.http import SignedInRequest
from accounts.vocabulary import ROLES, Permission, Role, roles_with
from assessments.access import (
    ExpectedForm,
    expected_forms,
    is_for_rater,
    may_give,
    rater_queue,
)
from assessments.instruments import instrument
from assessments.lifecycle import TAKES_DRAFTS, State
from assessments.views.opening import Opened
from trials.access import may

_IS_OVER = frozenset({State.COMPLETE, State.SIGNED, State.NOT_DONE, State.LOCKED})


def onward(request: SignedInRequest, form: Opened) -> dict[str, Any]:
    """Return `next_step` {label, url} and `signed_by`, both empty while a form is open."""
    if form.state not in _IS_OVER:
        return {"next_step": None, "signed_by": ""}
    signed_by = ""
    if form.state is State.COMPLETE and not form.standing.may_sign:
        signed_by = _who_signs(form)
    step = _for_rater(request, form) if form.standing.is_rater else None
    if not form.standing.is_rater:
        step = _at_site(request, form)
    return {"next_step": step, "signed_by": signed_by}


def _who_signs(form: Opened) -> str:
    """Return who signs a complete form, in words."""
    if is_for_rater(form.row):
        return "Its rater signs it."
    at_sites = set(roles_with(Permission.SIGN_ASSESSMENTS)) - set(
        roles_with(Permission.RATE)
    )
    labels = [ROLES[role].label.lower() for role in Role if role.value in at_sites]
    return f"The {' or the '.join(labels)} signs it."


def _for_rater(request: SignedInRequest, form: Opened) -> dict[str, str]:
    """Return the next form of the same interview, else the way to the interviews."""
    same = rater_queue(request.user.pk).filter(visit=form.assessment.visit_id)
    for each in same.exclude(pk=form.assessment.pk):
        title = instrument(each.instrument, each.version).short_title
        url = reverse("assessments:enter", args=[each.uuid])
        return {"label": f"Go on with {title}", "url": url}
    return {"label": "Back to the interviews", "url": reverse("assessments:ratings")}


def _at_site(request: SignedInRequest, form: Opened) -> dict[str, str]:
    """Return the next form of the visit that this person fills in or signs."""
    visit = form.assessment.visit
    page = reverse("workbench:visit", args=[visit.uuid])
    expected = expected_forms([visit])[visit.pk]
    here = next(
        (n for n, each in enumerate(expected) if each.row.code == form.row.code), 0
    )
    gives = may_give(request.actor, [(visit, each.row) for each in expected])
    signable = _signs_here(request, form)
    # Those after this one first, then what was passed over before it.
    turns = [*range(here + 1, len(expected)), *range(here)]
    for number in turns:
        each = expected[number]
        label = _what_next(each, gives=gives[number], signable=signable)
        if label:
            url = f"{page}#forms"
            if each.assessment is not None:
                url = reverse("assessments:enter", args=[each.assessment.uuid])
            return {"label": label, "url": url}
    return {"label": f"Back to visit {visit.called}", "url": page}


def _signs_here(request: SignedInRequest, form: Opened) -> bool:
    """Tell whether this person signs the forms of the site."""
    site, user_id = form.assessment.site, request.user.pk
    needed = (Permission.ENTER_ASSESSMENTS, Permission.SIGN_ASSESSMENTS)
    return all(may(user_id, each, site) for each in needed)


def _what_next(each: ExpectedForm, *, gives: bool, signable: bool) -> str:
    if each.is_for_rater:
        return ""
    if each.state == State.COMPLETE and signable:
        return f"Sign {each.title}"
    is_open = each.state == "not_started" or each.state in TAKES_DRAFTS
    if gives and is_open and not each.row.optional:
        return f"Go on with {each.title}"
    return ""
