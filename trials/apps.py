"""Django's registration of trials."""

from django.apps import AppConfig


class TrialsConfig(AppConfig):
    name = "trials"
