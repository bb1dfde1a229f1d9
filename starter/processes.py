"""Child processes: started so that they die with the starter, watched, stopped."""

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ALONE = fcntl.LOCK_EX | fcntl.LOCK_NB
LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LOG_LIMIT = 10_000_000  # bytes; a longer log is set aside at the next start
STEADY = 10.0  # seconds after which a process counts as having started well


@dataclass(frozen=True, slots=True)
class Command:
    """One process: what is run, with what around it, and how it is asked to stop."""

    name: str
    arguments: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] | None = None
    folder: Path | None = None
    user: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 10.0  # seconds between asking and killing
    keep_open: tuple[int, ...] = ()


def start_time(pid: int) -> str | None:
    """When a process began, in the kernel's ticks; None where there is none.

    Pid and start together name a process for good: a pid alone is given out again.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def identity(pid: int) -> str:
    """The lasting name of a running process, as written into our files."""
    return f"{pid} {start_time(pid)}"


def lives(named: str) -> bool:
    """Whether the process that `identity` named still runs."""
    pid, _, began = named.partition(" ")
    return pid.isdigit() and start_time(int(pid)) == began


def wait_until(happened: Callable[[], bool], seconds: float) -> bool:
    """Wait for `happened`; whether it did within `seconds`."""
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def open_log(path: Path) -> int:
    """A descriptor that appends to a log; a long log is set aside as `.1` first."""
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_name(path.name + ".1"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log, for a message."""
    if not path.exists():
        return ""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


def adopt_orphans() -> None:
    """Become the parent of grandchildren whose parent dies, to be able to end them."""
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def dying_with_us(number: signal.Signals) -> Callable[[], None]:
    """What a child calls before its program, to get a signal when we die."""
    parent = os.getpid()

    def die_with_parent() -> None:
        LIBC.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return die_with_parent


def spawn(command: Command) -> subprocess.Popen[bytes]:
    """Start a command in its own session; it gets its stop signal if we die."""
    log = open_log(command.log)
    try:
        return subprocess.Popen(
            command.arguments,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=None if command.environment is None else dict(command.environment),
            cwd=command.folder,
            user=command.user,
            group=command.user,
            extra_groups=None if command.user is None else (),
            pass_fds=command.keep_open,
            start_new_session=True,
            preexec_fn=dying_with_us(command.stop_signal),  # noqa: PLW1509 — we have one thread
        )
    finally:
        os.close(log)


def kill_group(group: int) -> None:
    """Kill what is left of the group that a process of ours led."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def group_lives(group: int) -> bool:
    """Whether a process of the group still runs."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[2]) == group and fields[0] not in "ZX":
                    return True
    return False


def end(pid: int, number: int, patience: float) -> None:
    """Ask a process to stop; kill its whole group after `patience` seconds."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
    wait_until(lambda: start_time(pid) is None, patience)
    kill_group(pid)
    wait_until(lambda: not group_lives(pid), 5)


@dataclass(slots=True)
class Watched:
    """A command that is kept running, or one that runs once and then reports."""

    command: Command
    process: subprocess.Popen[bytes]
    started: float
    failures: int = 0
    due: float | None = None  # when it is started again, while it is down
    report: Callable[[int], None] | None = None


@dataclass(slots=True)
class Supervisor:
    """Keeps commands running and their pids in `folder`, for a later take-over."""

    folder: Path
    say: Callable[[str], None]
    watched: dict[str, Watched] = field(default_factory=dict)

    def start(self, command: Command) -> subprocess.Popen[bytes]:
        """Start a command and keep it running from now on."""
        process = self._spawn(command)
        self.watched[command.name] = Watched(command, process, time.monotonic())
        return process

    def start_once(self, command: Command, report: Callable[[int], None]) -> None:
        """Start a command that is to end by itself; `report` gets its exit code."""
        process = self._spawn(command)
        self.watched[command.name] = Watched(
            command, process, time.monotonic(), report=report
        )

    def _spawn(self, command: Command) -> subprocess.Popen[bytes]:
        process = spawn(command)
        record = f"{identity(process.pid)}\n{int(command.stop_signal)}\n"
        (self.folder / f"{command.name}.pid").write_text(record)
        return process

    def poll(self) -> None:
        """Start again what has died: at once, then after 1, 2, 4 … 30 seconds."""
        for name, one in list(self.watched.items()):
            if one.due is None and one.process.poll() is not None:
                self._note_death(name, one)
            if one.due is not None and time.monotonic() >= one.due:
                one.process = self._spawn(one.command)
                one.started, one.due = time.monotonic(), None

    def _note_death(self, name: str, one: Watched) -> None:
        # What the dead process had started would get in the way of the next one.
        kill_group(one.process.pid)
        if one.report is not None:
            del self.watched[name]
            (self.folder / f"{name}.pid").unlink(missing_ok=True)
            one.report(one.process.returncode)
            return
        now = time.monotonic()
        one.failures = 1 if now - one.started > STEADY else one.failures + 1
        one.due = now + (
            min(30.0, 2.0 ** (one.failures - 2)) if one.failures > 1 else 0
        )
        self.say(
            f"{name} ended ({describe(one.process.returncode)}), "
            f"starting it again; see {one.command.log}"
        )

    def stop(self, *names: str) -> None:
        """Stop commands, the last named last, and forget them."""
        for name in names:
            one = self.watched.pop(name, None)
            if one is not None:
                end(
                    one.process.pid,
                    one.command.stop_signal,
                    one.command.patience,
                )
                one.process.wait()
                (self.folder / f"{name}.pid").unlink(missing_ok=True)


def describe(code: int) -> str:
    """How a process ended, in words."""
    if code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def stop_orphans(folder: Path) -> list[str]:
    """Stop what a starter that was killed left running; the names of it."""
    stopped = []
    for record in sorted(folder.glob("*.pid")):
        named, _, number = record.read_text().strip().partition("\n")
        if lives(named):
            end(int(named.split()[0]), int(number or signal.SIGTERM), 60)
            stopped.append(record.stem)
        record.unlink(missing_ok=True)
    return stopped


def end_children(spared: Collection[int] = ()) -> None:
    """Kill every remaining child of this process (see `adopt_orphans`)."""
    for _ in range(5):
        found = [pid for pid in children() if pid not in spared]
        if not found:
            return
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def children() -> list[int]:
    """Pids of this process's children."""
    mine = str(os.getpid())
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if fields[1] == mine:
                    found.append(int(entry.name))
    return found


@contextlib.contextmanager
def locked(path: Path, kind: int) -> Iterator[bool]:
    """Hold a lock on a file; yields whether it was got. The kernel frees it at death.

    The descriptor is not inherited, so a child that outlives us holds no lock.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, kind)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
