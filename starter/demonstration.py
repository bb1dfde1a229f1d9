"""`./run`: the demonstration, from nothing to a page that answers, kept running."""

import contextlib
import errno
import hashlib
import http.client
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType

from starter import commands, services
from starter.environment import (
    ROOT,
    Place,
    Profile,
    StarterError,
    given_addresses,
    place_for,
)
from starter.processes import (
    ALONE,
    Command,
    Supervisor,
    end,
    identity,
    locked,
    spawn,
    stop_orphans,
    tail,
)

PARTS = ("beat", "web", "worker", "catcher")  # in the order in which they stop
GENERATION_TRIES = 3
ROOT_WARNING = "ignore:You're running the worker with superuser privileges"


class Interrupted(Exception):
    """Ctrl-C or SIGTERM came."""


def say(words: str) -> None:
    """A line for the person at the terminal."""
    print(words, flush=True)


def wanted_port(environment: Mapping[str, str]) -> int:
    """The port that PORT names, 8000 by default."""
    text = environment.get("PORT") or "8000"
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise StarterError(f"PORT must be a number from 1 to 65535; it is {text!r}.")
    return int(text)


def check_port(port: int) -> None:
    """Refuse a port that we cannot have, before anything starts."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        other = 8001 if port < 8001 else port + 1
        if error.errno == errno.EADDRINUSE:
            reason = "is in use by another program"
        elif error.errno == errno.EACCES:
            reason = "is reserved for the administrator"
        else:
            raise
        raise StarterError(
            f"Port {port} {reason}; choose another one: PORT={other} ./run"
        ) from error


def program(arguments: Sequence[str]) -> tuple[str, ...]:
    """A command line with this interpreter for `python`."""
    return (sys.executable, *arguments[1:])


def as_role(addresses: Mapping[str, str], role: str) -> dict[str, str]:
    """The environment of a process that connects as `role`: web, worker, maker or owner.

    Only the owner's process learns the owner's address, and the web's only its own; the
    web's does not learn where the key is that signs anchors. A maker is a worker that
    makes databases of its own, which is for the owner to do.
    """
    told = {**os.environ, **addresses}
    worker = told.pop("WORKER_DATABASE_URL")
    owner = told.pop("OWNER_DATABASE_URL")
    if role in {"worker", "maker"}:
        told["DATABASE_URL"] = worker
    else:
        told.pop("ANCHOR_KEY_FILE", None)
    if role == "maker":
        told["OWNER_DATABASE_URL"] = owner
    if role == "owner":
        told["DATABASE_URL"] = told["OWNER_DATABASE_URL"] = owner
    return told


@dataclass(slots=True)
class Stack:
    """The parts of the demonstration, on services that somebody else keeps."""

    place: Place
    port: int
    addresses: dict[str, str]
    supervisor: Supervisor
    embedded: bool
    stopping: bool = False
    tries: int = 0

    def part(self, name: str, arguments: Sequence[str], role: str) -> Command:
        """A command of the stack; its log bears its name."""
        told = as_role(self.addresses, role)
        if name == "worker" and os.getuid() == 0:
            told["PYTHONWARNINGS"] = ROOT_WARNING
        return Command(
            name=name,
            arguments=program(arguments),
            log=self.place.log / f"{name}.log",
            environment=told,
            folder=ROOT,
            patience=15,
        )

    def pause(self, seconds: float = 0.05) -> None:
        """Wait a little; `Interrupted` if somebody asked us to stop."""
        time.sleep(seconds)
        if self.stopping:
            raise Interrupted

    def prepare(self) -> None:
        """Migrate and collect the static files, at the same time."""
        wanted = {"migrate": self.part("migrate", commands.MIGRATE, "owner")}
        stamp = static_state()
        stamp_file = self.place.folder / "static.stamp"
        if not stamp_file.exists() or stamp_file.read_text() != stamp:
            collect = self.part("collectstatic", commands.COLLECT_STATIC, "web")
            wanted["collectstatic"] = collect
        running = {name: spawn(command) for name, command in wanted.items()}
        try:
            while any(process.poll() is None for process in running.values()):
                self.pause()
        finally:
            for process in running.values():
                if process.poll() is None:
                    end(process.pid, signal.SIGTERM, 10)
        for name, process in running.items():
            if process.returncode:
                log = wanted[name].log
                raise StarterError(f"{name} failed; see {log}:\n{tail(log)}")
        stamp_file.write_text(stamp)

    def start_web(self) -> None:
        """Start the web server and wait until a page answers."""
        if "EMAIL_URL" not in self.addresses:
            self.start_catcher()
        address = f"127.0.0.1:{self.port}"
        command = self.part("web", commands.web(address), "web")
        process = self.supervisor.start(command)
        end_of_patience = time.monotonic() + 90
        while not page_answers(self.port):
            self.pause()
            if process.poll() is not None or time.monotonic() > end_of_patience:
                raise StarterError(
                    f"The web server does not answer; see {command.log}:\n"
                    f"{tail(command.log)}"
                )

    def start_catcher(self) -> None:
        """A mail catcher of our own, where real servers were named without one."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = str(listener.getsockname()[1])
        self.addresses["EMAIL_URL"] = f"smtp://127.0.0.1:{port}"
        arguments = commands.catcher(str(self.place.mail), "127.0.0.1", port)
        self.supervisor.start(self.part("catcher", arguments, "web"))

    def start_rest(self) -> None:
        """Start the worker and the clock, and the generation of the demonstration."""
        schedule = str(self.place.folder / "beat-schedule")
        self.supervisor.start(self.part("worker", worker_line(), "worker"))
        self.supervisor.start(self.part("beat", commands.beat(schedule), "worker"))
        self.generate()

    def generate(self) -> None:
        """Generate the demonstration beside the rest; it does nothing twice."""
        self.tries += 1
        command = self.part("demonstration", commands.DEMONSTRATION, "worker")
        self.supervisor.start_once(command, self.generated)

    def generated(self, code: int) -> None:
        """Say how the generation ended; try again if it was killed or failed."""
        if code == 0:
            say("The demonstration is complete.")
        elif self.tries < GENERATION_TRIES:
            self.generate()
        else:
            log = self.place.log / "demonstration.log"
            say(f"The demonstration could not be generated; see {log}:\n{tail(log)}")

    def watch(self) -> None:
        """Keep everything running until somebody asks us to stop."""
        while True:
            self.supervisor.poll()
            if self.embedded and services.read_notice(self.place) is None:
                say("The data services ended; starting them again.")
                self.regain()
            self.pause(0.2)

    def regain(self) -> None:
        """Have the data services started again; the parts too if addresses changed."""
        before = self.addresses
        self.addresses = services.regained(self.place)
        if self.addresses != before:
            self.supervisor.stop(*PARTS)
            self.start_web()
            self.start_rest()

    def stop(self) -> None:
        """Stop the parts: first who makes work, last who does it."""
        self.supervisor.stop("demonstration", *PARTS)


