"""What a function names is what was meant: a temporary table never stands in its place.

PostgreSQL looks among the connection's temporary tables first, unless a search path says
where. Whoever may make one called `audit_signin` would else be whoever they like. The
privilege is taken from the application's roles as well, but a database restored from a
dump has its own, and gives it to everybody.
"""

from django.db import migrations

_SHADOW_NOTHING = """
DO $$
DECLARE
    o record;
BEGIN
    FOR o IN SELECT p.oid::regprocedure AS name, substr(c.setting, 13) AS path
        FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace
        CROSS JOIN unnest(p.proconfig) AS c (setting)
        WHERE n.nspname IN ('audit', 'sealed', 'identity', 'walls', 'public')
          AND c.setting LIKE 'search_path=%'
          AND c.setting NOT LIKE '%pg_temp'
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %s, pg_temp', o.name, o.path);
    END LOOP;
END $$
"""


class Migration(migrations.Migration):
    # After every app that has functions of its own.
    dependencies = [
        ("audit", "0005_looks"),
        ("trials", "0002_walls"),
        ("participants", "0003_walls"),
        ("assessments", "0005_walls"),
        ("randomization", "0004_unblindings_planned_and_accidental"),
    ]

    operations = [migrations.RunSQL(_SHADOW_NOTHING, migrations.RunSQL.noop)]
