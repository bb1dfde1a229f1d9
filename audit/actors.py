"""Who acts: a signed-in person with the session that proves it, or a named job."""

from dataclasses import dataclass
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, and the token of the sign-in that the database will look up.

    `user_id` is a convenience for queries; the trail never believes it, and takes the
    person from the token's own row (21 CFR 11.10(e); ICH E6(R3) 4.2.2).
    """

    user_id: int
    name: str
    token: str
    request_id: str = ""
    ip: str | None = None

    def __repr__(self) -> str:
        # Tracebacks and logs must never show the token.
        return f"Actor({self.user_id}, {self.name!r})"


@dataclass(frozen=True, slots=True)
class SystemActor:
    """A job of the worker; `triggered_by` says which schedule or person started it."""

    job: str
    triggered_by: str = "schedule"

    @property
    def name(self) -> str:
        return f"system:{self.job}"


AnyActor = Actor | SystemActor


@dataclass(frozen=True, slots=True)
class Place:
    """Where an act belongs: ids of trial, site and participant, as far as they apply."""

    trial_id: int | None = None
    site_id: int | None = None
    participant_id: int | None = None


NOWHERE = Place()


def new_request_id() -> str:
    return str(uuid4())
