"""The views that an export reads, made from the list of columns.

More instruments have their categories and test codes, and of what follows a planned
unblinding no end is told before the lock. A change of the list or of an instrument needs
another migration like this one, and this one then makes nothing.
"""

from django.db import migrations

from exports.datasets import create_views


class Migration(migrations.Migration):
    dependencies = [
        ("exports", "0006_how_it_ended"),
        ("participants", "0009_unblinded_as_planned"),
        ("assessments", "0006_held_back"),
    ]

    operations = [
        migrations.RunSQL(create_views(), "DROP SCHEMA IF EXISTS export CASCADE")
    ]
