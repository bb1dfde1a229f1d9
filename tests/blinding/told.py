"""A trial whose definition unblinds in groups, and its pages of unblinding."""

from typing import Any

from django.urls import reverse

from tests.world import AMENDS, MAPP2

# The shipped definition, unblinded at its first dosing visit and told in groups.
STAGED = (
    MAPP2.read_text("utf-8")
    .replace('version = "1.0"', 'version = "2.0"', 1)
    .replace(
        'after = "database_lock"',
        'at = "dosing_1"\ngroups = { northern = ["active"], southern = ["comparator"] }',
    )
    + AMENDS
)


def url(name: str, of: Any) -> str:
    return reverse(f"randomization:{name}", args=[of.uuid])


def text_of(response: Any) -> str:
    return str(response.content.decode())
