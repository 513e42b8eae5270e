"""Once voting has begun no review is given any more: it would decide nothing."""

from django.db import migrations

# By the clock, as the ballot is fixed by it. What was given before stays as it is.
IN_TIME = """
CREATE FUNCTION budgeting_review_given_in_time() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.given_at IS NOT NULL THEN
        RETURN NEW;
    END IF;
    IF EXISTS (
        SELECT FROM budgeting_proposal proposal
            JOIN budgeting_cycle cycle ON cycle.id = proposal.cycle_id
            LEFT JOIN budgeting_phase voting
                ON voting.cycle_id = cycle.id AND voting.kind = 'balloting'
        WHERE proposal.id = NEW.proposal_id AND (
            cycle.state NOT IN ('draft', 'open')
            OR cycle.state = 'open' AND voting.starts_at <= clock_timestamp()
        )
    ) THEN
        RAISE EXCEPTION 'voting on proposal % has begun, or its cycle is over', NEW.proposal_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'review_given_in_time';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_given_in_time BEFORE INSERT OR UPDATE OF given_at ON budgeting_review
    FOR EACH ROW WHEN (NEW.given_at IS NOT NULL)
    EXECUTE FUNCTION budgeting_review_given_in_time();
"""
IN_TIME_UNDONE = """
DROP TRIGGER review_given_in_time ON budgeting_review;
DROP FUNCTION budgeting_review_given_in_time();
"""


class Migration(migrations.Migration):
    dependencies = [("budgeting", "0054_words_of_those_who_left")]

    operations = [migrations.RunSQL(IN_TIME, IN_TIME_UNDONE)]
