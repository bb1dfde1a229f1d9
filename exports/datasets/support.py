"""The views below the datasets: participants, visits, forms and the words of instruments."""

from collections.abc import Mapping

from assessments.instruments import REGISTRY
from assessments.instruments.base import Instrument, Item, Score
from participants.lifecycle import State, Treatment

WHOLE = "whole"  # the one row that says that a whole form was not done
FIRST_SCORE = 500  # positions of scores, after those of items

# Who answered, in the words of the codelist EVAL, whoever typed it.
PARTICIPANT_ANSWERED = "STUDY SUBJECT"
EVALUATORS = {
    "independent_rater": "INDEPENDENT ASSESSOR",
    "site_clinician": "HEALTH CARE PROFESSIONAL",
    "participant": PARTICIPANT_ANSWERED,
    "adherence_rater": "INDEPENDENT ASSESSOR",
}
# A recall period as an ISO 8601 duration before the day of the assessment.
DURATIONS = {
    "past week": "-P1W",
    "past two weeks": "-P2W",
    "past month": "-P1M",
    "past year": "-P1Y",
}


def quoted(text: object) -> str:
    """Return an SQL literal; NULL for None."""
    if text is None:
        return "NULL"
    if isinstance(text, int):
        return str(text)
    return "'" + str(text).replace("'", "''") + "'"


def iso(day: str) -> str:
    """Return SQL for a date as ISO 8601 text."""
    return f"to_char({day}, 'YYYY-MM-DD')"


def civil(moment: str, zone: str) -> str:
    """Return SQL for a moment as the civil time of the site, without offset."""
    return f"""to_char({moment} AT TIME ZONE {zone}, 'YYYY-MM-DD"T"HH24:MI')"""


# How it ended. Of what followed a planned unblinding nothing before the lock: one group has
# more visits than another, and so is done later.
_ENDS = f"""
SELECT p.state, p.ended_on, p.end_reason, p.end_cause, p.treatment,
    p.treatment_stopped_on, p.treatment_stop_reason, p.treatment_stop_cause
WHERE p.unblinded_on IS NULL
    OR p.site_id <> ALL ((SELECT audit.sites_held_back())::bigint[])
UNION ALL
SELECT CASE WHEN e.goes_on THEN {quoted(State.RANDOMIZED.value)} ELSE p.state END,
    CASE WHEN NOT e.goes_on THEN p.ended_on END,
    CASE WHEN e.goes_on THEN '' ELSE p.end_reason END,
    CASE WHEN e.goes_on THEN '' ELSE p.end_cause END,
    CASE WHEN e.is_on THEN {quoted(Treatment.ON.value)} ELSE p.treatment END,
    CASE WHEN NOT e.is_on THEN p.treatment_stopped_on END,
    CASE WHEN e.is_on THEN '' ELSE p.treatment_stop_reason END,
    CASE WHEN e.is_on THEN '' ELSE p.treatment_stop_cause END
FROM (
    SELECT p.ended_on >= p.unblinded_on AS goes_on,
        coalesce(p.treatment_stopped_on >= p.unblinded_on,
            p.treatment = {quoted(Treatment.FINISHED.value)}) AS is_on
) e
WHERE p.unblinded_on IS NOT NULL
    AND p.site_id = ANY ((SELECT audit.sites_held_back())::bigint[])
"""  # noqa: S608 - constants of this module

