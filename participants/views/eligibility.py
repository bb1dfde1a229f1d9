"""Eligibility at the next milestone: what is met, what stands in the way, the facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import BoundField
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from accounts.editing import Edit, edited
from accounts.http import SignedInRequest
from accounts.vocabulary import Permission
from audit.refusal import ReasonNeeded, Refused
from participants.access import (
    NEXT_MILESTONE,
    definition_for,
    facts_of,
    judged,
    participants_for,
)
from participants.actions import record_facts
from participants.eligibility import (
    VERDICT_WORDS,
    CriterionResult,
    MilestoneResult,
    Verdict,
    asks_for_washouts,
)
from participants.facts import FROM_FORMS, is_typed, shown
from participants.forms import FactsForm, KnownFacts, field_name
from participants.lifecycle import WORDS, State
from participants.models import EligibilityDecision, Fact, Participant, Waiver
from trials.access import may, today_at
from trials.protocol import CriterionKind, ProtocolDefinition
from trials.protocol import Fact as FactDefinition
from trials.protocol.conditions import facts_in

USUAL_REASONS = (
    "Misread the source",
    "Mistyped",
    "The source was corrected",
    "The participant corrected the answer",
)
_LOOKS = {
    Verdict.MET: ("good", "check-circle"),
    Verdict.NOT_MET: ("late", "x-circle"),
    Verdict.UNKNOWN: ("due", "question-circle"),
}
# What comes once nothing stands in the way: words, page, permission.
_NEXT_ACTS = {
    State.SCREENING: ("Enroll participant", "sessions:enroll", Permission.SCREEN),
    State.ENROLLED: (
        "Confirm eligibility",
        "sessions:confirm",
        Permission.CONFIRM_ELIGIBILITY,
    ),
}
_HEADINGS = {
    CriterionKind.INCLUSION: "Facts for inclusion",
    CriterionKind.EXCLUSION: "Facts for exclusion",
}
# What a consent says with the facts' codes: nobody can know it sooner.
_FROM_CONSENT = frozenset({"age", "sex_at_birth"})
_HIDDEN_WORDS = {
    Verdict.MET: "Rule met",
    Verdict.NOT_MET: "Rule not met",
    Verdict.UNKNOWN: "Undetermined",
}


@dataclass(frozen=True, slots=True)
class FactRow:
    """One fact as the page shows it: its field for who may type, its value for who not."""

    fact: FactDefinition
    field: BoundField | None
    value: str
    saved: Fact | None
    is_from_form: bool
    record_url: str
    is_missing: bool
    is_suggested: bool
    waits_for_consent: bool

    @property
    def kind(self) -> str:
        return self.fact.type.value

    @property
    def unit(self) -> str:
        return self.fact.unit


@dataclass(frozen=True, slots=True)
class FactGroup:
    """The facts that criteria of one kind ask for, each where it is asked first."""

    heading: str
    rows: Sequence[FactRow]


@dataclass(frozen=True, slots=True)
class _Standing:
    """`records_url` leads to the medical record, for those who may read it."""

    participant: Participant
    definition: ProtocolDefinition
    saved: Mapping[str, Fact]
    result: MilestoneResult
    records_url: str

    def asked(self) -> list[FactDefinition]:
        """The facts that the criteria here can ask for, in the order of the criteria."""
        known = self.definition.facts_by_code
        codes = [code for item in self.result.results for code in _codes(item)]
        return [known[code] for code in dict.fromkeys(codes)]


def eligibility(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Show how a participant stands, and take facts in from one source."""
    people = participants_for(request.user.pk)
    participant = get_object_or_404(people, uuid=uuid)
    standing = _standing(request, participant)
    edit = _edit(request, standing)
    form = edit.form if edit else None
    if request.method == "POST" and edit and form and form.is_valid():
        try:
            with edit.guard():
                record_facts(
                    facts=form.facts(participant),
                    by=request.actor,
                    reason=form.cleaned_data["reason"],
                )
        except Refused as refusal:
            field = "reason" if isinstance(refusal, ReasonNeeded) else None
            form.add_error(field, str(refusal))
        else:
            messages.success(request, f"Facts of {participant.number} are saved.")
            return redirect("participants:eligibility", participant.uuid)
    context = _context(standing, form) | {"next_act": _next_act(request, standing)}
    may_end = may(request.user.pk, Permission.CONFIRM_ELIGIBILITY, participant.site)
    context |= {
        "edit": edit,
        "may_end": may_end,
        "may_waive": may_end and bool(standing.result.in_the_way),
    }
    return render(request, "participants/eligibility.html", context)


