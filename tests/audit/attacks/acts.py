"""Attacks on acts: forged ones, those of others, reasons and signatures."""

from tests.audit.attacks.trying import (
    OWN,
    WEB,
    WORKER,
    WRITE,
    act,
    entry,
    look,
    nothing,
    refused,
    system_act,
)

FORGING = (
    refused("call the capturing function", "SELECT audit.capture()"),
    refused(
        "call it from a temporary table",
        "CREATE TEMP TABLE mine (id int)",
        "CREATE TRIGGER t AFTER INSERT ON mine REFERENCING NEW TABLE AS new_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit.capture('', '', '', '', '', '', '')",
    ),
    refused("link an act again", "SELECT audit.link({act})"),
    refused("make a commitment", "SELECT audit.shown('{{}}', '{{}}', true)"),
    refused("close acts by the trigger", "SELECT audit.close_at_commit()"),
    refused("act as a job from the web", system_act("own act"), by=[WEB]),
    entry(
        "act as a job of the worker",
        system_act("own act"),
        WRITE,
        leaves=["system:forged: own act"],
        by=[WORKER],
    ),
    refused("keep an anchor", "SELECT audit.record_anchor({trial}, '', 'x', 'x')"),
    refused(
        "claim a mail of an anchor from the web",
        "SELECT audit.claim_anchor_mail(1, 1, '1 day', 3)",
        by=[WEB],
    ),
    refused(
        "settle a mail of an anchor outside an act",
        "SELECT audit.settle_anchor_mail(1, 1, '')",
    ),
    refused(
        "forge a verification outside an act",
        "SELECT audit.record_verification(NULL, 1, 1, '')",
    ),
    refused("take a number of an act", "SELECT nextval('audit.audit_action_id_seq')"),
    refused(
        "set the number of an act", "SELECT setval('audit.audit_action_id_seq', 1)"
    ),
)

OTHERS_ACTS = (
    refused("write outside an act", WRITE),
    refused(
        "open an act by hand",
        "INSERT INTO audit.open_action VALUES (pg_current_xact_id(), {act})",
    ),
    refused(
        "take over another's open act",
        "UPDATE audit.open_action SET xid = pg_current_xact_id()",
    ),
    refused("write while another has an act open", look("{token}"), WRITE),
    nothing("close another's open act", "SELECT audit.close_action({open})"),
    refused("open two acts at once", act("own act"), act("another")),
    refused(
        "write in an act that is closed",
        act("own act").replace("SELECT ", "SELECT audit.close_action(") + ")",
        WRITE,
    ),
    refused(
        "write after a closing at the commit",
        act("own act"),
        "SET CONSTRAINTS ALL IMMEDIATE",
        WRITE,
    ),
    entry(
        "take back the closing at the commit",
        act("own act"),
        "SAVEPOINT a",
        "SET CONSTRAINTS ALL IMMEDIATE",
        "ROLLBACK TO a",
        WRITE,
        leaves=[OWN],
    ),
    entry(
        "take back what was written",
        act("own act"),
        "SAVEPOINT a",
        WRITE,
        "ROLLBACK TO a",
        leaves=[OWN],
    ),
    nothing(
        "swallow the refusal",
        f"DO $$ BEGIN {WRITE}; EXCEPTION WHEN OTHERS THEN NULL; END $$",
    ),
    refused(
        "write through a view of one's own",
        "CREATE TEMP VIEW mine AS SELECT * FROM trials_site",
        WRITE.replace("trials_site", "mine"),
    ),
    refused(
        "prepare a transaction and leave it",
        act("own act"),
        WRITE,
        "PREPARE TRANSACTION 'later'",
    ),
)

REASONS_AND_SIGNATURES = (
    refused("correct without a reason", act("own act", reason=""), WRITE),
    refused("correct for a reason that is none", act("own act", reason=" . "), WRITE),
    refused(
        "give the reason afterwards",
        act("own act"),
        "UPDATE audit.audit_action SET reason = 'A better one'",
    ),
    refused(
        "sign outside an act", "SELECT audit.sign('approved', 't', '{{1}}', '{{x}}')"
    ),
    refused(
        "sign as a job",
        system_act("own act"),
        "SELECT audit.sign('approved', 't', '{{1}}', '{{x}}')",
        by=[WORKER],
    ),
    refused(
        "sign for another",
        "INSERT INTO audit.audit_signature (action_id, user_id,"
        " name, meaning, table_name, row_id, digest)"
        " VALUES ({act}, {other}, 'Investigator', 'approved', 't', '1', 'x')",
    ),
    refused(
        "make a signature another's",
        "UPDATE audit.audit_signature SET user_id = {other}, name = 'Investigator'",
    ),
    refused("move a signature", "UPDATE audit.audit_signature SET row_id = '1'"),
    entry(
        "sign what one did not read",
        act("own act"),
        "SELECT audit.sign('approved', 't', '{{1}}', '{{x}}')",
        leaves=[OWN],
    ),
)
