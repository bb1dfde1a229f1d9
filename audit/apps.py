"""Django's registration of the trail."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = "Audit trail"

    def ready(self) -> None:
        """Register the check; Django finds it only when its module is imported."""
        from audit import checks  # noqa: F401, PLC0415 - models must be ready first
