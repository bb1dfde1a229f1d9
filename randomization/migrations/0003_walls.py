"""Randomizations, kits and unblindings behind row-level security.

The sealed tables need none: no role of the application reaches them.
"""

from django.db import migrations

from audit.operations import walled

# A kit's number is used once in a trial, at whichever site: a pharmacist sees one site.
_EXACT = """
GRANT SELECT (trial_id, number) ON randomization_kit TO candor_walls;
CREATE FUNCTION walls.kits_taken(p_trial bigint, p_numbers text[]) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT k.number FROM randomization_kit k
    WHERE k.trial_id = p_trial AND k.number = ANY (p_numbers) ORDER BY k.number
$$;
REVOKE ALL ON FUNCTION walls.kits_taken(bigint, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION walls.kits_taken(bigint, text[]) TO candor_app;
ALTER FUNCTION walls.kits_taken(bigint, text[]) OWNER TO candor_walls;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("randomization", "0002_kits_are_exchanged"),
        ("participants", "0003_walls"),
    ]

    operations = [
        migrations.RunSQL(_EXACT, migrations.RunSQL.noop),
        walled("randomization_randomization"),
        walled("randomization_kit"),
        walled("randomization_unblinding"),
    ]
