"""Messages go on after a trial's lock."""

from django.db import migrations

from audit.operations import stays_open


class Migration(migrations.Migration):
    dependencies = [("reminders", "0003_walls"), ("audit", "0007_locks")]

    operations = [
        stays_open("reminders_reminder", "messages go out after the lock too"),
    ]
