"""Lint: which expectations a definition does not meet, and which of these it waives."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trials.protocol import lint_course, lint_sessions
from trials.protocol.definition import ProtocolDefinition
from trials.protocol.expectations import Expectation, expectations
from trials.protocol.lint_reading import Check
from trials.protocol.observations import Waiver

CHECKS: Mapping[str, Check] = {
    "F1.record": lint_sessions.effects_recorded,
    "F1.before_dose": lint_sessions.effects_before_dose,
    "F1.before_supplement": lint_sessions.effects_before_supplement,
    "F1.late": lint_sessions.effects_late,
    "F1.abuse_signals": lint_sessions.effects_of_abuse,
    "F2.guess_at_dosing": lint_course.guess_at_dosing,
    "F2.guess_before_outcome": lint_course.guess_before_outcome,
    "F2.assessor_alone": lint_course.assessor_alone,
    "F2.hidden": lint_course.hidden_from_site,
    "F2.stays_blind": lint_course.stays_blind,
    "F3.chemistry_before": lint_sessions.required_before_dose,
    "F3.ecg_before": lint_sessions.required_before_dose,
    "F3.pregnancy_before": lint_sessions.required_before_dose,
    "F3.chemistry_soon_after": lint_sessions.done_after_dose,
    "F3.chemistry_week_after": lint_sessions.done_after_dose,
    "F3.ecg_after": lint_sessions.done_after_dose,
    "F3.fluid_intake": lint_sessions.done_at_dosing,
    "F4.often": lint_sessions.vitals_often,
    "F4.long": lint_sessions.vitals_long,
    "F4.blocks": lint_sessions.vitals_block,
    "F5.discharge": lint_sessions.done_at_dosing,
    "F5.stay": lint_sessions.stay_long,
    "F5.calls": lint_sessions.calls_after_dose,
    "F6.suicidality": lint_course.done_at_kinds,
    "F6.diary": lint_course.asked_of_participant,
    "F7.people_present": lint_sessions.people_present,
    "F7.boundary": lint_course.asked_of_participant_alone,
    "F8.month_6": lint_course.assessed_after_last_dose,
    "F8.month_12": lint_course.assessed_after_last_dose,
    "F8.closed": lint_course.windows_closed,
    "F9.expectancy": lint_course.asked_before_randomization,
    "F9.prior_use": lint_course.prior_use_frozen,
    "F10.use_since": lint_course.done_at_follow_up,
    "F11.adherence": lint_course.rated_independently,
    "F12.classes": lint_sessions.washout_classes,
    "F12.gate": lint_sessions.washouts_required,
    "F13.all_events": lint_course.all_events,
    "F13.serious_events": lint_course.serious_events,
    "F14.recording": lint_course.done_at_kinds,
    "F14.sources": lint_course.rules_sourced,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """An expectation that a definition does not meet.

    `visits` are the codes of the visits concerned; `waiver` is the definition's own
    reason to do without, where it gives one.
    """

    expectation: Expectation
    sentence: str
    visits: tuple[str, ...] = ()
    waiver: Waiver | None = None

    def __str__(self) -> str:
        text = f"{self.expectation.code}: {self.sentence}"
        return f"{text} Waived: {self.waiver.reason}" if self.waiver else text


def lint(definition: ProtocolDefinition) -> tuple[Finding, ...]:
    """Every expectation that `definition` does not meet, waived ones included."""
    return tuple(_findings(definition))


def _findings(definition: ProtocolDefinition) -> Iterator[Finding]:
    waivers = {waiver.expectation: waiver for waiver in definition.waivers}
    postponed = {item.code: item.reason for item in definition.not_yet}
    for code, expectation in expectations().items():
        waiver = waivers.get(code) or waivers.get(expectation.group)
        for shortfall in CHECKS[code](definition, expectation):
            sentence = shortfall.sentence
            form = expectation.parameters.get("form")
            if form is not None and (reason := postponed.get(str(form.value))):
                sentence += f" Not scheduled yet: {reason}."
            yield Finding(expectation, sentence, shortfall.visits, waiver)
