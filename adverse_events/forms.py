"""What is typed about an event; times are local to where they are typed."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from crispy_forms.helper import FormHelper
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from adverse_events.access import criteria_of
from adverse_events.models import AdverseEvent
from adverse_events.vocabulary import (
    ACTION_WORDS,
    CRITERION_WORDS,
    OUTCOME_WORDS,
    RELATEDNESS_WORDS,
    SEVERITY_WORDS,
    SPECIAL_INTEREST_WORDS,
    VALENCE_WORDS,
    Relatedness,
)
from participants.models import Participant
from sessions.models import Visit
from trials.models import Site
from trials.protocol.vocabulary import VisitKind

_MOMENT = "%Y-%m-%dT%H:%M"
YES_NO = {"yes": "Yes", "no": "No"}


def _choices(words: Mapping[Any, str], *, none: str = "") -> list[tuple[str, str]]:
    listed = [
        (code.value if isinstance(code, StrEnum) else code, word)
        for code, word in words.items()
    ]
    return [("", none), *listed] if none else listed


def _pills(words: Mapping[Any, str], label: str, **more: Any) -> forms.ChoiceField:
    return forms.ChoiceField(
        choices=_choices(words),
        label=label,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one."},
        **more,
    )


def _list(words: Mapping[Any, str], label: str) -> forms.ChoiceField:
    return forms.ChoiceField(
        choices=_choices(words, none="Choose one"),
        label=label,
        error_messages={"required": "Choose one."},
    )


def _day(label: str, **more: Any) -> forms.DateField:
    widget = forms.DateInput(
        attrs={"type": "date", "class": "w-date"}, format="%Y-%m-%d"
    )
    return forms.DateField(label=label, widget=widget, **more)


class _MomentField(forms.DateTimeField):
    """A time as typed, to be given its zone by the form."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        # Django would compare a time with a zone to one without, and call every saved
        # moment changed, and so lose its seconds.
        typed = self.to_python(data)
        return bool((timezone.make_naive(typed) if typed else None) != initial)