def _standing(request: SignedInRequest, participant: Participant) -> _Standing:
    definition = definition_for(participant)
    saved = facts_of([participant.pk])[participant.pk]
    milestone = NEXT_MILESTONE.get(State(participant.state), "")
    today = today_at(participant.site)
    result = judged(definition, milestone, saved, on=today)
    may_read = may(request.user.pk, Permission.VIEW_MEDICAL, participant.site)
    url = reverse("workbench:medical", args=[participant.uuid]) if may_read else ""
    return _Standing(participant, definition, saved, result, url)


def _edit(request: SignedInRequest, standing: _Standing) -> Edit[FactsForm] | None:
    """Return the facts form; None for who may not record facts, or when none is asked."""
    participant = standing.participant
    asked = [fact for fact in standing.asked() if is_typed(fact)]
    if not asked or not may(request.user.pk, Permission.RECORD_FACTS, participant.site):
        return None
    consent = {"age": participant.age, "sex_at_birth": participant.sex or None}
    known = KnownFacts(asked=asked, saved=standing.saved, suggested=consent)
    saved = [standing.saved[fact.code] for fact in asked if fact.code in standing.saved]
    today = today_at(participant.site)
    return edited(
        request,
        partial(FactsForm, known=known, today=today),
        rows=saved,
        zone=participant.site.time_zone,
    )


def _next_act(request: SignedInRequest, standing: _Standing) -> dict[str, str] | None:
    """Return the act that eligibility leads to, without an address while it waits."""
    participant = standing.participant
    known = _NEXT_ACTS.get(State(participant.state))
    if known is None or not may(request.user.pk, known[2], participant.site):
        return None
    is_clear = standing.result.may_be_confirmed
    address = reverse(known[1], args=[participant.uuid]) if is_clear else ""
    return {"label": known[0], "url": address}


def _context(standing: _Standing, form: FactsForm | None) -> dict[str, Any]:
    participant = standing.participant
    verdicts = [item.verdict for item in standing.result.results]
    decisions = EligibilityDecision.objects.filter(participant=participant)
    return {
        "participant": participant,
        "state": WORDS[State(participant.state)],
        "milestone": standing.result.milestone,
        "total": len(verdicts),
        "met": verdicts.count(Verdict.MET),
        "not_met": verdicts.count(Verdict.NOT_MET),
        "unknown": verdicts.count(Verdict.UNKNOWN),
        "groups": [group for group in _groups(standing, form) if group.rows],
        "in_the_way": [
            _gate(standing, form, item)
            for item in standing.result.asked
            if item.verdict is not Verdict.MET or item.missing
        ],
        "met_gates": [
            _gate(standing, form, item)
            for item in standing.result.asked
            if item.verdict is Verdict.MET and not item.missing
        ],
        "waivers": Waiver.objects.filter(participant=participant)
        .select_related("granted_by")
        .order_by("-pk"),
        "decisions": decisions.select_related("decided_by").order_by("-pk"),
        "form": form,
        "reason": form and {"field": form["reason"], "reasons": USUAL_REASONS},
        "has_saved": bool(standing.saved),
    }


def _groups(standing: _Standing, form: FactsForm | None) -> list[FactGroup]:
    shown_already: set[str] = set()
    rows: dict[CriterionKind, list[FactRow]] = {}
    missing = set(standing.result.missing_facts)
    for item in standing.result.results:
        new = [code for code in _codes(item) if code not in shown_already]
        shown_already.update(new)
        rows.setdefault(item.criterion.kind, []).extend(
            _row(standing, form, code=code, is_missing=code in missing) for code in new
        )
    groups = [FactGroup(_HEADINGS[kind], found) for kind, found in rows.items()]
    # Asked at another milestone: still on record, and corrected where it is asked.
    others = [
        _row(standing, None, code=fact.code, is_missing=False)
        for fact in standing.definition.facts
        if fact.code in standing.saved and fact.code not in shown_already
    ]
    return [*groups, FactGroup("Facts of other milestones", others)]


