"""Bringing forms into being: started at a site, requested of a rater, or not done."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection

from accounts.models import User
from accounts.vocabulary import Permission
from assessments.access import definitions_of, edition_of, is_for_rater, may_give
from assessments.actions.choosing import (
    NAMED_RATER_WORDS,
    RATER_DEVIATION_WORDS,
    Choice,
    choose,
)
from assessments.actions.records import named, place_of, subject_of
from assessments.lifecycle import Move, State, moved
from assessments.models import Assessment
from audit.actors import Actor, AnyActor
from audit.refusal import NotPermitted, Refused
from audit.trail import acting
from participants.actions import NewDeviation, record_deviations
from sessions.actions.statements import update_rows
from sessions.models import Visit
from trials.access import require
from trials.protocol import AssessmentRow

# Without the letters and digits that are misread or misheard.
_ALPHABET = "234679ACDEFGHJKMNPQRTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Start:
    """A form that somebody at the site begins at a visit."""

    visit: Visit
    code: str


@dataclass(frozen=True, slots=True)
class RatingRequest:
    """An interview wanted by a day; without a rater, one is chosen from the pool."""

    visit: Visit
    code: str
    due_on: date
    rater: User | None = None


@dataclass(frozen=True, slots=True)
class NotDone:
    """A form that will not be filled in at a visit, and why."""

    visit: Visit
    code: str
    why: str


def start(*, starts: Sequence[Start], by: AnyActor) -> list[Assessment]:
    """Begin site forms; a form begun already is returned as it is."""
    rows = _rows([(each.visit, each.code) for each in starts])
    for each, row in zip(starts, rows, strict=True):
        if is_for_rater(row):
            raise Refused(
                f"{_title(row)} is rated by an independent rater: request it."
            )
        if each.visit.state == "missed":
            raise Refused("The visit was missed. Mark the form as not done.")
    _require_giving([(each.visit, each.code) for each in starts], rows, by)
    with acting(
        "start assessment",
        by=by,
        subject=_subject([each.visit for each in starts], rows),
        place=place_of(rows=[each.visit for each in starts]),
    ):
        known = _existing([each.visit for each in starts])
        new = [
            (each.visit, row)
            for each, row in zip(starts, rows, strict=True)
            if (each.visit.pk, each.code) not in known
        ]
        made = _made(new, state=State.IN_PROGRESS)
        for assessment in made:
            assessment.rater_id = by.user_id if isinstance(by, Actor) else None
        for assessment in Assessment.objects.bulk_create(made):
            known[assessment.visit_id, assessment.code] = assessment
    return [known[each.visit.pk, each.code] for each in starts]


def request_ratings(
    *, requests: Sequence[RatingRequest], by: AnyActor
) -> list[Assessment]:
    """Ask for interviews by independent raters, one rater for all forms of a visit.

    The pool's least busy rater who has not met the participant is chosen. Where
    everybody in the pool has, somebody is chosen again and a deviation says so.
    """
    visits = [each.visit for each in requests]
    rows = _rows([(each.visit, each.code) for each in requests])
    _check_requests(requests, rows, by=by)
    with acting(
        "request interview",
        by=by,
        subject=_subject(visits, rows),
        place=place_of(rows=visits),
    ):
        known = _existing(visits)
        for visit, row in zip(visits, rows, strict=True):
            if (visit.pk, row.code) in known:
                raise Refused(
                    f"{_title(row)} at visit {visit.number or visit.code} was "
                    "requested already."
                )
        choices = choose(
            visits=visits,
            wanted={each.visit.pk: each.rater for each in requests if each.rater},
        )
        made = _made(list(zip(visits, rows, strict=True)), state=State.ASSIGNED)
        for assessment, each in zip(made, requests, strict=True):
            assessment.rater_id = choices[each.visit.pk].rater_id
            assessment.due_on = each.due_on
        _note_repeats(requests, choices, by=by)
        return Assessment.objects.bulk_create(made)


def mark_not_done(*, forms: Sequence[NotDone], by: AnyActor) -> list[Assessment]:
    """Say that forms will not be filled in, each with its reason."""
    rows = _rows([(each.visit, each.code) for each in forms])
    known = _existing([each.visit for each in forms])
    _require_setting_aside(forms, known, by)
    with acting(
        "mark assessment not done",
        by=by,
        reason="; ".join(dict.fromkeys(each.why.strip() for each in forms)),
        subject=_subject([each.visit for each in forms], rows),
        place=place_of(rows=[each.visit for each in forms]),
    ):
        new: list[Assessment] = []
        kept: list[Assessment] = []
        for each, row in zip(forms, rows, strict=True):
            assessment = known.get((each.visit.pk, each.code))
            state = State(assessment.state) if assessment else State.ASSIGNED
            after = moved(state, Move.MARK_NOT_DONE, reason=each.why)
            if assessment is None:
                assessment = _made([(each.visit, row)], state=after)[0]
                new.append(assessment)
            else:
                kept.append(assessment)
            assessment.state = after.value
            assessment.not_done_reason = each.why.strip()
        Assessment.objects.bulk_create(new)
        update_rows(rows=kept, fields=["state", "not_done_reason"])
    return [*new, *kept]


def _rows(forms: Sequence[tuple[Visit, str]]) -> list[AssessmentRow]:
    """The protocol's lines; refused where a visit does not have the form."""
    definitions = definitions_of(visit for visit, _ in forms)
    found = []
    for visit, code in forms:
        at_visit = definitions[visit.protocol_version_id].forms_at(visit.code)
        row = next((row for row in at_visit if row.code == code), None)
        if row is None:
            raise Refused(
                f"The protocol has no form {code} at visit {visit.number or visit.code}."
            )
        found.append(row)
    return found


