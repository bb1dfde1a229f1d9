"""How the trail and what carries it are doing: one line for each sign."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from audit.checks import unsafe_role
from audit.drift import drift
from audit.models import Anchor, AnchorMail, Verification

# One a day, and two hours for a worker that was down.
ANCHOR_AGE = VERIFICATION_AGE = timedelta(hours=26)
SILENCE = timedelta(minutes=5)
LONG_QUEUE = 500  # tasks; a worker sends a mail in about a second
QUEUE = "celery"
ALIVE = "candor:alive"


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that was looked at: its code, whether it is well, and what was seen."""

    code: str
    label: str
    is_good: bool
    says: str


def in_short(*, now: datetime, trials: Mapping[int, str]) -> list[Sign]:
    """Return what is cheap to ask: for a monitor that asks every minute."""
    return [_anchors(now, trials), _verification(now), *_worker(now)]


def in_full(*, now: datetime, trials: Mapping[int, str]) -> list[Sign]:
    """Return everything, for a person; reads the database's own tables too."""
    return [
        *in_short(now=now, trials=trials),
        _drift(),
        _mails(now),
        _role(),
        _migrations(),
    ]


def leave_sign_of_life() -> None:
    """Say that worker and clock run; the broker keeps it, not the trail."""
    with _broker() as broker:
        broker.set(ALIVE, timezone.now().isoformat())


def _anchors(now: datetime, trials: Mapping[int, str]) -> Sign:
    said, is_good = [], bool(trials)
    for trial_id, identifier in sorted(trials.items(), key=lambda trial: trial[1]):
        last = Anchor.objects.filter(trial_id=trial_id).order_by("-id").first()
        if last is None:
            said.append(f"{identifier}: none yet")
            is_good = False
            continue
        said.append(f"{identifier}: {_ago(now - last.at)}")
        is_good = is_good and now - last.at <= ANCHOR_AGE
    return Sign("anchors", "Last anchor", is_good, "; ".join(said) or "no trial")


def _verification(now: datetime) -> Sign:
    whole = Verification.objects.filter(trial_id__isnull=True)
    last = whole.order_by("-id").first()
    if last is None:
        return Sign("verification", "Last verification", is_good=False, says="none yet")
    is_good = not last.finding and now - last.at <= VERIFICATION_AGE
    said = last.finding or f"intact: {last.acts} acts in {last.chains} chains"
    when = f"{_ago(now - last.at)}; {said}"
    return Sign("verification", "Last verification", is_good, when)


def _worker(now: datetime) -> Iterable[Sign]:
    try:
        with _broker() as broker:
            left, waiting = broker.get(ALIVE), broker.llen(QUEUE)
    except redis.RedisError:
        says = "the broker does not answer"
        yield Sign("worker", "Worker and clock", is_good=False, says=says)
        return
    text = left.decode() if isinstance(left, bytes) else ""
    silent = now - datetime.fromisoformat(text) if text else None
    yield Sign(
        "worker",
        "Worker and clock",
        silent is not None and silent <= SILENCE,
        f"last sign of life {_ago(silent)}"
        if silent is not None
        else "no sign of life",
    )
    queued = int(str(waiting))
    yield Sign("queue", "Waiting tasks", queued < LONG_QUEUE, str(queued))


def _drift() -> Sign:
    found = drift()
    said = " ".join(found) or "as the migrations made them"
    return Sign("triggers", "Triggers and functions", not found, said)


def _mails(now: datetime) -> Sign:
    failed = AnchorMail.objects.filter(
        sent_at__isnull=True, leased_until__lt=now, leased_until__gt=now - ANCHOR_AGE
    ).exclude(error="")
    count = failed.count()
    return Sign("mails", "Anchors not mailed", count == 0, str(count))


def _role() -> Sign:
    """A role that owns tables or passes row-level security must not serve pages."""
    with connection.cursor() as cursor:
        problem = unsafe_role(cursor)
        cursor.execute("SELECT session_user")
        (name,) = cursor.fetchone()
    return Sign("role", "Database role", not problem, problem or name)


def _migrations() -> Sign:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    said = ", ".join(str(migration) for migration, _ in plan) or "all applied"
    return Sign("migrations", "Migrations", not plan, said)


def _broker() -> redis.Redis:
    url = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://", 1)
    return redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2)


def _ago(age: timedelta) -> str:
    minutes = max(0, int(age.total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago"
