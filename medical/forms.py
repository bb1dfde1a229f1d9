"""What is typed into the medical record: a form for each kind, and for acts on one."""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from crispy_forms.helper import FormHelper
from django import forms

from medical.actions.recording import FIELDS
from medical.models import DAYS, Record
from medical.vocabulary import (
    CONDITION_KINDS,
    DRUG_CLASSES,
    OTHER,
    RESULTS,
    Kind,
    findings_of,
)
from participants.forms import PastDateField
from trials.protocol import ProtocolDefinition
from trials.protocol.records import ANALYTES, TESTS

_YES_NO = {"yes": "Yes", "no": "No"}
_TRUTHS: Mapping[object, bool | None] = {"yes": True, "no": False}
_PARTIAL = "A year, a month or a day: 2019, 2019-05, 2019-05-14."


def _choice(words: Mapping[str, str], label: str, **more: Any) -> forms.ChoiceField:
    # Nothing is chosen before somebody asked: the first of a list would be saved unread.
    first = "Choose one" if more.get("required", True) else "Not known"
    return forms.ChoiceField(
        choices=[("", first), *words.items()],
        label=label,
        error_messages={"required": "Choose one."},
        **more,
    )


def _partial(label: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=10,
        help_text=_PARTIAL,
        widget=forms.TextInput(attrs={"class": "w-code", "autocomplete": "off"}),
    )


def _number(label: str, unit: str, **more: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=f"{label}, {unit}",
        min_value=1,
        widget=forms.NumberInput(attrs={"class": "w-code", "inputmode": "numeric"}),
        **more,
    )


def _decimal(label: str, **more: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        max_digits=12,
        decimal_places=4,
        widget=forms.NumberInput(
            attrs={"class": "w-code", "inputmode": "decimal", "step": "any"}
        ),
        **more,
    )


def _reason(label: str, help_text: str = "", **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": 2}),
        **more,
    )


