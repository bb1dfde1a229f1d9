"""The Chromium that the browser tests drive: found, or installed where that may be."""

import os
import shutil
import subprocess
from collections.abc import Mapping

from starter.environment import StarterError

NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL = ("apt-get", "install", "-qq", "-y", "--no-install-recommends", "chromium")


def find(environment: Mapping[str, str]) -> str | None:
    """The path of a Chromium: the one CHROMIUM names, or one on the PATH."""
    given = environment.get("CHROMIUM")
    for name in (given,) if given else NAMES:
        path = shutil.which(name)
        if path:
            return path
    return None


def require(environment: Mapping[str, str]) -> str:
    """The path of a Chromium; installs Debian's where we are root and there is none."""
    found = find(environment)
    if found:
        return found
    if environment.get("CHROMIUM"):
        raise StarterError(f"CHROMIUM names no program: {environment['CHROMIUM']}")
    if os.getuid() == 0 and shutil.which("apt-get"):
        print("No Chromium here: installing Debian's (apt-get install chromium) …")
        quiet = {**environment, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (("apt-get", "update", "-qq"), INSTALL):
            subprocess.run(
                command,
                env=quiet,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        found = find(environment)
        if found:
            return found
    raise StarterError(
        "The browser tests need Chromium: install it (on Debian: apt-get install "
        "chromium), name one with CHROMIUM=PATH, or add --without-browser."
    )
