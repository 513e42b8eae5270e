from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pledges", "0025_refunds_lock_after_pledges")]

    operations = [
        migrations.AddField(
            model_name="pledge",
            name="replaced_cards",
            field=models.JSONField(
                blank=True, db_default=[], default=list, verbose_name="replaced cards"
            ),
        ),
    ]
