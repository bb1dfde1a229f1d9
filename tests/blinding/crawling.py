"""Every address of the site, filled with what a trial holds; and the links on its pages."""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit
from uuid import UUID

from django.db import connection
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver

from adverse_events.models import AdverseEvent
from assessments.models import Assessment
from exports.datasets import DATASETS
from exports.models import ApiToken
from medical.models import ECG
from oversight.site import oversight_site
from participants.models import Waiver
from randomization.models import Unblinding
from sessions.models import Visit
from tests.blinding.lives import Trial
from trials.models import Delegation, ProtocolVersion, Reopening, Suspension

NOBODY = UUID(int=7)
_HOLE = re.compile(r"<(?:(\w+):)?(\w+)>")
_LINK = re.compile(rb'href="([^"#]+)')
# What ends or begins a sign-in, which every other answer stands on.
LEAVES = frozenset(
    {
        "sign-out/",
        "sign-in/",
        "password/",
        "demonstration/become/",
        "oversight/logout/",
    }
)
Values = Sequence[object]


def routes(resolver: Any = None, prefix: str = "") -> Iterator[str]:
    """Return every route of the site as it is written, from its beginning."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield route


def addresses(trial: Trial) -> dict[str, list[str]]:
    """Return the addresses of every route, by route; the first is of somebody's own site.

    A route that takes something unknown here is a KeyError: whoever adds it says with
    what it is to be asked.
    """
    known = _known(trial)
    return {route: list(_filled(route, known)) for route in routes()}


def _known(trial: Trial) -> Mapping[str, Values]:
    """Return what fills a hole, by the words before it and its name."""
    # Whoever is not randomized has no arm that could show.
    people = [*trial.treated[:2], trial.undosed, trial.elsewhere]
    visits = Visit.objects.filter(participant__in=people)
    chosen = visits.filter(code="dosing_1").order_by("pk")
    coming = visits.filter(
        code="integration_1_1", participant__in=[trial.treated[0], trial.undosed]
    )
    two = [*chosen[:2].values_list("uuid", flat=True)]
    events = AdverseEvent.objects.order_by("-pk")
    forms = Assessment.objects.order_by("pk")
    examined = ECG.objects.order_by("pk")
    uuids: dict[str, Values] = {
        "participants/uuid": [person.uuid for person in people],
        "visits/uuid": [each.uuid for each in [*chosen, *coming.order_by("pk")]],
        "assessments/visit": two,
        "assessments/uuid": [*forms.values_list("uuid", flat=True)],
        "events/uuid": [*events[:3].values_list("uuid", flat=True)],
        "trials/uuid": [trial.world.trial.uuid],
        "sites/uuid": [trial.world.site.uuid, trial.world.elsewhere.uuid],
        "unblindings/uuid": [*Unblinding.objects.values_list("uuid", flat=True)],
        "medical/uuid": [*examined[:2].values_list("uuid", flat=True)],
        "waivers/uuid": [*Waiver.objects.values_list("uuid", flat=True)],
        "tokens/uuid": [*ApiToken.objects.values_list("uuid", flat=True)],
    }
    return {name: [*values, NOBODY] for name, values in uuids.items()} | {
        "delegations/pk": [*Delegation.objects.values_list("pk", flat=True)[:2], 0],
        **{f"{kind}/pk": _first(model) for kind, model in _ONE_OF.items()},
        "participants/pk": [person.pk for person in people],
        "dosing/part": ["initial", "supplement", "third"],
        "kits/part": ["initial", "supplement", "third"],
        "medical/kind": ["ecg", "history", "nothing"],
        "send/kind": ["site_to_sponsor", "fatal", "nothing"],
        "start/code": ["pcl5", "nothing"],
        "request-rating/code": ["caps5", "nothing"],
        "not-done/code": ["caps5", "nothing"],
        "datasets/name": [*DATASETS, "XX"],
        "r/content_type_id": [1],
    }


_ONE_OF: Mapping[str, type[Model]] = {
    "reopenings": Reopening,
    "suspensions": Suspension,
    "versions": ProtocolVersion,
}


def _first(model: type[Model]) -> Values:
    rows = model._default_manager.order_by("pk").values_list("pk", flat=True)
    return [*rows[:1], 0]


def _filled(route: str, known: Mapping[str, Values]) -> Iterator[str]:
    if "(?P<app_label>" in route:
        yield from ("/oversight/participants/", "/oversight/nothing/")
    elif "(?P<url>" in route:
        yield "/oversight/nowhere"
    elif "<str:table>/<str:row>" in route:
        before = route.split("<", maxsplit=1)[0]
        yield from (f"/{before}{table}/{row}/" for table, row in _rows())
    else:
        holes = [_values(route, hole, known) for hole in _HOLE.finditer(route)]
        pieces = _HOLE.sub("\0", route).split("\0")
        for values in itertools.product(*holes):
            middle = zip(pieces[1:], values, strict=True)
            yield (
                "/" + pieces[0] + "".join(f"{value}{piece}" for piece, value in middle)
            )


def _values(route: str, hole: re.Match[str], known: Mapping[str, Values]) -> Values:
    if hole[2] == "object_id":
        return _records(route)
    before = [part for part in route[: hole.start()].split("/") if "<" not in part]
    return known[f"{before[-2]}/{hole[2]}"]


def _records(route: str) -> Values:
    """Return the first and the last record of an oversight page's model, and none."""
    for model in oversight_site._registry:
        label = f"/{model._meta.app_label}/{model._meta.model_name}/"
        if label in route:
            rows = model._default_manager.order_by("pk").values_list("pk", flat=True)
            return [*dict.fromkeys([*rows[:1], *rows.reverse()[:1]]), 0]
    return [1]


def _rows() -> list[tuple[str, str]]:
    """Return of every table on the trail the first and the last record, sealed ones too."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, (array_agg(row_id ORDER BY id))[1],"
            " (array_agg(row_id ORDER BY id DESC))[1]"
            " FROM audit_rowchange GROUP BY table_name ORDER BY table_name"
        )
        found = cursor.fetchall()
    return [(table, row) for table, *rows in found for row in dict.fromkeys(rows)]


def links(path: str, body: bytes) -> Iterator[str]:
    """Return where a page leads: other orders, filters, pages, records."""
    for match in _LINK.finditer(body):
        there = urljoin(path, match[1].decode().replace("&amp;", "&"))
        parts = urlsplit(there)
        is_ours = not parts.netloc and parts.path.startswith("/")
        is_page = not parts.path.startswith("/static/")
        if is_ours and is_page and parts.path.lstrip("/") not in LEAVES:
            yield there


def crawled(
    begin: Sequence[str], ask: Callable[[str], tuple[int, bytes]], *, most: int
) -> list[str]:
    """Ask everything, then the links of what was answered, `most` of them; what was asked."""
    asked: dict[str, None] = {}
    found: dict[str, None] = {}
    for path in begin:
        asked[path] = None
        status, body = ask(path)
        if status == 200:
            found |= dict.fromkeys(links(path, body))
    for path in itertools.islice((each for each in found if each not in asked), most):
        asked[path] = None
        ask(path)
    return list(asked)
