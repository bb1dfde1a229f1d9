"""What people type when a participant agrees to something later, or takes it back."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms

from participants.vocabulary import AGREEMENTS, CONSENT_ITEMS, PARTICIPATION
from sessions.forms.fields import ActForm, day_field, text_field


class AgreementForm(ActForm):
    """One thing agreed to or taken back; `given` says what stands today, by code."""

    def __init__(
        self, *args: Any, given: Mapping[str, bool], today: date, **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self._given = given
        self.fields["code"] = forms.ChoiceField(
            label="What changes",
            choices=[
                (code, f"{label}: {'taken back' if given.get(code) else 'agreed to'}")
                for code, label in AGREEMENTS.items()
                if code in given or code in CONSENT_ITEMS
                if code != PARTICIPATION
            ],
            widget=forms.RadioSelect,
        )
        self.fields["on"] = day_field("Decided on", initial=today)
        self.fields["why"] = text_field(
            "How it was said",
            rows=2,
            min_length=3,
            help_text="For instance by phone, or with the form signed on a day. Nobody has "
            "to give a reason for taking something back.",
        )
        self._today = today

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on > self._today:
            raise forms.ValidationError("This day has not come yet at the site.")
        return on

    @property
    def is_given(self) -> bool:
        """Whether the chosen thing is agreed to by this form, or taken back."""
        return not self._given.get(self.cleaned_data["code"], False)
