"""The protocol's page: what is done when, what is missing, and what a version changed."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.vocabulary import Role
from tests.pages import signed_in_as
from tests.world import (
    MAPP2,
    SETUP,
    World,
    approve,
    consented,
    new_world,
    visit_of,
)
from trials.actions import adopt_protocol
from trials.models import ProtocolVersion

pytestmark = pytest.mark.django_db

ADDED = """
[[visits]]
code = "sleep_call"
number = "V21"
label = "Call about sleep"
kind = "call"
when = { after = "enrollment", earliest = "2 days", target = "3 days", latest = "5 days" }

[amendment]
amends = "1.0"
reason = "Sleep was never asked about"
"""


@pytest.fixture
def world() -> World:
    return new_world()


def page_of(world: World, role: Role = Role.COORDINATOR) -> str:
    url = reverse("workbench:protocol", args=[world.trial.uuid])
    return signed_in_as(world, role).get(url).content.decode()


def amended(world: World) -> ProtocolVersion:
    """Adopt MAPP2 with one visit more, as somebody who knows TOML would write it."""
    text = MAPP2.read_text("utf-8")
    changed = text.replace('version = "1.0"', 'version = "1.1"', 1)
    changed = changed.replace("block_sizes = [4, 6]", "block_sizes = [4, 8]")
    assert changed != text
    return adopt_protocol(
        trial=world.trial,
        text=changed + ADDED,
        filename="mapp2-1.1.toml",
        on=date(2025, 1, 1),
        by=SETUP,
    )


def test_the_page_shows_each_visit_with_its_weeks_forms_and_provenance(
    world: World,
) -> None:
    page = page_of(world)
    for words in ("V5", "Experimental session 1", "CAPS-5", "Unverified", "Weeks "):
        assert words in page
    assert "Same day to 6 weeks after consent, best 2 weeks" in page
    # The weeks are those of the picture, which begins with week 0.
    assert "Weeks 0 to 6, best 2" in page
    # The picture begins with consent, and its days are nobody's.
    assert "2001" not in page


def test_the_page_names_what_regulators_did_not_find(world: World) -> None:
    page = page_of(world)
    for code in ("F1.record", "F3.chemistry_before", "F3.ecg_after", "F8.month_12"):
        assert code in page


def test_a_visit_that_is_added_to_the_file_is_drawn_listed_and_planned(
    world: World,
) -> None:
    version = amended(world)
    approve(
        trial=world.trial,
        protocol=version,
        sites=[world.site],
        on=date(2025, 1, 1),
    )
    page = page_of(world)
    assert "V21 Call about sleep" in page
    assert 'id="visit-sleep_call"' in page
    assert "Sleep was never asked about" in page
    [person] = consented(world)
    assert visit_of(person, "sleep_call").plan == "provisional"


def test_a_version_tells_what_it_changes_and_never_the_sizes_of_blocks(
    world: World,
) -> None:
    amended(world)
    page = page_of(world)
    assert "Visits sleep_call" in page
    assert "block sizes" not in page


def test_a_rater_reads_no_protocol(world: World) -> None:
    url = reverse("workbench:protocol", args=[world.trial.uuid])
    assert signed_in_as(world, Role.RATER).get(url).status_code == 404


def test_the_page_asks_for_the_versions_and_nothing_for_each(world: World) -> None:
    url = reverse("workbench:protocol", args=[world.trial.uuid])
    browser = signed_in_as(world, Role.COORDINATOR)
    browser.get(url)
    with CaptureQueriesContext(connection) as few:
        browser.get(url)
    amended(world)
    with CaptureQueriesContext(connection) as more:
        browser.get(url)
    assert len(more) == len(few)
