"""Late entry: how long after the assessment each form was entered, and dates changed since."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from assessments.instruments import TITLES

MOST = 200

# The first time that a day was written for the assessment is its entry: the server's
# clock, which nobody can set. Whoever changes the day afterwards leaves it as it was, and
# a change of the day itself. One look into the index on records for each form.
_LATE = """
SELECT a.uuid, p.number, p.uuid, concat_ws(' ', nullif(v.number, ''), v.label),
    a.instrument, s.time_zone, a.assessed_on, e.said_on, e.at, e.action_id, e.day,
    e.changes, e.changed_action
FROM assessments_assessment a
JOIN trials_site s ON s.id = a.site_id
JOIN participants_participant p ON p.id = a.participant_id
JOIN study_sessions_visit v ON v.id = a.visit_id
CROSS JOIN LATERAL (
    SELECT min(r.id) AS id,
        (array_agg(r.new->>'assessed_on' ORDER BY r.id))[1]::date AS said_on,
        min(r.at) AS at, min(r.action_id) AS action_id,
        (min(r.at) AT TIME ZONE s.time_zone)::date AS day,
        count(*) FILTER (WHERE r.old->>'assessed_on' IS NOT NULL) AS changes,
        max(r.action_id) FILTER (WHERE r.old->>'assessed_on' IS NOT NULL)
            AS changed_action
    FROM audit_rowchange r
    WHERE r.table_name = 'assessments_assessment' AND r.row_id = a.id::text
      AND r.new->>'assessed_on' IS NOT NULL
) e
WHERE a.site_id = ANY (%(sites)s) AND a.assessed_on IS NOT NULL AND e.id IS NOT NULL
  AND (e.changes > 0 OR NOT %(changed)s)
  AND (e.changes > 0 OR e.day - least(e.said_on, a.assessed_on) >= %(least)s)
ORDER BY e.day - least(e.said_on, a.assessed_on) DESC, e.changes DESC, a.id
LIMIT %(most)s
"""
_WHO = """
SELECT id, actor_name, at, reason FROM audit_action WHERE id = ANY (%s)
"""


@dataclass(frozen=True, slots=True)
class DateChange:
    """The last change of an assessment's day: by whom, when and why."""

    who: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class LateForm:
    """One form with its lag in days from the assessment to its first entry.

    `said_on` is the day as it was first entered, `assessed_on` as it stands; the lag is
    the longer of the two. `changes` counts how often the day was changed.
    """

    uuid: UUID
    number: str
    person: UUID
    visit: str
    title: str
    assessed_on: date
    said_on: date
    entered_at: datetime
    entered_by: str
    lag: timedelta
    changes: int
    changed: DateChange | None

    @property
    def days(self) -> int:
        return self.lag.days


def late_forms(
    site_ids: Iterable[int], *, least: int, only_changed: bool = False
) -> list[LateForm]:
    """Return the forms entered `least` days or more after the assessment, the latest first.

    With them every form whose day was changed, however short its lag is now. In two
    queries; at most `MOST`. ICH E6(R3) 4.2.2, FDA warning letter of 2025 on dates.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _LATE,
            {
                "sites": sorted(set(site_ids)),
                "least": least,
                "changed": only_changed,
                "most": MOST,
            },
        )
        rows = list(cursor)
        wanted = {row[9] for row in rows} | {row[12] for row in rows if row[12]}
        cursor.execute(_WHO, [sorted(wanted)])
        acts = {pk: DateChange(who, at, why) for pk, who, at, why in cursor}
    return [_form(row, acts) for row in rows]


def _form(row: tuple[Any, ...], acts: dict[int, DateChange]) -> LateForm:
    (
        uuid,
        number,
        person,
        visit,
        code,
        zone,
        on,
        said_on,
        at,
        entry,
        day,
        changes,
        last,
    ) = row
    local = ZoneInfo(zone)
    by = acts.get(entry)
    changed = acts.get(last) if last else None
    return LateForm(
        uuid=uuid,
        number=number,
        person=person,
        visit=visit,
        title=TITLES.get(code, code),
        assessed_on=on,
        said_on=said_on,
        entered_at=at.astimezone(local),
        entered_by=by.who if by else "",
        lag=day - min(on, said_on),
        changes=changes,
        changed=DateChange(changed.who, changed.at.astimezone(local), changed.why)
        if changed
        else None,
    )
