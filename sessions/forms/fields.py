"""The kinds of fields that forms here are made of, and the form they stand in."""

from datetime import date
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Layout
from django import forms
from django.db.models import QuerySet

from accounts.models import User
from sessions.lifecycle import MODE_WORDS, modes_of

# The reason box and the password stand in places of their own on the page.
_ELSEWHERE = frozenset({"reason", "password"})


def day_field(
    label: str, *, initial: date | None = None, **more: Any
) -> forms.DateField:
    widget = forms.DateInput(
        attrs={"type": "date", "class": "w-date"}, format="%Y-%m-%d"
    )
    return forms.DateField(label=label, initial=initial, widget=widget, **more)


def time_field(label: str, **more: Any) -> forms.TimeField:
    widget = forms.TimeInput(attrs={"type": "time", "class": "w-time"}, format="%H:%M")
    return forms.TimeField(label=label, widget=widget, **more)


def text_field(label: str, *, rows: int = 3, **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label, widget=forms.Textarea(attrs={"rows": rows}), **more
    )


def person_field(
    label: str, people: QuerySet[User], **more: Any
) -> "forms.ModelChoiceField[User]":
    more = {"empty_label": "Choose a person"} | more
    field = forms.ModelChoiceField(queryset=people, label=label, **more)
    # As wide as a name, also where the form is wide.
    field.widget.attrs["class"] = "form-narrow"
    return field


def mode_field(kind: str, *, initial: str, saved: str = "") -> forms.ChoiceField:
    """How a visit of a kind is held; a mode already saved for it stands before the usual."""
    offered = modes_of(kind)
    return forms.ChoiceField(
        label="How",
        choices=[(mode.value, MODE_WORDS[mode]) for mode in offered],
        initial=saved if saved in offered else initial,
        widget=forms.RadioSelect,
    )


def reason_field() -> forms.CharField:
    return text_field("Reason for the change", rows=2, required=False)


class ActForm(forms.Form):
    """A form of one act: the page has the form tag, the token and the buttons.

    Fields named in `side_by_side` share one line where there is room; those `offered`
    start with something that nobody has saved.
    """

    offered: frozenset[str] = frozenset()
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