def _moment(label: str, **more: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(
        attrs={"type": "datetime-local", "class": "w-code"}, format=_MOMENT
    )
    return _MomentField(label=label, widget=widget, **more)


def _password() -> forms.CharField:
    return forms.CharField(
        label="Your password",
        strip=False,
        help_text="It stands for your handwritten signature.",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


def _why(label: str, help_text: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        min_length=3,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class ActForm(forms.Form):
    """A form of one act; moments are read in `zone`, and none lies after `now`.

    `offered` are the fields that start with something that nobody has saved.
    """

    offered: frozenset[str] = frozenset()

    def __init__(
        self, *args: Any, zone: ZoneInfo, now: datetime, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.zone, self.now = zone, now
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True

    def local(self, moment: datetime) -> datetime:
        """Return a moment as the form's fields show it."""
        return moment.astimezone(self.zone).replace(
            tzinfo=None, second=0, microsecond=0
        )

    def moment_of(self, name: str) -> datetime | None:
        """Return a typed time with the zone where it was typed; refuse the future."""
        typed = self.cleaned_data.get(name)
        if typed is None:
            return None
        moment: datetime = timezone.make_naive(typed).replace(tzinfo=self.zone)
        if moment > self.now:
            raise ValidationError("This time has not come yet.")
        return moment


class EventForm(ActForm):
    """An event: what, how it felt, since when, and what it led to."""

    term = forms.CharField(
        label="What happened",
        max_length=200,
        help_text="In the words of whoever told of it; one event, not a diagnosis list.",
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
    )
    valence = _pills(VALENCE_WORDS, "How it felt to the participant")
    severity = _pills(SEVERITY_WORDS, "How strong it was")
    onset_on = _day("Began on")
    onset_time = forms.TimeField(
        label="At",
        required=False,
        widget=forms.TimeInput(
            attrs={"type": "time", "class": "w-time"}, format="%H:%M"
        ),
    )
    ended_on = _day("Ended on", required=False)
    # Nothing is chosen before somebody asked: the first of a list would be saved unread.
    outcome = _list(OUTCOME_WORDS, "How it stands")
    action_taken = _list(ACTION_WORDS, "What was done with the treatment")
    dosing_visit = forms.ModelChoiceField(
        Visit.objects.none(),
        label="After which dosing session",
        required=False,
        empty_label="None of them",
    )
    special_interest = forms.ChoiceField(
        choices=_choices(SPECIAL_INTEREST_WORDS, none="None"),
        label="Special interest",
        required=False,
        help_text="Followed up whatever the seriousness.",
    )
    description = forms.CharField(
        label="More about it",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="No names of people and no contact data.",
    )
    seriousness = forms.MultipleChoiceField(
        choices=_choices(CRITERION_WORDS),
        label="What it led to",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    site_aware_at = _moment("The site learned of it at", required=False)

    def __init__(self, *args: Any, participant: Participant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        visits = self.fields["dosing_visit"]
        if isinstance(visits, forms.ModelChoiceField):
            visits.queryset = dosing_visits_of(participant)
        zone = self.zone.key.rpartition("/")[2].replace("_", " ")
        self.fields[
            "site_aware_at"
        ].help_text = (
            f"Time in {zone}. The 24 hours of the report to the sponsor run from it."
        )
        if "site_aware_at" not in self.initial:
            self.offered = frozenset({"site_aware_at"})
            self.initial["site_aware_at"] = self.local(self.now)

    def clean_onset_on(self) -> date:
        day: date = self.cleaned_data["onset_on"]
        if day > self.local(self.now).date():
            raise ValidationError("This day has not come yet.")
        return day

    def clean_site_aware_at(self) -> datetime | None:
        if not self.cleaned_data.get("seriousness"):
            return None
        moment = self.moment_of("site_aware_at")
        if moment is None:
            raise ValidationError("A serious event needs the time when the site knew.")
        return moment

    @property
    def values(self) -> dict[str, Any]:
        """Return what was typed under the names that the actions use."""
        return self.cleaned_data | {
            "seriousness": frozenset(self.cleaned_data["seriousness"])
        }

    @property
    def is_serious(self) -> bool:
        """Tell whether a criterion is ticked now, typed or saved."""
        return bool(self["seriousness"].value())


class AmendForm(EventForm):
    """A saved event, to be changed with a reason."""

    reason = _why("Reason for the change", "")

    def __init__(self, *args: Any, initial: dict[str, Any], **kwargs: Any) -> None:
        self.was_serious = "site_aware_at" in initial
        super().__init__(*args, initial=initial, **kwargs)

    @property
    def changes(self) -> dict[str, Any]:
        """Return only what was changed, so that nobody else's change is undone."""
        changed = set(self.changed_data) - {"reason"}
        if self.cleaned_data["seriousness"] and not self.was_serious:
            changed.add("site_aware_at")  # even if the time offered was right
        return {name: value for name, value in self.values.items() if name in changed}


def initial_of(event: AdverseEvent, zone: ZoneInfo) -> dict[str, Any]:
    """Return a saved event as its form shows it."""
    names = set(EventForm.base_fields) - {"seriousness", "site_aware_at"}
    values: dict[str, Any] = {name: getattr(event, name) for name in names}
    values["seriousness"] = [criterion.value for criterion in criteria_of(event)]
    if event.site_aware_at:
        values["site_aware_at"] = event.site_aware_at.astimezone(zone).replace(
            tzinfo=None, second=0, microsecond=0
        )
    return values


def yes_no(value: bool | None) -> str:  # noqa: FBT001 - a column's value
    """Return what was decided as its choice; empty where nothing was."""
    return "" if value is None else ("yes" if value else "no")


def dosing_visits_of(participant: Participant) -> QuerySet[Visit]:
    """Return the dosing visits that an event may have followed, in order."""
    return Visit.objects.filter(
        participant=participant,
        kind=VisitKind.DOSING.value,
        state__in=["booked", "held"],
    ).order_by("position")


class CausalityForm(ActForm):
    """The investigator's judgment, with the password that signs it."""

    relatedness = _pills(
        RELATEDNESS_WORDS,
        "Did the study drug cause it?",
        help_text="From “possibly” on there is a reasonable possibility "
        "(21 CFR 312.32(a)).",
    )
    reason = _why("Reason for the change", "It replaces what was recorded before.")
    password = _password()

    def __init__(self, *args: Any, is_second: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_second:
            del self.fields["reason"]


class MomentForm(ActForm):
    """One moment, with a reason where it corrects a saved one."""

    at = _moment("When")
    reason = _why("Reason for the change", "It replaces what was recorded before.")

    def __init__(
        self, *args: Any, label: str, saved: datetime | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["at"].label = label
        self.fields["at"].help_text = f"Time in {self.zone.key.replace('_', ' ')}."
        self.initial.setdefault("at", self.local(saved or self.now))
        if saved is None:
            self.offered = frozenset({"at"})
            del self.fields["reason"]

    def clean_at(self) -> datetime | None:
        return self.moment_of("at")


class DeterminationForm(MomentForm):
    """What the sponsor decides, and when."""

    unexpected = _pills(
        YES_NO,
        "Unexpected: not in the reference document, or not so severe or specific",
    )
    suspected = _pills(
        YES_NO, "Suspected: a reasonable possibility that the study drug caused it"
    )
    field_order: Iterable[str] = ("unexpected", "suspected", "at", "reason")

    def __init__(self, *args: Any, judged: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["suspected"].help_text = (
            f"The investigator judged: {RELATEDNESS_WORDS[Relatedness(judged)].lower()}."
            if judged
            else "The investigator has not judged it yet."
        )


class VoidForm(ActForm):
    """Why an event is voided."""

    reason = _why(
        "Why it is voided",
        "For an event entered twice or for the wrong participant. It stays on record, "
        "crossed out.",
    )


def site_zone(site: Site) -> ZoneInfo:
    return ZoneInfo(site.time_zone)
