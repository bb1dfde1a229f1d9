"""The medical record: what was found out, where it is written, who reviewed it.

Nothing is deleted: what is wrong is corrected with a reason, or voided with one.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import F, Q

from accounts.models import User
from medical.rules import PARTIAL_DATE, is_out_of_range
from medical.vocabulary import (
    CONDITION_KINDS,
    DRUG_CLASSES,
    FINDINGS,
    RESULTS,
    Kind,
)
from participants.models import Participant
from trials.models import Site, Trial
from trials.protocol.records import TESTS

_PLACED = {"id", "uuid", "trial", "site", "participant"}
_RECORDED = _PLACED | {"source", "voided_at", "void_reason"}
_REVIEWED = _RECORDED | {"reviewed_by", "reviewed_at", "significance", "review_note"}


class Record(models.Model):
    """Where a record belongs, where it is written, and whether it was voided."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="+"
    )
    source = models.CharField("source document", max_length=120)
    voided_at = models.DateTimeField(null=True)
    void_reason = models.TextField(blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(voided_at__isnull=True) | ~Q(void_reason=""),
                name="%(class)s_voided_with_a_reason",
            )
        ]


class ReviewedRecord(Record):
    """A record that somebody who may reads and judges; a correction takes that back."""

    reviewed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True)
    significance = models.CharField(max_length=20, blank=True, choices=FINDINGS)
    review_note = models.TextField("reason of the review", blank=True)

    class Meta(Record.Meta):
        abstract = True
        constraints = [
            *Record.Meta.constraints,
            models.CheckConstraint(
                condition=Q(
                    reviewed_by__isnull=True, reviewed_at__isnull=True, significance=""
                )
                | Q(reviewed_by__isnull=False, reviewed_at__isnull=False)
                & ~Q(significance=""),
                name="%(class)s_reviewed_by_somebody",
            ),
        ]


class Condition(ReviewedRecord):
    """One line of the history: an illness, an operation, the use of a substance.

    `since` and `ended` are a year, a month or a day; empty where that is not known.
    """

    kind = models.CharField(max_length=20, choices=CONDITION_KINDS)
    term = models.CharField("condition", max_length=200)
    since = models.CharField(max_length=10, blank=True)
    is_ongoing = models.BooleanField()
    ended = models.CharField(max_length=10, blank=True)
    is_controlled = models.BooleanField("well controlled", null=True)
    reported_on = models.DateField()

    class Disclosure:
        open = _REVIEWED | {
            *("kind", "term", "since", "is_ongoing", "ended", "is_controlled"),
            "reported_on",
        }

    class Meta(ReviewedRecord.Meta):
        constraints = [
            *ReviewedRecord.Meta.constraints,
            models.CheckConstraint(
                condition=Q(is_ongoing=False) | Q(ended=""),
                name="ongoing_condition_has_no_end",
            ),
            models.CheckConstraint(
                condition=(Q(since="") | Q(since__regex=PARTIAL_DATE))
                & (Q(ended="") | Q(ended__regex=PARTIAL_DATE)),
                name="condition_dates_are_partial_dates",
            ),
        ]

    def __str__(self) -> str:
        return self.term


class MedicationHistory(Record):
    """The act of asking what somebody takes and took: an empty list may be nobody's."""

    taken_on = models.DateField("asked on")

    class Disclosure:
        open = _RECORDED | {"taken_on"}

    class Meta(Record.Meta):
        verbose_name_plural = "medication histories"

    def __str__(self) -> str:
        return f"medication history of {self.taken_on.day} {self.taken_on:%b %Y}"


class Medication(ReviewedRecord):
    """A drug taken before or now; without a last dose it is taken still, or not known.

    `drug` is the code of the protocol's list, empty for a drug that is not on it.
    """

    drug = models.CharField("drug on the protocol's list", max_length=60, blank=True)
    label = models.CharField("drug", max_length=120)
    indication = models.CharField(max_length=200)
    dose = models.CharField(max_length=120)
    started = models.CharField(max_length=10, blank=True)
    last_dose_on = models.DateField("last dose on", null=True)
    reported_on = models.DateField()

    class Disclosure:
        open = _REVIEWED | {
            *("drug", "label", "indication", "dose", "started", "last_dose_on"),
            "reported_on",
        }

    class Meta(ReviewedRecord.Meta):
        constraints = [
            *ReviewedRecord.Meta.constraints,
            models.CheckConstraint(
                condition=Q(started="") | Q(started__regex=PARTIAL_DATE),
                name="medication_start_is_a_partial_date",
            ),
        ]

    def __str__(self) -> str:
        return self.label


