"""Django's registration of reminders."""

from django.apps import AppConfig


class RemindersConfig(AppConfig):
    name = "reminders"
