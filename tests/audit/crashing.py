"""What the crash test does inside a process of the application: set up, and look after.

`python -m tests.audit.crashing prepare CLIENTS` makes a trial with one person and one
participant for each client and prints them; `look` prints every event with its entries
and its report, and what the verification of the whole trail finds.
"""

import json
import os
import sys
from typing import Any

PASSWORD = "long enough to pass"


def prepare(clients: int) -> dict[str, Any]:
    from accounts.actions import NewUser, create_users  # noqa: PLC0415 - after setup
    from accounts.vocabulary import Role  # noqa: PLC0415
    from tests.world import LONG_AGO, SETUP, consented, new_world  # noqa: PLC0415
    from trials.actions import NewDelegation, delegate  # noqa: PLC0415

    world = new_world()
    users = create_users(
        people=[
            NewUser(username=f"client-{n}", name=f"Client {n}", password=PASSWORD)
            for n in range(clients)
        ],
        by=SETUP,
    )
    delegate(
        trial=world.trial,
        delegations=[
            NewDelegation(user, Role.COORDINATOR, LONG_AGO, world.site)
            for user in users
        ],
        by=SETUP,
    )
    people = consented(world, clients)
    return {
        "usernames": [user.username for user in users],
        "participants": [str(person.uuid) for person in people],
    }


def look() -> dict[str, Any]:
    from adverse_events.models import AdverseEvent, SafetyReport  # noqa: PLC0415
    from audit.actors import SystemActor  # noqa: PLC0415
    from audit.models import Action, RowChange  # noqa: PLC0415
    from audit.verifying import verify  # noqa: PLC0415

    table = AdverseEvent._meta.db_table
    acts = Action.objects.filter(verb__in=["report adverse event"]).count()
    entries: dict[str, int] = {}
    for row in RowChange.objects.filter(table_name=table, operation="I"):
        entries[row.row_id] = entries.get(row.row_id, 0) + 1
    reports: dict[int, int] = {}
    for event_id in SafetyReport.objects.values_list("event_id", flat=True):
        reports[event_id] = reports.get(event_id, 0) + 1
    found = verify(trial_id=None, by=SystemActor("verify trail", triggered_by="test"))
    return {
        "events": [
            {
                "term": event.term,
                "description": event.description,
                "entries": entries.get(str(event.pk), 0),
                "reports": reports.get(event.pk, 0),
            }
            for event in AdverseEvent.objects.order_by("pk")
        ],
        "acts": acts,
        "entries": sum(entries.values()),
        "verified_acts": found.acts,
        "finding": found.finding,
    }


def main(arguments: list[str]) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django  # noqa: PLC0415 - the environment comes first

    django.setup()
    from tests import databases  # noqa: PLC0415

    databases.omniscient()
    done = prepare(int(arguments[1])) if arguments[0] == "prepare" else look()
    sys.stdout.write(json.dumps(done) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
