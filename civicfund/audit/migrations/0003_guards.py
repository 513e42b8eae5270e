from django.db import migrations

from civicfund.audit.constraints import append_only

TABLES = ("audit_event", "audit_actrequest", "audit_approval")


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_actors")]

    operations = [
        *(append_only(table) for table in TABLES),
        # An approval cannot name another requester than its request does.
        migrations.RunSQL(
            """
            ALTER TABLE audit_approval ADD CONSTRAINT approval_of_its_request
                FOREIGN KEY (request_id, requested_by_id)
                REFERENCES audit_actrequest (id, requested_by_id);
            """,
            "ALTER TABLE audit_approval DROP CONSTRAINT approval_of_its_request;",
        ),
    ]
