"""What is typed and handed in at randomization, dispensing, unblinding and loading."""

import csv
import io
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Layout
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet

from accounts.models import User
from audit.refusal import Refused
from randomization.actions import NewKit
from randomization.blocks import ListEntry, read_list
from randomization.models import LEARNED
from sessions.dosing import WORDS, Administration
from sessions.forms.fields import day_field, reason_field, time_field
from trials.access import at_site, local_time
from trials.models import Site

_LARGEST = 2_000_000  # bytes; larger uploads would be written to a disk
_KIT_COLUMNS = ["number", "arm", "step", "part", "milligrams"]


class ActForm(forms.Form):
    """A form of one act: the page has the form tag, the token and the buttons."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True


class RandomizeForm(ActForm):
    """Nothing is typed: randomizing is one press, now, and it is not undone.

    Only in a synthetic trial may it be for an earlier day, so that a whole course can be
    walked through in one sitting. The trail has the true time there too.
    """

    def __init__(self, *args: Any, site: Site, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.site, self.now = site, now
        self.today = local_time(site, now).date()
        if site.trial.is_synthetic:
            day = {"type": "date", "class": "w-date", "max": self.today.isoformat()}
            self.fields["on"] = forms.DateField(
                label="Day",
                required=False,
                initial=self.today,
                help_text="An earlier day is possible in a synthetic trial only.",
                widget=forms.DateInput(attrs=day, format="%Y-%m-%d"),
            )

    def clean_on(self) -> date | None:
        day: date | None = self.cleaned_data["on"]
        if day is not None and day > self.today:
            raise ValidationError("This day has not come yet at the site.")
        return day

    def moment(self) -> datetime:
        """Return now, or noon of the earlier day that was chosen."""
        day = self.cleaned_data.get("on") or self.today
        if day == self.today:
            return self.now
        return at_site(self.site, datetime.combine(day, time(12)))


class MomentForm(ActForm):
    """A form of something that happened at a time; the time is what the person says.

    When it was typed is the trail's: a kit handed out in the morning and entered in the
    evening was dispensed in the morning.
    """

    day_label = "On"

    def __init__(self, *args: Any, site: Site, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.site, self.now = site, now
        local = local_time(site, now)
        self.fields["on"] = day_field(self.day_label, initial=local.date())
        self.fields["at"] = time_field(
            "At", initial=local, help_text=f"Actual time, local ({site.time_zone})."
        )

    def start_at(self, day: date, at: time | None) -> None:
        """Start with this day, and with a time of it where one is known."""
        self.initial.update({"on": day, "at": at})

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if "on" in data and "at" in data and self.moment() > self.now:
            self.add_error("at", "This time has not come yet at the site.")
        return data

    def moment(self) -> datetime:
        """Return when it happened, in the site's zone."""
        data = self.cleaned_data
        return at_site(self.site, datetime.combine(data["on"], data["at"]))


_SIDE_BY_SIDE = "d-flex flex-wrap column-gap-4"


def _step_help(steps: tuple[str, ...], before: str) -> str:
    """Say in which order the protocol names the steps, and what came before."""
    sentences = ["Both doses of a session belong to one step."]
    if len(steps) > 1:
        words = ", then ".join(step.replace("_", " ") for step in steps)
        sentences.append(f"The protocol names {words} for this session.")
    if before:
        sentences.append(before)
    return " ".join(sentences)


