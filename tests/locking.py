"""Locking a trial of a test's world, by the people who may."""

from collections.abc import Sequence

from accounts.vocabulary import Role
from tests.world import PASSWORD, World
from trials.actions import agree_to_reopen, ask_to_reopen, lock_trial


def locked(world: World, *, waits: Sequence[str] = ()) -> World:
    """Lock the trial, or end its reopening; `waits` are the sentences of what is open."""
    lock_trial(
        trial=world.trial,
        password=PASSWORD,
        still_open=lambda: waits,
        by=world.actor(Role.DATA_MANAGER),
    )
    return world


def reopened(world: World, *, days: int = 3) -> World:
    """Have the data manager ask for some days, and the medical monitor agree."""
    asked = ask_to_reopen(
        trial=world.trial,
        why="A transcription of site 01",
        days=days,
        password=PASSWORD,
        by=world.actor(Role.DATA_MANAGER),
    )
    agree_to_reopen(
        reopening=asked, password=PASSWORD, by=world.actor(Role.MEDICAL_MONITOR)
    )
    return world
