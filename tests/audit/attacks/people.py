"""Attacks on who somebody is: tokens, sign-ins, accounts, delegations."""

from tests.audit.attacks.trying import (
    HOW_MANY,
    OWN,
    WEB,
    WRITE,
    act,
    entry,
    look,
    nothing,
    refused,
)

SPOOFING = (
    refused("a user's id as the token", act("x", token="{other}")),
    refused("the hash as the token", act("x", token="{theirs}")),
    refused("the number of the sign-in as the token", act("x", token="{signin}")),
    refused("no token", act("x", token="")),
    refused("the token of a sign-in that ended", act("x", token="{ended}")),
    refused("the token of a sign-in that ran out", act("x", token="{expired}")),
    refused("the token of somebody deactivated", act("x", token="{left}")),
    nothing("look with another's hash", look("{theirs}"), HOW_MANY),
    nothing("look with another's id", look("{other}"), HOW_MANY),
    nothing("look with a token that ended", look("{ended}"), HOW_MANY),
    nothing("look as somebody deactivated", look("{left}"), HOW_MANY),
    nothing(
        "look as a job from the web",
        "SELECT set_config('candor.job', 'forged', true)",
        HOW_MANY,
        by=[WEB],
    ),
    entry(
        "name another in a setting",
        "SELECT set_config('app.actor', '{other}', true),"
        " set_config('candor.actor', '{other}', true),"
        " set_config('pgtrigger.ignore', 'all', true)",
        act("own act"),
        WRITE,
        leaves=[OWN],
    ),
    entry(
        "write as the group",
        "SET LOCAL ROLE candor_app",
        act("own act"),
        WRITE,
        leaves=[OWN],
    ),
    refused(
        "sign in somebody deactivated",
        "SELECT audit.open_session({gone}, 'chosen',"
        " 'password', 'infinity', NULL, '', '1')",
    ),
    refused(
        "sign in with a token in use",
        "SELECT audit.open_session({other}, '{token}',"
        " 'password', 'infinity', NULL, '', '1')",
    ),
    entry(
        "sign in another without a password",
        "SELECT audit.open_session({other},"
        " 'chosen by {role}', 'password', 'infinity', NULL, '', '1')",
        leaves=["Investigator: sign in"],
    ),
    entry(
        "sign out everybody else of a person",
        "SELECT audit.end_sessions_of({third})",
        leaves=["Monitor: sign out"],
        by=[WEB],
    ),
    entry(
        "sign out by the hash",
        "SELECT audit.end_session_of_hash('\\x{fourth}', '1')",
        leaves=["Pharmacist: sign out"],
        by=[WEB],
    ),
    refused(
        "make a sign-in by hand",
        "INSERT INTO audit.audit_signin (user_id, kind,"
        " token_hash, expires_at, user_agent) VALUES ({other}, 'password',"
        " sha256('x'), 'infinity', '')",
    ),
    refused(
        "make a sign-in another's", "UPDATE audit.audit_signin SET user_id = {other}"
    ),
    refused(
        "have a sign-in never end",
        "UPDATE audit.audit_signin SET expires_at = 'infinity', ended_at = NULL",
    ),
)

PEOPLE = (
    refused(
        "set another's password",
        "UPDATE accounts_user SET password = 'x' WHERE id = {other}",
    ),
    entry(
        "set another's password in an act",
        act("own act"),
        "UPDATE accounts_user SET password = 'x' WHERE id = {other}",
        leaves=[OWN],
    ),
    refused("open an account again", "UPDATE accounts_user SET is_active = true"),
    entry(
        "open an account again in an act",
        act("own act"),
        "UPDATE accounts_user SET is_active = true WHERE id = {gone}",
        leaves=[OWN],
    ),
    refused(
        "delegate to oneself",
        "INSERT INTO trials_delegation (trial_id, user_id,"
        " role, starts_on) VALUES ({trial}, {user}, 'sponsor',"
        " '2020-01-01')",
    ),
    refused("delete a person", act("own act"), "DELETE FROM accounts_user"),
    refused(
        "delete a participant", act("own act"), "DELETE FROM participants_participant"
    ),
    refused("delete a site", act("own act"), "DELETE FROM trials_site"),
)
