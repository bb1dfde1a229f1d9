"""The people of the demonstration, each signed in when first needed."""

from dataclasses import dataclass, field
from datetime import timedelta

from accounts.actions import end_session, signed_in
from accounts.models import User
from accounts.vocabulary import Role
from audit.actors import Actor
from trials.models import Site, Trial

# Nobody real has an account here, and the sign-in page offers one click anyway.
PASSWORD = "synthetic demonstration"  # noqa: S105 - printed on purpose
LIFETIME = timedelta(hours=1)
WHOLE_TRIAL = (
    Role.DATA_MANAGER,
    Role.MEDICAL_MONITOR,
    Role.SAFETY_OFFICER,
    Role.STATISTICIAN,
    Role.SPONSOR,
    Role.AUDITOR,
)
SEVERAL = {Role.THERAPIST: "ab"}


def key_of(role: Role, *, site: int | None = None, number: int = 0) -> str:
    """Return somebody's user name: the role, and where it is needed site and number."""
    word = "rater" if role is Role.RATER else role.value.replace("_", "-")
    if role is Role.RATER:
        return f"{word}-{number + 1:02d}"
    letter = SEVERAL.get(role, " ")[number].strip()
    if site is None:
        return f"{word}-{letter}" if letter else word
    return f"{word}-{site + 1:02d}{letter}"


@dataclass(slots=True)
class Cast:
    """The trial with its sites in order and its people by user name."""

    trial: Trial
    sites: list[Site]
    people: dict[str, User]
    actors: dict[str, Actor] = field(default_factory=dict)

    def user(self, role: Role, *, site: int | None = None, number: int = 0) -> User:
        """Return a person's account."""
        return self.people[key_of(role, site=site, number=number)]

    def actor(self, role: Role, *, site: int | None = None, number: int = 0) -> Actor:
        """Return a person signed in by the same function as a browser's."""
        return self.actor_of(self.user(role, site=site, number=number))

    def actor_of(self, user: User) -> Actor:
        """Return somebody of the cast signed in."""
        if user.username not in self.actors:
            self.actors[user.username] = signed_in(
                user=user, kind="simulation", lifetime=LIFETIME
            )
        return self.actors[user.username]

    def sign_out(self) -> None:
        """End every sign-in: no token of the simulation outlives it."""
        for actor in self.actors.values():
            end_session(token=actor.token)
        self.actors.clear()


def cast_of(identifier: str) -> Cast:
    """Return the cast of a demonstration trial whose stage stands."""
    trial = Trial.objects.get(identifier=identifier)
    people = User.objects.filter(delegations__trial=trial).distinct()
    return Cast(
        trial,
        list(trial.sites.order_by("number")),
        {user.username: user for user in people},
    )
