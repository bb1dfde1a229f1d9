"""Every attack that the test makes, as a reader would go through them."""

from tests.audit.attacks.acts import FORGING, OTHERS_ACTS, REASONS_AND_SIGNATURES
from tests.audit.attacks.locks import LOCKS
from tests.audit.attacks.people import PEOPLE, SPOOFING
from tests.audit.attacks.reading import OUTSIDE, READING
from tests.audit.attacks.rights import OBJECTS, ROLES, SETTINGS, SHADOWS

ATTACKS = (
    *FORGING,
    *OTHERS_ACTS,
    *SPOOFING,
    *REASONS_AND_SIGNATURES,
    *PEOPLE,
    *ROLES,
    *SETTINGS,
    *SHADOWS,
    *OBJECTS,
    *READING,
    *OUTSIDE,
    *LOCKS,
)
