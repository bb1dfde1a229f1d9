"""A real site for a real browser: gunicorn on a cloned database, and Chromium."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import pytest
from django.test import override_settings
from playwright.sync_api import Browser, Page, sync_playwright

from accounts.models import User
from starter.browser import require
from starter.commands import COLLECT_STATIC, web
from tests import databases
from tests.browser.looking import Desk, watched
from tests.world import PASSWORD

ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
DESKTOP = {"width": 1366, "height": 768}
WAIT = 20_000  # milliseconds; two busy cores
HASHER = "accounts.hashers.DemonstrationHasher"


@dataclass(frozen=True)
class Site:
    """A running web server: the master of a process group, and its address."""

    address: str
    process: subprocess.Popen[bytes]

    def freeze(self) -> None:
        """Stop every process of the server where it stands, as a hung host would."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.killpg(self.process.pid, signal.SIGCONT)


@pytest.fixture(scope="package")
def static_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collected static files, as production serves them: hashed and compressed."""
    folder = tmp_path_factory.mktemp("static")
    subprocess.run(
        [sys.executable, *COLLECT_STATIC[1:], "--verbosity", "0"],
        cwd=databases.ROOT,
        env=os.environ | {"STATIC_ROOT": str(folder)},
        check=True,
    )
    return folder


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all tests here; each person gets a context of their own."""
    with pytest.MonkeyPatch.context() as environment, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, and tests read the database.
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(
            executable_path=require(os.environ), args=list(ARGUMENTS)
        )
        yield browser
        browser.close()


@pytest.fixture(scope="package", autouse=True)
def _hasher_of_the_server() -> Iterator[None]:
    """The server is a process of its own, with the hasher of a demonstration."""
    with override_settings(PASSWORD_HASHERS=[HASHER]):
        yield


@contextlib.contextmanager
def serving(database: str, static_files: Path) -> Iterator[Site]:
    """Run the production web server on a database of a test."""
    listener = socket.create_server(("127.0.0.1", 0))
    descriptor = listener.fileno()
    environment = {
        name: value for name, value in os.environ.items() if "DATABASE_URL" not in name
    } | {
        "DATABASE_URL": _as_web(database),
        "STATIC_ROOT": str(static_files),
        "DEMONSTRATION": "1",
        "ALLOWED_HOSTS": "127.0.0.1",
    }
    log = static_files.parent / f"{database}.log"
    with log.open("wb") as words:
        process = subprocess.Popen(
            [sys.executable, *web(f"fd://{descriptor}")[1:]],
            cwd=databases.ROOT,
            env=environment,
            stdout=words,
            stderr=words,
            pass_fds=[descriptor],
            start_new_session=True,
        )
    site = Site(f"http://127.0.0.1:{listener.getsockname()[1]}", process)
    listener.close()
    try:
        _await(site, log)
        yield site
    finally:
        process.terminate()
        process.wait(30)


def _as_web(database: str) -> str:
    """Return the address of a database for the role that the web has in production."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    role = f"options={quote('-c role=candor_web')}"
    query = f"{parts.query}&{role}" if parts.query else role
    return urlunsplit(parts._replace(path=f"/{database}", query=query))


def _await(site: Site, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and site.process.poll() is None:
        with (
            contextlib.suppress(OSError, urllib.error.HTTPError),
            urllib.request.urlopen(f"{site.address}/health/", timeout=20),  # noqa: S310 - our own
        ):
            return
        time.sleep(0.1)
    pytest.fail(f"the server does not answer: {log.read_text()[-2000:]}")


@pytest.fixture
def site(own_database: str, static_files: Path) -> Iterator[Site]:
    """The site of one test, on a database of its own."""
    with serving(own_database, static_files) as served:
        yield served


@contextlib.contextmanager
def doors(chromium: Browser, site: Site) -> Iterator[Callable[..., Desk]]:
    """Yield a function that gives a person a browser, signed in by the sign-in page."""
    desks: list[Desk] = []

    def enter(user: User | None = None, **options: Any) -> Desk:
        context = chromium.new_context(
            **({"viewport": DESKTOP, "base_url": site.address} | options)
        )
        context.set_default_timeout(WAIT)
        desk = watched(context.new_page())
        desks.append(desk)
        if user is not None:
            signs_in(desk.page, user)
        return desk

    try:
        yield enter
    finally:
        for number, desk in enumerate(desks):
            if pictures := os.environ.get("BROWSER_PICTURES"):
                # For whoever mends a test: where everybody stood when it ended.
                desk.page.screenshot(
                    path=f"{pictures}/{number}.png", full_page=True, timeout=5000
                )
            desk.page.context.close()
    found = [problem for desk in desks for problem in desk.problems]
    assert not found, found


def signs_in(page: Page, user: User) -> None:
    """Type user name and password, as a person does."""
    page.goto("/sign-in/")
    page.get_by_label("User name", exact=True).fill(user.username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(lambda url: "/sign-in/" not in url)


@pytest.fixture
def enter(chromium: Browser, site: Site) -> Iterator[Callable[..., Desk]]:
    """Give a person a browser; at the end, any complaint of any of them is a failure."""
    with doors(chromium, site) as entering:
        yield entering
