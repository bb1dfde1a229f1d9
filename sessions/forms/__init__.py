"""What people type about a participant's course, visits, sessions and doses."""

from sessions.forms.course import ConfirmForm, ConsentForm, StepForm
from sessions.forms.dosing import GiveForm, WithholdForm
from sessions.forms.visits import (
    BookForm,
    HoldForm,
    MissForm,
    ReinstateForm,
    SessionForm,
)

__all__ = [
    "BookForm",
    "ConfirmForm",
    "ConsentForm",
    "GiveForm",
    "HoldForm",
    "MissForm",
    "ReinstateForm",
    "SessionForm",
    "StepForm",
    "WithholdForm",
]
