"""The keeper: one process that holds a place's services up while somebody uses them.

Users hold a shared lock on `users.lock`; the kernel frees it when they die, however
they die. The keeper leaves when it gets that lock alone, and stops the services first.
Until the keeper has gone, whoever wants the lock waits, so nothing starts twice.
"""

import contextlib
import errno
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from starter import postgres, valkey
from starter.environment import (
    ROOT,
    Place,
    StarterError,
    embedded_addresses,
    given_addresses,
    settings,
    write_atomically,
)
from starter.processes import (
    ALONE,
    Command,
    Supervisor,
    identity,
    lives,
    locked,
    stop_orphans,
    wait_until,
)

PATIENCE = 180  # seconds to wait for the services; recovery after a kill takes some
ALREADY_KEPT = 3  # exit code of a second keeper
OWN_KEEPERS: list[subprocess.Popen[bytes]] = []  # started by this process


def users_lock(place: Place) -> Path:
    """Held in common by whoever uses the services."""
    return place.run / "users.lock"


def notice(place: Place) -> Path:
    """What the keeper writes down when everything answers."""
    return place.run / "services.json"


def read_notice(place: Place) -> dict[str, str] | None:
    """The notice of a keeper that lives, or None."""
    try:
        found: dict[str, str] = json.loads(notice(place).read_text())
    except FileNotFoundError:
        return None
    return found if lives(found["keeper"]) else None


@contextlib.contextmanager
def used(place: Place) -> Iterator[dict[str, str]]:
    """Use the services of a place, starting them if need be; yields the environment.

    When the last user leaves, this waits until everything has stopped.
    """
    given = given_addresses(os.environ)
    place.folder.mkdir(parents=True, exist_ok=True)
    if given is not None:
        place.prepare()
        yield given | settings(place)
        return
    place.prepare()
    with locked(users_lock(place), fcntl.LOCK_SH):
        found = reach(place)
        yield described(place, found)
    wait_until(lambda: not leaving(place, found["keeper"]), 90)
    OWN_KEEPERS[:] = [keeper for keeper in OWN_KEEPERS if keeper.poll() is None]


def described(place: Place, found: dict[str, str]) -> dict[str, str]:
    """The environment that a keeper's notice gives."""
    return embedded_addresses(place, found) | settings(place)


def regained(place: Place) -> dict[str, str]:
    """The environment again, after the keeper died under a user of the services."""
    return described(place, reach(place))


def reach(place: Place) -> dict[str, str]:
    """The notice of the place's keeper; starts one where none lives."""
    keeper = None
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = read_notice(place)
        if found is not None:
            return found
        if keeper is None or keeper.poll() is not None:
            if keeper is not None and keeper.returncode != ALREADY_KEPT:
                raise StarterError(failure(place).read_text().strip())
            keeper = start_keeper(place)
        time.sleep(0.03)
    raise StarterError(f"The services do not answer; see {place.log}")


def failure(place: Place) -> Path:
    """Where a keeper that cannot start says why."""
    return place.run / "services.error"


def start_keeper(place: Place) -> subprocess.Popen[bytes]:
    """Start a keeper on its own, out of reach of the terminal's Ctrl-C."""
    failure(place).write_text(f"The services ended at once; see {place.log}.\n")
    with (place.log / "keeper.log").open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "starter", "keep", str(place.folder), place.profile],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    OWN_KEEPERS.append(keeper)
    return keeper


def leaving(place: Place, keeper: str) -> bool:
    """Whether the keeper is still about to stop, for want of users."""
    for started in OWN_KEEPERS:
        started.poll()
    if not lives(keeper):
        return False
    with locked(users_lock(place), ALONE) as alone:
        if alone:
            return True
    with locked(users_lock(place), fcntl.LOCK_SH | fcntl.LOCK_NB) as shared:
        return not shared  # not even shared: the keeper holds it, it is stopping


@dataclass(slots=True)
class Keeper:
    """Starts, watches and stops the services of one place."""

    place: Place
    server: postgres.Server
    listener: socket.socket
    supervisor: Supervisor
    stopping: bool = False

    def start(self) -> None:
        """Start everything, wait until it answers, and write the notice."""
        self.supervisor.start(valkey.command(self.place))
        self.supervisor.start(
            caught_on(self.place, self.listener.fileno()),
        )
        postgres.initialize(self.server)
        process = self.supervisor.start(postgres.command(self.server))
        postgres.await_ready(self.server, process)
        postgres.furnish(self.server)
        if not wait_until(lambda: valkey.answers(self.place), 60):
            log = self.place.log / "valkey.log"
            raise StarterError(f"The broker does not answer; see {log}")
        found = {
            "keeper": identity(os.getpid()),
            "database_sockets": str(self.server.sockets),
            "valkey_socket": str(valkey.socket_path(self.place)),
            "mail_port": str(self.listener.getsockname()[1]),
        }
        write_atomically(notice(self.place), json.dumps(found))

    def watch(self) -> None:
        """Keep everything running until nobody uses it."""
        while not self.stopping:
            self.supervisor.poll()
            with locked(users_lock(self.place), ALONE) as unused:
                if unused:
                    self.stop()
                    return
            time.sleep(0.15)

    def stop(self) -> None:
        """Stop everything in order."""
        notice(self.place).unlink(missing_ok=True)
        self.supervisor.stop("catcher", "valkey", "postgres")


def say(words: str) -> None:
    """A line of the keeper's log."""
    print(time.strftime("%Y-%m-%d %H:%M:%S"), words, flush=True)


def mail_listener(place: Place) -> socket.socket:
    """A listening socket for the catcher, on the port it had before if that is free.

    The keeper holds it, so mail sent while the catcher starts again waits in line.
    """
    known = place.run / "mail.port"
    with contextlib.suppress(OSError, ValueError):
        return socket.create_server(("127.0.0.1", int(known.read_text())))
    listener = socket.create_server(("127.0.0.1", 0))
    known.write_text(str(listener.getsockname()[1]))
    return listener


def caught_on(place: Place, descriptor: int) -> Command:
    """The mail catcher on a socket that it inherits."""
    options = ("--folder", str(place.mail), "--fd", str(descriptor))
    return Command(
        name="catcher",
        arguments=(sys.executable, "-m", "starter.catcher", *options),
        log=place.log / "catcher.log",
        folder=ROOT,
        keep_open=(descriptor,),
    )


def keep(place: Place) -> int:
    """Be the keeper of a place until nobody uses it; the exit code."""
    place.prepare()
    with locked(place.run / "keeper.lock", ALONE) as first:
        if not first:
            return ALREADY_KEPT
        notice(place).unlink(missing_ok=True)
        try:
            serve(place)
        except StarterError as error:
            failure(place).write_text(f"{error}\n")
            return 1
        except OSError as error:
            failure(place).write_text(f"{in_words(error)}\n")
            return 1
    return 0


def in_words(error: OSError) -> str:
    """A failure of the operating system as one sentence."""
    if error.errno == errno.ENOSPC:
        return "The disk is full: free some space, then start again."
    return str(error)


def serve(place: Place) -> None:
    """Clear what a killed keeper left, then start, watch and stop the services."""
    server = postgres.find_server(place)
    for name in stop_orphans(place.run / "services"):
        say(f"{name} had outlived its keeper and was stopped")
    postgres.clear_stage(server.data, server.sockets)
    keeper = Keeper(
        place, server, mail_listener(place), Supervisor(place.run / "services", say)
    )

    def ask(_number: int, _frame: object) -> None:
        keeper.stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    try:
        keeper.start()
        keeper.watch()
    finally:
        keeper.stop()
