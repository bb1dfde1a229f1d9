"""Two databases that differ by their arms alone, and a browser that looks at both."""

import contextlib
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connections
from django.test import Client
from psycopg import sql

from tests import databases
from trials.protocol import ProtocolDefinition

# What differs from one answer to the next whoever asks: the token against forged requests,
# a form's own key, when the answer was made. Cookies are not read.
_CHANGING = (
    (re.compile(rb'(name="csrfmiddlewaretoken" value=")[^"]+'), rb"\1"),
    (re.compile(rb'(name="request_key" value=")[^"]+'), rb"\1"),
    (re.compile(rb'(X-CSRFToken&quot;: &quot;|X-CSRFToken": ")[^"&]+'), rb"\1"),
)
_HEADERS = frozenset({"Date", "Set-Cookie"})

# The second database is the first one's copy; only what is sealed is another in it. The
# first one's rows are written too, so that both lie in the same order on the disk.
_SWAP = """
UPDATE sealed.list_entry SET arm = other.arm
FROM (VALUES {arms}) AS other (was, arm) WHERE list_entry.arm = other.was;
UPDATE sealed.kit_content SET arm = other.arm, milligrams = other.milligrams
FROM (VALUES {kits}) AS other (was, step, part, arm, milligrams)
WHERE (kit_content.arm, kit_content.step, kit_content.part)
    = (other.was, other.step, other.part);
UPDATE sealed.told SET told = other.told
FROM (VALUES {groups}) AS other (was, told) WHERE told.told = other.was;
"""
_TABLES = ("list_entry", "kit_content", "told")


@dataclass(frozen=True)
class Answer:
    """Everything that came back: status, headers in order, and body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Twins:
    """Two databases; `look` turns every connection of this thread to one of them."""

    def __init__(self, first: str, second: str) -> None:
        self.second = second
        self._wrappers = []
        self._before = connections["default"]
        for name in (first, second):
            wrapper = connections.create_connection("default")
            wrapper.settings_dict = wrapper.settings_dict | {"NAME": name}
            self._wrappers.append(wrapper)

    def look(self, at: int) -> None:
        connections["default"] = self._wrappers[at]

    def end(self) -> None:
        for wrapper in self._wrappers:
            wrapper.close()
        connections["default"] = self._before

    def both(self, client: Client, method: str, path: str, **more: Any) -> list[Answer]:
        """Ask both the same, with the same cookies."""
        found = []
        cookies = client.cookies.output()
        for at in (0, 1):
            self.look(at)
            client.cookies.load(cookies.replace("Set-Cookie: ", ""))
            found.append(answer_of(getattr(client, method)(path, **more)))
        return found


def answer_of(response: Any) -> Answer:
    """Return what a browser was sent, without what changes at every answer."""
    body = (
        b"".join(response.streaming_content) if response.streaming else response.content
    )
    response.close()
    for pattern, kept in _CHANGING:
        body = pattern.sub(kept, body)
    headers = tuple(
        (name, value) for name, value in response.items() if name not in _HEADERS
    )
    return Answer(response.status_code, headers, bytes(body))


@contextlib.contextmanager
def twins(first: str, definition: ProtocolDefinition) -> Iterator[Twins]:
    """Copy the database `first`, exchange the arms of the copy, and look at both."""
    second = f"test_{uuid.uuid4().hex[:16]}"
    connections["default"].close()
    with databases._administration() as admin:
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        admin.execute(create.format(sql.Identifier(second), sql.Identifier(first)))
    pair = None
    try:
        for name, is_exchanged in ((first, False), (second, True)):
            _rewrite(name, definition, is_exchanged=is_exchanged)
        pair = Twins(first, second)
        yield pair
    finally:
        if pair:
            pair.end()
        with databases._administration() as admin:
            databases._drop(admin, second)


def _rewrite(name: str, definition: ProtocolDefinition, *, is_exchanged: bool) -> None:
    """Write every sealed row anew, past the trail: it holds commitments, which stand."""
    arms = [arm.code for arm in definition.arms]
    others = dict(zip(arms, arms[::-1] if is_exchanged else arms, strict=True))
    with psycopg.connect(databases._named(name)) as owner:
        owner.execute("SET ROLE candor_unblinded")
        for table in _TABLES:
            owner.execute(f"ALTER TABLE sealed.{table} DISABLE TRIGGER USER")
        owner.execute(_statements(definition, others))
        for table in _TABLES:
            owner.execute(f"ALTER TABLE sealed.{table} ENABLE TRIGGER USER")


def _statements(definition: ProtocolDefinition, others: dict[str, str]) -> str:
    doses = {arm.code: arm.doses for arm in definition.arms}
    kits = [
        (was, step, part, other, getattr(doses[other][step], f"{part}_mg")[0])
        for was, other in others.items()
        for step in doses[was]
        for part in ("initial", "supplement")
    ]
    unblinding = definition.unblinding
    groups = [
        (unblinding.group_of(was), unblinding.group_of(other))
        if unblinding
        else (was, other)
        for was, other in others.items()
    ]
    return _SWAP.format(
        arms=_values(others.items()), kits=_values(kits), groups=_values(groups)
    )


def _values(rows: Any) -> str:
    return ", ".join(
        "(" + ", ".join(f"'{v}'" if isinstance(v, str) else f"{v}" for v in row) + ")"
        for row in rows
    )


def arms_in(name: str) -> dict[int, str]:
    """Return every participant's arm in a database, as the wall's owner reads them."""
    with psycopg.connect(databases._named(name)) as owner:
        owner.execute("SET ROLE candor_unblinded")
        rows = owner.execute(
            "SELECT participant_id, arm FROM sealed.list_entry"
            " WHERE participant_id IS NOT NULL"
        )
        return {row[0]: row[1] for row in rows}
