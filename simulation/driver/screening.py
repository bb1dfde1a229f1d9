"""From the screening log to randomization: consent, facts, decisions."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from accounts.vocabulary import Role
from participants.actions import (
    Confirmation,
    NewConsent,
    NewFact,
    NewIdentity,
    NewScreening,
    Step,
    record_facts,
    record_identities,
    screen,
)
from randomization.actions import Randomizing, randomize
from sessions import actions
from simulation.driver.cast import PASSWORD
from simulation.driver.scene import Due, Scene, by_site
from simulation.driver.script import Member
from simulation.driver.setting_up import FORM_VERSION
from simulation.live import LiveState
from simulation.moments import stream
from trials.access import at_site

INTERVIEW = "Screening interview (synthetic)"
HEAVIEST_QTC = {"male": 440, "female": 450}  # well inside the criteria
RANDOMIZED_AT = time(17, 30)
# What the person of today who has just consented has not been asked yet.
NOT_YET_ASKED = frozenset({"qtc_ms", "symptom_months", "stays_overnight"})
# What everybody answers alike who is let in; the rest is drawn by person.
ALIKE: dict[str, bool] = {
    "speaks_site_language": True,
    "swallows_capsules": True,
    "agrees_to_recording": True,
    "has_support_contact": True,
    "will_report_conditions": True,
    "keeps_fasting_rules": True,
    "no_other_trial": True,
    "stays_overnight": True,
    "ptsd_by_interview": True,
    "cannot_consent": False,
    "excluded_disorder": False,
    "other_substance_use_disorder": False,
    "pregnant_or_lactating": False,
    "uncontrolled_hypertension": False,
    "arrhythmia_history": False,
    "other_cardiovascular_disease": False,
    "liver_disease": False,
    "hyponatremia_or_hyperthermia": False,
    "imminent_suicide_risk": False,
    "needs_prohibited_medication": False,
    "prior_use_over_limit": False,
    "compensation_litigation": False,
    "risk_to_others": False,
}


def open_logs(scene: Scene) -> None:
    """Put everybody onto the screening logs, and record consent and who they are."""
    for site in scene.sites():
        members = scene.script.at_site(site)
        if not members:
            continue
        by = scene.cast.actor(Role.COORDINATOR, site=site)
        place = scene.cast.sites[site]
        people = screen(
            screenings=[NewScreening(place, member.screened_on) for member in members],
            by=by,
        )
        for member, person in zip(members, people, strict=True):
            scene.rows[member.plan.index] = person
        _consent(scene, site, members)


def _consent(scene: Scene, site: int, members: Sequence[Member]) -> None:
    by = scene.cast.actor(Role.COORDINATOR, site=site)
    investigator = scene.cast.user(Role.INVESTIGATOR, site=site)
    agreed = [member for member in members if member.plan.consent_day is not None]
    if not agreed:
        return
    consents = []
    for member in agreed:
        rng = stream(scene.script.seed, f"consent {member.plan.index}")
        items = {
            "participation": True,
            "recording": True,
            "reminders_email": member.state is not None or rng.random() < 0.9,
            "follow_up_contact": True,
        }
        consents.append(
            NewConsent(
                scene.row(member),
                FORM_VERSION,
                member.screened_on,
                investigator,
                items,
                member.plan.sex,
                member.plan.age,
                is_able=True,
            )
        )
    actions.consent(consents=consents, by=by)
    record_identities(identities=[_identity(scene, member) for member in agreed], by=by)


def _identity(scene: Scene, member: Member) -> NewIdentity:
    plan = member.plan
    rng = stream(scene.script.seed, f"birth {plan.index}")
    born_on = member.screened_on - timedelta(days=plan.age * 365 + plan.age // 4)
    return NewIdentity(
        participant=scene.row(member),
        name=plan.name,
        birth_date=born_on - timedelta(days=rng.randint(10, 350)),
        email=plan.email,
        # 555-01xx is set aside for fiction.
        phone=f"+1 555 01{plan.index % 100:02d}",
    )


def interview(scene: Scene, due: Sequence[Due]) -> None:
    """Record what the screening found, site by site."""
    for site, items in by_site(due).items():
        facts = []
        for item in items:
            skipped = (
                NOT_YET_ASKED
                if item.member.state is LiveState.CONSENTED
                else frozenset()
            )
            facts += [
                NewFact(item.participant, code, value, item.on, INTERVIEW)
                for code, value in screening_facts(scene.script.seed, item.member)
                if code not in skipped
            ]
        record_facts(facts=facts, by=scene.cast.actor(Role.COORDINATOR, site=site))


def screening_facts(seed: bytes, member: Member) -> Iterator[tuple[str, object]]:
    """Yield facts that admit, varied by person; the washout is not over yet."""
    plan = member.plan
    rng = stream(seed, f"facts {plan.index}")
    is_fertile = plan.sex == "female" and plan.age < 52 and rng.random() < 0.8
    milder = ("none", "mild", "moderate_in_early_remission")
    yield "age", plan.age
    yield "sex_at_birth", plan.sex
    yield from ALIKE.items()
    yield "symptom_months", plan.person.months_ill
    yield "alcohol_use_disorder", rng.choices(milder, weights=(80, 15, 5))[0]
    yield "cannabis_use_disorder", rng.choices(milder, weights=(85, 12, 3))[0]
    yield "qtc_ms", Decimal(rng.randint(385, HEAVIEST_QTC[plan.sex]))
    middle = 70 if plan.sex == "female" else 84
    yield "weight_kg", Decimal(max(500, round(rng.gauss(middle, 12) * 10))) / 10
    yield "ketamine_or_ect_ever", False
    yield "childbearing_potential", is_fertile
    if is_fertile:
        # The pregnancy test itself is in the medical record (`health`).
        yield "contraception", True


def enroll(scene: Scene, due: Sequence[Due]) -> None:
    """Enroll those who came to the enrollment visit."""
    for site, items in by_site(due).items():
        actions.enroll(
            steps=[Step(item.participant, item.on) for item in items],
            by=scene.cast.actor(Role.COORDINATOR, site=site),
        )


def end_washouts(scene: Scene, due: Sequence[Due]) -> None:
    """Record on the day of the baseline that no psychiatric medication is left."""
    for site, items in by_site(due).items():
        facts = [
            NewFact(
                participant=item.participant,
                code="washout_complete",
                value=True,
                observed_on=item.on,
                source="Medication log (synthetic)",
            )
            for item in items
        ]
        record_facts(facts=facts, by=scene.cast.actor(Role.COORDINATOR, site=site))


def confirm(scene: Scene, due: Sequence[Due]) -> None:
    """Have the investigators confirm enrollment, each once with their password."""
    ready = [item for item in due if item.member.plan.confirmed_day is not None]
    for site, items in by_site(ready).items():
        actions.confirm_enrollment(
            confirmations=[
                Confirmation(item.participant, _confirmed_on(item)) for item in items
            ],
            password=PASSWORD,
            by=scene.cast.actor(Role.INVESTIGATOR, site=site),
        )


def _confirmed_on(item: Due) -> date:
    return item.member.on(item.member.plan.confirmed_day or item.plan.day)


def allocate(scene: Scene, due: Sequence[Due]) -> None:
    """Randomize in the order of the plans: those who finished first, then today's.

    The list's places are given out in this order, so that every finished participant
    gets the arm that their course was made for.
    """
    ready = [item for item in due if item.member.plan.randomized_day is not None]
    ready.sort(key=lambda item: item.member.plan.index)
    for site, items in by_site(ready).items():
        randomize(
            randomizings=[
                Randomizing(item.participant, _randomized_at(item)) for item in items
            ],
            by=scene.cast.actor(Role.COORDINATOR, site=site),
        )


def _randomized_at(item: Due) -> datetime:
    day = item.member.on(item.member.plan.randomized_day or item.plan.day)
    return at_site(item.participant.site, datetime.combine(day, RANDOMIZED_AT))
