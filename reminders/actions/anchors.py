"""Anchoring the trails, and mailing each anchor to those who keep it outside."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.core.mail import EmailMessage
from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.vocabulary import Role
from audit import anchoring
from audit.actors import SystemActor
from audit.models import Anchor, AnchorMail
from audit.seeing import seeing
from reminders.messages import Message, day_in_words
from trials.models import Delegation, Trial

ANCHOR_LEASE = timedelta(minutes=15)
ANCHOR_ATTEMPTS = 3
# Held by people whom the sponsor does not employ: an anchor that lay only with the
# owner of the database would prove nothing.
KEEPERS = (Role.INVESTIGATOR.value, Role.IRB_CONTACT.value)


def anchor_trails(*, by: SystemActor) -> list[int]:
    """Anchor each trial that has no anchor of today yet; return the new anchors' ids."""
    with seeing(by):
        trials = list(Trial.objects.order_by("pk").values_list("pk", "identifier"))
    made = [
        anchoring.anchor_trial(trial_id=trial_id, identifier=identifier, by=by)
        for trial_id, identifier in trials
    ]
    return [anchor.pk for anchor in made if anchor is not None]


def anchors_to_mail(*, now: datetime, by: SystemActor) -> list[tuple[int, int]]:
    """Return anchor and person for each mail that is still to go out today."""
    with seeing(by):
        return list(_to_mail(now))


def _to_mail(now: datetime) -> Iterator[tuple[int, int]]:
    done = AnchorMail.objects.filter(
        Q(sent_at__isnull=False)
        | Q(attempts__gte=ANCHOR_ATTEMPTS)
        | Q(leased_until__gt=now)
    )
    for anchor in Anchor.objects.filter(at__gt=now - timedelta(days=1)).order_by("pk"):
        settled = done.filter(anchor_id=anchor.pk).values("user_id")
        keepers = _keepers(anchor.trial_id, now).exclude(pk__in=settled)
        yield from ((anchor.pk, pk) for pk in keepers.values_list("pk", flat=True))


def _keepers(trial_id: int, now: datetime) -> QuerySet[User]:
    today = now.date()
    given = Delegation.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=today),
        trial_id=trial_id,
        role__in=KEEPERS,
        starts_on__lte=today,
    )
    return (
        User.objects.filter(pk__in=given.values("user_id"), is_active=True)
        .exclude(email="")
        .order_by("pk")
    )


def claim_anchor(
    *, anchor_id: int, user_id: int, domain: str, by: SystemActor
) -> tuple[Anchor, EmailMessage] | None:
    """Take one mail and write it; None when it went out or another worker has it."""
    if not anchoring.claim_mail(
        anchor_id=anchor_id,
        user_id=user_id,
        lease=ANCHOR_LEASE,
        attempts=ANCHOR_ATTEMPTS,
        by=by,
    ):
        return None
    with seeing(by):
        anchor = Anchor.objects.get(pk=anchor_id)
        address = User.objects.values_list("email", flat=True).get(pk=user_id)
    words = anchor_message(at=anchor.at)
    mail = EmailMessage(
        words.subject,
        words.body,
        to=[address],
        headers={"Message-ID": f"<anchor-{anchor.pk}-{user_id}@{domain}>"},
    )
    name = f"candor-anchor-{anchor.trial_id}-{anchor.at:%Y-%m-%d}.txt"
    # As octets: a mail program may rewrap text, and then the signature would not hold.
    mail.attach(name, anchor.text.encode(), "application/octet-stream")
    mail.attach(f"{name}.sig", anchor.signature.encode(), "application/octet-stream")
    return anchor, mail


def anchor_message(*, at: datetime) -> Message:
    """The mail that goes with an anchor; whoever keeps it need do nothing else."""
    return Message(
        subject=f"Candor: anchor of {day_in_words(at)}",
        body=(
            "Attached is today's anchor of the audit trail, and its signature.\n\n"
            "Please keep both files where the sponsor and the people who run Candor\n"
            "cannot change them. There is nothing else to do: with any one of these\n"
            "files, an exported trail can later be checked by anybody, without Candor.\n"
            "How is told in the administration guide, under 'Verifying the trail'.\n"
        ),
    )


def settle_anchor(*, anchor: Anchor, user_id: int, error: str, by: SystemActor) -> None:
    """Record that an anchor's mail went out, or why not."""
    anchoring.settle_mail(anchor=anchor, user_id=user_id, error=error, by=by)
