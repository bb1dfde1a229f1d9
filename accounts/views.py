"""Signing in and out, and changing one's password."""

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts import actions, http
from accounts.forms import PasswordForm, SignInForm
from accounts.http import SignedInRequest, acts_by_post
from accounts.models import User
from accounts.once import without_key

REFUSED = "User name or password is not right. Check both and try again."


# Its form is made for nobody; somebody may have signed in since, in another tab.
@without_key
@login_not_required
@never_cache
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in with user name and password."""
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = authenticate(request, **form.cleaned_data)
        if isinstance(user, User):
            http.sign_in(request, user)
            return redirect(onward(request))
        actions.note_refused_sign_in(
            username=form.cleaned_data["username"],
            ip=request.META.get("REMOTE_ADDR") or None,
        )
        form.add_error(None, REFUSED)
    context = {"form": form, "next": request.POST.get("next", request.GET.get("next"))}
    return render(request, "accounts/sign_in.html", context)


def onward(request: HttpRequest) -> str:
    """Return where to go after signing in: the page first asked for, if it is ours."""
    asked = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(
        asked, {request.get_host()}, request.is_secure()
    ):
        return asked
    return resolve_url("workbench:home")


@acts_by_post(page="workbench:home")
def sign_out(request: HttpRequest) -> HttpResponse:
    http.sign_out(request)
    # In a demonstration that is the page on which anybody is one click away.
    return redirect(settings.LOGIN_URL)


@sensitive_post_parameters()
def change_password(request: HttpRequest) -> HttpResponse:
    signed_in = cast(SignedInRequest, request)
    form = PasswordForm(request.POST or None, user=signed_in.user)
    if request.method == "POST" and form.is_valid():
        actions.change_password(
            user=signed_in.user, password=form.cleaned_data["new"], by=signed_in.actor
        )
        http.keep_signed_in(request, signed_in.user)
        messages.success(request, "Your password is changed.")
        return redirect("workbench:home")
    return render(request, "accounts/password.html", {"form": form})
