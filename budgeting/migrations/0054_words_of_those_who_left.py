"""What somebody appealed with, and answered to reviewers, goes with them."""

from django.db import migrations

# An appeal is made with a reason, which can only be blanked, when its person leaves.
SAYS_WHY = r"""
CREATE FUNCTION budgeting_appeal_says_why() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.reason <> '' THEN
        RAISE EXCEPTION 'an appeal says why'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'appeal_says_why';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER appeal_says_why BEFORE INSERT OR UPDATE OF reason ON budgeting_appeal
    FOR EACH ROW WHEN (NEW.reason !~ '\S') EXECUTE FUNCTION budgeting_appeal_says_why();
"""
SAYS_WHY_UNDONE = """
DROP TRIGGER appeal_says_why ON budgeting_appeal;
DROP FUNCTION budgeting_appeal_says_why();
"""
_FROZEN = """
DROP TRIGGER budgeting_changerequest_frozen ON budgeting_changerequest;
CREATE TRIGGER budgeting_changerequest_frozen BEFORE UPDATE ON budgeting_changerequest
    FOR EACH ROW WHEN (OLD.given_back_at IS NOT NULL AND (
        (NEW.proposal_id, NEW.asked_by_id, NEW.asked_at, NEW.words, NEW.given_back_at, NEW.due_at,
                NEW.taken_back_by_id)
            IS DISTINCT FROM (OLD.proposal_id, OLD.asked_by_id, OLD.asked_at, OLD.words,
                OLD.given_back_at, OLD.due_at, OLD.taken_back_by_id)
        OR NEW.answer IS DISTINCT FROM OLD.answer {unless}
    )) EXECUTE FUNCTION budgeting_changerequest_frozen();
"""
# An answer stands, and can only be blanked, when its person leaves.
MAY_BE_BLANKED = _FROZEN.format(unless="AND NEW.answer <> ''")
NEVER_BLANKED = _FROZEN.format(unless="")
# Of those who have left already. May be run again.
FORGET = """
UPDATE budgeting_appeal a SET reason = '' FROM people_user u
    WHERE u.id = a.by_id AND u.erased_at IS NOT NULL AND a.reason <> '';
UPDATE budgeting_changerequest c SET answer = ''
    FROM audit_event e JOIN people_user u ON u.id = e.actor_id
    WHERE e.target_type = 'budgeting.proposal' AND e.verb = 'review.given_back'
    AND u.erased_at IS NOT NULL AND c.id = (e.data ->> 'request')::bigint AND c.answer <> '';
"""
SAID_AGAIN = "UPDATE budgeting_appeal SET reason = '-' WHERE reason = '';"


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_first_tables"),
        ("people", "0008_erased_people"),
        ("budgeting", "0053_moves_of_phases"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="appeal", name="appeal_says_why"),
        # After it, and so before it on the way back: the constraint takes no row without words.
        migrations.RunSQL(migrations.RunSQL.noop, SAID_AGAIN),
        migrations.RunSQL(SAYS_WHY, SAYS_WHY_UNDONE),
        migrations.RunSQL(MAY_BE_BLANKED, NEVER_BLANKED),
        migrations.RunSQL(FORGET, migrations.RunSQL.noop),
    ]
