"""Which forms the protocol expects, and what of them and of the visits is still lacking."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from assessments.access.seeing import definitions_of, edition_of, is_for_rater
from assessments.lifecycle import TAKES_DRAFTS, WORDS, State
from assessments.models import Assessment
from participants.models import Participant
from sessions.lifecycle import STILL_TO_COME
from sessions.models import Visit
from trials.access import definition_of, definitions_met
from trials.models import ProtocolVersion
from trials.protocol import AssessmentRow, ProtocolDefinition
from trials.protocol.vocabulary import VisitKind


class OutstandingForm(NamedTuple):
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


# OFFSET 0: participants are joined to what is lacking, a fifth of what was looked at.
_OUTSTANDING = """
SELECT * FROM (
    SELECT NULL::bigint, l.site_id, l.visit, l.number, l.label, p.uuid,
        p.number AS participant, l.held_on, l.code, l.title, l.is_for_rater, l.by,
        l.state, l.form
    FROM (
        SELECT v.participant_id, v.site_id, v.uuid AS visit, v.number, v.label, v.held_on,
            e.position, e.code, e.title, e.is_for_rater, e.by,
            coalesce(a.state, 'not_started') AS state, a.uuid AS form
        FROM unnest(%(version)s::bigint[], %(visit)s::text[], %(code)s::text[],
            %(title)s::text[], %(rater)s::boolean[], %(by)s::text[], %(position)s::int[])
            AS e (version, visit_code, code, title, is_for_rater, by, position)
        JOIN study_sessions_visit v
            ON v.protocol_version_id = e.version AND v.code = e.visit_code
            AND v.state = 'held' AND v.site_id = ANY(%(sites)s)
        LEFT JOIN assessments_assessment a ON a.visit_id = v.id AND a.code = e.code
        WHERE a.state IS NULL OR a.state NOT IN ('signed', 'not_done', 'locked')
        OFFSET 0
    ) AS l
    JOIN participants_participant p ON p.id = l.participant_id
    ORDER BY l.held_on, p.number, l.position
    LIMIT %(limit)s
) AS waiting
UNION ALL
SELECT DISTINCT w.id, NULL::bigint, NULL::uuid, NULL, NULL, NULL::uuid, NULL, NULL::date,
    NULL, NULL, NULL::boolean, NULL, NULL, NULL::uuid
FROM trials_protocolversion w JOIN trials_site s ON s.trial_id = w.trial_id
WHERE s.id = ANY(%(sites)s) AND NOT EXISTS (
    SELECT FROM unnest(%(met)s::bigint[], %(sha256)s::text[]) AS m (id, sha256)
    WHERE m.id = w.id AND m.sha256 = w.sha256
)
"""


def outstanding_forms(
    site_ids: Iterable[int], *, limit: int = 500
) -> list[OutstandingForm]:
    """Return what held visits of these sites still lack, longest waiting first.

    The protocol is the denominator: a form nobody has begun is in the answer too. One
    statement; more only where a site uses a protocol that this process meets for the
    first time. Optional forms are not waited for.
    """
    sites = sorted(set(site_ids))
    found, unknown = _outstanding(sites, limit=limit)
    if unknown:
        for version in ProtocolVersion.objects.filter(pk__in=unknown):
            definition_of(version)
        found, _ = _outstanding(sites, limit=limit)
    return found


def _outstanding(
    sites: list[int], *, limit: int
) -> tuple[list[OutstandingForm], list[int]]:
    """Return what is lacking, and the versions of these sites that are not met yet."""
    met = definitions_met()
    expected = [
        each
        for version, (_, definition) in met.items()
        for each in _expected_of(version, definition)
    ]
    columns = zip(*expected, strict=True) if expected else ([] for _ in _COLUMNS)
    values: dict[str, Any] = dict(zip(_COLUMNS, map(list, columns), strict=True))
    known = {"met": list(met), "sha256": [sha256 for sha256, _ in met.values()]}
    with connection.cursor() as cursor:
        cursor.execute(_OUTSTANDING, values | known | {"sites": sites, "limit": limit})
        rows = cursor.fetchall()
    forms = [OutstandingForm._make(row[1:]) for row in rows if row[0] is None]
    return forms, [row[0] for row in rows if row[0] is not None]


_COLUMNS = ("version", "visit", "code", "title", "rater", "by", "position")


def _expected_of(
    version: int, definition: ProtocolDefinition
) -> Iterator[tuple[object, ...]]:
    for position, row in enumerate(definition.assessments):
        if row.optional:
            continue
        title, rater = edition_of(row).short_title, is_for_rater(row)
        for visit in row.at:
            yield version, visit, row.code, title, rater, ",".join(row.by), position


class Begun(NamedTuple):
    """What is read of an assessment to list it: a participant's page lists eighty."""

    visit_id: int
    code: str
    uuid: UUID
    state: str
    due_on: date | None
    assessed_on: date | None
    not_done_reason: str
    rater__name: str | None


