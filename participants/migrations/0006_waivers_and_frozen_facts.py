"""Waivers of criteria, and facts that an event of the course freezes."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from audit.operations import audited, placed, walled

# Prior use and expectancy are known before anybody could know the arm, and stay as they
# were known then: also against whoever writes to the table by another way.
_FROZEN = """
GRANT SELECT (id, enrolled_on, randomized_on) ON participants_participant TO candor_walls;

CREATE FUNCTION walls.keep_frozen() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_person bigint;
BEGIN
    FOREACH v_person IN ARRAY ARRAY[
        CASE WHEN TG_OP <> 'INSERT' AND OLD.frozen_by <> '' THEN OLD.participant_id END,
        CASE WHEN TG_OP <> 'DELETE' AND NEW.frozen_by <> '' THEN NEW.participant_id END
    ] LOOP
        IF EXISTS (
            SELECT FROM participants_participant p WHERE p.id = v_person AND CASE
                coalesce(nullif(OLD.frozen_by, ''), NEW.frozen_by)
                WHEN 'enrollment' THEN p.enrolled_on IS NOT NULL
                WHEN 'randomization' THEN p.randomized_on IS NOT NULL
                ELSE false END
        ) THEN
            RAISE EXCEPTION 'This fact is frozen: what was known then stays.'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'frozen_fact_stays';
        END IF;
    END LOOP;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
REVOKE ALL ON FUNCTION walls.keep_frozen() FROM PUBLIC;

CREATE TRIGGER keep_frozen BEFORE INSERT ON participants_fact
    FOR EACH ROW WHEN (NEW.frozen_by <> '') EXECUTE FUNCTION walls.keep_frozen();
CREATE TRIGGER keep_frozen_changed BEFORE UPDATE ON participants_fact
    FOR EACH ROW WHEN (OLD.frozen_by <> '' OR NEW.frozen_by <> '')
    EXECUTE FUNCTION walls.keep_frozen();
CREATE TRIGGER keep_frozen_deleted BEFORE DELETE ON participants_fact
    FOR EACH ROW WHEN (OLD.frozen_by <> '') EXECUTE FUNCTION walls.keep_frozen();
ALTER FUNCTION walls.keep_frozen() OWNER TO candor_walls;
"""
_THAWED = """
DROP TRIGGER keep_frozen ON participants_fact;
DROP TRIGGER keep_frozen_changed ON participants_fact;
DROP TRIGGER keep_frozen_deleted ON participants_fact;
DROP FUNCTION walls.keep_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("participants", "0005_able_to_consent"),
        ("trials", "0003_irb_approvals"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="fact",
            name="frozen_by",
            field=models.CharField(blank=True, max_length=20),
        ),
        migrations.AlterField(
            model_name="deviation",
            name="kind",
            field=models.CharField(
                choices=[
                    ("out_of_window", "Visit outside its window"),
                    ("missed_visit", "Visit missed"),
                    ("dosing", "Dosing not as planned"),
                    ("rater", "Rater saw the participant before"),
                    ("waiver", "Eligibility criterion waived"),
                    ("procedure", "Procedure not as planned"),
                    ("other", "Other"),
                ],
                max_length=30,
            ),
        ),
        migrations.CreateModel(
            name="Waiver",
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
                (
                    "uuid",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
                ),
                ("code", models.CharField(max_length=60, verbose_name="criterion")),
                ("reason", models.TextField()),
                ("granted_on", models.DateField()),
                ("ended_on", models.DateField(null=True, verbose_name="taken back on")),
                (
                    "end_reason",
                    models.TextField(blank=True, verbose_name="why it was taken back"),
                ),
                (
                    "granted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "participant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="waivers",
                        to="participants.participant",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="trials.site",
                    ),
                ),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="trials.trial",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_on__isnull", True)),
                        fields=("participant", "code"),
                        name="one_waiver_per_criterion",
                        violation_error_message="This criterion is waived already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reason", ""), _negated=True),
                            models.Q(
                                ("ended_on__isnull", True),
                                models.Q(("end_reason", ""), _negated=True),
                                _connector="OR",
                            ),
                        ),
                        name="waiver_has_its_reasons",
                    ),
                ],
            },
        ),
        audited(
            "participants_waiver",
            reason=("code", "reason", "granted_on", "ended_on", "end_reason"),
        ),
        placed(
            "participants_waiver",
            "participants_participant",
            "participant_id",
            "site_id",
            "trial_id",
        ),
        walled("participants_waiver"),
        migrations.RunSQL(_FROZEN, _THAWED),
    ]