def _title(row: AssessmentRow) -> str:
    return edition_of(row).short_title


def _subject(visits: Sequence[Visit], rows: Sequence[AssessmentRow]) -> str:
    return subject_of(
        names=[
            named(participant=visit.participant, visit=visit, what=_title(row))
            for visit, row in zip(visits, rows, strict=True)
        ]
    )


def _existing(visits: Sequence[Visit]) -> dict[tuple[int, str], Assessment]:
    rows = Assessment.objects.filter(visit__in={visit.pk for visit in visits})
    return {(row.visit_id, row.code): row for row in rows}


def _made(
    forms: Sequence[tuple[Visit, AssessmentRow]], *, state: State
) -> list[Assessment]:
    definitions = definitions_of(visit for visit, _ in forms)
    made = []
    for (visit, row), opaque in zip(forms, _opaque_codes(forms), strict=True):
        definition = definitions[visit.protocol_version_id]
        edition = edition_of(row)
        made.append(
            Assessment(
                trial_id=visit.trial_id,
                site_id=visit.site_id,
                participant_id=visit.participant_id,
                visit=visit,
                code=row.code,
                instrument=edition.code,
                version=edition.version,
                recall=row.recall,
                position=definition.assessments.index(row),
                is_hidden_from_site=definition.is_hidden_from_site(row.form),
                state=state.value,
                opaque_code=opaque,
            )
        )
    return made


def _opaque_codes(forms: Sequence[tuple[Visit, AssessmentRow]]) -> list[str]:
    """A code for each form: K7Q-4F2, and for the next of the same interview K7Q-4F2-2.

    A rater, who is told of no visit, sees by it which forms belong together. Numbered
    are interviews alone: a count of the site's forms would tell which visit it is.
    """
    interviews: dict[int, list[str]] = {
        visit.pk: [] for visit, row in forms if is_for_rater(row)
    }
    definitions = definitions_of(visit for visit, _ in forms)
    earlier = Assessment.objects.filter(visit__in=interviews).select_related("visit")
    for each in earlier.order_by("pk"):
        definition = definitions[each.visit.protocol_version_id]
        if is_for_rater(definition.row(each.code)):
            interviews[each.visit_id].append(each.opaque_code)
    found = []
    for (visit, row), fresh in zip(forms, _fresh_codes(len(forms)), strict=True):
        theirs = interviews[visit.pk] if is_for_rater(row) else []
        code = f"{theirs[0]}-{len(theirs) + 1}" if theirs else fresh
        theirs.append(code)
        found.append(code)
    return found


