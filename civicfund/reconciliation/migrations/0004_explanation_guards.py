from django.db import migrations

from civicfund.audit.constraints import frozen_columns

# The books are corrected by two people: one asks, another approves that very amount. It begins
# waiting, or explained in words alone; it moves as it may, and is never deleted.
GUARDS = """
CREATE FUNCTION reconciliation_explanation_two_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM audit_actrequest r JOIN audit_approval a ON a.request_id = r.id
                   WHERE r.act = 'correct_books'
                   AND r.target_type = 'reconciliation.explanation'
                   AND r.target_id = NEW.id::text AND r.requested_by_id = NEW.requested_by_id
                   AND r.parameters ->> 'corrected_minor' = NEW.corrected_minor::text) THEN
        RAISE EXCEPTION 'correction %: a second person has to approve it', NEW.id
            USING ERRCODE = 'check_violation',
            CONSTRAINT = 'reconciliation_explanation_two_people';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER reconciliation_explanation_two_people
    BEFORE INSERT OR UPDATE ON reconciliation_explanation
    FOR EACH ROW WHEN (NEW.state = 'accepted' AND NEW.corrected_minor <> 0)
    EXECUTE FUNCTION reconciliation_explanation_two_people();

CREATE FUNCTION reconciliation_explanation_refused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'explanation %: it moves as it may, and is never deleted', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'reconciliation_explanation_kept';
END $$;
CREATE TRIGGER reconciliation_explanation_moves BEFORE UPDATE ON reconciliation_explanation
    FOR EACH ROW WHEN (OLD.state <> 'waiting' AND NEW.state <> OLD.state)
    EXECUTE FUNCTION reconciliation_explanation_refused();
CREATE TRIGGER reconciliation_explanation_kept BEFORE DELETE ON reconciliation_explanation
    FOR EACH ROW EXECUTE FUNCTION reconciliation_explanation_refused();
"""
FREE = """
DROP TRIGGER reconciliation_explanation_two_people ON reconciliation_explanation;
DROP FUNCTION reconciliation_explanation_two_people();
DROP TRIGGER reconciliation_explanation_moves ON reconciliation_explanation;
DROP TRIGGER reconciliation_explanation_kept ON reconciliation_explanation;
DROP FUNCTION reconciliation_explanation_refused();
"""


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0003_explanations"), ("audit", "0003_guards")]

    operations = [
        migrations.RunSQL(GUARDS, FREE),
        frozen_columns(
            "reconciliation_explanation",
            [
                "difference_id",
                "words",
                "corrected_minor",
                "currency",
                "requested_by_id",
                "created_at",
            ],
            once="TRUE",
        ),
    ]
