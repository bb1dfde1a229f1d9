"""From what is known of a serious event, and since when: which report is due by when.

Three moments: the site becomes aware, the sponsor receives the report, the sponsor
determines that the event is serious, unexpected and suspected. The first starts 24
hours (21 CFR 312.64(b) says "immediately"; 24 hours is practice in the field). Only
the third starts a calendar-day clock (21 CFR 312.32(c)); nothing runs before it.

Day-0 rule: the day of the moment, in the sponsor's time zone, is day 0. The report is
due by the last second of the 7th or 15th calendar day after it, in that zone.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

SITE_HOURS = 24
EXPEDITED_DAYS = 15
URGENT_DAYS = 7


class ReportKind(StrEnum):
    """Who reports to whom."""

    SITE_TO_SPONSOR = "site_to_sponsor"
    URGENT = "ind_7_days"
    EXPEDITED = "ind_15_days"


class Moment(StrEnum):
    """The three moments of a serious event."""

    SITE_AWARENESS = "site_awareness"
    SPONSOR_RECEIPT = "sponsor_receipt"
    SPONSOR_DETERMINATION = "sponsor_determination"


KIND_WORDS = {
    ReportKind.SITE_TO_SPONSOR: "Report to the sponsor",
    ReportKind.URGENT: "7-day report to the regulator",
    ReportKind.EXPEDITED: "15-day report to the regulator",
}
MOMENT_WORDS = {
    Moment.SITE_AWARENESS: "the site became aware",
    Moment.SPONSOR_RECEIPT: "the sponsor received the report",
    Moment.SPONSOR_DETERMINATION: "the sponsor determined that it qualifies",
}


@dataclass(frozen=True, slots=True)
class Determination:
    """The sponsor's judgment of one event, and when it was made (aware)."""

    at: datetime
    is_serious: bool
    is_unexpected: bool
    is_suspected: bool
    is_fatal_or_life_threatening: bool = False

    @property
    def qualifies(self) -> bool:
        """Serious, unexpected and suspected: all three, or no clock runs."""
        return self.is_serious and self.is_unexpected and self.is_suspected


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an event: seriousness as the site sees it, and the moments."""

    is_serious: bool
    site_aware_at: datetime
    sponsor_received_at: datetime | None = None
    determination: Determination | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A report that is due: by when (UTC), counted from which moment, and why.

    `caution` names another reading of the rule that would make it due earlier.
    """

    kind: ReportKind
    due_at: datetime
    runs_from: Moment
    ran_from_at: datetime
    basis: str
    sentence: str
    caution: str = ""


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("A clock cannot run from a time without a zone.")
    return moment.astimezone(UTC)


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return _in_utc(moment).astimezone(zone).date()


def _in_words(moment: datetime, zone: ZoneInfo) -> str:
    local = _in_utc(moment).astimezone(zone)
    return f"{local.day} {local:%b %Y %H:%M} {local.tzname()}"


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The last second of a calendar day in a zone, as UTC.

    `fold=1` takes the second 23:59:59 on a night when the clock shows it twice.
    """
    return datetime.combine(day, time(23, 59, 59, fold=1), zone).astimezone(UTC)


def due_after_days(moment: datetime, days: int, *, zone: ZoneInfo) -> datetime:
    """The end of the `days`-th calendar day after the day of `moment`, in `zone`."""
    return end_of_day(_day(moment, zone) + timedelta(days=days), zone)


def reports_due(known: Known, *, zone: ZoneInfo) -> tuple[Report, ...]:
    """Every report that the event calls for now, the earliest first.

    `zone` is the sponsor's. An event that the site does not call serious, and the
    sponsor has not found to qualify, calls for none. Raises ValueError for times
    without a zone.
    """
    found = []
    determination = known.determination
    if known.is_serious:
        found.append(_site_report(known, zone))
    if determination is not None and determination.qualifies:
        found.append(_regulator_report(known, determination, zone=zone))
    return tuple(sorted(found, key=lambda report: report.due_at))


def _site_report(known: Known, zone: ZoneInfo) -> Report:
    aware_at = _in_utc(known.site_aware_at)
    due_at = aware_at + timedelta(hours=SITE_HOURS)
    return Report(
        kind=ReportKind.SITE_TO_SPONSOR,
        due_at=due_at,
        runs_from=Moment.SITE_AWARENESS,
        ran_from_at=aware_at,
        basis="21 CFR 312.64(b), immediately; 24 hours by practice of the field",
        sentence=(
            f"The site reports to the sponsor by {_in_words(due_at, zone)}, 24 hours "
            f"after it became aware ({_in_words(aware_at, zone)})."
        ),
    )


def _regulator_report(
    known: Known, determination: Determination, *, zone: ZoneInfo
) -> Report:
    is_urgent = determination.is_fatal_or_life_threatening
    days = URGENT_DAYS if is_urgent else EXPEDITED_DAYS
    due_at = due_after_days(determination.at, days, zone=zone)
    clause = "21 CFR 312.32(c)(2)" if is_urgent else "21 CFR 312.32(c)(1)"
    return Report(
        kind=ReportKind.URGENT if is_urgent else ReportKind.EXPEDITED,
        due_at=due_at,
        runs_from=Moment.SPONSOR_DETERMINATION,
        ran_from_at=_in_utc(determination.at),
        basis=clause,
        sentence=(
            f"The sponsor reports to the regulator by {_in_words(due_at, zone)}, "
            f"{days} calendar days after it determined that the event is serious, "
            f"unexpected and suspected ({_in_words(determination.at, zone)})."
        ),
        caution=_receipt_caution(known, due_at, zone=zone) if is_urgent else "",
    )


def _receipt_caution(known: Known, due_at: datetime, *, zone: ZoneInfo) -> str:
    """The earlier due time if seven days are counted from the sponsor's receipt."""
    if known.sponsor_received_at is None:
        return ""
    earlier = due_after_days(known.sponsor_received_at, URGENT_DAYS, zone=zone)
    if earlier >= due_at:
        return ""
    return (
        "Counted from the sponsor's first receipt "
        f"({_in_words(known.sponsor_received_at, zone)}) it would be due by "
        f"{_in_words(earlier, zone)} (21 CFR 312.32(c)(2); reading unverified)."
    )


def waits_for(known: Known) -> str:
    """Which moment the sponsor's clock waits for, in words; empty when it runs."""
    determination = known.determination
    if determination is not None:
        return "" if determination.qualifies else _does_not_qualify(determination)
    if not known.is_serious:
        return ""
    if known.sponsor_received_at is None:
        return "No sponsor's clock runs: the sponsor has not received the report."
    return (
        "No sponsor's clock runs: the sponsor has not determined whether the event is "
        "serious, unexpected and suspected."
    )


def _does_not_qualify(determination: Determination) -> str:
    found = [
        word
        for holds, word in (
            (determination.is_serious, "serious"),
            (determination.is_unexpected, "unexpected"),
            (determination.is_suspected, "suspected"),
        )
        if not holds
    ]
    return f"No report to the regulator is due: it is not {' and not '.join(found)}."
