"""Clocks of a serious event: which moment starts which, and when each runs out."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adverse_events.reporting import (
    KIND_WORDS,
    MOMENT_WORDS,
    Determination,
    Known,
    Moment,
    ReportKind,
    due_after_days,
    end_of_day,
    reports_due,
    waits_for,
)

PACIFIC = ZoneInfo("America/Los_Angeles")
AWARE_AT = datetime(2026, 1, 5, 9, 0, tzinfo=PACIFIC)


def determined(
    at: datetime, *, missing: str = "", is_urgent: bool = False
) -> Determination:
    """A qualifying determination, but for the criterion named."""
    return Determination(
        at=at,
        is_serious=missing != "serious",
        is_unexpected=missing != "unexpected",
        is_suspected=missing != "suspected",
        is_fatal_or_life_threatening=is_urgent,
    )


def local(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    """A time in the sponsor's zone."""
    return datetime(year, month, day, hour, minute, tzinfo=PACIFIC)


def test_the_site_has_twenty_four_hours_from_awareness() -> None:
    (report,) = reports_due(
        Known(is_serious=True, site_aware_at=AWARE_AT), zone=PACIFIC
    )
    assert report.kind is ReportKind.SITE_TO_SPONSOR
    assert report.runs_from is Moment.SITE_AWARENESS
    assert report.due_at == AWARE_AT + timedelta(hours=24)
    assert "312.64(b)" in report.basis


@pytest.mark.parametrize(
    ("aware_at", "due_at"),
    [
        (local(2026, 3, 7, 12), local(2026, 3, 8, 13)),
        (local(2026, 10, 31, 12), local(2026, 11, 1, 11)),
    ],
)
def test_twenty_four_hours_are_real_hours_when_the_clocks_change(
    aware_at: datetime, due_at: datetime
) -> None:
    (report,) = reports_due(
        Known(is_serious=True, site_aware_at=aware_at), zone=PACIFIC
    )
    assert report.due_at == due_at.astimezone(UTC)


def test_an_event_that_is_not_serious_calls_for_no_report() -> None:
    known = Known(is_serious=False, site_aware_at=AWARE_AT)
    assert reports_due(known, zone=PACIFIC) == ()
    assert waits_for(known) == ""


def test_no_sponsor_clock_runs_before_the_determination() -> None:
    aware = Known(is_serious=True, site_aware_at=AWARE_AT)
    received = Known(
        is_serious=True,
        site_aware_at=AWARE_AT,
        sponsor_received_at=AWARE_AT + timedelta(hours=2),
    )
    for known in (aware, received):
        kinds = [report.kind for report in reports_due(known, zone=PACIFIC)]
        assert kinds == [ReportKind.SITE_TO_SPONSOR]
    assert "has not received" in waits_for(aware)
    assert "has not determined" in waits_for(received)


@pytest.mark.parametrize(
    ("is_urgent", "kind", "day", "clause"),
    [
        (False, ReportKind.EXPEDITED, 23, "312.32(c)(1)"),
        (True, ReportKind.URGENT, 15, "312.32(c)(2)"),
    ],
)
def test_the_sponsor_clock_runs_from_the_determination(
    is_urgent: bool, kind: ReportKind, day: int, clause: str
) -> None:
    at = local(2026, 1, 8, 15)
    known = Known(
        is_serious=True,
        site_aware_at=AWARE_AT,
        sponsor_received_at=AWARE_AT,
        determination=determined(at, is_urgent=is_urgent),
    )
    site, sponsor = reports_due(known, zone=PACIFIC)
    assert site.kind is ReportKind.SITE_TO_SPONSOR
    assert sponsor.kind is kind
    assert sponsor.runs_from is Moment.SPONSOR_DETERMINATION
    assert sponsor.ran_from_at == at
    assert sponsor.due_at == local(2026, 1, day, 23, 59).astimezone(UTC) + timedelta(
        seconds=59
    )
    assert clause in sponsor.basis
    assert f"by {day} Jan 2026 23:59 PST" in sponsor.sentence
    assert "(8 Jan 2026 15:00 PST)" in sponsor.sentence
    assert waits_for(known) == ""


