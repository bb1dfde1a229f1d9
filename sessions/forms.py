"""What people type about visits, sessions and doses; times are local to the site."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, cast

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Layout
from django import forms
from django.db.models import QuerySet

from accounts.models import User
from accounts.vocabulary import Permission
from participants.models import Participant
from participants.vocabulary import CONSENT_ITEMS, PARTICIPATION, SEXES
from sessions.access import people_with, therapists_at
from sessions.dosing import Administration
from sessions.drawing.windows import day_text
from sessions.models import DoseAdministration, TherapySession, Visit
from trials.access import at_site, local_time
from trials.models import Site

MODES = {"in_person": "In person", "video": "By video", "phone": "By phone"}
# The reason box and the password stand in places of their own on the page.
_ELSEWHERE = frozenset({"reason", "password"})
_OTHER = "other"


def _day(label: str, *, initial: date | None = None, **more: Any) -> forms.DateField:
    widget = forms.DateInput(
        attrs={"type": "date", "class": "w-date"}, format="%Y-%m-%d"
    )
    return forms.DateField(label=label, initial=initial, widget=widget, **more)


def _time(label: str, **more: Any) -> forms.TimeField:
    widget = forms.TimeInput(attrs={"type": "time", "class": "w-time"}, format="%H:%M")
    return forms.TimeField(label=label, widget=widget, **more)


def _text(label: str, *, rows: int = 3, **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label, widget=forms.Textarea(attrs={"rows": rows}), **more
    )


def _person(
    label: str, people: QuerySet[User], **more: Any
) -> "forms.ModelChoiceField[User]":
    more = {"empty_label": "Choose a person"} | more
    field = forms.ModelChoiceField(queryset=people, label=label, **more)
    # As wide as a name, also where the form is wide.
    field.widget.attrs["class"] = "form-narrow"
    return field


def _reason() -> forms.CharField:
    return _text("Reason for the change", rows=2, required=False)


class ActForm(forms.Form):
    """A form of one act: the page has the form tag, the token and the buttons.

    Fields named in `side_by_side` share one line where there is room.
    """

    side_by_side: tuple[str, ...] = ()

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        shown: list[str | Div] = []
        for name in self.fields:
            if name in self.side_by_side:
                if name == self.side_by_side[0]:
                    row = "d-flex flex-wrap column-gap-4"
                    shown.append(Div(*self.side_by_side, css_class=row))
            elif name not in _ELSEWHERE:
                shown.append(name)
        helper.layout = Layout(*shown)
        return helper


class ConsentForm(ActForm):
    """A signed consent form, thing by thing."""

    form_version = forms.CharField(
        label="Version of the consent form",
        max_length=20,
        help_text="As printed on the form that was signed.",
        widget=forms.TextInput(attrs={"class": "w-code"}),
    )
    signed_on = _day("Signed on")
    obtained_by = _person(
        "Consent obtained by",
        User.objects.none(),
        help_text="Somebody delegated to do so at this site.",
    )
    sex = forms.ChoiceField(
        label="Sex at birth", choices=list(SEXES.items()), widget=forms.RadioSelect
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
        if participant.sex:
            # A later form may change what an earlier one said.
            self.fields["reason"] = _reason()

    def items(self) -> dict[str, bool]:
        """Return what was agreed to, by code."""
        return {code: self.cleaned_data[code] for code in CONSENT_ITEMS}


class StepForm(ActForm):
    """A dated step of the course, with a reason where the step needs one."""

    def __init__(
        self,
        *args: Any,
        today: date,
        day_label: str,
        why_label: str = "",
        why_help: str = "",
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self.fields["on"] = _day(day_label, initial=today)
        if why_label:
            self.fields["why"] = _text(why_label, help_text=why_help, min_length=3)


class ConfirmForm(StepForm):
    """The investigator's decision: a day, and the password in place of a pen."""

    password = forms.CharField(
        label="Your password",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class BookForm(ActForm):
    """A day for a visit on the calendar."""

    side_by_side = ("on", "time")

    def __init__(self, *args: Any, visit: Visit, today: date, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["on"] = _day(
            "Day",
            initial=visit.booked_on or _suggested(visit, today),
            help_text=_window_help(visit),
        )
        self.fields["time"] = _time(
            "Time",
            initial=visit.booked_time,
            required=False,
            help_text=f"Local to the site ({visit.site.time_zone}).",
        )
        self.fields["mode"] = forms.ChoiceField(
            label="How",
            choices=list(MODES.items()),
            initial=visit.mode or "in_person",
            widget=forms.RadioSelect,
        )
        if visit.state == "booked":
            self.fields["reason"] = _reason()


class HoldForm(ActForm):
    """The day on which a visit took place, and how."""

    def __init__(self, *args: Any, visit: Visit, today: date, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["on"] = _day(
            "Held on",
            initial=visit.held_on or min(visit.booked_on or today, today),
            help_text=_window_help(visit),
        )
        self.fields["mode"] = forms.ChoiceField(
            label="How",
            choices=list(MODES.items()),
            initial=visit.mode or "in_person",
            widget=forms.RadioSelect,
        )
        self.fields["explanation"] = _text(
            "Why outside the window",
            rows=2,
            required=False,
            help_text="Needed only for a day outside the window. It is recorded as a "
            "deviation.",
        )
        if visit.state == "held":
            self.fields["reason"] = _reason()


class MissForm(ActForm):
    """Why a visit did not take place."""

    def __init__(self, *args: Any, today: date, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["on"] = _day(
            "Known on", initial=today, help_text="The day on which this became clear."
        )
        self.fields["why"] = _text(
            "Why it did not take place",
            min_length=3,
            help_text="It is recorded as a deviation. Visits that count from this one "
            "count from its target.",
        )


class ReinstateForm(ActForm):
    """Why a visit recorded as held or missed was neither."""

    why = _text(
        "Why this was wrong",
        min_length=3,
        help_text="The visit is planned again. What was recorded stays in the trail.",
    )


class SessionForm(ActForm):
    """Who led a therapy session, and from when to when."""

    side_by_side = ("started", "ended_on", "ended")

    def __init__(
        self,
        *args: Any,
        visit: Visit,
        held_on: date,
        session: TherapySession | None,
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self._site, self._held_on = visit.site, held_on
        therapists = therapists_at(visit.site, on=held_on)
        started, ended = _local_times(visit.site, session)
        self.fields["lead_therapist"] = _person(
            "Lead therapist",
            therapists,
            initial=session.lead_therapist_id if session else None,
        )
        self.fields["co_therapist"] = _person(
            "Second therapist",
            therapists,
            initial=session.co_therapist_id if session else None,
            required=visit.kind == "dosing",
            empty_label="Nobody" if visit.kind != "dosing" else "Choose a person",
        )
        self.fields["started"] = _time(
            "Started at",
            initial=started,
            help_text=f"Local time, {visit.site.time_zone}.",
        )
        self.fields["ended_on"] = _day(
            "Ended on", initial=ended.date() if ended else held_on
        )
        self.fields["ended"] = _time("Ended at", initial=ended)
        self.fields["note"] = _text(
            "Note",
            rows=4,
            required=False,
            initial=session.note if session else "",
            help_text="Kept with the participant's identity: never exported.",
        )
        if session:
            self.fields["reason"] = _reason()

    def moments(self) -> tuple[datetime, datetime]:
        """Return the session's start and end, in the site's zone."""
        data = self.cleaned_data
        return (
            at_site(self._site, datetime.combine(self._held_on, data["started"])),
            at_site(self._site, datetime.combine(data["ended_on"], data["ended"])),
        )


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
        saved = local_time(site, dose.given_at) if dose.given_at else None
        self.fields["on"] = _day("Given on", initial=saved.date() if saved else held_on)
        self.fields["at"] = _time(
            "At", initial=saved, help_text=f"Actual time, local ({site.time_zone})."
        )
        self.fields["capsules"] = forms.IntegerField(
            label="Capsules swallowed",
            min_value=1,
            max_value=20,
            initial=dose.capsules,
            widget=forms.NumberInput(attrs={"class": "w-number"}),
        )
        self._add_people(dose, held_on, by)
        if dose.part == Administration.SUPPLEMENT or dose.given_at:
            self.fields["explanation"] = _text(
                "Why outside the window",
                rows=2,
                required=False,
                help_text="Needed only where the supplement's time is outside its "
                "window. It is recorded as a deviation.",
            )
        if dose.given_at:
            self.fields["reason"] = _reason()

    def _add_people(self, dose: DoseAdministration, on: date, by: User) -> None:
        givers = people_with(Permission.RECORD_DOSE, self._site, on=on)
        witnesses = people_with(Permission.WITNESS_DOSE, self._site, on=on)
        self.fields["given_by"] = _person(
            "Given by", givers, initial=dose.given_by_id or _if_among(by, givers)
        )
        self.fields["witnessed_by"] = _person(
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


def _local_times(
    site: Site, session: TherapySession | None
) -> tuple[datetime | None, datetime | None]:
    """Return a session's start and end in the site's time, as far as they are saved."""
    if session is None:
        return None, None
    ended = session.ended_at and local_time(site, session.ended_at)
    return local_time(site, session.started_at), ended


def _if_among(user: User, people: QuerySet[User]) -> int | None:
    return user.pk if people.filter(pk=user.pk).exists() else None


def _suggested(visit: Visit, today: date) -> date | None:
    """Return the target, or today where the target has passed and the window has not."""
    if visit.target is None:
        return None
    return max(visit.target, today)


def _window_help(visit: Visit) -> str:
    if visit.opens is None:
        return ""
    if visit.closes is None:
        return f"The window opens on {day_text(visit.opens)} and has no end."
    return f"Window {day_text(visit.opens)} to {day_text(visit.closes)}, both days included."
