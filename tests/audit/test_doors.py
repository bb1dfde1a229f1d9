"""The oversight site and the API open to nobody who would write: not a row is changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from accounts.vocabulary import ROLES, Permission, Role
from exports import urls as api
from oversight.site import oversight_site
from tests import databases
from tests.audit.everything import audited_tables, everything
from tests.exports.study import new_token
from tests.pages import signed_in_as
from tests.world import World

pytestmark = pytest.mark.requirement("AUD-01")

METHODS = ("post", "put", "patch", "delete")
# Pages on which a person with a session manages tokens: each writes in an act.
PAGES = {"home", "issue", "revoke"}
ARGUMENTS = {"name": "DM", "uuid": "00000000-0000-0000-0000-000000000000"}


@dataclass
class Doors:
    """A world with a row in every audited table, and a token of the API."""

    world: World
    plain: str

    def rows(self) -> dict[str, str]:
        """Return a hash of each audited table that Django knows, and of the acts."""
        names = [table.named for table in audited_tables() if table.schema == "public"]
        hashes = ", ".join(
            f"(SELECT md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM {name} t)"
            for name in (*names, "audit.audit_rowchange")
        )
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {hashes}")
            return dict(zip([*names, "changes"], cursor.fetchone(), strict=True))


@pytest.fixture(scope="module")
def doors(django_db_setup: None, django_db_blocker: Any) -> Iterator[Doors]:
    with django_db_blocker.unblock(), databases.cloned():
        world = everything().world
        _, plain = new_token(world)
        yield Doors(world, plain)


def doors_for(role: Role, pk: Any) -> list[tuple[str, list[Any]]]:
    """Return the doors to try: for whom the whole site is shut, two of each model."""
    all_of_them = [("add", []), ("delete", [pk]), ("change", [pk]), ("changelist", [])]
    return (
        all_of_them
        if Permission.OVERSEE in ROLES[role].permissions
        else all_of_them[:2]
    )


@pytest.mark.parametrize("role", [role for role in Role if role != Role.IRB_CONTACT])
def test_nobody_writes_through_the_oversight_site(doors: Doors, role: Role) -> None:
    client = signed_in_as(doors.world, role)
    before = doors.rows()
    open_to = []
    for model in oversight_site._registry:
        name = f"oversight:{model._meta.app_label}_{model._meta.model_name}"
        row = model._base_manager.order_by("pk").first()
        assert row is not None, name
        values = {
            field.name: str(field.value_from_object(row))
            for field in model._meta.concrete_fields
        }
        # What is added and changed, deleted, and chosen from a list, in one form.
        typed = values | {"_save": "Save", "post": "yes", "action": "delete_selected"}
        typed |= {"_selected_action": str(row.pk)}
        for door, arguments in doors_for(role, row.pk):
            url = reverse(f"{name}_{door}", args=arguments)
            answer = client.post(url, typed)
            # Forbidden, or for this person it does not exist; a list is only read.
            led_away = answer.get("Location", "").startswith(reverse("oversight:login"))
            if not (
                answer.status_code in {403, 404} or led_away or door == "changelist"
            ):
                open_to.append((url, answer.status_code))
    assert open_to == []
    assert doors.rows() == before


def routes() -> list[str]:
    return [
        route.name or ""
        for route in api.urlpatterns
        if isinstance(route, URLPattern) and route.name not in PAGES
    ]


def url_of(name: str) -> str:
    route = next(one for one in api.urlpatterns if one.name == name)
    used = {key: ARGUMENTS[key] for key in route.pattern.converters}
    return reverse(f"exports:{name}", kwargs=used)


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_written_through_the_api(doors: Doors, method: str) -> None:
    client = Client(headers={"Authorization": f"Bearer {doors.plain}"})
    before = doors.rows()
    answers = {
        name: getattr(client, method)(
            url_of(name), "{}", "application/json"
        ).status_code
        for name in routes()
    }
    assert set(answers.values()) == {405}
    assert len(answers) >= 5
    assert doors.rows() == before


@pytest.mark.parametrize("method", ["put", "delete"])
def test_no_page_at_all_writes_for_another_method_than_post(
    doors: Doors, method: str
) -> None:
    client = signed_in_as(doors.world, Role.COORDINATOR)
    before = doors.rows()
    tried = paths(get_resolver().url_patterns)
    for path in tried:
        getattr(client, method)(path, "{}", "application/json")
    assert doors.rows() == before
    assert len(tried) > 60


def paths(patterns: Any, prefix: str = "/") -> list[str]:
    """Return every address of the site, with some value for each of its arguments."""
    found = []
    for pattern in patterns:
        part = str(pattern.pattern)
        for name, converter in pattern.pattern.converters.items():
            kind = type(converter).__name__.removesuffix("Converter").lower()
            value = {"int": "1", "uuid": ARGUMENTS["uuid"]}.get(kind, "x")
            for spelled in (f"<{kind}:{name}>", f"<str:{name}>", f"<{name}>"):
                part = part.replace(spelled, value)
        if isinstance(pattern, URLPattern):
            found.append(prefix + part)
        else:
            found += paths(pattern.url_patterns, prefix + part)
    return [path for path in found if "<" not in path and "(" not in path]
