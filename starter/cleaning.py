"""`./run clean`: stops what was left behind and removes the services' data."""

import shutil
from collections.abc import Sequence

from starter import postgres, services
from starter.environment import Place, Profile, StarterError, place_for
from starter.processes import ALONE, locked, stop_orphans, wait_until


def run_clean(_arguments: Sequence[str]) -> int:
    """Remove the data of all services; refuses while something uses them."""
    places = [place_for(profile) for profile in Profile]
    for place in places:
        if place.run.exists():
            clear(place)
    for place in places:
        for folder in (place.folder, place.outside, place.sockets):
            shutil.rmtree(folder, ignore_errors=True)
            if folder.exists():
                raise StarterError(f"{folder} could not be removed.")
    print(f"Removed {places[0].folder}.")
    return 0


def clear(place: Place) -> None:
    """Stop the leftovers of a place, or refuse while it is in use."""
    busy = StarterError(f"Candor runs in {place.folder}; stop it first.")
    with (
        locked(place.folder / "stack.lock", ALONE) as no_stack,
        locked(services.users_lock(place), ALONE) as unused,
    ):
        if not (no_stack and unused):
            raise busy
    if not wait_until(lambda: services.read_notice(place) is None, 60):
        raise busy
    for folder in ("parts", "services"):
        stop_orphans(place.run / folder)
    for data in (place.postgres, place.outside / "postgres"):
        postgres.clear_stage(data, place.sockets)
