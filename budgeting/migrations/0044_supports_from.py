from django.db import migrations, models

# Whose supports count is said before anybody can be short of them, and two people open the cycle
# with it.
STAYS = """
CREATE FUNCTION budgeting_supports_from_stays() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.state <> 'draft' OR EXISTS (
        SELECT FROM budgeting_option option WHERE option.cycle_id = NEW.id
    ) THEN
        RAISE EXCEPTION 'whose supports count stays: the cycle is open or has options'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'supports_from_stays';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER supports_from_stays BEFORE UPDATE ON budgeting_cycle
    FOR EACH ROW WHEN (NEW.supports_from IS DISTINCT FROM OLD.supports_from)
    EXECUTE FUNCTION budgeting_supports_from_stays();
"""
STAYS_UNDONE = """
DROP TRIGGER supports_from_stays ON budgeting_cycle;
DROP FUNCTION budgeting_supports_from_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("budgeting", "0043_reviewers_are_told")]

    operations = [
        migrations.AddField(
            model_name="cycle",
            name="supports_from",
            field=models.CharField(
                choices=[
                    ("everybody", "everybody with an account"),
                    ("town", "people with a confirmed home in the town"),
                    ("pot", "people with a confirmed home where the pot's money goes"),
                ],
                db_default="everybody",
                default="everybody",
                max_length=16,
                verbose_name="supports count from",
            ),
        ),
        migrations.AddConstraint(
            model_name="cycle",
            constraint=models.CheckConstraint(
                condition=models.Q(("supports_from__in", ["everybody", "town", "pot"])),
                name="cycle_supports_from_known",
            ),
        ),
        migrations.RunSQL(STAYS, STAYS_UNDONE),
    ]
