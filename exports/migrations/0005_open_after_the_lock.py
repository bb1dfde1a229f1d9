"""Tokens are issued and revoked after a trial's lock."""

from django.db import migrations

from audit.operations import stays_open


class Migration(migrations.Migration):
    dependencies = [("exports", "0004_caps_iv"), ("audit", "0007_locks")]

    operations = [
        stays_open("exports_apitoken", "a locked trial is what exports are for"),
    ]
