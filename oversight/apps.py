"""Django's registration of the oversight site."""

from importlib import import_module

from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig


class OversightConfig(AppConfig):
    name = "oversight"

    def ready(self) -> None:
        # In place of the admin's autodiscovery, which would look into every app.
        import_module("oversight.admin")


class OversightAdminConfig(SimpleAdminConfig):
    """Django's admin without autodiscovery: only `oversight` registers anything."""

    default_site = "oversight.site.OversightSite"
