"""What people type about visits and therapy sessions; times are local to the site."""

from datetime import date, datetime
from typing import Any

from sessions.access import therapists_at
from sessions.drawing.windows import between_text, day_text
from sessions.forms.fields import (
    ActForm,
    day_field,
    mode_field,
    person_field,
    reason_field,
    text_field,
    time_field,
)
from sessions.lifecycle import usual_mode
from sessions.models import TherapySession, Visit
from trials.access import at_site, definition_of, local_time
from trials.models import Site


class BookForm(ActForm):
    """A day for a visit on the calendar."""

    side_by_side = ("on", "time")

    def __init__(self, *args: Any, visit: Visit, today: date, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["on"] = day_field(
            "Day",
            initial=visit.booked_on or _suggested(visit, today),
            help_text=_window_help(visit),
        )
        self.fields["time"] = time_field(
            "Time",
            initial=visit.booked_time,
            required=False,
            help_text=f"Local to the site ({visit.site.time_zone}).",
        )
        self.fields["mode"] = mode_field(
            visit.kind, initial=_usual_mode(visit), saved=visit.mode
        )
        if visit.state == "booked":
            self.fields["reason"] = reason_field()
        else:
            self.offered = frozenset({"on", "mode"})


class HoldForm(ActForm):
    """The day on which a visit took place, and how."""

    def __init__(self, *args: Any, visit: Visit, today: date, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["on"] = day_field(
            "Held on",
            initial=visit.held_on or min(visit.booked_on or today, today),
            help_text=_window_help(visit),
        )
        self.fields["mode"] = mode_field(
            visit.kind, initial=_usual_mode(visit), saved=visit.mode
        )
        self.fields["explanation"] = text_field(
            "Why outside the window",
            rows=2,
            required=False,
            help_text="Needed only for a day outside the window. It is recorded as a "
            "deviation.",
        )
        if visit.state == "held":
            self.fields["reason"] = reason_field()
        else:
            self.offered = frozenset({"on", "mode"})


class MissForm(ActForm):
    """Why a visit did not take place."""

    def __init__(self, *args: Any, today: date, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["on"] = day_field(
            "Known on", initial=today, help_text="The day on which this became clear."
        )
        self.fields["why"] = text_field(
            "Why it did not take place",
            min_length=3,
            help_text="It is recorded as a deviation. Visits that count from this one "
            "count from its target.",
        )


class ReinstateForm(ActForm):
    """Why a visit recorded as held or missed was neither."""

    why = text_field(
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
        lead = session.lead_therapist_id if session else None
        self.fields["lead_therapist"] = person_field(
            "Lead therapist", therapists, initial=lead
        )
        self.fields["co_therapist"] = person_field(
            "Second therapist",
            therapists,
            initial=session.co_therapist_id if session else None,
            required=visit.kind == "dosing",
            empty_label="Choose a person" if visit.kind == "dosing" else "Nobody",
        )
        self._ask_times(session)
        self.fields["note"] = text_field(
            "Note",
            rows=4,
            required=False,
            initial=session.note if session else "",
            help_text="Treated like the participant's identity: never exported.",
        )
        if session:
            self.fields["reason"] = reason_field()
        else:
            self.offered = frozenset({"ended_on"})

    def _ask_times(self, session: TherapySession | None) -> None:
        started, ended = _local_times(self._site, session)
        self.fields["started"] = time_field(
            "Started at",
            initial=started,
            help_text=f"Local time, {self._site.time_zone}.",
        )
        self.fields["ended_on"] = day_field(
            "Ended on", initial=ended.date() if ended else self._held_on
        )
        self.fields["ended"] = time_field("Ended at", initial=ended)

    def moments(self) -> tuple[datetime, datetime]:
        """Return the session's start and end, in the site's zone."""
        data = self.cleaned_data
        return (
            at_site(self._site, datetime.combine(self._held_on, data["started"])),
            at_site(self._site, datetime.combine(data["ended_on"], data["ended"])),
        )


def _local_times(
    site: Site, session: TherapySession | None
) -> tuple[datetime | None, datetime | None]:
    """Return a session's start and end in the site's time, as far as they are saved."""
    if session is None:
        return None, None
    ended = session.ended_at and local_time(site, session.ended_at)
    return local_time(site, session.started_at), ended


def _usual_mode(visit: Visit) -> str:
    """Return how the protocol asks for a visit to be held."""
    known = definition_of(visit.protocol_version).visits_by_code.get(visit.code)
    return usual_mode(visit.kind, known.mode if known else "").value


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
    if visit.opens == visit.closes:
        return f"The window is {between_text(visit.opens, visit.closes)}."
    return f"Window {between_text(visit.opens, visit.closes)}, both days included."
