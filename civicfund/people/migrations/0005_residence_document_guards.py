from django.db import migrations

# A document is decided by two officers, once; its day never moves. A home that a document proves
# has a document that two officers accepted.
TWO_OFFICERS = """
CREATE FUNCTION people_document_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.outcome <> '' THEN
            RAISE EXCEPTION 'a document is decided after it was sent'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'residence_document_moves';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.residency_id, NEW.kind, NEW.size, NEW.sent_at, NEW.delete_after)
            IS DISTINCT FROM
            (OLD.id, OLD.residency_id, OLD.kind, OLD.size, OLD.sent_at, OLD.delete_after)
            OR OLD.outcome <> '' AND (NEW.outcome, NEW.decided_at)
                IS DISTINCT FROM (OLD.outcome, OLD.decided_at)
            OR OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS DISTINCT FROM OLD.deleted_at THEN
        RAISE EXCEPTION 'a document is decided once, and its day does not move'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'residence_document_moves';
    END IF;
    IF OLD.outcome = '' AND NEW.outcome IN ('accepted', 'refused') AND NOT EXISTS (
        SELECT FROM audit_approval a JOIN audit_actrequest r ON r.id = a.request_id
        WHERE r.act = 'residence_document.decide'
            AND r.target_type = 'people.residencedocument' AND r.target_id = NEW.id::text
            AND (r.parameters ->> 'finding' = 'shows') = (NEW.outcome = 'accepted')
    ) THEN
        RAISE EXCEPTION 'two officers decide on a document'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'residence_document_two_officers';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER people_document_moves BEFORE INSERT OR UPDATE ON people_residencedocument
    FOR EACH ROW EXECUTE FUNCTION people_document_moves();
CREATE FUNCTION people_residency_by_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM people_residencedocument d
        WHERE d.residency_id = NEW.id AND d.outcome = 'accepted'
    ) THEN
        RAISE EXCEPTION 'no two officers accepted a document for this home'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'residency_document_two_officers';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER people_residency_by_document BEFORE INSERT OR UPDATE OF proof ON people_residency
    FOR EACH ROW WHEN (NEW.proof = 'document') EXECUTE FUNCTION people_residency_by_document();
"""
TWO_OFFICERS_UNDONE = """
DROP TRIGGER people_residency_by_document ON people_residency;
DROP FUNCTION people_residency_by_document();
DROP TRIGGER people_document_moves ON people_residencedocument;
DROP FUNCTION people_document_moves();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0003_guards"),
        ("people", "0004_residence_documents"),
    ]

    operations = [migrations.RunSQL(TWO_OFFICERS, TWO_OFFICERS_UNDONE)]
