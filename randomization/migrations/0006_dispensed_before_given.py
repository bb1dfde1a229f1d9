"""A dose is not given before its kit was dispensed."""

from pathlib import Path

from django.db import migrations

_SQL = Path(__file__).resolve().parent.parent / "sql" / "dispensed_before_given.sql"
_BACK = """
DROP TRIGGER dispensed_before_given ON public.study_sessions_doseadministration;
DROP TRIGGER dispensed_before_given ON public.randomization_kit;
DROP FUNCTION walls.dispensed_before_given();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("randomization", "0005_arms_of_a_locked_trial"),
        ("study_sessions", "0003_walls"),
    ]

    operations = [migrations.RunSQL(_SQL.read_text("utf-8"), _BACK)]
