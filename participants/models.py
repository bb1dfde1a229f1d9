"""Participants, their consent, eligibility facts and decisions, and deviations.

Identity is kept behind a wall, so that no query for study data can carry it along.
"""

import uuid

from django.db import models
from django.db.models import Q

from accounts.models import User
from participants.lifecycle import State, Treatment
from participants.vocabulary import AGREEMENTS, DEVIATION_KINDS, END_CAUSE_WORDS, SEXES
from trials.models import ProtocolVersion, Site, Trial

_CAUSES = {cause.value: words for cause, words in END_CAUSE_WORDS.items()}


class Participant(models.Model):
    """A person in the trial, known by number."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    trial = models.ForeignKey(
        Trial, on_delete=models.PROTECT, related_name="participants"
    )
    site = models.ForeignKey(
        Site, on_delete=models.PROTECT, related_name="participants"
    )
    protocol_version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT)
    # Who they were in a parent study of this one, which goes on with them.
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+"
    )
    number = models.CharField(max_length=12)
    sequence = models.PositiveIntegerField()
    state = models.CharField(
        max_length=20, choices={state.value: state.value for state in State}
    )
    sex = models.CharField(
        "sex at birth",
        max_length=10,
        blank=True,
        choices=SEXES,
    )
    age = models.PositiveSmallIntegerField("age at consent in years", null=True)
    screened_on = models.DateField()
    enrolled_on = models.DateField(null=True)
    confirmed_on = models.DateField(null=True)
    randomized_on = models.DateField(null=True)
    # The day of the planned unblinding, from which stages wait for what it revealed.
    unblinded_on = models.DateField(null=True)
    treatment = models.CharField(
        max_length=20,
        default=Treatment.NOT_STARTED.value,
        choices={state.value: state.value for state in Treatment},
    )
    treatment_stopped_on = models.DateField(null=True)
    treatment_stop_reason = models.TextField(blank=True)
    treatment_stop_cause = models.CharField(
        "what stopped treatment", max_length=15, blank=True, choices=_CAUSES
    )
    ended_on = models.DateField("left or completed on", null=True)
    end_reason = models.TextField(blank=True)
    end_cause = models.CharField(
        "what made them leave", max_length=15, blank=True, choices=_CAUSES
    )

    class Disclosure:
        open = {
            "id",
            "uuid",
            "trial",
            "site",
            "protocol_version",
            "parent",
            "number",
            "sequence",
            "state",
            "sex",
            "age",
            "screened_on",
            "enrolled_on",
            "confirmed_on",
            "randomized_on",
            "unblinded_on",
            "treatment",
            "treatment_stopped_on",
            "treatment_stop_reason",
            "treatment_stop_cause",
            "ended_on",
            "end_reason",
            "end_cause",
        }

    class Meta:
        indexes = [
            models.Index(fields=["site", "number"], name="participant_list"),
            models.Index(fields=["trial", "number"], name="participant_number"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["trial", "parent"],
                name="one_participant_per_parent",
                violation_error_message="Somebody of this trial is linked to that "
                "participant already.",
            ),
            models.UniqueConstraint(
                fields=["site", "sequence"],
                name="one_participant_per_sequence",
                violation_error_message="Another participant took that number; try again.",
            ),
            models.UniqueConstraint(
                fields=["trial", "number"], name="one_participant_per_number"
            ),
            models.CheckConstraint(
                condition=Q(treatment_stopped_on__isnull=True)
                | ~Q(treatment_stop_reason=""),
                name="treatment_stop_has_a_reason",
                violation_error_message="Say why treatment was stopped.",
            ),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True) | ~Q(end_reason=""),
                name="end_of_participation_has_a_reason",
                violation_error_message="Say how participation ended.",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.WITHDRAWN.value) | ~Q(end_cause=""),
                name="withdrawal_has_a_cause",
                violation_error_message="Choose why the participant left.",
            ),
            models.CheckConstraint(
                condition=Q(treatment_stopped_on__isnull=True)
                | ~Q(treatment_stop_cause=""),
                name="treatment_stop_has_a_cause",
                violation_error_message="Choose why treatment was stopped.",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Identity(models.Model):
    """Who a participant is, as ciphertext. Exists only after consent.

    The table lies in the schema `identity`, where no query of ours reaches: it is read
    and written through the functions of `sql/identities.sql`, by `actions.identities`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    participant = models.OneToOneField(
        Participant, on_delete=models.PROTECT, related_name="+"
    )
    name = models.TextField()
    birth_date = models.TextField()
    email = models.TextField(blank=True)
    phone = models.TextField(blank=True)

    class Disclosure:
        open = {"id", "trial", "site", "participant"}
        identifying = {"name", "birth_date", "email", "phone"}

    def __str__(self) -> str:
        return f"identity of {self.participant_id}"


