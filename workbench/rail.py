"""The rail: a person's own pages, at most eight, and what every page shows."""

from typing import Any

from django.http import HttpRequest


def rail(request: HttpRequest) -> dict[str, Any]:
    return {"rail": [], "is_synthetic": True}
