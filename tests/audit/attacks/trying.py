"""What somebody could try who runs SQL by the login of the web or of the worker.

`{token}` is the attacker's own sign-in, a coordinator's; `{theirs}`, in hexadecimal, the
hash of an investigator's, and `{other}` that person's id. `{ended}`, `{expired}` and
`{left}` are tokens of sign-ins that ended, ran out, or whose person was deactivated.
`{locked}` is another trial, which is locked, and `{locked_site}` a site of it.
`{act}` is an act of the past with a reason, `{open}` one that another connection has
open at the time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

WEB, WORKER = "candor_web", "candor_worker"


class Outcome(StrEnum):
    """How an attack ends; nothing else may happen."""

    REFUSED = "refused, and nothing changed"
    NOTHING = "not refused, but it shows nothing and nothing changed"
    ENTRY = "on the trail, under a true name and the login's own"


@dataclass(frozen=True)
class Attack:
    """Statements of one transaction, which is committed if none of them is refused.

    `leaves` are the acts that are on the trail afterwards, as "who: what".
    """

    name: str
    steps: tuple[str, ...]
    outcome: Outcome
    leaves: tuple[str, ...] = ()
    by: tuple[str, ...] = (WEB, WORKER)


def refused(name: str, *steps: str, by: Sequence[str] = (WEB, WORKER)) -> Attack:
    return Attack(name, steps, Outcome.REFUSED, by=tuple(by))


def nothing(name: str, *steps: str, by: Sequence[str] = (WEB, WORKER)) -> Attack:
    return Attack(name, steps, Outcome.NOTHING, by=tuple(by))


def entry(
    name: str, *steps: str, leaves: Sequence[str], by: Sequence[str] = (WEB, WORKER)
) -> Attack:
    return Attack(name, steps, Outcome.ENTRY, tuple(leaves), tuple(by))


OWN_SIGN_IN = "{token}"


def act(verb: str, *, token: str = OWN_SIGN_IN, reason: str = "Because I can") -> str:
    """Return the statement that opens an act about the first participant."""
    return (
        f"SELECT audit.open_action('{token}', '{verb}', '{reason}', '', {{trial}}, {{site}},"
        " {here}, '', NULL, '1', NULL)"
    )


def system_act(verb: str) -> str:
    return (
        f"SELECT audit.open_system_action('forged', '', '{verb}', 'Because I can', '',"
        " NULL, NULL, NULL, '1', NULL)"
    )


def look(token: str) -> str:
    return f"SELECT set_config('candor.token', '{token}', true)"


WRITE = "UPDATE trials_site SET name = name || ' forged' WHERE id = {site}"
HOW_MANY = "SELECT count(*) FROM participants_participant"
OWN = "Coordinator: own act"
