"""What is typed about participants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.db.models import QuerySet

from participants.actions import NewDeviation, NewFact, NewIdentity, NewScreening
from participants.facts import typed
from participants.models import Fact, Participant
from participants.vocabulary import DEVIATION_KINDS
from trials.models import Site
from trials.protocol import Criterion, FactType, ProtocolDefinition
from trials.protocol import Fact as FactDefinition

NOT_KNOWN = "Not known"
UNKNOWN = "unknown"
_ANSWERS: dict[object, object] = {"yes": True, "no": False, UNKNOWN: None, "": None}


def _date_input(latest: date) -> forms.DateInput:
    return forms.DateInput(
        attrs={"type": "date", "class": "w-date", "max": latest.isoformat()},
        format="%Y-%m-%d",
    )


def _helper() -> FormHelper:
    helper = FormHelper()
    helper.form_tag = False
    helper.disable_csrf = True  # the page's own form carries the token
    return helper


class PastDateField(forms.DateField):
    """A day that has come at the site; `today` is the site's own."""

    def __init__(self, *, today: date, **options: Any) -> None:
        super().__init__(widget=_date_input(today), **options)
        self.today = today

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        if day is not None and day > self.today:
            raise forms.ValidationError("This day has not come yet at the site.")
        return day


class ScreeningForm(forms.Form):
    """Where and when somebody was screened; nothing that could say who."""

    site = forms.ModelChoiceField(Site.objects.none(), label="Site", empty_label=None)

    def __init__(
        self, *args: Any, sites: QuerySet[Site], today: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.helper = _helper()
        field = self.fields["site"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = sites
        self.fields["on"] = PastDateField(
            today=today, label="Day of the screening contact", initial=today
        )

    def screening(self) -> NewScreening:
        return NewScreening(self.cleaned_data["site"], self.cleaned_data["on"])


class ScreeningDayForm(forms.Form):
    """The day of the screening log, corrected with a reason."""

    reason = forms.CharField(label="Reason for the change", required=False)

    def __init__(self, *args: Any, saved: date, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = _helper()
        self.helper.layout = Layout("on")
        self.fields["on"] = PastDateField(
            today=today, label="Day of the screening contact", initial=saved
        )


class IdentityForm(forms.Form):
    """Name, birth date and contact of somebody who consented."""

    name = forms.CharField(
        label="Full name",
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    email = forms.EmailField(
        label="Email",
        required=False,
        help_text="Reminders go here, if the participant agreed to reminders.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    phone = forms.CharField(
        label="Phone",
        required=False,
        max_length=40,
        widget=forms.TextInput(
            attrs={"type": "tel", "class": "w-code", "autocomplete": "off"}
        ),
    )
    reason = forms.CharField(label="Reason for the change", required=False)

    field_order = ("name", "birth_date", "email", "phone", "reason")

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = _helper()
        self.fields["birth_date"] = PastDateField(today=today, label="Birth date")
        self.order_fields(self.field_order)

    def identity(self, participant: Participant) -> NewIdentity:
        typed_in = self.cleaned_data
        return NewIdentity(
            participant,
            typed_in["name"],
            typed_in["birth_date"],
            typed_in["email"],
            typed_in["phone"],
        )


class DeviationForm(forms.Form):
    """What was not done as the protocol says."""

    kind = forms.ChoiceField(
        label="What kind of deviation",
        choices=[("", "Choose one"), *DEVIATION_KINDS.items()],
    )
    visit_code = forms.ChoiceField(label="Visit", required=False)
    description = forms.CharField(
        label="What happened, and why",
        help_text="Without names: the number says who.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    field_order = ("kind", "visit_code", "occurred_on", "description")

    def __init__(
        self, *args: Any, definition: ProtocolDefinition, today: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.helper = _helper()
        visits = self.fields["visit_code"]
        if isinstance(visits, forms.ChoiceField):
            visits.choices = [("", "No particular visit")] + [
                (visit.code, f"{visit.number} {visit.label}".strip())
                for visit in definition.visits
            ]
        self.fields["occurred_on"] = PastDateField(today=today, label="Day it happened")
        self.order_fields(self.field_order)

    def deviation(self, participant: Participant) -> NewDeviation:
        typed_in = self.cleaned_data
        return NewDeviation(
            participant,
            typed_in["kind"],
            typed_in["occurred_on"],
            typed_in["description"],
            typed_in["visit_code"],
        )


class WaiverForm(forms.Form):
    """Which criterion is passed over and why, with the password that signs it."""

    code = forms.ChoiceField(
        label="Criterion", error_messages={"required": "Choose one."}
    )
    why = forms.CharField(
        label="Why this participant may take part all the same",
        min_length=3,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Monitor and IRB read it. It is recorded as a deviation too.",
    )
    password = forms.CharField(
        label="Your password",
        strip=False,
        help_text="It stands for your handwritten signature.",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(
        self, *args: Any, criteria: Sequence[Criterion], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.helper = _helper()
        field = self.fields["code"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", "Choose one")] + [
                (each.code, f"{each.code.upper()} · {each.text}") for each in criteria
            ]


class EndWaiverForm(forms.Form):
    """Why a waiver is taken back."""

    why = forms.CharField(
        label="Why it is taken back",
        min_length=3,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = _helper()


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """What the facts form is about: the facts asked, and what is saved of them.

    `suggested` holds values that another page already recorded, by code.
    """

    asked: Sequence[FactDefinition]
    saved: Mapping[str, Fact]
    suggested: Mapping[str, object]

    def value(self, fact: FactDefinition) -> object:
        if fact.code in self.saved:
            return typed(fact, self.saved[fact.code].value)
        return self.suggested.get(fact.code)


class FactsForm(forms.Form):
    """Facts from one source on one day; only what differs from what is saved counts."""

    source = forms.CharField(
        label="Source",
        max_length=200,
        help_text="Where this is written: screening interview, ECG of the day, chart.",
    )
    reason = forms.CharField(label="Reason for the change", required=False)

    def __init__(
        self, *args: Any, known: KnownFacts, today: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.known = known
        self.offered = frozenset(
            field_name(code) for code in known.suggested if code not in known.saved
        ) | {"observed_on"}
        self.helper = _helper()
        self.fields["observed_on"] = PastDateField(
            today=today,
            label="Observed on",
            initial=today,
            help_text="The day that the source gives, not the day of typing.",
        )
        for fact in known.asked:
            self.fields[field_name(fact.code)] = _field_of(
                fact, known.value(fact), today
            )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors and not self._differing():
            raise forms.ValidationError("Nothing was changed.")
        return cleaned

    def facts(self, participant: Participant) -> list[NewFact]:
        """Return what was typed and differs; None for what is no longer known."""
        return [
            NewFact(
                participant,
                fact.code,
                value,
                self.cleaned_data["observed_on"],
                self.cleaned_data["source"],
            )
            for fact, value in self._differing()
        ]

    def _differing(self) -> list[tuple[FactDefinition, object]]:
        """Return what differs from what is saved; a field that was not sent does not."""
        found = []
        for fact in self.known.asked:
            name = field_name(fact.code)
            value = self.cleaned_data.get(name)
            if fact.type in {FactType.YES_NO, FactType.CHOICE}:
                value = _ANSWERS.get(value, value)
            saved = self.known.value(fact) if fact.code in self.known.saved else None
            if name in self.data and value != saved:
                found.append((fact, value))
        return found


def field_name(code: str) -> str:
    return f"fact_{code}"


def _field_of(fact: FactDefinition, value: object, today: date) -> forms.Field:
    """Return the field that an answer to this fact is typed into."""
    label = fact.label
    # The row's legend names the group; the control inside needs a name of its own.
    named = {"aria-label": label}
    if fact.type is FactType.YES_NO:
        # Nothing is chosen before it was asked: "Not known" would look like an answer.
        initial = None if value is None else ("yes" if value else "no")
        return forms.ChoiceField(
            label=label,
            required=False,
            initial=initial,
            choices=[("yes", "Yes"), ("no", "No"), (UNKNOWN, NOT_KNOWN)],
            widget=forms.RadioSelect,
        )
    if fact.type is FactType.CHOICE:
        choices = [(item.code, item.label) for item in fact.choices]
        return forms.ChoiceField(
            label=label,
            required=False,
            initial=value,
            choices=[("", NOT_KNOWN), *choices],
            widget=forms.Select(attrs=named | {"class": "form-select w-code"}),
        )
    if fact.type is FactType.DATE:
        field = PastDateField(today=today, label=label, required=False, initial=value)
        field.widget.attrs |= named | {"class": "form-control w-date"}
        return field
    kind = forms.IntegerField if fact.type is FactType.WHOLE else forms.DecimalField
    widget = forms.NumberInput(
        attrs=named | {"class": "form-control", "inputmode": "decimal"}
    )
    return kind(label=label, required=False, initial=value, min_value=0, widget=widget)
