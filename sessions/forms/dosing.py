"""What people type about doses; times are local to the site."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django import forms
from django.db.models import QuerySet

from accounts.models import User
from accounts.vocabulary import Permission
from sessions.access import people_with
from sessions.dosing import Administration
from sessions.forms.fields import (
    ActForm,
    day_field,
    person_field,
    reason_field,
    text_field,
    time_field,
)
from sessions.models import DoseAdministration
from trials.access import at_site, local_time
from trials.models import Site

_OTHER = "other"


class GiveForm(ActForm):
    """A dose as it was given: actual time, capsules, and the two people."""

    side_by_side = ("on", "at", "capsules")

    def __init__(
        self,
        *args: Any,
        dose: DoseAdministration,
        site: Site,
        held_on: date,
        by: User,
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        # Both doses stand on one page: their fields must not share an id.
        self.auto_id = f"give_{dose.part}_%s"
        self._site = site
        self.offered = frozenset() if dose.given_at else frozenset({"on", "given_by"})
        saved = local_time(site, dose.given_at) if dose.given_at else None
        self.fields["on"] = day_field(
            "Given on", initial=saved.date() if saved else held_on
        )
        self.fields["at"] = time_field(
            "At", initial=saved, help_text=f"Actual time, local ({site.time_zone})."
        )
        self.fields["capsules"] = forms.IntegerField(
            label="Capsules swallowed",
            min_value=1,
            max_value=20,
            initial=dose.capsules,
            help_text="Compare with the kit's label.",
            widget=forms.NumberInput(attrs={"class": "w-number"}),
        )
        self._add_people(dose, held_on, by)
        if dose.part == Administration.SUPPLEMENT or dose.given_at:
            self.fields["explanation"] = text_field(
                "Why outside the window",
                rows=2,
                required=False,
                help_text="Needed only where the supplemental dose is outside its "
                "window. It is recorded as a deviation.",
            )
        if dose.given_at:
            self.fields["reason"] = reason_field()

    def _add_people(self, dose: DoseAdministration, on: date, by: User) -> None:
        givers = people_with(Permission.RECORD_DOSE, self._site, on=on)
        witnesses = people_with(Permission.WITNESS_DOSE, self._site, on=on)
        self.fields["given_by"] = person_field(
            "Given by", givers, initial=dose.given_by_id or _if_among(by, givers)
        )
        self.fields["witnessed_by"] = person_field(
            "Witnessed by",
            witnesses,
            initial=dose.witnessed_by_id,
            help_text="A second person who saw it.",
        )

    def moment(self) -> datetime:
        """Return when the dose was given, in the site's zone."""
        data = self.cleaned_data
        return at_site(self._site, datetime.combine(data["on"], data["at"]))


class WithholdForm(ActForm):
    """Why a dose was not given: one of the protocol's reasons, and words."""

    def __init__(
        self,
        *args: Any,
        part: str,
        steps: Sequence[str],
        reasons: Sequence[tuple[str, str]],
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self.auto_id = f"withhold_{part}_%s"
        self._labels = dict(reasons)
        if len(steps) > 1:
            self.fields["step"] = forms.ChoiceField(
                label="Dose step that was planned",
                choices=[(step, step.capitalize()) for step in steps],
                help_text="In the order in which the protocol names them.",
            )
        self._only_step = steps[0] if steps else ""
        self.fields["why"] = forms.ChoiceField(label="Reason", choices=list(reasons))
        self.fields["note"] = forms.CharField(
            label="In words",
            required=False,
            max_length=500,
            help_text="Needed for another reason.",
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("why") == _OTHER and not data.get("note", "").strip():
            self.add_error("note", "Say what the other reason is.")
        return data

    def step(self) -> str:
        return str(self.cleaned_data.get("step", self._only_step))

    def reason(self) -> str:
        """Return the reason as it is kept: the protocol's words, then the person's."""
        words = self._labels[self.cleaned_data["why"]]
        note = self.cleaned_data["note"].strip()
        return f"{words}: {note}" if note else words


def _if_among(user: User, people: QuerySet[User]) -> int | None:
    return user.pk if people.filter(pk=user.pk).exists() else None
