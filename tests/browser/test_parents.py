"""Linking to a parent study in the browser: looked at before and after, done by keys."""

from collections.abc import Callable

import pytest
from django.urls import reverse

from accounts.vocabulary import Role
from tests.browser import test_pages
from tests.browser.looking import Desk
from tests.sessions.test_parents import MPLONG, child_in, parent_of_mapp2

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_parent_is_chosen_by_keys_and_the_pages_pass_axe_and_fit_a_phone(
    own_database: str, enter: Callable[..., Desk]
) -> None:
    world, person = child_in(MPLONG, parent_of_mapp2())
    user = world.user(Role.COORDINATOR)
    address = reverse("sessions:parent", args=[person.uuid])
    test_pages.looked_at(enter, user, [address])
    page = enter(user).page
    page.goto(address)
    page.get_by_label("Participant of the parent study").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text(f"{person.number} is linked.").wait_for()
    person.refresh_from_db()
    assert person.parent_id is not None
    home = reverse("workbench:participant", args=[person.uuid])
    test_pages.looked_at(enter, user, [address, home])
