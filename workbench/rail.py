"""The rail: a person's own pages, at most eight, and what every page shows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpRequest
from django.urls import reverse

from accounts.http import SignedInRequest
from accounts.models import User
from accounts.vocabulary import ROLES, Permission, Role
from trials.access import is_only_synthetic
from trials.models import Site
from workbench.access import Desk, desk_of

_P = Permission


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the rail."""

    label: str
    url: str
    icon: str
    is_current: bool = False
    count: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """A site to switch to."""

    label: str
    url: str
    is_current: bool


# Pages whose addresses do not begin with that of the page above them.
_BELOW = (
    (re.compile(r"/(visits|medical|waivers)/"), "/participants/"),
    (re.compile(r"/(delegations|suspensions|sites/[^/]+/suspend)/"), "/trials/"),
    (re.compile(r"/(reopenings|versions)/"), "/trials/"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """The trial and the site in view, and the others to choose from."""

    trial: str
    site: str
    choices: tuple[Choice, ...] = ()


# Label, route, icon and the permissions of which one opens the page.
_PAGES: Sequence[tuple[str, str, str, frozenset[Permission]]] = (
    ("Today", "workbench:home", "house", frozenset({_P.VIEW_PARTICIPANTS})),
    (
        "Participants",
        "workbench:participants",
        "people",
        frozenset({_P.VIEW_PARTICIPANTS}),
    ),
    ("Interviews", "assessments:ratings", "camera-video", frozenset({_P.RATE})),
    (
        "Safety",
        "adverse_events:board",
        "heart-pulse",
        frozenset({_P.REPORT_EVENTS, _P.RECEIVE_REPORTS}),
    ),
    (
        "Kits and allocation",
        "randomization:kits",
        "box-seam",
        frozenset({_P.LOAD_LIST}),
    ),
    (
        "Unblindings",
        "randomization:unblindings",
        "unlock",
        frozenset({_P.READ_UNBLINDINGS}),
    ),
    ("Review", "workbench:review", "clock-history", frozenset({_P.READ_TRAIL})),
    ("Export", "exports:home", "download", frozenset({_P.EXPORT, _P.MANAGE_TOKENS})),
    ("Oversight", "oversight:index", "shield-check", frozenset({_P.OVERSEE})),
)
# The auditors' site has its own frame and says for itself that a trial is synthetic.
_WITHOUT_RAIL = frozenset({"oversight", "trail"})
_FOR_THE_DESK_ALONE = frozenset(
    {_P.OVERSEE, _P.READ_TRAIL, _P.VIEW_PARTICIPANTS, _P.READ_UNBLINDINGS}
)


def desk(request: HttpRequest) -> Desk:
    """Return where the signed-in person works, read once for a request."""
    found: Desk | None = getattr(request, "_desk", None)
    if found is None:
        person = cast(SignedInRequest, request).user
        found = desk_of(person.pk)
        request._desk = found  # type: ignore[attr-defined] # noqa: SLF001 - our own
    return found


def sites_in_view(request: HttpRequest, permission: Permission) -> list[Site]:
    """Return the sites a page shows: the chosen one, or all where the person may."""
    sites = desk(request).sites_with(permission)
    chosen = request.GET.get("site", "")
    narrowed = [site for site in sites if str(site.uuid) == chosen]
    return narrowed or sites


def is_auditor(here: Desk) -> bool:
    """Tell whether the oversight site is all that this person works with."""
    return _P.OVERSEE in here.permissions and here.permissions <= _FOR_THE_DESK_ALONE


def rail(request: HttpRequest) -> dict[str, Any]:
    """Return the rail, the place, the person and the ribbon for every page."""
    match = request.resolver_match
    if match is not None and match.namespace in _WITHOUT_RAIL:
        return {}
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {"rail": [], "is_synthetic": is_only_synthetic()}
    here = desk(request)
    return {
        "rail": _entries(request, here),
        "place": _place(request, here),
        "person": {
            "name": user.name,
            "role": ", ".join(ROLES[role].label for role in here.roles),
        },
        "reads_trail": _P.READ_TRAIL in here.permissions,
        "reads_whole_trail": here.reads_whole_trail,
        "trail_sites": {site.pk for site in here.sites_with(_P.READ_TRAIL)},
        "search_url": reverse("workbench:participants")
        if _P.VIEW_PARTICIPANTS in here.permissions
        else "",
        "is_synthetic": bool(here.lines)
        and all(trial.is_synthetic for trial in here.trials),
    }


def _entries(request: HttpRequest, here: Desk) -> list[Entry]:
    given = here.permissions
    pages = [
        (label, reverse(route), icon)
        for label, route, icon, wanted in _PAGES
        if wanted & given and not (route == "workbench:home" and is_auditor(here))
    ]
    pages += [
        ("Trial", reverse("trials:trial", args=[trial.uuid]), "journal-text")
        for trial in here.trials[:1]
        if given != ROLES[Role.RATER].permissions
    ]
    current = _current(request.path, [url for _, url, _ in pages])
    return [
        Entry(label, url, icon, is_current=url == current) for label, url, icon in pages
    ]


def _current(path: str, urls: Sequence[str]) -> str:
    """Return the page that the path belongs to: the longest that it begins with."""
    for pages, above in _BELOW:
        if pages.match(path):
            return next((url for url in urls if url.startswith(above)), "")
    found = [
        url for url in urls if url == path or (url != "/" and path.startswith(url))
    ]
    return max(found, key=len, default="")


def _place(request: HttpRequest, here: Desk) -> Place | None:
    if not here.trials:
        return None
    trial = ", ".join(trial.identifier for trial in here.trials)
    sites = here.sites_with(_P.VIEW_PARTICIPANTS)
    if len(sites) == 1:
        return Place(trial, str(sites[0]))
    if not sites:
        return Place(trial, "All sites")
    chosen = request.GET.get("site", "")
    base = request.path if request.path in _switching() else _switching()[0]
    named = next((str(site) for site in sites if str(site.uuid) == chosen), "")
    every = f"All {len(sites)} sites"
    choices = [Choice(every, base, is_current=not named)]
    choices += [
        Choice(str(site), f"{base}?site={site.uuid}", str(site.uuid) == chosen)
        for site in sites
    ]
    return Place(trial, named or every, tuple(choices))


def _switching() -> tuple[str, str]:
    """Return the pages that a choice of site narrows, the first being the usual one."""
    return reverse("workbench:home"), reverse("workbench:participants")
