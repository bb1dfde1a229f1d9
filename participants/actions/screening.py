"""The screening log: a participant exists from here on, as a number and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import Max

from accounts.vocabulary import Permission
from audit.actors import AnyActor
from audit.refusal import ReasonNeeded, Refused
from audit.trail import acting
from participants.actions.batch import (
    SHORTEST_REASON,
    locked,
    place_of,
    refresh,
    subject_of,
)
from participants.lifecycle import State
from participants.models import Consent, Participant
from participants.numbering import participant_number
from trials.access import require, today_at
from trials.models import ProtocolVersion, Site


@dataclass(frozen=True, slots=True)
class NewScreening:
    """Somebody came to be screened at a site on a day."""

    site: Site
    on: date


def screen(*, screenings: Sequence[NewScreening], by: AnyActor) -> list[Participant]:
    """Add people to the screening log, each with the site's next number."""
    site_ids = {screening.site.pk for screening in screenings}
    require(by=by, permission=Permission.SCREEN, site_ids=site_ids)
    versions = _versions({screening.site.trial_id for screening in screenings})
    draft = [
        Participant(
            trial_id=screening.site.trial_id,
            site=screening.site,
            protocol_version=_in_force(versions, screening),
            state=State.SCREENING.value,
            screened_on=screening.on,
        )
        for screening in screenings
    ]
    # The number is part of the entry's subject, so it is taken just before the act opens.
    with transaction.atomic():
        _number(draft)
        with acting(
            "add to screening log",
            by=by,
            subject=subject_of(participants=draft),
            place=place_of(participants=draft),
        ):
            return Participant.objects.bulk_create(draft)


def correct_screening(
    *, participant: Participant, on: date, reason: str, by: AnyActor
) -> Participant:
    """Change the day of the screening log, with a reason.

    Never to a day after consent or enrollment, or on which another version of the
    protocol was in force than the one that the participant follows from then on.
    """
    require(by=by, permission=Permission.SCREEN, site_ids={participant.site_id})
    if len(reason.strip()) < SHORTEST_REASON:
        raise ReasonNeeded("Saved data is changed: say why, in a few words.")
    with acting(
        "correct day of screening",
        by=by,
        reason=reason,
        subject=participant.number,
        place=place_of(participants=[participant]),
    ):
        row = locked(participants=[participant])[participant.pk]
        if on > today_at(row.site):
            raise Refused("This day has not come yet at the site.")
        _check_order(row, on)
        # Refuses a day on which no version was in force.
        _in_force(_versions({row.trial_id}), NewScreening(row.site, on))
        row.screened_on = on
        row.save(update_fields=["screened_on"])
    refresh(participants=[participant], rows={row.pk: row}, fields=["screened_on"])
    return row


def _check_order(row: Participant, on: date) -> None:
    """Refuse a day after what came after screening."""
    consents = Consent.objects.filter(participant=row).order_by("signed_on")
    signed_on = consents.values_list("signed_on", flat=True).first()
    later = (("Consent was signed", signed_on), ("Enrollment was", row.enrolled_on))
    for what, day in (*later, ("The course ended", row.ended_on)):
        if day is not None and on > day:
            raise Refused(
                f"{what} on {day:%d %b %Y}, before this day. Correct one of the two."
            )


def _number(draft: Sequence[Participant]) -> None:
    """Give each its number; the sites stay locked until the act ends.

    Without the lock two coordinators who screen at the same moment read the same last
    number, and one of them is refused.
    """
    ids = {row.site_id for row in draft}
    list(Site.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    last: dict[int, int] = dict(
        Participant.objects.filter(site_id__in=ids)
        .order_by()
        .values_list("site_id")
        .annotate(last=Max("sequence"))
    )
    for row in draft:
        row.sequence = last[row.site_id] = last.get(row.site_id, 0) + 1
        row.number = participant_number(
            site=int(row.site.number), sequence=row.sequence
        )


def _versions(trial_ids: set[int]) -> Mapping[int, list[ProtocolVersion]]:
    """Return each trial's protocol versions, newest first."""
    found: dict[int, list[ProtocolVersion]] = {}
    versions = ProtocolVersion.objects.filter(trial_id__in=trial_ids)
    for version in versions.order_by("-adopted_on", "-pk"):
        found.setdefault(version.trial_id, []).append(version)
    return found


def _in_force(
    versions: Mapping[int, list[ProtocolVersion]], screening: NewScreening
) -> ProtocolVersion:
    for version in versions.get(screening.site.trial_id, []):
        if version.adopted_on <= screening.on:
            return version
    raise Refused(
        "No version of the protocol was in force on that day. Correct the date, or ask "
        "the data manager which version was adopted when."
    )
