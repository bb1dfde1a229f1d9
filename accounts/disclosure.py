"""Classes of fields and which role may read them."""

from enum import StrEnum

from accounts.vocabulary import Role


class FieldClass(StrEnum):
    """Every field of every model is in exactly one (`Disclosure` inside the model).

    open: says nothing about identity, outcome or arm. identifying: tells who the
    participant is. outcome: scores that could unblind the site. unblinding: tells the arm.
    """

    OPEN = "open"
    IDENTIFYING = "identifying"
    OUTCOME = "outcome"
    UNBLINDING = "unblinding"


READERS: dict[FieldClass, frozenset[Role]] = {
    FieldClass.OPEN: frozenset(Role),
    FieldClass.IDENTIFYING: frozenset({Role.COORDINATOR, Role.INVESTIGATOR}),
    FieldClass.OUTCOME: frozenset({Role.DATA_MANAGER, Role.MEDICAL_MONITOR}),
    FieldClass.UNBLINDING: frozenset(),  # only through randomization's two doors
}
