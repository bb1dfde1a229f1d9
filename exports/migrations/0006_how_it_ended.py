"""The views that an export reads, made from the list of columns.

Disposition tells why treatment and taking part ended early. As before, only the latest
migration makes them.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("exports", "0005_open_after_the_lock"),
        ("participants", "0008_leaving_by_scope"),
    ]

    operations = []
