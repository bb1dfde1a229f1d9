"""The first tables."""

from django.db import migrations, models

from audit.operations import audited


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("audit", "0001_initial"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "username",
                    models.CharField(
                        max_length=150, unique=True, verbose_name="user name"
                    ),
                ),
                ("name", models.CharField(max_length=150, verbose_name="printed name")),
                (
                    "email",
                    models.EmailField(blank=True, max_length=254, verbose_name="email"),
                ),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "abstract": False,
            },
        ),
        audited(
            "accounts_user",
            reason=("username", "name", "is_active"),
            ignored=("password",),
            trial="",
            site="",
            participant="",
        ),
        # The trail prints the person's name as it stands when they act.
        migrations.RunSQL(
            "GRANT SELECT (id, name, is_active) ON accounts_user TO candor_audit; "
            "GRANT DELETE ON django_session TO candor_app; "
            "GRANT SELECT ON django_migrations TO candor_app",
            migrations.RunSQL.noop,
        ),
    ]