def _codes(item: CriterionResult) -> tuple[str, ...]:
    """Codes of every fact that the criterion can ask for, each once, in order."""
    rule = item.criterion.rule
    only_if = item.criterion.only_if
    first = facts_in(only_if) if only_if is not None else ()
    return tuple(dict.fromkeys((*first, *facts_in(rule))))


def _row(
    standing: _Standing, form: FactsForm | None, *, code: str, is_missing: bool
) -> FactRow:
    fact = standing.definition.facts_by_code[code]
    saved = standing.saved.get(code)
    is_from_form = fact.type in FROM_FORMS
    # A score that is hidden from the site never reaches the page, whoever reads it.
    value = shown(fact, saved.value) if saved and not saved.is_outcome else ""
    field = form[field_name(code)] if form is not None and is_typed(fact) else None
    is_suggested = field is not None and saved is None and field.initial is not None
    return FactRow(
        fact=fact,
        field=field,
        value=value,
        saved=saved,
        is_from_form=is_from_form,
        record_url=standing.records_url if fact.record else "",
        is_missing=is_missing,
        is_suggested=is_suggested,
        waits_for_consent=is_missing and code in _awaited(standing),
    )


def _awaited(standing: _Standing) -> frozenset[str]:
    """Return the codes of facts that somebody's consent is yet to say."""
    return _FROM_CONSENT if standing.participant.age is None else frozenset()


def _gate(
    standing: _Standing, form: FactsForm | None, item: CriterionResult
) -> dict[str, str]:
    known = standing.definition.facts_by_code
    tone, icon = _LOOKS[item.verdict]
    kind = item.criterion.kind
    word = VERDICT_WORDS[kind][item.verdict]
    if kind is CriterionKind.INCLUSION and any(
        known[code].form and standing.definition.is_hidden_from_site(known[code].form)
        for code in _codes(item)
    ):
        word = _HIDDEN_WORDS[item.verdict]
    sentence = f"{item.criterion.code.upper()} · {item.criterion.text}."
    if item.missing:
        sentence += _lacking(standing, item)
    elif _waits_for_washouts(item):
        sentence += " The medication on record and the answer here count together."
    typed_in = [code for code in item.missing if is_typed(known[code])]
    gate = {"word": word, "tone": tone, "icon": icon, "sentence": sentence}
    if form is not None and typed_in:
        field = form[field_name(typed_in[0])]
        gate |= {"url": f"#{row_id(field)}", "link": "Enter facts"}
    elif standing.records_url and _waits_for_records(standing, item):
        gate |= {"url": standing.records_url, "link": "Medical record"}
    return gate


def _lacking(standing: _Standing, item: CriterionResult) -> str:
    """Return which facts a criterion lacks, and which of them the consent will say."""
    awaited = _awaited(standing)
    sentence = ""
    for words, is_awaited in (("Comes with the consent", True), ("Missing", False)):
        labels = "; ".join(
            standing.definition.facts_by_code[code].label
            for code in item.missing
            if (code in awaited) is is_awaited
        )
        sentence += f" {words}: {labels}." if labels else ""
    return sentence


def _waits_for_records(standing: _Standing, item: CriterionResult) -> bool:
    """Tell whether something of the medical record would settle a criterion."""
    if item.verdict is Verdict.MET:
        return False
    known = standing.definition.facts_by_code
    asks_records = any(known[code].record for code in item.missing)
    return asks_records or _waits_for_washouts(item)


def _waits_for_washouts(item: CriterionResult) -> bool:
    rules = (item.criterion.rule, item.criterion.only_if)
    is_asked = any(asks_for_washouts(rule) for rule in rules if rule)
    return is_asked and item.verdict is not Verdict.MET


def row_id(field: BoundField) -> str:
    """Return the anchor of a fact's row on the page."""
    return f"row_{field.html_name}"
