"""The sexes that a consent knows: those that the protocol's own fact knows."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("participants", "0003_walls")]

    operations = [
        migrations.AlterField(
            model_name="participant",
            name="sex",
            field=models.CharField(
                blank=True,
                choices=[
                    ("female", "Female"),
                    ("male", "Male"),
                    ("intersex", "Intersex"),
                ],
                max_length=10,
                verbose_name="sex at birth",
            ),
        )
    ]