class DispenseForm(MomentForm):
    """For which administration, at which step of the protocol, and when.

    `settled_step` is the step of the session's other kit: then it is not asked again.
    """

    day_label = "Dispensed on"
    part = forms.ChoiceField(
        label="For which dose",
        choices=[(part.value, WORDS[part]) for part in Administration],
        widget=forms.RadioSelect,
    )
    step = forms.ChoiceField(
        label="Step of the protocol",
        widget=forms.RadioSelect,
    )

    def __init__(
        self,
        *args: Any,
        steps: tuple[str, ...],
        dispensed: set[str],
        before: str = "",
        settled_step: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["step"].help_text = _step_help(steps, before)
        if settled_step:
            steps = (settled_step,)
            self.fields["step"].widget = forms.HiddenInput()
            self.fields["part"].help_text = (
                "At the step of this session's other kit: "
                f"{settled_step.replace('_', ' ')}."
            )
        self.helper.layout = Layout(
            "part",
            "step",
            Div("on", "at", css_class=_SIDE_BY_SIDE),
        )
        parts = [
            (part.value, WORDS[part])
            for part in Administration
            if part.value not in dispensed
        ]
        words = [(step, step.replace("_", " ").capitalize()) for step in steps]
        for name, choices in (("part", parts), ("step", words)):
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = choices
                if len(choices) == 1 or name == "part":
                    self.initial.setdefault(name, choices[0][0] if choices else "")


class DispensedAtForm(MomentForm):
    """When a kit was handed out, corrected with a reason."""

    day_label = "Dispensed on"

    def __init__(self, *args: Any, saved: datetime | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if saved is not None:
            local = local_time(self.site, saved)
            self.start_at(local.date(), local.time().replace(second=0, microsecond=0))
        self.fields["reason"] = reason_field()
        self.helper.layout = Layout(Div("on", "at", css_class=_SIDE_BY_SIDE))


class ExchangeForm(MomentForm):
    """What happened to a kit that was dispensed and cannot be given, and when."""

    day_label = "Exchanged on"
    condition = forms.ChoiceField(
        label="The kit is",
        choices=[("damaged", "Damaged"), ("lost", "Lost")],
        widget=forms.RadioSelect,
    )
    why = forms.CharField(
        label="What happened to it",
        min_length=3,
        help_text="Without a guess at what it held. Keep what is left of it for the "
        "pharmacist.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper.layout = Layout(
            "condition", Div("on", "at", css_class=_SIDE_BY_SIDE), "why"
        )


class UnblindForm(ActForm):
    """Why the arm must be known now, and the password of who asks."""

    why = forms.CharField(
        label="Why the treatment must be known now",
        min_length=3,
        help_text="What happened, and who needs to know it. Everybody in the trial can "
        "read this.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class PlannedForm(ActForm):
    """The password of who unblinds as the protocol plans it."""

    password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


_WITHOUT_ARM = "Name no treatment: everybody in the trial can read this."


class AccidentForm(MomentForm):
    """Who learned an arm by accident, when, how, and what it means."""

    day_label = "Learned on"
    user = forms.ModelChoiceField(
        User.objects.none(),
        label="Who learned it",
        required=False,
        empty_label="Nobody with an account",
    )
    others = forms.CharField(
        label="Others who learned it",
        required=False,
        max_length=200,
        help_text="By what they are to the participant or the trial, without names.",
    )
    learned = forms.ChoiceField(
        label="What was learned", choices=LEARNED, widget=forms.RadioSelect
    )
    why = forms.CharField(
        label="How it happened",
        min_length=3,
        help_text=_WITHOUT_ARM,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    impact = forms.CharField(
        label="What it means for the trial",
        required=False,
        min_length=3,
        help_text=f"Can be written later. {_WITHOUT_ARM}",
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(
        self,
        *args: Any,
        staff: QuerySet[User],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.helper.layout = Layout(
            "user",
            "others",
            "learned",
            Div("on", "at", css_class=_SIDE_BY_SIDE),
            "why",
            "impact",
        )
        user = self.fields["user"]
        if isinstance(user, forms.ModelChoiceField):
            user.queryset = staff

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not data.get("user") and not data.get("others"):
            self.add_error("user", "Say who learned it.")
        return data


class ImpactForm(ActForm):
    """What an unblinding means for the trial; judged anew only with a reason."""

    impact = forms.CharField(
        label="What it means for the trial",
        min_length=3,
        help_text=_WITHOUT_ARM,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    reason = forms.CharField(
        label="Why it is judged anew",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, is_first: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_first:
            del self.fields["reason"]


class ListForm(ActForm):
    """The sealed list as a file. It is read, sealed, and shown on no page."""

    file = forms.FileField(
        label="List (CSV)",
        help_text="First line: stratum,position,arm. Strata are site numbers. Where "
        "cohorts are filled in order the stratum is all, and each cohort's places are "
        "loaded when it may begin.",
    )

    def clean_file(self) -> list[ListEntry]:
        try:
            return read_list(_text_of(self.cleaned_data["file"]))
        except Refused as refusal:
            raise ValidationError(str(refusal)) from None


class KitsForm(ActForm):
    """The kits of one site as a file."""

    file = forms.FileField(
        label="Kits (CSV)",
        help_text="First line: number,arm,step,part,milligrams. Part is initial or "
        "supplement. A stage without blinding has kits without an arm.",
    )

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.site = site

    def clean_file(self) -> list[NewKit]:
        rows = csv.DictReader(io.StringIO(_text_of(self.cleaned_data["file"])))
        if rows.fieldnames != _KIT_COLUMNS:
            raise ValidationError(f"The first line must be {','.join(_KIT_COLUMNS)}.")
        return [_kit(row, line, self.site) for line, row in enumerate(rows, 2)]


def _kit(row: dict[str, str | None], line: int, site: Site) -> NewKit:
    """Return the kit of one line; a refusal names the line, never what stands there."""
    try:
        number, arm, step, part, amount = (row[name] or "" for name in _KIT_COLUMNS)
        milligrams = Decimal(amount)
    except (InvalidOperation, KeyError):
        raise ValidationError(f"Line {line} does not read as a kit.") from None
    if None in row or not milligrams.is_finite():
        raise ValidationError(f"Line {line} does not read as a kit.")
    return NewKit(site, number.strip(), arm, step, part, milligrams)


def _text_of(file: "UploadedFile[bytes]") -> str:
    if (file.size or 0) > _LARGEST:
        raise ValidationError("The file is larger than any list. Choose another.")
    try:
        content: bytes = file.read()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValidationError("The file is not text in UTF-8.") from None
