from django.db import migrations

from civicfund.audit.constraints import append_only

# Whoever signed up before there were terms is asked, too.
SIGNED_UP = """
UPDATE people_user SET agreed_to = ''
WHERE guest_email = '' AND erased_at IS NULL AND password NOT LIKE '!%'
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0010_policies_and_complaints")]

    operations = [
        append_only("people_policyconsent"),
        migrations.RunSQL(SIGNED_UP, migrations.RunSQL.noop),
    ]
