"""Reads what is observed: assessment rows, adverse events, vitals, effects, notes."""

from trials.protocol.entries import Entry
from trials.protocol.observations import (
    AcuteEffects,
    AdverseEventWindow,
    Amendment,
    AssessmentRow,
    EffectTerm,
    Moment,
    NotYet,
    VitalLimit,
    Vitals,
    Waiver,
)
from trials.protocol.problems import meant
from trials.protocol.spans import SpanError, read_minutes
from trials.protocol.vocabulary import COLLECTED, LIMIT_ACTIONS, MOMENTS


def read_row(entry: Entry) -> AssessmentRow:
    form = entry.text("form", needed=True)
    entry.code = entry.code or form
    return AssessmentRow(
        code=entry.text("code") or form,
        form=form,
        by=entry.texts("by", needed=True),
        at=entry.texts("at", needed=True),
        version=entry.text("version"),
        recall=entry.text("recall"),
        times=_read_moments(entry, "times"),
        before=entry.texts("before"),
        hidden_from_site=entry.flag("hidden_from_site", default=False),
        from_paper=entry.flag("from_paper", default=False),
        optional=entry.flag("optional", default=False),
        **entry.provenance(),
    )


def _read_moments(entry: Entry, key: str) -> tuple[Moment, ...]:
    return tuple(_read_moment(entry, key, text) for text in entry.texts(key))


def _read_moment(entry: Entry, key: str, text: str) -> Moment:
    if text in MOMENTS:
        return Moment(text)
    try:
        return Moment(text, read_minutes(text))
    except SpanError:
        near = meant(text, MOMENTS) or ' Write "1 h", "-15 min" or "before dose".'
        entry.wrong(f"'{text}' is not a moment of the dosing day.{near}", key)
        return Moment(text)


def read_adverse_events(entry: Entry) -> AdverseEventWindow:
    window = AdverseEventWindow(
        collect=entry.texts("collect", needed=True),
        start=entry.texts("from", needed=True),
        end=entry.text("to"),
        lasting=entry.span("lasting"),
        **entry.provenance(),
    )
    for what in window.collect:
        if what not in COLLECTED:
            near = meant(what, COLLECTED) or f" Use one of {', '.join(COLLECTED)}."
            entry.wrong(f"'{what}' is not known.{near}", "collect")
    if bool(window.end) == (window.lasting is not None):
        entry.wrong("needs either to or lasting.")
    return window


def read_vitals(entry: Entry) -> Vitals:
    vitals = Vitals(
        measures=entry.texts("measures", needed=True),
        times=_read_moments(entry, "times"),
        limits=tuple(_read_limit(inner) for inner in entry.inners("limits")),
        **entry.provenance(),
    )
    for limit in vitals.limits:
        if limit.measure not in vitals.measures:
            near = meant(limit.measure, vitals.measures)
            entry.wrong(f"'{limit.measure}' is not measured.{near}", "limits")
    return vitals


def _read_limit(entry: Entry) -> VitalLimit:
    limit = VitalLimit(
        measure=entry.text("measure", needed=True),
        moment=entry.text("moment", needed=True),
        then=entry.texts("then", needed=True),
        above=entry.number("above"),
        below=entry.number("below"),
        **entry.provenance(),
    )
    if limit.above is None and limit.below is None:
        entry.wrong("says no limit; give above or below.")
    if limit.moment != "any":
        _read_moment(entry, "moment", limit.moment)
    for action in limit.then:
        if action not in LIMIT_ACTIONS:
            known = ", ".join(LIMIT_ACTIONS)
            near = meant(action, LIMIT_ACTIONS) or f" Use one of {known}."
            entry.wrong(f"'{action}' is not known.{near}", "then")
    entry.close()
    return limit


def read_acute_effects(entry: Entry) -> AcuteEffects:
    return AcuteEffects(
        times=_read_moments(entry, "times"),
        by=entry.texts("by", needed=True),
        terms=tuple(_read_term(inner) for inner in entry.inners("terms")),
        **entry.provenance(),
    )


def _read_term(entry: Entry) -> EffectTerm:
    term = EffectTerm(
        code=entry.text("code", needed=True),
        label=entry.text("label", needed=True),
        abuse_signal=entry.flag("abuse_signal", default=False),
    )
    entry.close()
    return term


def read_amendment(entry: Entry) -> Amendment:
    renamed = entry.inner("renamed")
    return Amendment(
        amends=entry.text("amends", needed=True),
        reason=entry.text("reason", needed=True),
        renamed={old: renamed.text(old) for old in renamed.table} if renamed else {},
        new_consent=entry.flag("new_consent", default=True),
        **entry.provenance(),
    )


def read_waiver(entry: Entry) -> Waiver:
    return Waiver(
        expectation=entry.text("expectation", needed=True),
        reason=entry.text("reason", needed=True),
        **entry.provenance(),
    )


def read_not_yet(entry: Entry) -> NotYet:
    return NotYet(
        code=entry.text("code", needed=True),
        reason=entry.text("reason", needed=True),
        **entry.provenance(),
    )
