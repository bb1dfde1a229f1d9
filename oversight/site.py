"""The auditors' admin site: who may enter it."""

from django.contrib.admin import AdminSite
from django.http import HttpRequest

from accounts.models import User
from accounts.vocabulary import Permission
from trials.access import trials_where


class OversightSite(AdminSite):
    """Entered through the ordinary sign-in, by people whose role oversees a trial."""

    site_header = "Candor oversight"
    site_title = "Candor oversight"
    index_title = "The record"

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        if not isinstance(user, User):
            return False
        return trials_where(user.pk, Permission.OVERSEE).exists()


oversight_site = OversightSite(name="oversight")
