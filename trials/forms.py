"""What is typed to keep the delegation log."""

from crispy_forms.helper import FormHelper
from django import forms

from accounts.models import User
from accounts.vocabulary import ROLES, Role
from trials.models import Site, Trial


def _date_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class DelegationForm(forms.Form):
    """One new line of the delegation log."""

    user = forms.ModelChoiceField(
        User.objects.filter(is_active=True).order_by("name"), label="Person"
    )
    role = forms.ChoiceField(
        choices=[(role.value, ROLES[role].label) for role in Role], label="Role"
    )
    site = forms.ModelChoiceField(
        Site.objects.none(),
        required=False,
        empty_label="All sites of the trial",
        label="Site",
    )
    starts_on = forms.DateField(label="From", widget=_date_input())

    def __init__(self, *args: object, trial: Trial, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # Django's own arguments
        self.helper = FormHelper()
        self.helper.form_tag = False
        site = self.fields["site"]
        if isinstance(site, forms.ModelChoiceField):
            site.queryset = Site.objects.filter(trial=trial)


class EndDelegationForm(forms.Form):
    """When and why a delegation ends."""

    on = forms.DateField(label="Last day", widget=_date_input())
    reason = forms.CharField(label="Why it ends", min_length=3, max_length=300)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # Django's own arguments
        self.helper = FormHelper()
        self.helper.form_tag = False
