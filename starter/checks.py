"""`./run check`: format, lint, layers, types, templates, migrations, deployment."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from starter import services
from starter.commands import MANAGE
from starter.environment import ROOT, Profile, place_for

# What a real installation sets; the checks of a deployment look at these settings.
PRODUCTION = {"DEMONSTRATION": "", "DEBUG": "", "ALLOWED_HOSTS": "candor.example.org"}
CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("format", ("ruff", "format", "--check", "--quiet", ".")),
    ("lint", ("ruff", "check", "--quiet", ".")),
    ("layers", ("lint-imports",)),
    ("types", ("mypy", ".")),
    ("template format", ("djlint", "templates", "--check", "--quiet")),
    ("template lint", ("djlint", "templates", "--lint", "--quiet")),
    ("migrations", (*MANAGE, "makemigrations", "--check", "--dry-run")),
    ("requirements", ("python", "-m", "tests.validation", "--check")),
    ("deployment", (*MANAGE, "check", "--deploy", "--fail-level", "WARNING")),
)


def run_check(_arguments: Sequence[str]) -> int:
    """Run every check and say how each ended; 1 if one failed."""
    failed = []
    with services.used(place_for(Profile.TESTING)) as addresses:
        environment = {**os.environ, **addresses, **PRODUCTION}
        for name, command in CHECKS:
            print(f"{name}: {' '.join(command)}", flush=True)
            if not passes(command, environment):
                failed.append(name)
    print(f"Failed: {', '.join(failed)}." if failed else "All checks passed.")
    return 1 if failed else 0


def passes(command: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether a check passes; its words are shown if it does not."""
    done = subprocess.run(
        resolved(command),
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout, flush=True)
    return done.returncode == 0


def resolved(command: Sequence[str]) -> list[str]:
    """A command line with this environment's programs."""
    if command[0] == "python":
        return [sys.executable, *command[1:]]
    return [str(Path(sys.executable).parent / command[0]), *command[1:]]
