"""The views that an export reads, made from the list of columns.

CAPS-IV has its category and its test codes. As before, only the latest migration makes
them.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("exports", "0003_epochs_as_the_timeline_has_them")]

    operations = []
