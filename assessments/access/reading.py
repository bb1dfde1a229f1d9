"""What is kept of an assessment: answers, drafts, and what a signature covers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assessments.answers import Answer, Answers, signed_content
from assessments.models import Assessment, Draft, ItemResponse
from audit.signing import digest, signatures_of

TABLE = "assessments_assessment"


def answers_of(assessment_ids: Sequence[int]) -> dict[int, dict[str, Answer]]:
    """Return the saved answers of each assessment by item, in one query."""
    found: dict[int, dict[str, Answer]] = {key: {} for key in assessment_ids}
    rows = ItemResponse.objects.filter(assessment_id__in=assessment_ids).order_by("pk")
    for key, item, value, missing in rows.values_list(
        "assessment_id", "item", "value", "missing"
    ):
        found[key][item] = missing if value is None else value
    return found


def draft_of(assessment: Assessment, user_id: int) -> dict[str, Answer]:
    """Return what this person has typed and not completed, by item; blanks left out."""
    kept = (
        Draft.objects.filter(assessment=assessment, user_id=user_id)
        .values_list("answers", flat=True)
        .first()
    )
    return without_blanks(kept or {})


def without_blanks(draft: Mapping[str, Any]) -> dict[str, Answer]:
    """Return a draft's answers as they are answered, those that were cleared left out."""
    found: dict[str, Answer] = {}
    for item, answer in draft.items():
        if answer["missing"]:
            found[item] = answer["missing"]
        elif answer["value"] is not None:
            found[item] = answer["value"]
    return found


def content_of(assessment: Assessment, answers: Answers) -> dict[str, Any]:
    """Return what a signature on an assessment covers."""
    head = {
        "uuid": str(assessment.uuid),
        "instrument": assessment.instrument,
        "version": assessment.version,
        "assessed_on": assessment.assessed_on,
        "source": assessment.source,
        "rater": assessment.rater_id,
        "alert_action": assessment.alert_action,
    }
    return signed_content(head, answers)


def digests_of(assessments: Iterable[Assessment]) -> dict[int, str]:
    """Return by id the digest of each form as it stands, in one query."""
    rows = {row.pk: row for row in assessments}
    answers = answers_of(list(rows))
    return {key: digest(content_of(row, answers[key])) for key, row in rows.items()}


def is_signature_intact(assessment: Assessment) -> bool | None:
    """Tell whether the newest signature covers the form as it stands; None without one."""
    signatures = signatures_of(TABLE, [assessment.pk]).get(str(assessment.pk))
    if not signatures:
        return None
    row = Assessment.objects.get(pk=assessment.pk)
    return signatures[0].digest == digest(content_of(row, answers_of([row.pk])[row.pk]))
