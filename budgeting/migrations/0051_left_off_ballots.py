"""Why a feasible proposal is not put on the ballot, for everybody to read."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from civicfund.audit.constraints import append_only

# What is on the ballot, is not decided or was refused has nothing to be said of by it.
OF_FEASIBLE = """
CREATE FUNCTION budgeting_omission_of_feasible() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM budgeting_proposal proposal
            WHERE proposal.id = NEW.proposal_id AND proposal.state = 'feasible') THEN
        RAISE EXCEPTION 'proposal % is not feasible, or is on the ballot', NEW.proposal_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'omission_of_feasible';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER omission_of_feasible BEFORE INSERT ON budgeting_ballotomission
    FOR EACH ROW EXECUTE FUNCTION budgeting_omission_of_feasible();
"""
OF_FEASIBLE_UNDONE = """
DROP TRIGGER omission_of_feasible ON budgeting_ballotomission;
DROP FUNCTION budgeting_omission_of_feasible();
"""


def lose_none(apps, schema_editor):
    """The version before has no place for what is public and kept."""
    alias = schema_editor.connection.alias
    omissions = apps.get_model("budgeting", "BallotOmission").objects.using(alias)
    if number := omissions.count():
        raise RuntimeError(
            f"It was said why projects are not put on a ballot ({number}), which is public and"
            " kept. The version before has no place for that: there is no way back."
        )


class Migration(migrations.Migration):
    dependencies = [
        ("budgeting", "0050_reviews_taken_back"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BallotOmission",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.CharField(max_length=1000, verbose_name="reason")),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        verbose_name="said",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="omissions",
                        to="budgeting.proposal",
                    ),
                ),
            ],
            options={
                "verbose_name": "reason for leaving a proposal off the ballot",
                "verbose_name_plural": "reasons for leaving proposals off the ballot",
                "ordering": ["pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason__regex", "\\S")), name="omission_says_why"
                    )
                ],
            },
        ),
        append_only("budgeting_ballotomission"),
        migrations.RunSQL(OF_FEASIBLE, OF_FEASIBLE_UNDONE),
        # Last here, and so the first on the way back.
        migrations.RunPython(migrations.RunPython.noop, lose_none),
    ]
