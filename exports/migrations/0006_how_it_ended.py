"""The views that an export reads, made from the list of columns.

Disposition tells why treatment and taking part ended early; more instruments have their
categories and test codes. A change of the list or of an instrument needs another
migration like this one, and this one then makes nothing.
"""

from django.db import migrations

from exports.datasets import create_views


class Migration(migrations.Migration):
    dependencies = [
        ("exports", "0005_open_after_the_lock"),
        ("participants", "0008_leaving_by_scope"),
    ]

    operations = [
        migrations.RunSQL(create_views(), "DROP SCHEMA IF EXISTS export CASCADE")
    ]