def worker_line() -> tuple[str, ...]:
    """The worker's command line; in one process where shared memory is closed to us.

    In a bare chroot an ordinary user may not write to /dev/shm, and the worker's usual
    pool of processes needs its semaphores there.
    """
    if os.access("/dev/shm", os.W_OK):  # noqa: S108 — asked about, not written to
        return commands.WORKER
    return (*commands.WORKER, "--pool", "solo")


def page_answers(port: int) -> bool:
    """Whether the web server answers a request, with whatever page."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/health/")
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()


def static_state() -> str:
    """A digest that changes when a static file or the environment may have changed."""
    files = [path for path in ROOT.glob("static/**/*") if path.is_file()]
    files += [path for path in ROOT.glob("*/static/**/*") if path.is_file()]
    files += [*ROOT.glob("requirements/*.txt"), ROOT / "config" / "settings.py"]
    digest = hashlib.sha256()
    for path in sorted(files):
        status = path.stat()
        digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def show_accounts(stack: Stack) -> None:
    """Print the demonstration's accounts."""
    command = stack.part("accounts", commands.ACCOUNTS, "worker")
    command.log.unlink(missing_ok=True)
    process = spawn(command)
    while process.poll() is None:
        stack.pause()
    words = command.log.read_text().strip()
    say(words if process.returncode == 0 else f"No accounts:\n{words}")


@contextlib.contextmanager
def only_one(place: Place, url: str) -> Iterator[None]:
    """Be the only starter of a folder, or say which one runs already."""
    place.prepare()
    record = place.run / "stack.json"
    with locked(place.folder / "stack.lock", ALONE) as first:
        if not first:
            other = "here"
            with contextlib.suppress(OSError, ValueError, KeyError):
                known = json.loads(record.read_text())
                other = f"at {known['url']} (process {known['starter'].split()[0]})"
            raise StarterError(
                f"Candor already runs {other}; stop that one with Ctrl-C first."
            )
        record.write_text(json.dumps({"url": url, "starter": identity(os.getpid())}))
        yield


def warn_about_roles() -> None:
    """Say so when real servers are used with one role for everything."""
    names = ("OWNER_DATABASE_URL", "WORKER_DATABASE_URL")
    missing = [name for name in names if not os.environ.get(name)]
    if os.environ.get("DATABASE_URL") and missing:
        say(f"Warning: {' and '.join(missing)} not set; DATABASE_URL is used instead.")


def start(_arguments: Sequence[str]) -> int:
    """Run the demonstration until Ctrl-C; the exit code."""
    port = wanted_port(os.environ)
    url = f"http://127.0.0.1:{port}/"
    place = place_for(Profile.DEMONSTRATION)
    asked = False

    def ask(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        if stack is not None:
            stack.stopping = True

    stack: Stack | None = None
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, ask)
    with only_one(place, url):
        parts = place.run / "parts"
        parts.mkdir(exist_ok=True)
        stop_orphans(parts)
        check_port(port)
        warn_about_roles()
        say("Starting …")
        with services.used(place) as addresses:
            embedded = given_addresses(os.environ) is None
            stack = Stack(place, port, addresses, Supervisor(parts, say), embedded)
            stack.stopping = asked
            run_stack(stack, url)
    say("Stopped.")
    return 0


def run_stack(stack: Stack, url: str) -> None:
    """Start the stack, say where it is, and keep it running."""
    try:
        stack.prepare()
        stack.start_web()
        say(f"Candor answers at {url}")
        stack.start_rest()
        show_accounts(stack)
        say(f"Mails are kept in {stack.place.mail}. Ctrl-C stops everything.")
        stack.watch()
    except Interrupted:
        say("Stopping …")
    finally:
        stack.stop()