@dataclass(frozen=True, slots=True)
class ExpectedForm:
    """A form that the protocol has at a visit, with its assessment when there is one."""

    row: AssessmentRow
    title: str
    is_for_rater: bool
    is_hidden: bool
    assessment: Begun | None

    @property
    def state(self) -> str:
        return self.assessment.state if self.assessment else "not_started"

    @property
    def is_reassignable(self) -> bool:
        """Whether an interview is assigned and was never completed."""
        return (
            self.assessment is not None
            and self.assessment.state in TAKES_DRAFTS
            and self.assessment.assessed_on is None
        )

    @property
    def words(self) -> str:
        """The state as the lifecycle's table words it."""
        return WORDS[State(self.assessment.state)] if self.assessment else "Not started"


def expected_forms(
    visits: Sequence[Visit], *, known: Mapping[int, ProtocolDefinition] | None = None
) -> dict[int, list[ExpectedForm]]:
    """Return each visit's forms in the protocol's order, by visit id, in two queries.

    In one, where the definitions that the visits are planned by are `known`, by version.
    """
    definitions = known or {}
    if any(visit.protocol_version_id not in definitions for visit in visits):
        definitions = definitions_of(visits)
    rows = Assessment.objects.filter(visit__in=[visit.pk for visit in visits])
    begun = {
        (row.visit_id, row.code): row
        for row in map(Begun._make, rows.values_list(*Begun._fields))
    }
    found: dict[int, list[ExpectedForm]] = {}
    for visit in visits:
        definition = definitions[visit.protocol_version_id]
        found[visit.pk] = [
            ExpectedForm(
                row,
                edition_of(row).short_title,
                is_for_rater(row),
                definition.is_hidden_from_site(row.form),
                begun.get((visit.pk, row.code)),
            )
            for row in definition.forms_at(visit.code)
        ]
    return found


@dataclass(frozen=True, slots=True)
class Lack:
    """What a course still lacks: a visit that nobody recorded, or a form of a held one.

    `title` is empty for a visit; `state` says in words how far it is.
    """

    visit: Visit
    title: str
    state: str


def lacks_of(people: Sequence[Participant]) -> dict[int, list[Lack]]:
    """Return what the course of each participant still lacks, by id, in visit order.

    Optional forms and long-term follow-up are not part of it, and neither is a form that
    was not done for a reason. Three queries, after the definitions.
    """
    rows = Visit.objects.filter(participant__in=people)
    visits = list(rows.select_related("protocol_version").in_order())
    forms = expected_forms([visit for visit in visits if visit.state == "held"])
    found: dict[int, list[Lack]] = {person.pk: [] for person in people}
    for visit in visits:
        mine = found[visit.participant_id]
        if _is_left(visit):
            mine.append(Lack(visit, "", "not recorded"))
        for form in forms.get(visit.pk, ()):
            if form.state not in _SETTLED and not form.row.optional:
                mine.append(Lack(visit, form.title, _how_far(form)))
    return found


_SETTLED = frozenset({State.SIGNED, State.NOT_DONE, State.LOCKED})
_HAS_A_DAY = frozenset({"firm", "provisional", "no_day", "too_late"})


def _is_left(visit: Visit) -> bool:
    """Tell whether the protocol asks for a visit of the course that is not recorded."""
    is_open = visit.state in STILL_TO_COME and visit.plan in _HAS_A_DAY
    return is_open and visit.kind != VisitKind.FOLLOW_UP


def _how_far(form: ExpectedForm) -> str:
    is_complete = form.state == State.COMPLETE
    return "complete, not signed" if is_complete else form.words.lower()


def counted(missing: Mapping[int, Sequence[Lack]]) -> str:
    """Return in a sentence how many visits and forms are missing."""
    lacks = [lack for mine in missing.values() for lack in mine]
    forms = sum(bool(lack.title) for lack in lacks)
    parts = [_number(len(lacks) - forms, "visit"), _number(forms, "form")]
    is_one = len(lacks) == 1
    said = " and ".join(part for part in parts if part)
    return f"{said} {'is' if is_one else 'are'} not finished."


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}" if count else ""
