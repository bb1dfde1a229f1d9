"""Which forms the protocol expects, and which of them held visits still lack."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection

from assessments.access.seeing import definitions_of, edition_of, is_for_rater
from assessments.lifecycle import WORDS, State
from assessments.models import Assessment
from sessions.models import Visit
from trials.access import definition_of
from trials.models import ProtocolVersion
from trials.protocol import AssessmentRow


@dataclass(frozen=True, slots=True)
class OutstandingForm:
    """A form that a held visit still lacks; `state` is "not_started" without a record.

    `by` names who gives it: role codes, separated by commas.
    """

    site_id: int
    visit_uuid: UUID
    visit_number: str
    visit_label: str
    participant_uuid: UUID
    participant_number: str
    held_on: date
    code: str
    title: str
    is_for_rater: bool
    by: str
    state: str
    assessment_uuid: UUID | None


_OUTSTANDING = """
SELECT v.site_id, v.uuid, v.number, v.label, p.uuid, p.number, v.held_on, e.code,
    e.title, e.is_for_rater, e.by, coalesce(a.state, 'not_started'), a.uuid
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::boolean[], %s::text[],
    %s::int[]) AS e (protocol_version_id, visit_code, code, title, is_for_rater, by, position)
JOIN study_sessions_visit v
    ON v.protocol_version_id = e.protocol_version_id AND v.code = e.visit_code
    AND v.state = 'held' AND v.site_id = ANY(%s)
JOIN participants_participant p ON p.id = v.participant_id
LEFT JOIN assessments_assessment a ON a.visit_id = v.id AND a.code = e.code
WHERE a.state IS NULL OR a.state NOT IN ('signed', 'not_done', 'locked')
ORDER BY v.held_on, p.number, e.position
LIMIT %s
"""


def outstanding_forms(
    site_ids: Iterable[int], *, limit: int = 500
) -> list[OutstandingForm]:
    """Return what held visits of these sites still lack, longest waiting first.

    The protocol is the denominator: a form nobody has begun is in the answer too. One
    statement, after the definitions. Optional forms are not waited for.
    """
    sites = sorted(set(site_ids))
    versions = ProtocolVersion.objects.filter(trial__sites__in=sites).distinct()
    expected = [
        (
            version.pk,
            visit,
            row.code,
            edition_of(row).short_title,
            is_for_rater(row),
            ",".join(row.by),
            position,
        )
        for version in versions
        for position, row in enumerate(definition_of(version).assessments)
        if not row.optional
        for visit in row.at
    ]
    if not expected:
        return []
    columns = [list(column) for column in zip(*expected, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_OUTSTANDING, [*columns, sites, limit])
        return [OutstandingForm(*row) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class ExpectedForm:
    """A form that the protocol has at a visit, with its assessment when there is one."""

    row: AssessmentRow
    title: str
    is_for_rater: bool
    is_hidden: bool
    assessment: Assessment | None

    @property
    def state(self) -> str:
        return self.assessment.state if self.assessment else "not_started"

    @property
    def words(self) -> str:
        """The state as the lifecycle's table words it."""
        return WORDS[State(self.assessment.state)] if self.assessment else "Not started"


def expected_forms(visits: Sequence[Visit]) -> dict[int, list[ExpectedForm]]:
    """Return each visit's forms in the protocol's order, by visit id, in two queries."""
    definitions = definitions_of(visits)
    rows = Assessment.objects.filter(visit__in=[visit.pk for visit in visits])
    known = {(row.visit_id, row.code): row for row in rows.select_related("rater")}
    found: dict[int, list[ExpectedForm]] = {}
    for visit in visits:
        definition = definitions[visit.protocol_version_id]
        found[visit.pk] = [
            ExpectedForm(
                row,
                edition_of(row).short_title,
                is_for_rater(row),
                definition.is_hidden_from_site(row.form),
                known.get((visit.pk, row.code)),
            )
            for row in definition.forms_at(visit.code)
        ]
    return found
