from django.db import migrations, models

# A process of before empties a number alone.
EMPTIED = """
CREATE FUNCTION places_population_emptied() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    NEW.population_source := '';
    RETURN NEW;
END $$;
CREATE TRIGGER population_emptied BEFORE UPDATE OF population ON places_neighborhood
    FOR EACH ROW WHEN (NEW.population IS NULL) EXECUTE FUNCTION places_population_emptied();
"""
STAYS = """
DROP TRIGGER population_emptied ON places_neighborhood;
DROP FUNCTION places_population_emptied();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("places", "0001_first_tables"),
    ]

    operations = [
        migrations.AddField(
            model_name="neighborhood",
            name="population_source",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=120,
                verbose_name="where that number comes from",
            ),
        ),
        migrations.AddConstraint(
            model_name="neighborhood",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("population__isnull", False), ("population_source", ""), _connector="OR"
                ),
                name="neighborhood_source_of_a_number",
            ),
        ),
        migrations.RunSQL(EMPTIED, STAYS),
    ]
