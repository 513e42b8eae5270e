from django.db import migrations

# What treasurers set aside for a vote is a pair of memo postings for each agreement of two people,
# while the vote is a draft; what is awarded of it, one for each award. It is never below zero.
SET_ASIDE = """
CREATE FUNCTION budgeting_set_aside_as_agreed() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    cycle bigint;
    agreed bigint;
BEGIN
    IF NEW.kind = 'appropriated' THEN
        SELECT r.target_id::bigint, (r.parameters->>'amount_minor')::bigint INTO cycle, agreed
            FROM audit_actrequest r JOIN audit_approval a ON a.request_id = r.id
            WHERE r.id::text = NEW.source_id AND r.act = 'cycle.appropriate'
                AND r.target_type = 'budgeting.cycle' AND NEW.source_type = 'appropriation';
        PERFORM FROM budgeting_cycle c WHERE c.id = cycle FOR SHARE;
        IF NOT EXISTS (SELECT FROM budgeting_cycle c WHERE c.id = cycle AND c.state = 'draft') THEN
            cycle := NULL;
        END IF;
    ELSE
        SELECT o.cycle_id, -o.cost_minor INTO cycle, agreed FROM budgeting_option o
            JOIN ledger_entry award ON award.source_type = NEW.source_type
                AND award.source_id = NEW.source_id AND award.kind = 'award'
            WHERE o.id::text = NEW.source_id AND NEW.source_type = 'budgeting.option';
    END IF;
    IF cycle IS NULL OR NOT EXISTS (
        SELECT FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id
        WHERE p.entry_id = NEW.id AND a.code = 'memo:appropriated/' || cycle
            AND p.amount_minor = agreed AND NEW.legs = 2
    ) THEN
        RAISE EXCEPTION 'entry %: not what two treasurers set aside, or what a vote awarded', NEW.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'set_aside_as_agreed';
    END IF;
    IF (SELECT sum(p.amount_minor) FROM ledger_posting p JOIN ledger_account a
            ON a.id = p.account_id WHERE a.code = 'memo:appropriated/' || cycle) < 0 THEN
        RAISE EXCEPTION 'less than nothing is set aside for vote %', cycle
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'set_aside_not_negative';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER set_aside_as_agreed AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.kind IN ('appropriated', 'appropriation_used'))
    EXECUTE FUNCTION budgeting_set_aside_as_agreed();
"""
SET_ASIDE_UNDONE = """
DROP TRIGGER set_aside_as_agreed ON ledger_entry;
DROP FUNCTION budgeting_set_aside_as_agreed();
"""

# Where the books say what is set aside for a vote, its pots take no more. By its name it is asked
# before the trigger that wants two people.
WITHIN = """
CREATE FUNCTION budgeting_cycle_has_money() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    aside bigint := (SELECT sum(p.amount_minor) FROM ledger_posting p
        JOIN ledger_account a ON a.id = p.account_id
        WHERE a.code = 'memo:appropriated/' || NEW.id);
    taken bigint := (SELECT sum(pot.amount_minor) FROM budgeting_pot pot
        WHERE pot.cycle_id = NEW.id);
BEGIN
    IF aside IS NOT NULL AND taken > aside THEN
        RAISE EXCEPTION 'the pots take %, and % is set aside for them', taken, aside
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'cycle_within_set_aside';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER budgeting_cycle_has_money BEFORE UPDATE OF state ON budgeting_cycle
    FOR EACH ROW WHEN (OLD.state = 'draft' AND NEW.state = 'open')
    EXECUTE FUNCTION budgeting_cycle_has_money();
"""
WITHIN_UNDONE = """
DROP TRIGGER budgeting_cycle_has_money ON budgeting_cycle;
DROP FUNCTION budgeting_cycle_has_money();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("budgeting", "0044_supports_from"),
        ("audit", "0007_approvals_of_now"),
        ("ledger", "0002_guards"),
    ]

    operations = [
        migrations.RunSQL(SET_ASIDE, SET_ASIDE_UNDONE),
        migrations.RunSQL(WITHIN, WITHIN_UNDONE),
    ]
