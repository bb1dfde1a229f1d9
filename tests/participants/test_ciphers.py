"""Ciphertext opens in its own cell with its own key, and nowhere else."""

import base64
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from participants.ciphers import (
    Cell,
    KeyRing,
    Unreadable,
    decrypted,
    encrypted,
    key_ring,
)

OLD = base64.b64encode(bytes(range(32))).decode()
NEW = base64.b64encode(bytes(range(1, 33))).decode()
RING = key_ring(f"k2:{NEW}\nk1:{OLD}\n")
CELL = Cell(UUID(int=7), "name")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(TEXT)
def test_what_is_encrypted_for_a_cell_is_read_in_it(plain: str) -> None:
    stored = encrypted(plain, CELL, RING)
    assert stored.startswith("k2:")
    assert decrypted(stored, CELL, RING) == plain


@given(TEXT)
def test_the_same_value_is_never_stored_twice_alike(plain: str) -> None:
    assert encrypted(plain, CELL, RING) != encrypted(plain, CELL, RING)


def test_nothing_stays_nothing() -> None:
    assert encrypted("", CELL, RING) == decrypted("", CELL, RING) == ""


@pytest.mark.requirement("PRV-02")
@pytest.mark.parametrize(
    "other", [replace(CELL, column="email"), replace(CELL, row=UUID(int=8))]
)
def test_a_value_moved_to_another_cell_does_not_open(other: Cell) -> None:
    with pytest.raises(Unreadable, match="not what was stored there"):
        decrypted(encrypted("Ada", CELL, RING), other, RING)


@pytest.mark.requirement("PRV-02")
@given(TEXT, st.data())
def test_an_altered_value_does_not_open(plain: str, data: st.DataObject) -> None:
    key_id, _, encoded = encrypted(plain, CELL, RING).partition(":")
    octets = bytearray(base64.b64decode(encoded))
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
    altered = f"{key_id}:{base64.b64encode(bytes(octets)).decode()}"
    with pytest.raises(Unreadable):
        decrypted(altered, CELL, RING)


@pytest.mark.requirement("PRV-02")
def test_a_value_under_another_keys_name_does_not_open() -> None:
    """Not even where both names stand for one key: the name itself is bound."""
    ring = key_ring(f"k2:{NEW} k1:{NEW}")
    stored = encrypted("Ada", CELL, ring)
    with pytest.raises(Unreadable):
        decrypted(stored.replace("k2:", "k1:"), CELL, ring)


@pytest.mark.parametrize("stored", ["Ada", "k1:", "k2:Ada", "k2:QWRh", "k9:QWRh"])
def test_what_is_not_ciphertext_is_refused_without_being_told(stored: str) -> None:
    with pytest.raises(Unreadable) as caught:
        decrypted(stored, CELL, RING)
    assert "Ada" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_older_key_still_opens_and_a_removed_one_is_named_by_its_absence() -> None:
    stored = encrypted("Ada", CELL, key_ring(f"k1:{OLD}"))
    assert decrypted(stored, CELL, RING) == "Ada"
    with pytest.raises(Unreadable, match="no key of the ring"):
        decrypted(stored, CELL, key_ring(f"k2:{NEW}"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "no key"),
        (OLD, "not written as"),
        ("k1:c2hvcnQ=", "32 octets"),
        (f"K 1:{OLD}", "not written as"),
        (f"k|1:{OLD}", "not written as"),
        (f"k1:{OLD} k1:{NEW}", "two keys"),
    ],
)
def test_a_ring_that_cannot_be_read_is_refused_without_showing_a_key(
    text: str, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        key_ring(text)
    assert OLD not in str(caught.value)
    assert "c2hvcnQ" not in str(caught.value)


def test_a_ring_without_keys_encrypts_nothing() -> None:
    with pytest.raises(RuntimeError, match="IDENTITY_KEYS_FILE"):
        encrypted("Ada", CELL, KeyRing({}))


def test_a_ring_shows_no_key() -> None:
    assert "k2" not in repr(RING)
    assert str(bytes(range(32))) not in repr(RING)
