from django.db import migrations, models

FROZEN = """
CREATE TRIGGER budgeting_board_opened_frozen BEFORE UPDATE ON budgeting_board FOR EACH ROW
    WHEN (NEW.opened IS DISTINCT FROM OLD.opened) EXECUTE FUNCTION budgeting_board_frozen();
"""
THAWED = "DROP TRIGGER budgeting_board_opened_frozen ON budgeting_board"


class Migration(migrations.Migration):
    dependencies = [
        ("budgeting", "0009_sealing_guards"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="cycle",
            name="cycle_address_is_its_own",
        ),
        migrations.AddField(
            model_name="board",
            name="opened",
            field=models.JSONField(default=dict),
        ),
        migrations.AddConstraint(
            model_name="cycle",
            constraint=models.CheckConstraint(
                condition=models.Q(("slug__in", ("what-if", "verify")), _negated=True),
                name="cycle_address_is_its_own",
            ),
        ),
        migrations.RunSQL(FROZEN, THAWED),
    ]
