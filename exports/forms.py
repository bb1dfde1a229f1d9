"""What is typed to give a token and to end one."""

from datetime import date

from crispy_forms.helper import FormHelper
from django import forms
from django.utils import timezone

from accounts.models import User
from exports.access import receivers_of
from trials.models import Trial

LONGEST = 400  # days; a key that outlives a year is forgotten, not needed


class TokenForm(forms.Form):
    """A new token: for whom, for what, until when."""

    user = forms.ModelChoiceField(
        User.objects.none(),
        label="Person",
        help_text="The trail names this person for whatever the token reads.",
    )
    name = forms.CharField(
        label="What it is for", max_length=100, help_text="Such as “Nightly pull”."
    )
    last_day = forms.DateField(
        label="Last day",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="It stops at the end of this day (UTC), and earlier if it is revoked.",
    )

    def __init__(self, *args: object, trial: Trial, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # Django's own arguments
        self.helper = FormHelper()
        self.helper.form_tag = False
        person = self.fields["user"]
        if isinstance(person, forms.ModelChoiceField):
            person.queryset = receivers_of(trial)

    def clean_last_day(self) -> date:
        chosen: date = self.cleaned_data["last_day"]
        ahead = (chosen - timezone.now().date()).days
        if not 0 <= ahead <= LONGEST:
            raise forms.ValidationError(
                f"Choose a day from today on, at most {LONGEST} days ahead."
            )
        return chosen


class RevokeForm(forms.Form):
    """Why a token ends."""

    reason = forms.CharField(label="Why it is revoked", min_length=3, max_length=300)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # Django's own arguments
        self.helper = FormHelper()
        self.helper.form_tag = False
