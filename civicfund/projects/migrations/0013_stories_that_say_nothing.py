from django.db import migrations

# What was written before says nothing in as many spaces.
SAYS_NOTHING = "UPDATE projects_project SET story = '' WHERE story <> '' AND story !~ '\\S'"


class Migration(migrations.Migration):
    dependencies = [("projects", "0012_by_nobody_erased")]

    operations = [migrations.RunSQL(SAYS_NOTHING, migrations.RunSQL.noop)]
