"""The auditors' admin site: who may enter it, and by which door."""

from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from accounts import http
from accounts.models import User
from accounts.vocabulary import Permission
from trials.access import trials_where, with_versions
from trials.models import Trial


class OversightSite(AdminSite):
    """Entered through the ordinary sign-in, by people whose role oversees a trial.

    It has no password door of its own (ACC-09), and nothing in it can be changed.
    """

    site_header = "Candor oversight"
    site_title = "Candor oversight"
    index_title = "The record"
    index_template = "oversight/index.html"
    enable_nav_sidebar = False

    def overseen(self, request: HttpRequest) -> list[Trial]:
        """Return the trials that the person oversees, read once for a request."""
        found: list[Trial] | None = getattr(request, "_overseen", None)
        if found is None:
            user = request.user
            found = []
            if isinstance(user, User):
                overseen = trials_where(user.pk, Permission.OVERSEE)
                found = list(with_versions(overseen))
            request._overseen = found  # type: ignore[attr-defined] # noqa: SLF001 - our own
        return found

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(self.overseen(request))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        trials = self.overseen(request)
        is_synthetic = bool(trials) and all(trial.is_synthetic for trial in trials)
        return super().each_context(request) | {"is_synthetic": is_synthetic}

    @method_decorator([never_cache, login_not_required])
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Send a stranger to the sign-in; to anybody else this site does not exist."""
        if request.user.is_authenticated:
            raise Http404
        return redirect(settings.LOGIN_URL)

    def logout(  # type: ignore[override] # Django's stub names one kind of response
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "POST":
            http.sign_out(request)
        return redirect(settings.LOGIN_URL)

    def password_change(  # type: ignore[override] # Django's stub names one kind
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("accounts:change_password")


oversight_site = OversightSite(name="oversight")
