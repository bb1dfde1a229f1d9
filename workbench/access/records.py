"""Whose history somebody may read beside the data, and how much of it is told."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Model

from accounts.vocabulary import Permission
from adverse_events.models import AdverseEvent
from assessments.access import Standing, assessments_for, definitions_of, standings
from assessments.models import Assessment, ItemResponse, ScoreValue
from audit.history import Subject
from audit.models import RowChange
from medical.models import MODELS as MEDICAL
from participants.access import participants_for
from participants.models import (
    Deviation,
    EligibilityDecision,
    Fact,
    Participant,
    Waiver,
)
from sessions.models import DoseAdministration, TherapySession, Visit
from workbench.access.desks import Desk

_P = Permission
IDENTITY = "participants_identity"
FACT = "participants_fact"
FORM = "assessments_assessment"
ANSWER = "assessments_itemresponse"
SCORE = "assessments_scorevalue"
KIT = "randomization_kit"
# Records whose address has the uuid that their pages have, and not the row of the trail.
_WITH_UUID: tuple[type[Model], ...] = (
    Participant,
    Visit,
    TherapySession,
    DoseAdministration,
    Assessment,
    AdverseEvent,
    Deviation,
    EligibilityDecision,
    Waiver,
    *MEDICAL.values(),
)
_BY_UUID: Mapping[str, type[Model]] = {
    model._meta.db_table: model  # noqa: SLF001 - Django's public name
    for model in _WITH_UUID
}
# What a rater is told of the own form: never a visit, a person of a site, or a score.
OF_RATERS = frozenset({"value", "missing", "state", "assessed_on", "source"})
_ROW = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class OwnForm:
    """A rater's own form: its row, the rows of the answers that are read, and its names."""

    pk: int
    answers: tuple[int, ...]
    rater: str
    code: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A record's history in somebody's hands: which rows it is made of, and what is told.

    `rows` are (table, row) of the trail. `own` says that it is the form of whoever reads
    it as its rater.
    """

    rows: tuple[tuple[str, str], ...]
    zone: str
    about: Subject | None = None
    person: Participant | None = None
    sees_outcomes: bool = False
    own: "OwnForm | None" = None


def reading(here: Desk, table: str, row: str, *, field: str = "") -> Reading | None:
    """Return how this person may read a record's history; None where they may not.

    `field` narrows a form to the answer to one item; other fields narrow nothing here.
    """
    if table == FORM:
        return _of_form(here, row, item=field)
    known = _row_of(table, row)
    place = _place_of(table, known) if known else None
    if known is None or place is None:
        return None
    trial_id, site_id, participant_id = place
    if participant_id is not None and table != KIT:
        return _of_participant(here, table, known, participant_id=participant_id)
    return _of_place(here, table, known, trial_id=trial_id, site_id=site_id)


def _place_of(table: str, row: str) -> tuple[int | None, int | None, int | None] | None:
    """Return where a record belongs, as its last change says: trial, site, participant."""
    changes = RowChange.objects.filter(table_name=table, row_id=row).order_by("-id")
    return changes.values_list("trial_id", "site_id", "participant_id").first()


def _row_of(table: str, row: str) -> str | None:
    """Return the row as the trail has it; None where there is no such record."""
    if _ROW.fullmatch(row):
        return row
    uuid = _uuid(row)
    if uuid is not None and table == IDENTITY:
        # Of whom it is, in place of a key that nothing outside the wall knows.
        return _identity_of(uuid)
    if uuid is None or table not in _BY_UUID:
        return None
    rows = _BY_UUID[table]._default_manager  # noqa: SLF001 - Django's public name
    return next(map(str, rows.filter(uuid=uuid).values_list("pk", flat=True)), None)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _identity_of(participant: UUID) -> str | None:
    people = Participant.objects.filter(uuid=participant).values("pk")
    rows = RowChange.objects.filter(participant_id__in=people, table_name=IDENTITY)
    return rows.order_by("id").values_list("row_id", flat=True).first()


def _of_participant(
    here: Desk, table: str, row: str, *, participant_id: int
) -> Reading | None:
    person = participants_for(here.user_id).filter(pk=participant_id).first()
    if person is None or not here.may(_P.READ_TRAIL, person.site):
        return None
    return Reading(
        rows=tuple((table, each) for each in _versions(table, row)),
        zone=person.site.time_zone,
        about=Subject(person.pk, person.number),
        person=person,
        sees_outcomes=here.may(_P.VIEW_OUTCOMES, person.site),
    )


def _versions(table: str, row: str) -> Iterable[str]:
    """Return the rows of a record: a fact is followed by another when it changes."""
    if table != FACT:
        return (row,)
    fact = Fact.objects.filter(pk=int(row)).first()
    if fact is None:
        return (row,)
    same = Fact.objects.filter(participant_id=fact.participant_id, code=fact.code)
    return [str(pk) for pk in same.values_list("pk", flat=True)]


def _of_place(
    here: Desk, table: str, row: str, *, trial_id: int | None, site_id: int | None
) -> Reading | None:
    """A record of a site or of the whole trial: the delegation log, a kit."""
    if site_id is None:
        trial = next((each for each in here.trials if each.pk == trial_id), None)
        if trial is None or not here.reads_trail_of(trial):
            return None
        return Reading(rows=((table, row),), zone=trial.sponsor_time_zone)
    site = next((each for each in here.sites if each.pk == site_id), None)
    # Whoever keeps the kits of a site reads what became of each.
    needed = {_P.READ_TRAIL, _P.LOAD_LIST} if table == KIT else {_P.READ_TRAIL}
    if site is None or not any(here.may(each, site) for each in needed):
        return None
    return Reading(rows=((table, row),), zone=site.time_zone)


def _of_form(here: Desk, row: str, *, item: str) -> Reading | None:
    forms = assessments_for(here.user_id)
    known = {"pk": row} if _ROW.fullmatch(row) else {"uuid": _uuid(row)}
    form = forms.filter(**known).first()
    if form is None:
        return None
    definition = definitions_of([form.visit])[form.visit.protocol_version_id]
    (standing,) = standings(here.user_id, [(form, definition.row(form.code))])
    if not (standing.is_rater or here.may(_P.READ_TRAIL, form.site)):
        return None
    rows = _rows_of(form, standing, item=item)
    if standing.is_rater:
        return Reading(
            rows=rows,
            zone=form.trial.sponsor_time_zone,
            sees_outcomes=True,
            own=OwnForm(
                form.pk,
                tuple(int(row) for table, row in rows if table == ANSWER),
                form.rater.name if form.rater else "",
                form.opaque_code,
            ),
        )
    return Reading(
        rows=rows,
        zone=form.site.time_zone,
        about=Subject(form.participant_id, form.participant.number),
        person=form.participant,
        sees_outcomes=standing.sees_answers and standing.sees_scores,
    )


def _rows_of(
    form: Assessment, standing: Standing, *, item: str
) -> tuple[tuple[str, str], ...]:
    answers = dict(
        ItemResponse.objects.filter(assessment=form).values_list("pk", "item")
    )
    one = [pk for pk, code in answers.items() if code == item]
    if one:
        return tuple((ANSWER, str(pk)) for pk in one)
    rows = [(FORM, str(form.pk)), *((ANSWER, str(pk)) for pk in answers)]
    if standing.sees_scores:
        scores = ScoreValue.objects.filter(assessment=form)
        rows += [(SCORE, str(pk)) for pk in scores.values_list("pk", flat=True)]
    return tuple(rows)
