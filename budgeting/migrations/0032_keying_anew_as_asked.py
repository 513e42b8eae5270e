from django.db import migrations

# After the row has its number of keyings dropped: two people agreed to drop so many.
AS_ASKED = """
CREATE FUNCTION budgeting_keying_anew_as_asked() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM audit_approval a JOIN audit_actrequest r ON r.id = a.request_id
        WHERE a.id = NEW.approval_id AND (r.parameters ->> 'keyings')::integer = NEW.dropped
    ) THEN
        RAISE EXCEPTION 'as many keyings are dropped as were there when it was asked for'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'keying_anew_as_asked';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER keying_anew_as_asked AFTER INSERT ON budgeting_keyinganew
    FOR EACH ROW EXECUTE FUNCTION budgeting_keying_anew_as_asked();
"""
AS_ASKED_UNDONE = """
DROP TRIGGER keying_anew_as_asked ON budgeting_keyinganew;
DROP FUNCTION budgeting_keying_anew_as_asked();
"""


class Migration(migrations.Migration):
    dependencies = [("budgeting", "0031_functions_look_in_public")]

    operations = [migrations.RunSQL(AS_ASKED, AS_ASKED_UNDONE)]
