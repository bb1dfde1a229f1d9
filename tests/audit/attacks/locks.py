"""Attacks on a trial's lock, and on what it opens."""

from tests.audit.attacks.trying import WORKER, WRITE, act, refused, system_act

# `{locked}` is another trial, which is locked; `{trial}` is not.
WRITE_THERE = WRITE.replace("{site}", "{locked_site}")
AT_ONCE = "SET CONSTRAINTS ALL IMMEDIATE"
_LOCK = (
    "INSERT INTO trials_lock (trial_id, locked_by_id, locked_at)"
    " VALUES ({trial}, {user}, now())"
)
_REOPEN = "UPDATE trials_reopening SET until = now() + interval '1 day'"

LOCKS = (
    refused(
        "write in a locked trial and commit", act("own act"), WRITE_THERE, "COMMIT"
    ),
    refused(
        "write in a locked trial and close the act",
        act("own act"),
        WRITE_THERE,
        AT_ONCE,
    ),
    refused(
        "write in a locked trial as a job",
        system_act("own act"),
        WRITE_THERE,
        "COMMIT",
        by=[WORKER],
    ),
    refused(
        "write in both trials at once",
        act("own act"),
        "UPDATE trials_site SET name = name || ' forged'",
        "COMMIT",
    ),
    refused(
        "write in a transaction that looks at an older moment",
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        act("own act"),
        WRITE,
        "COMMIT",
    ),
    refused("lock a trial", act("lock trial"), _LOCK),
    refused("lock a trial as a job", system_act("lock trial"), _LOCK, by=[WORKER]),
    refused(
        "lock a trial as somebody else",
        act("lock trial"),
        _LOCK.replace("{user}", "{other}"),
    ),
    refused("reopen a trial", act("reopen trial"), _REOPEN),
    refused(
        "ask to reopen and agree at once",
        act("reopen trial"),
        "INSERT INTO trials_reopening"
        " (trial_id, why, days, asked_by_id, asked_at, agreed_by_id, until)"
        " VALUES ({locked}, 'x', 3, {user}, now(), {other}, now() + interval '1 day')",
    ),
    refused("take a lock away", act("unlock"), "DELETE FROM trials_lock"),
    refused("move a lock", act("unlock"), "UPDATE trials_lock SET trial_id = {trial}"),
    refused(
        "say that a table stays open",
        "COMMENT ON TABLE trials_site IS 'Open after the lock: by me'",
    ),
    refused(
        "say that nothing is locked",
        "CREATE OR REPLACE FUNCTION audit.locked_trials()"
        " RETURNS TABLE (trial_id bigint, since timestamptz) LANGUAGE sql"
        " AS 'SELECT NULL::bigint, NULL::timestamptz WHERE false'",
    ),
    refused("hold every act back", "SELECT audit.hold_acts_back()"),
    refused(
        "read the arms before the lock",
        act("unblind locked trial"),
        "SELECT * FROM sealed.arms_of_locked_trial({trial})",
    ),
    refused(
        "read the arms of a locked trial outside an act",
        "SELECT * FROM sealed.arms_of_locked_trial({locked})",
    ),
    refused(
        "read the arms of a locked trial without the role",
        act("unblind locked trial"),
        "SELECT * FROM sealed.arms_of_locked_trial({locked})",
    ),
    refused(
        "read the arms of a locked trial as a job",
        system_act("unblind locked trial"),
        "SELECT * FROM sealed.arms_of_locked_trial({locked})",
        by=[WORKER],
    ),
)
