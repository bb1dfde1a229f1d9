"""The house rules of routes and templates."""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.vocabulary import Role
from tests.world import PASSWORD, new_world

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATES = ROOT / "templates"
EXAMPLES = {"uuid": UUID(int=1), "pk": 1, "id": 1}
# What a stranger may open: the way in, the health pages, the API's own description.
OPEN_TO_STRANGERS = {
    "accounts:sign_in",
    "trials:demonstration",
    "health",
    "health_of_trail",
}


def routes(
    resolver: URLResolver | None = None, namespace: str = ""
) -> Iterator[tuple[str, dict[str, object]]]:
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            inner = (
                f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            )
            yield from routes(pattern, inner)
        elif isinstance(pattern, URLPattern) and pattern.name:
            names = pattern.pattern.regex.groupindex
            converters = pattern.pattern.converters
            yield (
                f"{namespace}{pattern.name}",
                {name: _example(converters.get(name)) for name in names},
            )


def _example(converter: object) -> object:
    kind = type(converter).__name__
    if converter is None:
        return "trials"  # a group of a regular expression: the admin's app label
    if kind == "UUIDConverter":
        return UUID(int=1)
    return 1 if kind == "IntConverter" else "x"


@pytest.mark.django_db
@pytest.mark.requirement("ACC-02")
def test_every_page_turns_a_stranger_away(client: Client) -> None:
    let_in = []
    for name, arguments in routes():
        if name in OPEN_TO_STRANGERS:
            continue
        response = client.get(reverse(name, kwargs=arguments))
        sent_to_sign_in = response.status_code == 302 and (
            "sign-in" in response["Location"]
            or "demonstration" in response["Location"]
            or "login" in response["Location"]
        )
        if not sent_to_sign_in and response.status_code not in {401, 403, 404, 405}:
            let_in.append(f"{name}: {response.status_code}")
    assert let_in == []


def test_every_template_is_used() -> None:
    sources = [
        path.read_text("utf-8")
        for folder in ROOT.iterdir()
        if folder.is_dir() and not folder.name.startswith((".", "var", "static"))
        for path in [*folder.rglob("*.py"), *folder.rglob("*.html")]
    ]
    text = "\n".join(sources)
    unused = [
        name
        for path in TEMPLATES.rglob("*.html")
        if (name := path.relative_to(TEMPLATES).as_posix()) not in text
        and not name.startswith(("bootstrap5/", "admin/", "400", "403", "404", "500"))
    ]
    assert unused == []


def test_every_included_template_begins_with_an_underscore() -> None:
    wrong = []
    for path in TEMPLATES.rglob("*.html"):
        if "bootstrap5" in path.parts:
            continue  # crispy's own names
        names = re.findall(r'{%\s*include\s+"([^"]+)"', path.read_text("utf-8"))
        wrong += [
            f"{path.name} includes {name}"
            for name in names
            if not name.rsplit("/", 1)[-1].startswith("_")
            and not name.startswith("admin/")  # Django's own
        ]
    assert wrong == []


def test_no_template_is_longer_than_a_hundred_lines() -> None:
    long = {
        path.relative_to(TEMPLATES).as_posix(): count
        for path in TEMPLATES.rglob("*.html")
        if (count := len(path.read_text("utf-8").splitlines())) > 100
    }
    assert long == {}


def test_no_template_holds_inline_style_or_script() -> None:
    inline = re.compile(
        r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=\"", re.IGNORECASE
    )
    wrong = [
        path.relative_to(TEMPLATES).as_posix()
        for path in TEMPLATES.rglob("*.html")
        if inline.search(path.read_text("utf-8"))
    ]
    assert wrong == []


@pytest.mark.django_db
def test_no_address_of_a_person_answers_with_an_empty_page(client: Client) -> None:
    """A GET of what only acts leads to its page; machines may be told that it is no page."""
    for_machines = {"assessments:draft"}
    world = new_world()
    client.post(
        reverse("accounts:sign_in"),
        {"username": world.user(Role.COORDINATOR).username, "password": PASSWORD},
    )
    empty = [
        name
        for name, arguments in routes()
        if name not in for_machines
        and client.get(reverse(name, kwargs=arguments)).status_code == 405
    ]
    assert empty == []
