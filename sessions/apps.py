"""Django's registration of visits and sessions."""

from django.apps import AppConfig


class SessionsConfig(AppConfig):
    name = "sessions"
    # Plain `sessions` is the label of django.contrib.sessions, and labels are unique.
    label = "study_sessions"
    verbose_name = "Visits and sessions"
