"""Django's registration of workbench."""

from django.apps import AppConfig


class WorkbenchConfig(AppConfig):
    name = "workbench"
