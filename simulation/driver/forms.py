"""Forms: the site's own, and the interviews of the independent raters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounts.vocabulary import Role
from assessments import actions
from assessments.actions import Completion, RatingRequest, Start
from assessments.models import Assessment
from simulation.course import RATERS
from simulation.driver.cast import PASSWORD
from simulation.driver.scene import Due, Scene, grouped
from simulation.items import Answers
from simulation.live import LiveState

RATED = ("caps5", "sds_adapted")
BY_RATERS = frozenset({"baseline", "t2", "t3", "t4"})
QUESTIONNAIRES = frozenset({"pcl5"})
# Those who came last: what their therapist has not signed yet stands on the worklist.
SIGNED_THROUGHOUT = {
    None,
    LiveState.AWAITING_FOLLOW_UP,
    LiveState.WITHDRAWN,
}


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a visit, with the answers planned for it."""

    due: Due
    answers: Answers

    @property
    def responses(self) -> dict[str, int | str]:
        """Return the answers as a form is completed with: a number, or why there is none."""
        return {
            code: self.answers.missing[code].value if value is None else value
            for code, value in self.answers.values.items()
        }


def fill_in_site_forms(scene: Scene, due: Sequence[Due]) -> None:
    """Have each site's therapist give the interviews, its coordinator copy the papers."""
    forms = [
        Form(item, answers)
        for item in due
        for answers in item.plan.answers
        if answers.form not in RATED
    ]
    for role, source in ((Role.THERAPIST, "direct"), (Role.COORDINATOR, "paper")):
        own = [form for form in forms if _is_on_paper(form) is (source == "paper")]
        for site, group in grouped(own, lambda form: form.due.site).items():
            by = scene.cast.actor(role, site=site)
            starts = [Start(form.due.visit, form.answers.form) for form in group]
            started = actions.start(starts=starts, by=by)
            completions = [
                Completion(row, form.due.on, source, form.responses)
                for row, form in zip(started, group, strict=True)
            ]
            actions.complete(completions=completions, by=by)


def _is_on_paper(form: Form) -> bool:
    return form.answers.form in QUESTIONNAIRES


def sign_ratings(scene: Scene) -> None:
    """Have each rater sign the interviews they gave, with one password for all.

    A password takes a tenth of a second to check, on purpose: nobody signs after every
    visit here.
    """
    complete = Assessment.objects.filter(
        trial=scene.cast.trial, state="complete", code__in=RATED
    ).order_by("pk")
    users = {user.pk: user for user in scene.cast.people.values()}
    for rater, group in grouped(complete, lambda row: row.rater_id or 0).items():
        by = scene.cast.actor_of(users[rater])
        actions.sign(assessments=group, password=PASSWORD, by=by)


def sign_site_forms(scene: Scene) -> None:
    """Have each site's therapist sign what is complete, with one password."""
    spared = _unsigned(scene)
    complete = Assessment.objects.filter(
        trial=scene.cast.trial, state="complete", is_hidden_from_site=False
    ).order_by("pk")
    rows = [row for row in complete if row.visit_id not in spared]
    sites = {site.pk: number for number, site in enumerate(scene.cast.sites)}
    for site, group in grouped(rows, lambda row: sites[row.site_id]).items():
        by = scene.cast.actor(Role.THERAPIST, site=site)
        actions.sign(assessments=group, password=PASSWORD, by=by)


def _unsigned(scene: Scene) -> set[int]:
    """Return the ids of the visits whose forms are left unsigned."""
    last = [
        (member, member.plan.visits[-1])
        for member in scene.script.members
        if member.state not in SIGNED_THROUGHOUT and member.plan.visits
    ]
    return {item.visit.pk for item in scene.with_rows(last)}


def rate(scene: Scene, due: Sequence[Due]) -> None:
    """Request the interviews of rated visits, and have each rater give theirs.

    The data manager names the raters: what the plan says would otherwise depend on
    who is least busy on this machine.
    """
    rated = [item for item in due if item.plan.rater is not None and item.plan.is_held]
    if not rated:
        return
    requested = _requested(scene, [(item, item.plan.rater or 0) for item in rated])
    for rater, items in grouped(rated, lambda item: item.plan.rater or 0).items():
        by = scene.cast.actor(Role.RATER, number=rater)
        completions = [
            Completion(
                requested[item.visit.pk, answers.form],
                item.on,
                "direct",
                Form(item, answers).responses,
            )
            for item in items
            for answers in item.plan.answers
            if answers.form in RATED
        ]
        actions.complete(completions=completions, by=by)


def _requested(
    scene: Scene, visits: Sequence[tuple[Due, int]]
) -> Mapping[tuple[int, str], Assessment]:
    """Request both interviews of each visit from the rater of that number."""
    requests = [
        RatingRequest(
            item.visit, code, item.on, scene.cast.user(Role.RATER, number=rater)
        )
        for item, rater in visits
        for code in RATED
    ]
    rows = actions.request_ratings(
        requests=requests, by=scene.cast.actor(Role.DATA_MANAGER)
    )
    return {(row.visit_id, row.code): row for row in rows}


def request_coming(scene: Scene) -> None:
    """Request the interviews of today's participants that are booked or due now.

    Each from a rater new to the person, the first of the pool where that may be.
    """
    coming = [
        (member, visit)
        for member in scene.script.members
        for visit in member.booked
        if visit.code in BY_RATERS
    ]
    due = scene.with_rows(coming)
    if due:
        _requested(scene, [(item, _first_new(item)) for item in due])


def _first_new(item: Due) -> int:
    met = {visit.rater for visit in item.member.plan.visits}
    return next(number for number in range(RATERS) if number not in met)
