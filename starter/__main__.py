"""The subcommands of `./run`, and `exec` and `keep` for the project's own use."""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from starter import browser, services
from starter.checks import run_check
from starter.cleaning import run_clean
from starter.demonstration import as_role, start
from starter.environment import ROOT, Place, Profile, StarterError, place_for
from starter.processes import adopt_orphans, dying_with_us, end_children


def execute(
    place: Place, command: Sequence[str], *, extra: Mapping[str, str], role: str = ""
) -> int:
    """Run a command with the services of a place; its exit code.

    It gets every role's address, or as `role` only what that role's process gets.
    What the command leaves running is ended with it.
    """
    adopt_orphans()
    with services.used(place) as addresses:
        told = as_role(addresses, role) if role else {**os.environ, **addresses}
        process = subprocess.Popen(
            command,
            env={**told, **extra},
            cwd=os.environ.get("CALLED_FROM") if role else None,
            preexec_fn=dying_with_us(signal.SIGTERM),  # noqa: PLW1509 — one thread
        )

        def pass_on(number: int, _frame: object) -> None:
            process.send_signal(number)

        def wait_for_child(_number: int, _frame: object) -> None:
            """The terminal's Ctrl-C reaches the command by itself."""

        signal.signal(signal.SIGTERM, pass_on)
        signal.signal(signal.SIGINT, wait_for_child)
        code = process.wait()
        end_children(spared=[keeper.pid for keeper in services.OWN_KEEPERS])
    return code if code >= 0 else 128 - code


def run_exec(arguments: Sequence[str]) -> int:
    """`exec [--testing | --benchmark] -- COMMAND …`."""
    parser = argparse.ArgumentParser(prog="python -m starter exec")
    parser.add_argument("--testing", action="store_true")
    parser.add_argument("--benchmark", action="store_true")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    profile = Profile.DEMONSTRATION
    if options.testing:
        profile = Profile.TESTING
    if options.benchmark:
        profile = Profile.BENCHMARK
    found = browser.find(os.environ)
    return execute(
        place_for(profile), options.command, extra={"CHROMIUM": found} if found else {}
    )


def pytest_arguments(arguments: Sequence[str]) -> list[str]:
    """Pytest's arguments: `--without-browser` narrows the marker expression."""
    rest = [one for one in arguments if one != "--without-browser"]
    if len(rest) == len(arguments):
        return rest
    for index, one in enumerate(rest[:-1]):
        if one == "-m":
            rest[index + 1] = f"({rest[index + 1]}) and not browser"
            return rest
    return ["-m", "not browser", *rest]


def spread(arguments: Sequence[str]) -> list[str]:
    """The whole suite runs on every processor, a part of it in one process.

    A part takes seconds, as long as the processes would take to start. Four at most:
    each has databases, workers and browsers of its own.
    """
    asked = any(one in {"-n", "-x", "--pdb"} for one in arguments)
    if asked or any("tests" in one for one in arguments):
        return []
    return ["-n", str(min(os.cpu_count() or 1, 4)), "--dist", "worksteal"]


def run_test(arguments: Sequence[str]) -> int:
    """`test [--without-browser] [pytest's arguments]`; pytest's exit code."""
    # Without TLS and with one-click sign-in, as ./run; production has tests of its own.
    extra = {"DEMONSTRATION": "1"}
    if "--without-browser" not in arguments:
        extra["CHROMIUM"] = browser.require(os.environ)
    chosen = [*spread(arguments), *pytest_arguments(arguments)]
    command = [sys.executable, "-m", "pytest", *chosen]
    return execute(place_for(Profile.TESTING), command, extra=extra)


def run_bench(arguments: Sequence[str]) -> int:
    """`bench [arguments]`: the benchmark, on a durable database of its own."""
    command = [sys.executable, "-m", "bench", *arguments]
    return execute(place_for(Profile.BENCHMARK), command, extra={})


def run_manage(arguments: Sequence[str]) -> int:
    """`manage COMMAND …`: a Django command as the worker; `migrate` as the owner.

    `reproduce` makes databases of its own, away from the demonstration's.
    """
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    profile, extra = Profile.DEMONSTRATION, {}
    role = {"migrate": "owner", "reproduce": "maker"}.get("".join(arguments[:1]))
    if role == "maker":
        profile, extra = Profile.BENCHMARK, {"DEMONSTRATION": "1"}
    place = place_for(profile)
    return execute(place, command, extra=extra, role=role or "worker")


def run_keep(arguments: Sequence[str]) -> int:
    """`keep FOLDER PROFILE`: be the keeper of the services of a folder."""
    folder, profile = arguments
    return services.keep(Place(Path(folder), Profile(profile)))


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "start": start,
    "test": run_test,
    "check": run_check,
    "bench": run_bench,
    "manage": run_manage,
    "clean": run_clean,
    "exec": run_exec,
    "keep": run_keep,
}


def main(arguments: Sequence[str]) -> int:
    """Run a subcommand; its exit code."""
    name, rest = (arguments[0], arguments[1:]) if arguments else ("start", [])
    if name not in COMMANDS:
        known = " | ".join(COMMANDS)
        print(f"./run: there is no {name!r}; there is {known}", file=sys.stderr)
        return 2
    try:
        if not Path("/proc/self/stat").exists():
            raise StarterError("/proc is not mounted here: mount -t proc proc /proc")
        return COMMANDS[name](rest)
    except StarterError as error:
        print(f"./run: {error}", file=sys.stderr)
    except OSError as error:
        print(f"./run: {services.in_words(error)}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
