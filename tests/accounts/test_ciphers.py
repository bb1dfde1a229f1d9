"""What a page carries is read and made by nobody else, and tells no one what it says."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import editing
from accounts.ciphers import KEY_OCTETS, opened, sealed
from accounts.editing import SEEN
from accounts.vocabulary import Role
from tests.forms import posted
from tests.pages import signed_in_as
from tests.world import World, enrolled, new_world, visit_of

pytestmark = pytest.mark.requirement("DAT-04")
KEY, OTHER = (bytes([octet]) * KEY_OCTETS for octet in (1, 2))


@given(st.text(min_size=1))
def test_what_was_sealed_is_opened_by_an_older_key_as_well(text: str) -> None:
    token = sealed(text, bound_to="7", key=KEY)
    assert token == sealed(text, bound_to="7", key=KEY)
    assert opened(token, bound_to="7", keys=[OTHER, KEY]) == text
    assert opened(token, bound_to="7", keys=[OTHER]) is None
    assert opened(token, bound_to="8", keys=[KEY]) is None


@given(st.text(max_size=60))
def test_what_we_did_not_seal_is_not_opened(text: str) -> None:
    assert opened(text, bound_to="7", keys=[KEY]) is None


@given(st.integers(0, 7), st.integers(0, 30))
def test_a_changed_bit_opens_nothing(bit: int, place: int) -> None:

    octets = bytearray(
        base64.urlsafe_b64decode(sealed("a" * 20, bound_to="7", key=KEY))
    )
    octets[place] ^= 1 << bit
    changed = base64.urlsafe_b64encode(bytes(octets)).decode()
    assert opened(changed, bound_to="7", keys=[KEY]) is None


@pytest.fixture
def world(db: None) -> World:
    return new_world()


def version_on(client: Any, address: str) -> str:
    return str(posted(client.get(address).content.decode(), having=SEEN)[SEEN])


def test_a_page_opened_before_the_secret_key_changed_is_still_known(
    world: World, settings: Any
) -> None:
    (person,) = enrolled(world)
    visit = visit_of(person, "prep_1")
    client = signed_in_as(world, Role.COORDINATOR)
    address = f"/visits/{visit.uuid}/book/"
    token = version_on(client, address)
    assert token == version_on(client, address)
    before = editing._keys()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    new, *old = editing._keys()
    assert (new not in before, old) == (True, before)
    user = str(world.user(Role.COORDINATOR).pk)
    assert opened(token, bound_to=user, keys=[new, *old])


def test_the_version_of_a_page_is_of_no_use_to_somebody_else(world: World) -> None:
    (person,) = enrolled(world)
    address = f"/visits/{visit_of(person, 'prep_1').uuid}/book/"
    token = version_on(signed_in_as(world, Role.COORDINATOR), address)
    other = signed_in_as(world, Role.INVESTIGATOR)
    typed = {"on": "2030-01-01", "mode": "in_person", SEEN: token}
    assert "Look at it as it stands now" in other.post(address, typed).text