# Only who has consented: before, there is a number on a log and nothing else. `OFFSET 0`
# here and below keeps a part whole: merged into the rest, it was asked once per answer.
PERSON = f"""
SELECT p.id AS participant_id, p.trial_id, p.number,
    t.identifier AS study, s.number AS site, s.country, s.time_zone,
    t.identifier || '-' || s.number || '-' || p.number AS usubjid,
    p.sex, p.age, p.enrolled_on, p.confirmed_on, p.randomized_on, h.*,
    k.consented_on, k.first_at, k.last_at, k.last_on, k.treated_until, k.is_dead, k.died_on,
    (k.first_at AT TIME ZONE s.time_zone)::date AS first_dose_on
FROM participants_participant p
JOIN trials_trial t ON t.id = p.trial_id
JOIN trials_site s ON s.id = p.site_id
CROSS JOIN LATERAL ({_ENDS}) h
CROSS JOIN LATERAL (
    SELECT c.consented_on, d.first_at, d.last_at, v.last_on, v.treated_until, e.is_dead,
        e.died_on
    FROM (
        SELECT min(signed_on) AS consented_on FROM participants_consent
        WHERE participant_id = p.id
    ) c, (
        SELECT min(given_at) AS first_at, max(given_at) AS last_at
        FROM study_sessions_doseadministration WHERE participant_id = p.id
    ) d, (
        SELECT max(held_on) AS last_on, coalesce(
            (array_agg(held_on ORDER BY position DESC) FILTER (WHERE kind = 'assessment'))[1],
            max(held_on) FILTER (WHERE kind IN ('termination', 'early_termination'))
        ) AS treated_until
        FROM study_sessions_visit WHERE participant_id = p.id
    ) v, (
        SELECT coalesce(bool_or(is_fatal), false) AS is_dead,
            max(ended_on) FILTER (WHERE is_fatal) AS died_on
        FROM adverse_events_adverseevent WHERE participant_id = p.id AND voided_at IS NULL
    ) e
    OFFSET 0
) k
WHERE k.consented_on IS NOT NULL
"""  # noqa: S608 - a constant of this module

# A visit that no plan foresees is numbered after the planned one before it (5.01), which
# also names it: one number has one name (SDTM Implementation Guide 3.4, section 5, SV).
VISIT_NUMBER = (
    "CASE WHEN v.turn = 0 THEN v.position ELSE v.position + v.turn * 0.01 END"
)
VISIT_NAME = (
    "CASE WHEN v.turn = 0 THEN concat_ws(' ', nullif(v.number, ''), v.label) "
    "ELSE upper(v.label) || ' ' || (v.position + v.turn * 0.01) END"
)

# The outer loop of every export: one participant after another, so that neither a page
# nor the whole needs a sort of all rows before its first.
PARTICIPANT = "SELECT id, trial_id, number FROM participants_participant"

# `ordinal` counts a participant's assessments in the order of their making. They are
# never deleted, so a later pull numbers its rows as an earlier one did. The rater's
# pseudonym differs from trial to trial; a participant's own form has no rater, only
# somebody who typed it. What tells of the arm is kept back until the lock, and its number
# stays its own.
FORM = f"""
SELECT a.participant_id, a.id AS assessment_id, a.uuid, a.instrument, a.version,
    to_char(a.assessed_on, 'YYYY-MM-DD') AS dtc, a.assessed_on, a.is_done, a.is_missed,
    a.not_done_reason, i.domain, coalesce(r.category, i.category) AS category,
    i.evaluator,
    CASE WHEN i.evaluator <> {quoted(PARTICIPANT_ANSWERED)} THEN a.evaluator_id END
        AS evaluator_id,
    r.duration, r.period,
    {VISIT_NUMBER} AS visitnum, {VISIT_NAME} AS visit,
    coalesce(a.assessed_on, v.held_on, v.target) AS day, a.ordinal
FROM (
    SELECT f.*,
        state = 'signed' OR state = 'locked' AND not_done_reason = '' AS is_done,
        state = 'not_done' OR state = 'locked' AND not_done_reason <> '' AS is_missed,
        row_number() OVER (PARTITION BY participant_id ORDER BY f.id) AS ordinal,
        CASE WHEN rater_id IS NOT NULL THEN 'RATER-' || upper(left(encode(sha256(
            convert_to(t.uuid || ':' || rater_id, 'UTF8')), 'hex'), 8)) END AS evaluator_id
    FROM assessments_assessment f JOIN trials_trial t ON t.id = f.trial_id
) a
JOIN export.instrument i ON i.code = a.instrument AND i.version = a.version
LEFT JOIN export.recall r
    ON r.code = a.instrument AND r.version = a.version AND r.recall = a.recall
JOIN study_sessions_visit v ON v.id = a.visit_id
WHERE (a.is_done OR a.is_missed) AND (
    NOT i.tells_of_arm
    OR EXISTS (SELECT FROM trials_lock l WHERE l.trial_id = a.trial_id)
)
"""  # noqa: S608 - two constants of this module

