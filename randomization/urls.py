"""Routes of randomization."""

from django.urls import URLPattern

app_name = "randomization"
urlpatterns: list[URLPattern] = []
