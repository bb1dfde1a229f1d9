"""Every verb of reminders: planning, claiming, addressing and settling messages."""

from reminders.actions.addressing import Envelope, address
from reminders.actions.digests import plan_digests
from reminders.actions.planning import plan_reminders
from reminders.actions.settling import (
    ATTEMPTS,
    LEASE,
    URGENT_LEASE,
    claim,
    give_up,
    record_dropped,
    record_failure,
    record_sent,
)
from reminders.actions.telling import plan_clocks, plan_notices

__all__ = [
    "ATTEMPTS",
    "LEASE",
    "URGENT_LEASE",
    "Envelope",
    "address",
    "claim",
    "give_up",
    "plan_clocks",
    "plan_digests",
    "plan_notices",
    "plan_reminders",
    "record_dropped",
    "record_failure",
    "record_sent",
]
