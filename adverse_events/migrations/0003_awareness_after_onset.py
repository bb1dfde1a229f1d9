"""No site learns of an event before it began."""

import django.db.models.expressions
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("adverse_events", "0002_walls")]

    operations = [
        migrations.AddConstraint(
            model_name="adverseevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("site_aware_at__isnull", True),
                    (
                        "onset_on__lte",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.functions.comparison.Cast(
                                models.Func(
                                    models.Value("UTC"),
                                    models.F("site_aware_at"),
                                    function="timezone",
                                ),
                                models.DateField(),
                            ),
                            "+",
                            models.Value(1),
                        ),
                    ),
                    _connector="OR",
                ),
                name="site_aware_after_onset",
                violation_error_message="The site would have learned of the event before it began.",
            ),
        ),
    ]
