"""What is typed and handed in at randomization, dispensing, unblinding and loading."""

import csv
import io
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from audit.refusal import Refused
from randomization.actions import NewKit
from randomization.blocks import ListEntry, read_list
from sessions.dosing import WORDS, Administration
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


class DispenseForm(ActForm):
    """For which administration, and at which step of the protocol."""

    part = forms.ChoiceField(
        label="For which dose",
        choices=[(part.value, WORDS[part]) for part in Administration],
        widget=forms.RadioSelect,
    )
    step = forms.ChoiceField(
        label="Step of the protocol",
        widget=forms.RadioSelect,
        help_text="Both doses of a session belong to one step.",
    )

    def __init__(
        self,
        *args: Any,
        steps: tuple[str, ...],
        dispensed: set[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
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


class ListForm(ActForm):
    """The sealed list as a file. It is read, sealed, and shown on no page."""

    file = forms.FileField(
        label="List (CSV)",
        help_text="First line: stratum,position,arm. Strata are site numbers.",
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
        "supplement.",
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
