"""Whether whoever consented was found able to."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("participants", "0004_sexes"),
        ("trials", "0003_irb_approvals"),
    ]

    operations = [
        migrations.AddField(
            model_name="consent",
            name="is_able",
            # Who consented before this was asked was not found unable.
            field=models.BooleanField(default=True, verbose_name="able to consent"),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_able", True)),
                name="consent_of_somebody_able",
                violation_error_message="Nobody who is not able to consent has consented.",
            ),
        ),
    ]
