"""A look's guard leaves alone who was told; nobody answers what they asked as a guest."""

from django.db import migrations

GUARDED = (
    "complaint_id, number, asked, asked_at, due_at, taken_by_id, taken_at, answer, answered_at"
)


class Migration(migrations.Migration):
    dependencies = [
        ("complaints", "0003_those_not_mailed_yet"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [
        # Telling those who answer changes nothing that it guards, and is not to lock the complaint
        # after its look: every act locks them the other way round.
        migrations.RunSQL(
            f"""
            DROP TRIGGER complaints_look_guard ON complaints_look;
            CREATE TRIGGER complaints_look_guard BEFORE INSERT OR UPDATE OF {GUARDED}
                ON complaints_look FOR EACH ROW EXECUTE FUNCTION complaints_look_guard();
            """,
            """
            DROP TRIGGER complaints_look_guard ON complaints_look;
            CREATE TRIGGER complaints_look_guard BEFORE INSERT OR UPDATE ON complaints_look
                FOR EACH ROW EXECUTE FUNCTION complaints_look_guard();
            """,
        ),
        migrations.RunSQL(
            """
            CREATE FUNCTION complaints_look_not_own() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF EXISTS (
                    SELECT FROM complaints_complaint above
                    JOIN people_user guest ON guest.id = above.complainant_id
                    JOIN account_emailaddress proved
                        ON lower(proved.email) = guest.guest_email AND proved.verified
                    WHERE above.id = NEW.complaint_id AND guest.guest_email <> ''
                    AND proved.user_id = NEW.taken_by_id
                ) THEN
                    PERFORM complaints_refuse('look_not_by_whom_it_is_about',
                        'nobody answers a complaint of their own, or about them');
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER complaints_look_not_own
                BEFORE INSERT OR UPDATE OF taken_by_id ON complaints_look
                FOR EACH ROW WHEN (NEW.taken_by_id IS NOT NULL)
                EXECUTE FUNCTION complaints_look_not_own();
            """,
            """
            DROP TRIGGER complaints_look_not_own ON complaints_look;
            DROP FUNCTION complaints_look_not_own();
            """,
        ),
    ]