class TestResult(ReviewedRecord):
    """One result of one test; a drug screen has a row for each class that was found."""

    # Not a test of ours, whatever the name of the class begins with.
    __test__ = False

    kind = models.CharField("test", max_length=30, choices=TESTS)
    drug_class = models.CharField(max_length=20, blank=True, choices=DRUG_CLASSES)
    result = models.CharField(max_length=10, choices=RESULTS)
    performed_on = models.DateField()

    class Disclosure:
        open = _REVIEWED | {"kind", "drug_class", "result", "performed_on"}

    class Meta(ReviewedRecord.Meta):
        constraints = [
            *ReviewedRecord.Meta.constraints,
            models.CheckConstraint(
                condition=Q(result__in=list(RESULTS)), name="test_result_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class LabResult(ReviewedRecord):
    """One analyte of one sample, with the laboratory's own reference range."""

    code = models.CharField("analyte", max_length=40)
    label = models.CharField("analyte's name", max_length=80)
    value = models.DecimalField(max_digits=12, decimal_places=4)
    unit = models.CharField(max_length=20)
    low = models.DecimalField("lower limit", max_digits=12, decimal_places=4, null=True)
    high = models.DecimalField(
        "upper limit", max_digits=12, decimal_places=4, null=True
    )
    sampled_on = models.DateField()

    class Disclosure:
        open = _REVIEWED | {
            *("code", "label", "value", "unit", "low", "high", "sampled_on"),
        }

    class Meta(ReviewedRecord.Meta):
        constraints = [
            *ReviewedRecord.Meta.constraints,
            models.CheckConstraint(
                condition=Q(low__isnull=True)
                | Q(high__isnull=True)
                | Q(low__lte=F("high")),
                name="reference_range_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def is_out_of_range(self) -> bool:
        return is_out_of_range(self.value, low=self.low, high=self.high)


class ECG(ReviewedRecord):
    """One electrocardiogram: rate in beats a minute, intervals in milliseconds."""

    recorded_on = models.DateField()
    rate = models.PositiveSmallIntegerField("heart rate")
    pr = models.PositiveSmallIntegerField("PR interval", null=True)
    qrs = models.PositiveSmallIntegerField("QRS duration", null=True)
    qt = models.PositiveSmallIntegerField("QT interval")
    qtcf = models.PositiveSmallIntegerField("QTcF")
    # Not computed from QT and rate, but read from the machine or by a cardiologist.
    is_qtcf_given = models.BooleanField("QTcF as read", default=False)

    class Disclosure:
        open = _REVIEWED | {
            *("recorded_on", "rate", "pr", "qrs", "qt", "qtcf", "is_qtcf_given"),
        }

    class Meta(ReviewedRecord.Meta):
        verbose_name = "ECG"
        verbose_name_plural = "ECGs"
        constraints = [
            *ReviewedRecord.Meta.constraints,
            models.CheckConstraint(
                condition=Q(rate__gt=0, qt__gt=0, qtcf__gt=0), name="ecg_was_measured"
            ),
        ]

    def __str__(self) -> str:
        return f"ECG of {self.recorded_on.day} {self.recorded_on:%b %Y}"


# Of classes of `Record`; their managers differ.
MODELS: Mapping[Kind, type[Any]] = {
    Kind.CONDITION: Condition,
    Kind.HISTORY: MedicationHistory,
    Kind.MEDICATION: Medication,
    Kind.TEST: TestResult,
    Kind.LAB: LabResult,
    Kind.ECG: ECG,
}
# The column of a record's day.
DAYS: Mapping[Kind, str] = {
    Kind.CONDITION: "reported_on",
    Kind.HISTORY: "taken_on",
    Kind.MEDICATION: "reported_on",
    Kind.TEST: "performed_on",
    Kind.LAB: "sampled_on",
    Kind.ECG: "recorded_on",
}


def kind_of(record: Record) -> Kind:
    """Return which of the tables a record is in."""
    return next(kind for kind, model in MODELS.items() if isinstance(record, model))


def day_of(record: Record) -> object:
    """Return the day that a record is about."""
    return getattr(record, DAYS[kind_of(record)])
