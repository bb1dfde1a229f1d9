"""What is told goes on being written after a trial's lock."""

from django.db import migrations

from audit.operations import stays_open


class Migration(migrations.Migration):
    dependencies = [("notices", "0002_walls"), ("audit", "0007_locks")]

    operations = [
        stays_open("notices_notice", "of an unblinding is told after the lock too"),
    ]
