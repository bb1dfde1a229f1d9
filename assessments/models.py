"""Administrations of instruments: answers, drafts, scores and the raters they go to."""

import uuid

from django.db import models
from django.db.models import Q

from accounts.models import User
from assessments.lifecycle import State
from participants.models import Participant
from sessions.models import Visit
from trials.models import Site, Trial

MISSING_REASONS = {
    "not_done": "Not done",
    "refused": "Refused",
    "unknown": "Unknown",
    "not_applicable": "Not applicable",
}


class Assessment(models.Model):
    """One administration of one instrument at one visit."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="assessments")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="assessments"
    )
    visit = models.ForeignKey(
        Visit, on_delete=models.PROTECT, related_name="assessments"
    )
    # The row of the protocol's time-and-events table; usually the instrument's code.
    code = models.CharField(max_length=40)
    instrument = models.CharField(max_length=40)
    version = models.CharField(max_length=20)
    recall = models.CharField(max_length=40, blank=True)
    position = models.PositiveSmallIntegerField()
    # Protocol data: outcomes of this form are hidden from the site.
    is_hidden_from_site = models.BooleanField(default=False)
    state = models.CharField(
        max_length=12,
        default=State.ASSIGNED.value,
        choices={state.value: state.value for state in State},
    )
    rater = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="rated"
    )
    # What a rater sees in place of participant and visit.
    opaque_code = models.CharField(max_length=12, unique=True)
    due_on = models.DateField("interview planned on", null=True)
    assessed_on = models.DateField(null=True)
    source = models.CharField(
        max_length=12,
        blank=True,
        choices={"direct": "Entered directly", "paper": "Transcribed from paper"},
    )
    not_done_reason = models.TextField(blank=True)
    # Who typed a form copied from paper; the rater is whoever held the interview.
    entered_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+"
    )
    # What was done about answers that call for a clinician the same day.
    alert_action = models.TextField("what was done", blank=True)

    class Disclosure:
        open = {
            "id",
            "uuid",
            "trial",
            "site",
            "participant",
            "visit",
            "code",
            "instrument",
            "version",
            "recall",
            "position",
            "is_hidden_from_site",
            "state",
            "rater",
            "opaque_code",
            "due_on",
            "assessed_on",
            "source",
            "not_done_reason",
            "entered_by",
        }
        identifying = {"alert_action"}

    class Meta:
        indexes = [
            models.Index(
                fields=["rater", "due_on"],
                name="assessment_rater",
                condition=~Q(state__in=["signed", "not_done"]),
            ),
            models.Index(fields=["site", "state"], name="assessment_site_state"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["visit", "code"], name="one_assessment_per_visit_and_form"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["complete", "signed"])
                | Q(assessed_on__isnull=False) & ~Q(source=""),
                name="complete_assessment_says_when_and_how",
                violation_error_message="Give the day of the assessment.",
            ),
            models.CheckConstraint(
                condition=~Q(state="not_done") | ~Q(not_done_reason=""),
                name="assessment_not_done_has_a_reason",
                violation_error_message="Say why the assessment was not done.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instrument} {self.opaque_code}"


class ItemResponse(models.Model):
    """One answer: a whole number, or the coded reason why there is none."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="+"
    )
    assessment = models.ForeignKey(
        Assessment, on_delete=models.PROTECT, related_name="responses"
    )
    item = models.CharField(max_length=30)
    value = models.SmallIntegerField(null=True)
    missing = models.CharField(max_length=20, blank=True, choices=MISSING_REASONS)

    class Disclosure:
        open = {"id", "trial", "site", "participant", "assessment", "item"}
        outcome = {"value", "missing"}

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "item"], name="one_response_per_item"
            ),
            models.CheckConstraint(
                condition=Q(value__isnull=False, missing="")
                | Q(value__isnull=True) & ~Q(missing=""),
                name="value_or_reason",
                violation_error_message="Each item has a value or a reason, not both.",
            ),
        ]

    def __str__(self) -> str:
        return self.item


class ScoreValue(models.Model):
    """One score as computed when the assessment was signed, with the scorer's version."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="+"
    )
    assessment = models.ForeignKey(
        Assessment, on_delete=models.PROTECT, related_name="scores"
    )
    score = models.CharField(max_length=40)
    # Yes and no are 1 and 0; null is undetermined.
    value = models.DecimalField(max_digits=8, decimal_places=3, null=True)
    scorer_version = models.CharField(max_length=20)

    class Disclosure:
        open = {
            "id",
            "trial",
            "site",
            "participant",
            "assessment",
            "score",
            "scorer_version",
        }
        outcome = {"value"}

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "score"], name="one_value_per_score"
            )
        ]

    def __str__(self) -> str:
        return self.score


class Draft(models.Model):
    """What one person has typed into one form and not completed yet.

    Seen by its owner only; off the trail, since nothing in it is data yet.
    """

    assessment = models.ForeignKey(
        Assessment, on_delete=models.PROTECT, related_name="drafts"
    )
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    # item -> {"value": int | null, "missing": str, "at": ISO time of the server}
    answers = models.JSONField(default=dict)
    saved_at = models.DateTimeField(auto_now=True)
    # Begun by a rater from whom the interview was taken: kept, and shown to nobody.
    is_set_aside = models.BooleanField(default=False, db_default=False)

    class Disclosure:
        open = {"id", "assessment", "user", "saved_at", "is_set_aside"}
        outcome = {"answers"}

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "user"], name="one_draft_per_person_and_form"
            )
        ]

    def __str__(self) -> str:
        return f"draft of {self.assessment_id}"
