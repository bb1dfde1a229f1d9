"""What tells the group that a planned unblinding revealed is kept for the site."""

import json
from pathlib import Path

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from trials.protocol import parse

SQL = Path(__file__).resolve().parent.parent / "sql" / "held_back.sql"


def _read(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Fill the column of versions adopted before it.

    While the column is made, which is no act of anybody's: it says nothing that the
    version's text, which is on the trail, does not.
    """
    alias = schema_editor.connection.alias
    versions = apps.get_model("trials", "ProtocolVersion").objects.using(alias)
    known = {
        version.pk: parse(version.text, filename="").held_back.as_lists()
        for version in versions.all()
    }
    cases = "".join(
        f" WHEN {pk} THEN '{json.dumps(lists)}'::jsonb"
        for pk, lists in known.items()
        if lists
    )
    if cases:
        schema_editor.execute(
            "ALTER TABLE trials_protocolversion ALTER held_back TYPE jsonb"
            f" USING CASE id{cases} ELSE held_back END"
        )


class Migration(migrations.Migration):
    dependencies = [
        ("trials", "0004_locks"),
        ("audit", "0007_locks"),
    ]

    operations = [
        migrations.AddField(
            model_name="protocolversion",
            name="held_back",
            field=models.JSONField(default=dict),
        ),
        migrations.RunPython(_read, migrations.RunPython.noop),
        migrations.RunSQL(SQL.read_text("utf-8"), migrations.RunSQL.noop),
    ]
