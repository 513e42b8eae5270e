from django.db import migrations

from civicfund.audit.constraints import append_only

# Supports are counted once supporting is over, and not before.
COUNTED = """
CREATE FUNCTION budgeting_supports_over() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT COALESCE((
        SELECT max(phase.ends_at) <= clock_timestamp() FROM budgeting_phase phase
            JOIN budgeting_proposal proposal ON proposal.cycle_id = phase.cycle_id
        WHERE proposal.id = NEW.proposal_id AND phase.kind = 'supporting'
    ), false) THEN
        RAISE EXCEPTION 'supports are counted when supporting is over'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'supports_counted_when_over';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER supports_counted_when_over BEFORE INSERT ON budgeting_supportcount
    FOR EACH ROW EXECUTE FUNCTION budgeting_supports_over();
"""
COUNTED_UNDONE = """
DROP TRIGGER supports_counted_when_over ON budgeting_supportcount;
DROP FUNCTION budgeting_supports_over();
"""

# What is short of supports gets no line on the ballot, and what was needed does not move below
# a line that is there.
NEEDED = """
CREATE FUNCTION budgeting_option_supported() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    needed integer := (SELECT pot.supports_needed FROM budgeting_pot pot WHERE pot.id = NEW.pot_id);
BEGIN
    IF needed > 0 AND NEW.proposal_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM budgeting_supportcount kept
        WHERE kept.proposal_id = NEW.proposal_id AND kept.people >= needed
    ) THEN
        RAISE EXCEPTION 'a proposal short of the % supports it needs', needed
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'option_supported';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER option_supported BEFORE INSERT OR UPDATE OF pot_id, proposal_id
    ON budgeting_option FOR EACH ROW EXECUTE FUNCTION budgeting_option_supported();

CREATE FUNCTION budgeting_supports_needed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM budgeting_option option WHERE option.pot_id = NEW.id) THEN
        RAISE EXCEPTION 'the supports needed stay: options are on the ballot'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'supports_needed_before_options';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER supports_needed_before_options BEFORE UPDATE OF supports_needed ON budgeting_pot
    FOR EACH ROW WHEN (NEW.supports_needed <> OLD.supports_needed)
    EXECUTE FUNCTION budgeting_supports_needed();
"""
NEEDED_UNDONE = """
DROP TRIGGER supports_needed_before_options ON budgeting_pot;
DROP FUNCTION budgeting_supports_needed();
DROP TRIGGER option_supported ON budgeting_option;
DROP FUNCTION budgeting_option_supported();
"""

# Who opens a cycle that needs supports gives people the time for them, before voting. By its name
# it is asked before the trigger that wants two people.
TIME = """
CREATE FUNCTION budgeting_cycle_gives_time_for_supports() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM budgeting_pot pot WHERE pot.cycle_id = NEW.id AND pot.supports_needed > 0
    ) AND NOT COALESCE((
        SELECT max(phase.ends_at) FILTER (WHERE phase.kind = 'supporting')
            < min(phase.starts_at) FILTER (WHERE phase.kind = 'balloting')
        FROM budgeting_phase phase WHERE phase.cycle_id = NEW.id
    ), false) THEN
        RAISE EXCEPTION 'a cycle that needs supports has a supporting phase before voting'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'cycle_gives_time_for_supports';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER budgeting_cycle_gives_time BEFORE UPDATE OF state ON budgeting_cycle
    FOR EACH ROW WHEN (OLD.state = 'draft' AND NEW.state = 'open')
    EXECUTE FUNCTION budgeting_cycle_gives_time_for_supports();
"""
TIME_UNDONE = """
DROP TRIGGER budgeting_cycle_gives_time ON budgeting_cycle;
DROP FUNCTION budgeting_cycle_gives_time_for_supports();
"""


class Migration(migrations.Migration):
    dependencies = [("budgeting", "0023_supports")]

    operations = [
        append_only("budgeting_supportcount"),
        migrations.RunSQL(COUNTED, COUNTED_UNDONE),
        migrations.RunSQL(NEEDED, NEEDED_UNDONE),
        migrations.RunSQL(TIME, TIME_UNDONE),
    ]
