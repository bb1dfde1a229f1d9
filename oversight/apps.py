"""Django's registration of the oversight site."""

from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig


class OversightConfig(AppConfig):
    name = "oversight"


class OversightAdminConfig(SimpleAdminConfig):
    """Django's admin without autodiscovery: only `oversight` registers anything."""

    default_site = "oversight.site.OversightSite"
