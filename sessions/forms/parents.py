"""What people choose when they link somebody to a parent study."""

from collections.abc import Sequence
from typing import Any

from django import forms

from participants.models import Participant
from sessions.forms.fields import ActForm, text_field


class ParentForm(ActForm):
    """Who somebody was in a parent study."""

    def __init__(
        self, *args: Any, candidates: Sequence[Participant], **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self._known = {str(each.uuid): each for each in candidates}
        self.fields["parent"] = forms.ChoiceField(
            label="Participant of the parent study",
            choices=[
                ("", "Choose one"),
                *(
                    (uuid, f"{each.trial.identifier}, {each.number}")
                    for uuid, each in self._known.items()
                ),
            ],
            help_text="Only those who have left it, at sites that you see. Compare their "
            "name and birth date first.",
        )

    @property
    def parent(self) -> Participant:
        return self._known[self.cleaned_data["parent"]]


class UnlinkForm(ActForm):
    """Why a link was a mistake."""

    why = text_field(
        "Why the link is wrong",
        min_length=3,
        help_text="What it told (days of the parent study) is not known any more then.",
    )
