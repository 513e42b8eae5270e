"""Nothing comes off a ballot as voting begins: those who read it then vote on what they read."""

from django.db import migrations

GONE = """
CREATE OR REPLACE FUNCTION budgeting_option_gone() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM budgeting_proposal proposal
        WHERE proposal.id = OLD.proposal_id AND proposal.state = 'on_ballot' AND NOT EXISTS (
            SELECT FROM budgeting_option option WHERE option.proposal_id = proposal.id)
    ) OR (
        SELECT max(option.position) >= count(*) FROM budgeting_option option
        WHERE option.pot_id = OLD.pot_id
    ) THEN
        RAISE EXCEPTION 'a line is gone, and its proposal or its place is still on the ballot'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'option_gone_whole';
    END IF;
    -- and in time
    RETURN NULL;
END $$;
"""
# As the transaction ends, however long it took.
IN_TIME = """IF EXISTS (
        SELECT FROM budgeting_cycle cycle
        JOIN budgeting_phase voting ON voting.cycle_id = cycle.id AND voting.kind = 'balloting'
        WHERE cycle.id = OLD.cycle_id AND cycle.state <> 'draft'
            AND clock_timestamp() >= voting.starts_at - interval '10 seconds'
    ) THEN
        RAISE EXCEPTION 'voting begins: nothing comes off the ballot of cycle %', OLD.cycle_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'option_gone_in_time';
    END IF;"""


class Migration(migrations.Migration):
    dependencies = [("budgeting", "0046_off_ballots_and_out")]

    operations = [migrations.RunSQL(GONE.replace("-- and in time", IN_TIME), GONE)]
