"""What people type at a participant's steps."""

from dataclasses import replace
from datetime import date
from typing import Any, cast

from django import forms

from accounts.models import User
from accounts.vocabulary import Permission
from participants.actions import Step, Withdrawal
from participants.models import Participant
from participants.vocabulary import (
    AFTER_LEAVING,
    CONSENT_ITEMS,
    END_CAUSE_WORDS,
    PARTICIPATION,
    RECORDS_AFTER_LEAVING,
    SAFETY_AFTER_LEAVING,
    SEXES,
    EndCause,
)
from sessions.access import people_with
from sessions.forms.fields import (
    ActForm,
    day_field,
    person_field,
    reason_field,
    text_field,
)
from trials.access import approvals_of


class ConsentForm(ActForm):
    """A signed consent form, thing by thing."""

    form_version = forms.CharField(
        label="Version of the consent form",
        max_length=20,
        help_text="As printed on the form that was signed.",
        widget=forms.TextInput(attrs={"class": "w-code"}),
    )
    signed_on = day_field("Signed on")
    obtained_by = person_field(
        "Consent obtained by",
        User.objects.none(),
        help_text="Somebody delegated to do so at this site.",
    )
    sex = forms.ChoiceField(
        label="Sex at birth", choices=list(SEXES.items()), widget=forms.RadioSelect
    )
    is_able = forms.BooleanField(
        label="The person was able to consent",
        help_text="Awake, under no influence, free to decline, and able to say in their "
        "own words what they agree to.",
        error_messages={
            "required": "Whoever is not able to consent has not consented: ask again on "
            "another day."
        },
    )
    age = forms.IntegerField(
        label="Age at consent, in years",
        min_value=1,
        max_value=120,
        widget=forms.NumberInput(attrs={"class": "w-number"}),
    )

    def __init__(
        self, *args: Any, participant: Participant, today: date, **more: Any
    ) -> None:
        super().__init__(*args, **more)
        people = people_with(Permission.RECORD_CONSENT, participant.site, on=today)
        cast(
            "forms.ModelChoiceField[User]", self.fields["obtained_by"]
        ).queryset = people
        self.fields["signed_on"].initial = today
        approval = approvals_of([participant.site_id]).on(participant.site_id, today)
        self.fields["form_version"].initial = approval.form_version if approval else ""
        self.offered = frozenset({"signed_on", "form_version"})
        self.fields["sex"].initial = participant.sex
        self.fields["age"].initial = participant.age
        for code, label in CONSENT_ITEMS.items():
            self.fields[code] = forms.BooleanField(
                label=label, required=code == PARTICIPATION
            )
        self.fields[PARTICIPATION].error_messages["required"] = (
            "Without it there is no consent to record. If the person declines, record a "
            "screen failure."
        )
        # A later form may change what an earlier one said, and an age be unusual.
        self.fields["reason"] = reason_field()

    def items(self) -> dict[str, bool]:
        """Return what was agreed to, by code."""
        return {code: self.cleaned_data[code] for code in CONSENT_ITEMS}


class StepForm(ActForm):
    """A dated step of the course, with a reason where the step needs one.

    `on` is the day that stands in the form before somebody types another.
    """

    def __init__(
        self,
        *args: Any,
        on: date,
        day_label: str,
        why_label: str = "",
        why_help: str = "",
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self.fields["on"] = day_field(day_label, initial=on)
        if why_label:
            self.fields["why"] = text_field(why_label, help_text=why_help, min_length=3)

    def step_of(self, person: Participant) -> Step:
        """Return the step as it was typed."""
        data = self.cleaned_data
        return Step(person, data["on"], data.get("why", ""))


class EndForm(StepForm):
    """An early end: of treatment, or of taking part; among which causes it belongs."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["cause"] = forms.ChoiceField(
            label="Cause",
            choices=[(cause.value, words) for cause, words in END_CAUSE_WORDS.items()],
            widget=forms.RadioSelect,
            help_text="An analysis tells these apart; the reason says the rest.",
            error_messages={"required": "Choose the cause that fits best."},
        )
        self.order_fields(["on", "cause", "why"])

    def step_of(self, person: Participant) -> Step:
        cause = EndCause(self.cleaned_data["cause"])
        return replace(super().step_of(person), cause=cause)


class LeavingForm(EndForm):
    """Leaving the study, with what the participant allows still, or not."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for code, label in AFTER_LEAVING.items():
            self.fields[code] = forms.ChoiceField(
                label=label,
                choices=[("yes", "Allowed"), ("no", "Not allowed")],
                widget=forms.RadioSelect,
                help_text=_ALLOWED_HELP[code],
                error_messages={"required": "Say whether they allow this."},
            )

    def step_of(self, person: Participant) -> Withdrawal:
        step = super().step_of(person)
        allows = (code for code in AFTER_LEAVING if self.cleaned_data[code] == "yes")
        return Withdrawal(
            *(step.participant, step.on, step.reason, step.cause), frozenset(allows)
        )


_ALLOWED_HELP = {
    SAFETY_AFTER_LEAVING: "Who is lost to follow-up took nothing back. Whoever has died, "
    "or said nothing of it, allows nothing.",
    RECORDS_AFTER_LEAVING: "To learn what became of somebody. What was collected until "
    "then is kept either way.",
}


class ConfirmForm(StepForm):
    """The investigator's decision: a day, and the password in place of a pen."""

    password = forms.CharField(
        label="Your password",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
