"""Django's registration of notices."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "notices"