class Consent(models.Model):
    """One signed consent form."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="consents"
    )
    form_version = models.CharField("version of the consent form", max_length=20)
    signed_on = models.DateField()
    obtained_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    # In whose judgment the person could consent: awake, sober, free to decide (CON-04).
    is_able = models.BooleanField("able to consent")

    class Disclosure:
        open = {
            "id",
            "trial",
            "site",
            "participant",
            "form_version",
            "signed_on",
            "obtained_by",
            "is_able",
        }

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(is_able=True),
                name="consent_of_somebody_able",
                violation_error_message="Nobody who is not able to consent has consented.",
            ),
            models.UniqueConstraint(
                fields=["participant", "form_version"],
                name="one_consent_per_form_version",
                violation_error_message="Consent on this version is recorded already.",
            ),
        ]

    def __str__(self) -> str:
        return f"consent version {self.form_version}"


class ConsentItem(models.Model):
    """One thing consented to, or not: each can be given and withdrawn by itself."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="consent_items"
    )
    code = models.CharField(
        max_length=30,
        choices=AGREEMENTS,
    )
    is_given = models.BooleanField()
    decided_on = models.DateField()

    class Disclosure:
        open = {"id", "trial", "site", "participant", "code", "is_given", "decided_on"}

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "code"], name="one_decision_per_consent_item"
            )
        ]

    def __str__(self) -> str:
        return self.get_code_display()


class Fact(models.Model):
    """A typed fact that eligibility reads, with its source.

    A later fact with the same code supersedes the earlier; both stay.
    """

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="facts"
    )
    code = models.CharField(max_length=60)
    value = models.JSONField()
    observed_on = models.DateField()
    source = models.CharField(max_length=200)
    is_current = models.BooleanField(default=True)
    # A score hidden from the site must not come back to it as a fact.
    is_outcome = models.BooleanField(default=False)
    # The event of the course after which the database refuses any change of it.
    frozen_by = models.CharField(max_length=20, blank=True)

    class Disclosure:
        open = {
            "id",
            "trial",
            "site",
            "participant",
            "code",
            "observed_on",
            "source",
            "is_current",
            "is_outcome",
            "frozen_by",
        }
        outcome = {"value"}

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "code"],
                condition=Q(is_current=True),
                name="one_current_fact_per_code",
            )
        ]

    def __str__(self) -> str:
        return self.code


class EligibilityDecision(models.Model):
    """The investigator's decision at a milestone, with each criterion as evaluated."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="decisions"
    )
    milestone = models.CharField(max_length=40)
    is_eligible = models.BooleanField()
    decided_on = models.DateField()
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    # Rule, verdict and the ids of the facts used, frozen as they stood.
    criteria = models.JSONField()

    class Disclosure:
        open = {
            "id",
            "uuid",
            "trial",
            "site",
            "participant",
            "milestone",
            "is_eligible",
            "decided_on",
            "decided_by",
            "criteria",
        }

    def __str__(self) -> str:
        return f"{self.milestone}: {'eligible' if self.is_eligible else 'not eligible'}"


class Waiver(models.Model):
    """An investigator's signed leave to pass over one criterion, and why.

    It holds until it is taken back; the criterion keeps its verdict beside it.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="waivers"
    )
    code = models.CharField("criterion", max_length=60)
    reason = models.TextField()
    granted_on = models.DateField()
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    ended_on = models.DateField("taken back on", null=True)
    end_reason = models.TextField("why it was taken back", blank=True)

    class Disclosure:
        open = {
            *("id", "uuid", "trial", "site", "participant", "code", "reason"),
            *("granted_on", "granted_by", "ended_on", "end_reason"),
        }

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "code"],
                condition=Q(ended_on__isnull=True),
                name="one_waiver_per_criterion",
                violation_error_message="This criterion is waived already.",
            ),
            models.CheckConstraint(
                condition=~Q(reason="")
                & (Q(ended_on__isnull=True) | ~Q(end_reason="")),
                name="waiver_has_its_reasons",
            ),
        ]

    def __str__(self) -> str:
        return f"waiver of {self.code}"


class Deviation(models.Model):
    """Something that was not done as the protocol says."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="deviations"
    )
    kind = models.CharField(
        max_length=30,
        choices=DEVIATION_KINDS,
    )
    visit_code = models.CharField(max_length=60, blank=True)
    occurred_on = models.DateField()
    description = models.TextField()

    class Disclosure:
        open = {
            "id",
            "uuid",
            "trial",
            "site",
            "participant",
            "kind",
            "visit_code",
            "occurred_on",
            "description",
        }

    def __str__(self) -> str:
        return self.get_kind_display()
