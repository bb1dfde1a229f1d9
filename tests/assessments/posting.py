"""What a browser asks and posts on the pages of assessments, and what is read there."""

import re
from collections.abc import Callable
from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import User
from assessments.models import Assessment
from tests.world import World

Browser = Callable[[User], Client]


def page(assessment: Assessment, name: str = "enter") -> str:
    return reverse(f"assessments:{name}", args=[assessment.uuid])


def rater(world: World, assessment: Assessment) -> User:
    return User.objects.get(pk=assessment.rater_id or 0)


def typed(answers: dict[str, Any], **other: str) -> dict[str, str]:
    """What a browser posts for these answers: a reason goes into its own field."""
    posted = {"assessed_on": "2025-04-14", "source": "direct", "left_open": "on"}
    posted |= other
    for item, answer in answers.items():
        field = item if isinstance(answer, int) else f"{item}_missing"
        posted[field] = str(answer)
    return posted


def seen(html: str) -> str:
    """A page's words, without the rail's and the head's."""
    main = html[html.index("<main") :]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))