def _fresh_codes(count: int) -> list[str]:
    """New codes, unlike every code in use."""
    found: set[str] = set()
    while len(found) < count:
        wanted = {_opaque_code() for _ in range(count - len(found))} - found
        found |= wanted - _taken(wanted)
    return list(found)


def _taken(codes: Collection[str]) -> set[str]:
    """Which codes are in use, at sites too that whoever acts does not see."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM walls.codes_taken(%s)", [list(codes)])
        return {code for (code,) in cursor}


def _opaque_code() -> str:
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(6))
    return f"{letters[:3]}-{letters[3:]}"


def _require_giving(
    forms: Sequence[tuple[Visit, str]], rows: Sequence[AssessmentRow], by: AnyActor
) -> None:
    pairs = [(visit, row) for (visit, _), row in zip(forms, rows, strict=True)]
    for allowed, row in zip(may_give(by, pairs), rows, strict=True):
        if not allowed:
            people = " or ".join(role.replace("_", " ") for role in row.by)
            raise NotPermitted(f"{_title(row)} is for the {people} of this site.")


def _check_requests(
    requests: Sequence[RatingRequest], rows: Sequence[AssessmentRow], *, by: AnyActor
) -> None:
    for each, row in zip(requests, rows, strict=True):
        if not is_for_rater(row):
            raise Refused(f"{_title(row)} is filled in at the site: start it there.")
        if each.visit.state in {"missed", "cancelled"}:
            raise Refused("The visit is not held. Mark the form as not done.")
    # Who rates whom is the pool's matter; naming somebody is the data manager's.
    for permission, chosen in (
        (Permission.ASSIGN_RATERS, [each for each in requests if each.rater]),
        (Permission.ENTER_ASSESSMENTS, [each for each in requests if not each.rater]),
    ):
        if chosen:
            sites = {each.visit.site_id for each in chosen}
            require(by=by, permission=permission, site_ids=sites)


def _require_setting_aside(
    forms: Sequence[NotDone],
    known: Mapping[tuple[int, str], Assessment],
    by: AnyActor,
) -> None:
    """The site may; and so may the rater whom the interview is assigned to."""
    for permission in (Permission.ENTER_ASSESSMENTS, Permission.RATE):
        chosen = [
            each
            for each in forms
            if (permission is Permission.RATE)
            is _is_own(known.get((each.visit.pk, each.code)), by)
        ]
        if chosen:
            sites = {each.visit.site_id for each in chosen}
            require(by=by, permission=permission, site_ids=sites)


def _is_own(assessment: Assessment | None, by: AnyActor) -> bool:
    return (
        assessment is not None
        and assessment.is_hidden_from_site
        and isinstance(by, Actor)
        and assessment.rater_id == by.user_id
    )


def _note_repeats(
    requests: Sequence[RatingRequest], choices: Mapping[int, Choice], *, by: AnyActor
) -> None:
    repeated = {
        each.visit.pk: each for each in requests if choices[each.visit.pk].is_repeat
    }
    if repeated:
        record_deviations(
            deviations=[
                NewDeviation(
                    participant=each.visit.participant,
                    kind="rater",
                    occurred_on=each.due_on,
                    description=(
                        NAMED_RATER_WORDS if each.rater else RATER_DEVIATION_WORDS
                    ),
                    visit_code=each.visit.code,
                )
                for each in repeated.values()
            ],
            by=by,
        )