def test_a_seven_day_report_cautions_where_receipt_would_make_it_earlier() -> None:
    known = Known(
        is_serious=True,
        site_aware_at=AWARE_AT,
        sponsor_received_at=local(2026, 1, 6, 8),
        determination=determined(local(2026, 1, 8, 15), is_urgent=True),
    )
    report = reports_due(known, zone=PACIFIC)[-1]
    assert "by 13 Jan 2026 23:59 PST" in report.caution
    same_day = Known(
        is_serious=True,
        site_aware_at=AWARE_AT,
        sponsor_received_at=local(2026, 1, 8, 8),
        determination=determined(local(2026, 1, 8, 15), is_urgent=True),
    )
    assert reports_due(same_day, zone=PACIFIC)[-1].caution == ""


@pytest.mark.parametrize("missing", ["serious", "unexpected", "suspected"])
def test_an_event_short_of_one_criterion_goes_to_no_regulator(missing: str) -> None:
    known = Known(
        is_serious=True,
        site_aware_at=AWARE_AT,
        sponsor_received_at=AWARE_AT,
        determination=determined(AWARE_AT, missing=missing, is_urgent=True),
    )
    kinds = [report.kind for report in reports_due(known, zone=PACIFIC)]
    assert kinds == [ReportKind.SITE_TO_SPONSOR]
    assert waits_for(known).endswith(f"it is not {missing}.")


@pytest.mark.parametrize(
    ("moment", "due_day"),
    [
        (local(2026, 1, 7, 23, 59), 14),
        (local(2026, 1, 8, 0, 0), 15),
        (datetime(2026, 1, 8, 7, 59, tzinfo=UTC), 14),
        (datetime(2026, 1, 8, 8, 0, tzinfo=UTC), 15),
    ],
)
def test_day_zero_is_the_sponsors_calendar_day_on_either_side_of_midnight(
    moment: datetime, due_day: int
) -> None:
    due_at = due_after_days(moment, 7, zone=PACIFIC).astimezone(PACIFIC)
    assert (due_at.day, due_at.hour, due_at.minute) == (due_day, 23, 59)


@pytest.mark.parametrize(
    ("moment", "hours"),
    [(local(2026, 3, 6, 0), 8 * 24 - 1), (local(2026, 10, 30, 0), 8 * 24 + 1)],
)
def test_seven_calendar_days_stay_calendar_days_when_the_clocks_change(
    moment: datetime, hours: int
) -> None:
    span = due_after_days(moment, 7, zone=PACIFIC) - moment.astimezone(UTC)
    assert span == timedelta(hours=hours) - timedelta(seconds=1)


def test_a_day_that_ends_twice_ends_the_second_time() -> None:
    zone = ZoneInfo("Asia/Beirut")
    day = datetime(2025, 10, 25, tzinfo=zone).date()
    next_midnight = datetime(2025, 10, 26, tzinfo=zone).astimezone(UTC)
    assert end_of_day(day, zone) == next_midnight - timedelta(seconds=1)


@given(
    st.integers(0, 15 * 365 * 86400).map(
        lambda seconds: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    ),
    st.sampled_from(["UTC", "America/Los_Angeles", "Asia/Tokyo", "Africa/Casablanca"]),
    st.sampled_from([7, 15]),
)
def test_a_clock_gives_at_least_its_days_and_less_than_one_more(
    moment: datetime, name: str, days: int
) -> None:
    span = due_after_days(moment, days, zone=ZoneInfo(name)) - moment
    hour = timedelta(hours=1, seconds=1)
    assert timedelta(days=days) - hour <= span <= timedelta(days=days + 1) + hour


def test_a_time_without_a_zone_starts_no_clock() -> None:
    known = Known(is_serious=True, site_aware_at=AWARE_AT.replace(tzinfo=None))
    with pytest.raises(ValueError, match="without a zone"):
        reports_due(known, zone=PACIFIC)


def test_every_kind_and_moment_has_words() -> None:
    assert set(KIND_WORDS) == set(ReportKind)
    assert set(MOMENT_WORDS) == set(Moment)
