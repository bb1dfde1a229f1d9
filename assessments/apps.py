"""Django's registration of assessments."""

from django.apps import AppConfig


class AssessmentsConfig(AppConfig):
    name = "assessments"

    def ready(self) -> None:
        """Register the checks; Django finds them only when their module is imported."""
        from assessments import checks  # noqa: F401, PLC0415 - models must be ready first
