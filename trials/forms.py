"""What is typed to keep the delegation log and the IRB approvals, and to lock a trial."""

from crispy_forms.helper import FormHelper
from django import forms

from accounts.models import User
from accounts.vocabulary import ROLES, Role
from trials.models import ProtocolVersion, Site, Trial


def _date_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class DelegationForm(forms.Form):
    """One new line of the delegation log."""

    user = forms.ModelChoiceField(
        User.objects.filter(is_active=True).order_by("name"),
        label="Person",
        empty_label="Choose a person",
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


class ApprovalForm(forms.Form):
    """What an IRB approved at a site."""

    site = forms.ModelChoiceField(
        Site.objects.none(), label="Site", empty_label="Choose a site"
    )
    protocol_version = forms.ModelChoiceField(
        ProtocolVersion.objects.none(),
        label="Protocol",
        empty_label="Choose a version",
    )
    form_version = forms.CharField(
        label="Version of the consent form",
        max_length=20,
        help_text="As printed on the form that the IRB stamped.",
    )
    irb = forms.CharField(label="IRB", max_length=200)
    approved_on = forms.DateField(label="Approved from", widget=_date_input())
    expires_on = forms.DateField(
        label="Last day",
        widget=_date_input(),
        help_text="The day after it, research at the site waits for the renewal.",
    )

    def __init__(self, *args: object, trial: Trial, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # Django's own arguments
        self.helper = FormHelper()
        self.helper.form_tag = False
        for name, offered in (
            ("site", Site.objects.filter(trial=trial)),
            ("protocol_version", ProtocolVersion.objects.filter(trial=trial)),
        ):
            field = self.fields[name]
            if isinstance(field, forms.ModelChoiceField):
                field.queryset = offered


class SuspensionForm(forms.Form):
    """When and why an IRB suspended its approval."""

    on = forms.DateField(label="From", widget=_date_input())
    why = forms.CharField(
        label="Why",
        min_length=3,
        max_length=300,
        help_text="Everybody at the site reads it where research is refused.",
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # Django's own arguments
        self.helper = FormHelper()
        self.helper.form_tag = False


class LiftForm(forms.Form):
    """When an IRB lifted a suspension, and on what ground."""

    on = forms.DateField(label="Research goes on from", widget=_date_input())
    reason = forms.CharField(label="The IRB's letter", min_length=3, max_length=300)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # Django's own arguments
        self.helper = FormHelper()
        self.helper.form_tag = False


class AmendmentForm(forms.Form):
    """How many participants the page said would go over: others are looked at first."""

    people = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # Django's own arguments
        self.helper = FormHelper()
        self.helper.form_tag = False


class LockForm(forms.Form):
    """The password of who signs the lock of a trial, or agrees to reopen it."""

    password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # Django's own arguments
        self.helper = FormHelper()
        self.helper.form_tag = False


class ReopenForm(LockForm):
    """What is to be corrected in a locked trial, and in how many days."""

    why = forms.CharField(
        label="What is to be corrected, and why",
        min_length=3,
        max_length=300,
        help_text="Who agrees reads it, and the trail keeps it.",
    )
    days = forms.IntegerField(
        label="Days",
        min_value=1,
        max_value=14,
        initial=3,
        help_text="Counted from the agreement. Then the trial is locked again by itself.",
    )

    field_order = ("why", "days", "password")
