"""Amendments of MAPP2, and people under way to whom they are applied."""

from collections.abc import Sequence
from datetime import date, timedelta

from accounts.vocabulary import Role
from participants.models import Participant
from sessions import actions
from sessions.actions import apply_amendment
from sessions.models import Visit
from tests.workbench.life import lives
from tests.world import (
    MAPP2,
    SETUP,
    World,
    approve,
    visit_of,
)
from trials.actions import adopt_protocol
from trials.models import ProtocolVersion

# Day 80 after consent, 24 days after the first dose: V9 and V10 are open.
TODAY = date(2025, 6, 2)
DAY = timedelta(days=1)
OLD = MAPP2.read_text("utf-8")
AMENDMENT = """
[amendment]
amends = "1.0"
reason = "Sleep was never asked about"
new_consent = false

[[visits]]
code = "unscheduled"
"""
VISIT = """
[[visits]]
code = "{code}"
number = "{number}"
label = "{label}"
kind = "call"
when = {{ after = "dosing_1", earliest = "{first}", target = "{last}", latest = "{last}" }}
"""
SLEEP = VISIT.format(
    code="sleep", number="V21", label="Sleep", first="20 days", last="40 days"
)
# Its window closed 19 days before the amendment.
NEXT_DAYS = VISIT.format(
    code="next_days", number="V22", label="Next days", first="2 days", last="5 days"
)
BEFORE_T2 = '[[visits]]\ncode = "t2"'
V9 = 'earliest = "18 days", target = "25 days", latest = "32 days" }\notherwise = { after = "baseline", earliest = "3 weeks"'
SHORTER_V9 = V9.replace('target = "25 days", latest = "32 days"', 'latest = "23 days"')


def text(*edits: tuple[str, str]) -> str:
    """Return MAPP2 as somebody with an editor would amend it."""
    changed = OLD
    for old, new in (
        ('version = "1.0"', 'version = "1.1"'),
        ('\n[[visits]]\ncode = "unscheduled"\n', AMENDMENT),
        *edits,
    ):
        assert old in changed, old
        changed = changed.replace(old, new)
    return changed


def with_visits(*visits: str) -> str:
    return text((BEFORE_T2, "".join(visits) + "\n" + BEFORE_T2))


def without_follow_up() -> str:
    start = OLD.index('[[visits]]\ncode = "follow_up"')
    end = OLD.index("[[visits]]", start + 1)
    return text(
        (OLD[start:end], ""),
        (', "follow_up"', ""),
        ('to = "follow_up"', 'to = "termination"'),
    )


# V1 under another code; MAPP2 names it in the visits after it and in a period.
RENAMING = text(
    ('code = "prep_1"', 'code = "preparation"'),
    ('"prep_1"', '"preparation"'),
    (
        "new_consent = false",
        'new_consent = false\nrenamed = { prep_1 = "preparation" }',
    ),
)


def adopted(
    world: World, definition: str, *, form: str = "1.0", on: date = TODAY - DAY
) -> ProtocolVersion:
    """Adopt a version and have the site's IRB approve it with a consent form."""
    version = adopt_protocol(
        trial=world.trial, text=definition, filename="mapp2.toml", on=on, by=SETUP
    )
    sites = [world.site, world.elsewhere]
    approve(trial=world.trial, protocol=version, sites=sites, form_version=form, on=on)
    return version


def living(world: World, n: int = 1, *, days: int = 80) -> list[Participant]:
    return lives(world, n, today=TODAY, days=days)


def apply(
    world: World,
    people: Sequence[Participant],
    version: ProtocolVersion,
    *,
    on: date = TODAY,
) -> list[Visit]:
    by = world.actor(Role.DATA_MANAGER)
    return apply_amendment(participants=people, version=version, on=on, by=by)


def replanned(world: World, person: Participant, on: date) -> None:
    by = world.actor(Role.COORDINATOR)
    actions.replan(participants=[person], today=on, by=by)


def hold(world: World, person: Participant, code: str, on: date) -> None:
    holding = actions.Holding(visit_of(person, code), on, "in_person", "Came then")
    actions.hold(holdings=[holding], by=world.actor(Role.COORDINATOR))


def booked(world: World, person: Participant, code: str, on: date) -> None:
    booking = actions.Booking(visit_of(person, code), on, None, "in_person")
    actions.book(bookings=[booking], by=world.actor(Role.COORDINATOR), today=TODAY)