class RecordForm(forms.Form):
    """One record of a kind, new or saved; `offered` starts with what nobody has saved."""

    kind_of_record: ClassVar[Kind]
    day_label: ClassVar[str]
    source = forms.CharField(
        label="Source",
        max_length=120,
        help_text="Where this is written: chart, laboratory report, interview.",
    )

    def __init__(
        self,
        *args: Any,
        definition: ProtocolDefinition,
        today: date,
        saved: Record | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True  # the page's own form carries the token
        self.day = DAYS[self.kind_of_record]
        self.fields[self.day] = PastDateField(today=today, label=self.day_label)
        self.offered = frozenset[str]()
        if saved is None:
            self.offered = frozenset({self.day})
            self.initial.setdefault(self.day, today)
        else:
            self.fields["reason"] = _reason("Reason for the change", required=False)
            self.initial.update(_initial(saved, self.kind_of_record))
        self.order_fields([*self.own_fields(), self.day, "source", "reason"])
        self.prepare(definition)

    def prepare(self, definition: ProtocolDefinition) -> None:
        """Fill in what depends on the protocol."""

    def own_fields(self) -> list[str]:
        return [name for name in self.fields if name not in {self.day, "source"}]

    @property
    def values(self) -> dict[str, Any]:
        """Return what was typed under the names of the table's fields."""
        typed = {
            name: _TRUTHS.get(value) if name in _TRUTH_FIELDS else value
            for name, value in self.cleaned_data.items()
            if name in FIELDS[self.kind_of_record]
        }
        return {
            name: value.strip() if isinstance(value, str) else value
            for name, value in typed.items()
        }


_TRUTH_FIELDS = frozenset({"is_ongoing", "is_controlled"})


def _initial(saved: Record, kind: Kind) -> dict[str, Any]:
    values = {name: getattr(saved, name) for name in FIELDS[kind]}
    for name in _TRUTH_FIELDS & values.keys():
        known = values[name]
        values[name] = "" if known is None else ("yes" if known else "no")
    return values


class ConditionForm(RecordForm):
    """An illness, an operation, the use of a substance."""

    kind_of_record, day_label = Kind.CONDITION, "Told on"
    kind = _choice(CONDITION_KINDS, "Kind")
    term = forms.CharField(
        label="Condition", max_length=200, help_text="Without names of people."
    )
    since = _partial("Since")
    is_ongoing = _choice(_YES_NO, "Goes on")
    ended = _partial("Ended")
    is_controlled = _choice(_YES_NO, "Well controlled", required=False)


class HistoryForm(RecordForm):
    """That somebody was asked what they take and took."""

    kind_of_record, day_label = Kind.HISTORY, "Asked on"


class MedicationForm(RecordForm):
    """A drug taken before or now."""

    kind_of_record, day_label = Kind.MEDICATION, "Told on"
    drug = forms.ChoiceField(
        label="Drug on the protocol's list",
        required=False,
        help_text="Washouts are computed for these.",
    )
    label = forms.CharField(
        label="Or another drug",
        required=False,
        max_length=120,
        help_text="As it is written. No washout is known until it was reviewed.",
    )
    indication = forms.CharField(label="Taken for", max_length=200)
    dose = forms.CharField(
        label="Dose", max_length=120, help_text="As prescribed: 50 mg once a day."
    )
    started = _partial("Started")

    def prepare(self, definition: ProtocolDefinition) -> None:
        field = self.fields["drug"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", "Not on the list")] + [
                (drug.code, drug.label or drug.code.replace("_", " "))
                for drug in definition.drugs
            ]
        day = self.fields[self.day]
        today = day.today if isinstance(day, PastDateField) else date.max
        self.fields["last_dose_on"] = PastDateField(
            today=today,
            label="Last dose on",
            required=False,
            help_text="Empty while it is taken, or where the day is not known.",
        )
        self.order_fields([*MedicationForm.base_fields, "last_dose_on", self.day])


class TestForm(RecordForm):
    """The result of a test."""

    __test__ = False

    kind_of_record, day_label = Kind.TEST, "Performed on"
    kind = _choice(TESTS, "Test")
    result = _choice(RESULTS, "Result")
    drug_class = forms.ChoiceField(
        label="Class of drug found",
        required=False,
        choices=[("", "None"), *DRUG_CLASSES.items()],
        help_text="Of a positive drug screen; a line for each class.",
    )


class LabForm(RecordForm):
    """One analyte of a sample."""

    kind_of_record, day_label = Kind.LAB, "Sampled on"
    code = _choice({**ANALYTES, OTHER: "Another"}, "Analyte")
    label = forms.CharField(label="Name of another", required=False, max_length=80)
    value = _decimal("Value")
    unit = forms.CharField(
        label="Unit", max_length=20, widget=forms.TextInput(attrs={"class": "w-code"})
    )
    low = _decimal("Reference from", required=False)
    high = _decimal("Reference to", required=False)


class ECGForm(RecordForm):
    """One electrocardiogram."""

    kind_of_record, day_label = Kind.ECG, "Recorded on"
    rate = _number("Heart rate", "beats/min")
    pr = _number("PR", "ms", required=False)
    qrs = _number("QRS", "ms", required=False)
    qt = _number("QT", "ms")
    qtcf = _number("QTcF as read", "ms", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[
            "qtcf"
        ].help_text = "Empty: computed from QT and heart rate (Fridericia)."
        if not self.initial.get("is_qtcf_given"):
            self.initial.pop("qtcf", None)

    @property
    def values(self) -> dict[str, Any]:
        typed = super().values
        given = typed.pop("qtcf", None)
        read = {"qtcf": given} if given is not None else {}
        return typed | read | {"is_qtcf_given": given is not None}


FORMS: Mapping[Kind, type[RecordForm]] = {
    form.kind_of_record: form
    for form in (
        ConditionForm,
        HistoryForm,
        MedicationForm,
        TestForm,
        LabForm,
        ECGForm,
    )
}


class VoidForm(forms.Form):
    """Why a record is voided."""

    reason = _reason(
        "Why it is voided",
        "For what was entered twice or for somebody else. It stays to be read.",
        min_length=3,
    )


class ReviewForm(forms.Form):
    """What a record means, in the judgment of whoever reads it."""

    finding = forms.ChoiceField(label="Finding", widget=forms.RadioSelect)
    reason = _reason(
        "Why",
        "Needed unless the finding is plain, and whenever it replaces another.",
        required=False,
    )

    def __init__(self, *args: Any, kind: Kind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["finding"]
        if isinstance(field, forms.ChoiceField):
            field.choices = list(findings_of(kind).items())
