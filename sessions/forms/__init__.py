"""What people type about a participant's course, visits, sessions and doses."""

from sessions.forms.agreements import AgreementForm
from sessions.forms.course import (
    ConfirmForm,
    ConsentForm,
    EndForm,
    LeavingForm,
    StepForm,
)
from sessions.forms.dosing import GiveForm, WithholdForm
from sessions.forms.parents import ParentForm, UnlinkForm
from sessions.forms.unscheduled import CancelForm, UnscheduledForm
from sessions.forms.visits import (
    BookForm,
    HoldForm,
    MissForm,
    ReinstateForm,
    SessionForm,
)

__all__ = [
    "AgreementForm",
    "BookForm",
    "CancelForm",
    "ConfirmForm",
    "ConsentForm",
    "EndForm",
    "GiveForm",
    "HoldForm",
    "LeavingForm",
    "MissForm",
    "ParentForm",
    "ReinstateForm",
    "SessionForm",
    "StepForm",
    "UnlinkForm",
    "UnscheduledForm",
    "WithholdForm",
]
