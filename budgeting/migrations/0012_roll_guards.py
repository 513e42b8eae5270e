from django.db import migrations

from civicfund.audit.constraints import append_only

FACTS = ("budgeting_eligibility", "budgeting_eligibility_places", "budgeting_rollbatch")

# Lines come onto a roll with a batch that two people agreed to, until voting ends; from the start
# of voting on none is changed or taken away.
ROLL_IN_TIME = """
ALTER TABLE budgeting_rollentry ADD CONSTRAINT roll_entry_batch_of_its_cycle
    FOREIGN KEY (batch_id, cycle_id) REFERENCES budgeting_rollbatch (id, cycle_id);
DROP TRIGGER roll_frozen_when_voting ON budgeting_rollentry;
CREATE TRIGGER roll_frozen_when_voting
    BEFORE DELETE OR UPDATE OF cycle_id, person_key, place_id, batch_id ON budgeting_rollentry
    FOR EACH ROW EXECUTE FUNCTION budgeting_during_preparation('until voting');
CREATE FUNCTION budgeting_roll_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    state text;
BEGIN
    IF NEW.batch_id IS NULL THEN
        RAISE EXCEPTION 'a line of the roll takes two people'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'roll_needs_two_people';
    END IF;
    SELECT c.state INTO state FROM budgeting_cycle c WHERE c.id = NEW.cycle_id FOR SHARE;
    IF state = 'draft' OR state = 'open' AND clock_timestamp() < (
        SELECT p.ends_at FROM budgeting_phase p
        WHERE p.cycle_id = NEW.cycle_id AND p.kind = 'balloting'
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the roll can no longer grow: the cycle is %', state
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'roll_in_time';
END $$;
CREATE TRIGGER roll_in_time BEFORE INSERT ON budgeting_rollentry
    FOR EACH ROW EXECUTE FUNCTION budgeting_roll_in_time();
"""
ROLL_IN_TIME_UNDONE = """
DROP TRIGGER roll_in_time ON budgeting_rollentry;
DROP FUNCTION budgeting_roll_in_time();
DROP TRIGGER roll_frozen_when_voting ON budgeting_rollentry;
CREATE TRIGGER roll_frozen_when_voting BEFORE INSERT OR DELETE
        OR UPDATE OF cycle_id, person_key, place_id ON budgeting_rollentry
    FOR EACH ROW EXECUTE FUNCTION budgeting_during_preparation('until voting');
ALTER TABLE budgeting_rollentry DROP CONSTRAINT roll_entry_batch_of_its_cycle;
"""

# A batch, and codes, are what somebody asked for and somebody else agreed to, for this cycle.
TWO_PEOPLE = """
CREATE FUNCTION budgeting_agreed_to(approval bigint, needed text, cycle bigint) RETURNS boolean
    LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM audit_approval a JOIN audit_actrequest r ON r.id = a.request_id
        WHERE a.id = approval AND r.act = needed AND r.target_type = 'budgeting.cycle'
            AND r.target_id = cycle::text
    )
$$;
CREATE FUNCTION budgeting_batch_agreed_to() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT budgeting_agreed_to(NEW.approval_id, 'cycle.roll', NEW.cycle_id) THEN
        RAISE EXCEPTION 'the roll of a cycle grows as two people agreed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'roll_needs_two_people';
    END IF;
    NEW.late := (SELECT state <> 'draft' FROM budgeting_cycle WHERE id = NEW.cycle_id);
    RETURN NEW;
END $$;
CREATE TRIGGER batch_agreed_to BEFORE INSERT ON budgeting_rollbatch
    FOR EACH ROW EXECUTE FUNCTION budgeting_batch_agreed_to();
CREATE FUNCTION budgeting_code_agreed_to() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT budgeting_agreed_to(NEW.approval_id, 'cycle.letters',
            (SELECT cycle_id FROM budgeting_rollentry WHERE id = NEW.entry_id)) THEN
        RAISE EXCEPTION 'codes of a cycle are made as two people agreed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'code_needs_two_people';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER code_agreed_to BEFORE INSERT ON budgeting_postedcode
    FOR EACH ROW EXECUTE FUNCTION budgeting_code_agreed_to();
CREATE FUNCTION budgeting_code_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL
            AND (NEW.id, NEW.entry_id, NEW.approval_id, NEW.code_hash, NEW.made_at)
                = (OLD.id, OLD.entry_id, OLD.approval_id, OLD.code_hash, OLD.made_at) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a posted code is revoked once, and otherwise kept'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'posted_code_kept';
END $$;
CREATE TRIGGER code_kept BEFORE UPDATE OR DELETE ON budgeting_postedcode
    FOR EACH ROW EXECUTE FUNCTION budgeting_code_kept();
CREATE TRIGGER eligibility_frozen_when_opened BEFORE INSERT ON budgeting_eligibility
    FOR EACH ROW EXECUTE FUNCTION budgeting_during_preparation('draft');
"""
TWO_PEOPLE_UNDONE = """
DROP TRIGGER eligibility_frozen_when_opened ON budgeting_eligibility;
DROP TRIGGER code_kept ON budgeting_postedcode;
DROP FUNCTION budgeting_code_kept();
DROP TRIGGER code_agreed_to ON budgeting_postedcode;
DROP FUNCTION budgeting_code_agreed_to();
DROP TRIGGER batch_agreed_to ON budgeting_rollbatch;
DROP FUNCTION budgeting_batch_agreed_to();
DROP FUNCTION budgeting_agreed_to(bigint, text, bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("budgeting", "0011_roll")]

    operations = [
        *(append_only(table) for table in FACTS),
        migrations.RunSQL(ROLL_IN_TIME, ROLL_IN_TIME_UNDONE),
        migrations.RunSQL(TWO_PEOPLE, TWO_PEOPLE_UNDONE),
    ]
