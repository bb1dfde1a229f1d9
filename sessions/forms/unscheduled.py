"""What people type about visits that no plan foresees."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms

from participants.models import Participant
from sessions.actions.planning import LONGEST_WHY
from sessions.forms.fields import (
    ActForm,
    day_field,
    mode_field,
    text_field,
    time_field,
)
from trials.protocol import VisitDefinition

_HELD, _TO_COME = "held", "to_come"


class UnscheduledForm(ActForm):
    """A visit that somebody needs: whether it took place, when, how and why."""

    side_by_side = ("on", "time")

    def __init__(
        self,
        *args: Any,
        participant: Participant,
        kinds: Sequence[VisitDefinition],
        today: date,
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        if len(kinds) > 1:
            self.fields["code"] = forms.ChoiceField(
                label="Visit", choices=[(kind.code, kind.label) for kind in kinds]
            )
        self.fields["standing"] = forms.ChoiceField(
            label="Has it taken place?",
            choices=[(_HELD, "It took place"), (_TO_COME, "It is still to come")],
            widget=forms.RadioSelect,
        )
        self.fields["on"] = day_field("Day", initial=today)
        self.fields["time"] = time_field(
            "Time",
            required=False,
            help_text="Of a visit to come, local to the site "
            f"({participant.site.time_zone}).",
        )
        self.fields["mode"] = mode_field("unscheduled", initial="in_person")
        self.fields["why"] = text_field(
            "Why it is needed",
            min_length=3,
            max_length=LONGEST_WHY,
            help_text="Without names: it is exported with the visit.",
        )

    @property
    def took_place(self) -> bool:
        return bool(self.cleaned_data["standing"] == _HELD)


class CancelForm(ActForm):
    """Why a visit that was added is not held."""

    why = text_field(
        "Why it is not held",
        min_length=3,
        help_text="The protocol does not ask for this visit, so no deviation is recorded.",
    )