# One answer, one score, or the word that a whole form was not done.
ANSWER = """
SELECT assessment_id, 'item' AS part, item AS code,
    value::numeric AS value, missing
FROM assessments_itemresponse
UNION ALL
SELECT assessment_id, 'score', score, value, ''
FROM assessments_scorevalue
UNION ALL
SELECT id, 'whole', 'whole', NULL, not_done_reason
FROM assessments_assessment WHERE state IN ('not_done', 'locked') AND not_done_reason <> ''
"""


def _table(
    name: str, columns: Mapping[str, str], *, key: str, rows: list[list[object]]
) -> list[str]:
    """Return the statements that make a lookup table with its index and statistics.

    A table and not a list of values in a view: of such a list the planner knows nothing,
    and compared every answer with every test.
    """
    declared = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    values = ",\n".join(
        "(" + ", ".join(quoted(value) for value in row) + ")" for row in rows
    )
    return [
        f"CREATE TABLE export.{name} ({declared}, PRIMARY KEY ({key}))",
        "\n".join((f"INSERT INTO export.{name} VALUES", values)),
        f"ANALYZE export.{name}",
    ]


def _instruments() -> list[str]:
    """Return the editions: domain, category and evaluator."""
    rows: list[list[object]] = [
        [
            each.code,
            each.version,
            each.domain,
            each.category,
            EVALUATORS[each.completed_by],
            each.tells_of_arm,
        ]
        for each in REGISTRY.values()
    ]
    names = ("code", "version", "domain", "category", "evaluator")
    columns = {**dict.fromkeys(names, "text"), "tells_of_arm": "boolean"}
    return _table("instrument", columns, key="code, version", rows=rows)


def _recalls() -> list[str]:
    """Return the recall periods of each edition."""
    rows: list[list[object]] = [
        [
            each.code,
            each.version,
            recall,
            each.category_for(recall),
            DURATIONS.get(recall),
            None if recall in DURATIONS else recall.upper(),
        ]
        for each in REGISTRY.values()
        for recall in each.recall
    ]
    names = ("code", "version", "recall", "category", "duration", "period")
    columns = dict.fromkeys(names, "text")
    return _table("recall", columns, key="code, version, recall", rows=rows)


def _tests() -> list[str]:
    """Return what can be asked: test code, test name and the answers' words."""
    rows = [row for each in REGISTRY.values() for row in _tests_of(each)]
    columns = {
        **dict.fromkeys(("instrument", "version", "part", "code"), "text"),
        "position": "integer",
        **dict.fromkeys(("testcd", "test"), "text"),
        "words": "text[]",
    }
    return _table("test", columns, key="instrument, version, part, code", rows=rows)


def _tests_of(each: Instrument) -> list[list[object]]:
    prefix = each.code.replace("_", "").upper()[:5]
    rows: list[list[object]] = [
        [WHOLE, WHOLE, 0, f"{prefix}ALL", f"{each.short_title}-All Tests", None]
    ]
    for position, item in enumerate(each.items, start=1):
        if item.cdisc:
            rows.append(["item", item.code, position, *item.cdisc, _words(item)])
    for position, score in enumerate(each.scores, start=FIRST_SCORE):
        if score.cdisc:
            rows.append(["score", score.code, position, *score.cdisc, _yes_no(score)])
    return [[each.code, each.version, *row] for row in rows]


def _words(item: Item) -> str | None:
    """Return the words of the answers as a PostgreSQL array with their own bounds."""
    words = {option.value: option.label for option in item.scale.options}
    if not words:
        return None
    first, last = min(words), max(words)
    elements = ",".join(_element(words.get(at)) for at in range(first, last + 1))
    return f"[{first}:{last}]={{{elements}}}"


def _element(word: str | None) -> str:
    if word is None:
        return "NULL"
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _yes_no(score: Score) -> str | None:
    return "[0:1]={No,Yes}" if score.kind == "yes_no" else None


def support_statements() -> list[str]:
    """Return the statements for what the datasets' views read, in order."""
    views = {
        "participant": PARTICIPANT,
        "person": PERSON,
        "form": FORM,
        "answer": ANSWER,
    }
    return [
        *_instruments(),
        *_recalls(),
        *_tests(),
        *(f"CREATE VIEW export.{name} AS {text}" for name, text in views.items()),
    ]
