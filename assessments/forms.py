"""One form for every instrument, made from its items, and the small forms beside it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms

from assessments.answers import Answer, left_open, name_of, problems
from assessments.instruments.base import MISSING_REASON_WORDS, Instrument, Item
from assessments.models import Assessment

MISSING = "_missing"  # the suffix of the field that holds why there is no answer
REASON_CHOICES = [
    ("", "—"),
    *((reason.value, words) for reason, words in MISSING_REASON_WORDS.items()),
]
SOURCES = [("direct", "Entered directly"), ("paper", "Transcribed from paper")]


def date_field(label: str, *, help_text: str = "") -> forms.DateField:
    return forms.DateField(
        label=label,
        help_text=help_text,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )


class EntryForm(forms.Form):
    """The answers of one instrument. After `is_valid`, `answers` holds them by item.

    Blanks and impossible answers are errors of their items, so that a form completed
    too early comes back with everything typed and the first gap in focus. `offered`
    are the fields that start with something nobody has saved.
    """

    offered: frozenset[str] = frozenset()
    left_open = forms.BooleanField(
        label="Leave trauma-relatedness open", required=False
    )

    def __init__(
        self,
        *args: Any,
        instrument: Instrument,
        sources: Sequence[str],
        today: date,
        is_correction: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.instrument = instrument
        self.today = today
        self.answers: dict[str, Answer] = {}
        self.fields["assessed_on"] = date_field("Day of the assessment")
        self.fields["source"] = forms.ChoiceField(
            label="Where the answers come from",
            choices=[choice for choice in SOURCES if choice[0] in sources],
        )
        for item in instrument.items:
            self.fields[item.code] = forms.IntegerField(
                label=name_of(item), required=False
            )
            self.fields[item.code + MISSING] = forms.ChoiceField(
                label=f"{name_of(item)}: why there is no answer",
                choices=REASON_CHOICES,
                required=False,
            )
        self.is_correction = is_correction
        self.fields["action_taken"] = forms.CharField(
            label="What was done",
            required=False,
            widget=forms.Textarea(attrs={"rows": 3}),
        )
        self.fields["reason"] = forms.CharField(
            label="Reason for the change",
            required=is_correction,
            widget=forms.Textarea(attrs={"rows": 2}),
        )

    def clean_assessed_on(self) -> date:
        on: date = self.cleaned_data["assessed_on"]
        if on > self.today:
            raise forms.ValidationError("That day has not come yet.")
        return on

    def clean(self) -> dict[str, Any]:
        for item in self.instrument.items:
            value = self.cleaned_data.get(item.code)
            missing = self.cleaned_data.get(item.code + MISSING)
            if value is not None and missing:
                self.add_error(
                    item.code, f"{name_of(item)}: an answer or a reason, not both."
                )
            elif value is not None:
                self.answers[item.code] = value
            elif missing:
                self.answers[item.code] = missing
        for code, sentence in problems(self.instrument, self.answers).items():
            if not self.has_error(code) and not self.has_error(code + MISSING):
                self.add_error(code, sentence)
        question = left_open(self.instrument, self.answers)
        if question and not (self.is_correction or self.cleaned_data["left_open"]):
            self.add_error("left_open", question)
        return self.cleaned_data

    def shown(self, item: Item) -> str:
        """What is typed or saved for an item, as text."""
        value = self[item.code].value()
        return "" if value is None else str(value)

    def shown_reason(self, item: Item) -> str:
        return str(self[item.code + MISSING].value() or "")


def initial_of(answers: Mapping[str, int | str], known: Instrument) -> dict[str, Any]:
    """Return what a form starts with, from saved answers or a draft."""
    items = {item.code for item in known.items}
    found: dict[str, Any] = {}
    for code, answer in answers.items():
        is_reason = code in items and isinstance(answer, str)
        found[code + MISSING if is_reason else code] = answer
    return found


class PlainForm(forms.Form):
    """A form that crispy shows inside the page's own form element."""

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        return helper


def _password() -> forms.CharField:
    return forms.CharField(
        label="Your password",
        strip=False,
        help_text="It stands for your handwritten signature.",
        widget=forms.PasswordInput(
            attrs={"autocomplete": "current-password"}, render_value=False
        ),
    )


class SigningForm(PlainForm):
    """The password again, which is the signature."""

    password = _password()


class SigningBatchForm(PlainForm):
    """Which forms to sign, and one password for all of them."""

    chosen = forms.ModelMultipleChoiceField(
        label="Forms to sign",
        queryset=Assessment.objects.none(),
        to_field_name="uuid",
        error_messages={"required": "Choose at least one form to sign."},
    )
    password = _password()

    def __init__(self, *args: Any, signable: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["chosen"]
        if isinstance(field, forms.ModelMultipleChoiceField):
            field.queryset = signable


class ReasonForm(PlainForm):
    """Why a signed or missed form is taken up again."""

    reason = forms.CharField(
        label="Why it is reopened",
        min_length=3,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class NotDoneForm(PlainForm):
    """Why a form will not be filled in."""

    why = forms.CharField(
        label="Why it was not done",
        min_length=3,
        help_text="In a few words; it stays with the visit.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class RatingRequestForm(PlainForm):
    """The day on which an independent rater is to hold the interview."""

    due_on = date_field(
        "Day of the interview",
        help_text="A rater who has not met the participant is chosen from the pool.",
    )


class ReassignForm(PlainForm):
    """Why an interview goes to another rater, to whom, and on which day."""

    def __init__(
        self, *args: Any, raters: Sequence[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if raters:
            self.fields["rater"] = forms.ChoiceField(
                label="New rater",
                choices=[("", "Let the pool choose"), *raters],
                required=False,
            )
        self.fields["due_on"] = date_field("Day of the interview")
        self.fields["why"] = forms.CharField(
            label="Why another rater",
            min_length=3,
            help_text="For instance illness. The former rater loses the interview at "
            "once; what they had typed is set aside and shown to nobody.",
            widget=forms.Textarea(attrs={"rows": 2}),
        )
