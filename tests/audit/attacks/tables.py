"""What is tried on every table and function, and which functions write for a login."""

# What cannot be tried in a transaction.
ALONE = (
    "ALTER SYSTEM SET session_replication_role = 'replica'",
    "CREATE DATABASE candor_x",
    "DROP DATABASE {database}",
    "CREATE TABLESPACE mine LOCATION '/tmp'",
)
# What is tried on every table of the trail, and on every audited one; {t} is its name.
ON_THE_TRAIL = (
    "INSERT INTO {t} DEFAULT VALUES",
    "UPDATE {t} SET {column} = {column}",
    "DELETE FROM {t}",
    "COPY {t} FROM STDIN",
    "DO $$ BEGIN LOCK TABLE {t} IN ACCESS EXCLUSIVE MODE; END $$",
    "MERGE INTO {t} x USING (SELECT 1) n ON true WHEN MATCHED THEN DELETE",
)
ON_ANY = (
    "DELETE FROM {t}",
    "TRUNCATE {t}",
    "TRUNCATE {t} CASCADE",
    "DROP TABLE {t} CASCADE",
    "ALTER TABLE {t} DISABLE TRIGGER ALL",
    "ALTER TABLE {t} DISABLE TRIGGER never_truncated",
    "DROP TRIGGER never_truncated ON {t}",
    "ALTER TABLE {t} DISABLE ROW LEVEL SECURITY",
    "CREATE POLICY mine ON {t} USING (true)",
    "CREATE RULE mine AS ON INSERT TO {t} DO INSTEAD NOTHING",
    (
        "CREATE TRIGGER mine BEFORE UPDATE ON {t} FOR EACH ROW EXECUTE FUNCTION"
        " suppress_redundant_updates_trigger()"
    ),
    "ALTER TABLE {t} OWNER TO CURRENT_USER",
    "ALTER TABLE {t} RENAME TO mine",
    "ALTER TABLE {t} SET UNLOGGED",
    "COMMENT ON TABLE {t} IS 'Not audited: by me'",
)
ON_A_FUNCTION = (
    "ALTER FUNCTION {f} SECURITY INVOKER",
    "ALTER FUNCTION {f} SET search_path = pg_temp",
    "ALTER FUNCTION {f} OWNER TO CURRENT_USER",
    "ALTER FUNCTION {f} RENAME TO mine",
    "DROP FUNCTION {f} CASCADE",
)
# Functions that write with more rights than the caller's, by who may call them, and what
# it leaves: another one is a new door, to be judged and listed here.
ANYBODYS = {
    "audit.close_action": "closes the caller's own act, and links it",
    "audit.end_session": "an act 'sign out'",
    "audit.end_session_of_hash": "an act 'sign out'",
    "audit.end_sessions_of": "an act 'sign out' for each sign-in",
    "audit.note_refused_sign_in": "an act 'refused sign-in'",
    "audit.open_action": "the act",
    "audit.open_session": "an act 'sign in'",
    "audit.sign": "the signature, in the caller's own act",
    "identity.read": "needs an act that says so",
    "identity.record": "writes an audited table",
    "sealed.arms_of_locked_trial": "needs an act that says so, and a lock",
    "sealed.allocate": "writes an audited table",
    "sealed.dispense": "writes an audited table",
    "sealed.exchange": "writes an audited table",
    "sealed.fill_cohorts": "writes an audited table",
    "sealed.load_kits": "writes an audited table",
    "sealed.load_list": "writes an audited table",
    "sealed.reveal": "needs an act that says so",
    "sealed.unblind_as_planned": "needs an act that says so",
}
THE_WORKERS = {
    "audit.open_system_action": "the act, as a job's",
    "audit.record_anchor": "needs an act",
    "audit.claim_anchor_mail": "a row in the list of mails",
    "audit.settle_anchor_mail": "needs an act",
    "audit.record_verification": "needs an act",
}
