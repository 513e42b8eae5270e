from django.db import migrations

from civicfund.audit.constraints import frozen_columns

# What was said in a review stays; only its internal notes may go, with whom they are about. A
# review is given while the proposal waits for it, by somebody who is not its proposer.
REVIEWS = """
CREATE FUNCTION budgeting_review_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.given_at IS NULL
            OR to_jsonb(NEW) - 'notes' = to_jsonb(OLD) - 'notes') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a review that was given is kept'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'review_kept';
END $$;
CREATE TRIGGER review_kept BEFORE UPDATE OR DELETE ON budgeting_review
    FOR EACH ROW EXECUTE FUNCTION budgeting_review_kept();

CREATE FUNCTION budgeting_review_given() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    proposal budgeting_proposal%ROWTYPE;
BEGIN
    IF NEW.given_at IS NULL OR TG_OP = 'UPDATE' AND OLD.given_at IS NOT NULL THEN
        RETURN NULL;
    END IF;
    SELECT * INTO proposal FROM budgeting_proposal WHERE id = NEW.proposal_id;
    IF NEW.reviewer_id = (
        SELECT project.proposer_id FROM projects_project project WHERE project.id = proposal.project_id
    ) THEN
        RAISE EXCEPTION 'nobody reviews their own project'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'review_by_somebody_else';
    END IF;
    IF NOT (
        NEW.kind = 'first' AND proposal.state = 'submitted'
        OR NEW.kind = 'second' AND proposal.state = 'submitted' AND EXISTS (
            SELECT FROM budgeting_review first WHERE first.proposal_id = proposal.id
                AND first.kind = 'first' AND first.given_at IS NOT NULL)
        OR NEW.kind = 'appeal' AND proposal.state = 'not_feasible' AND EXISTS (
            SELECT FROM budgeting_appeal appeal WHERE appeal.proposal_id = proposal.id
                AND appeal.published_with_id IS NULL)
    ) OR EXISTS (
        SELECT FROM budgeting_changerequest asked
            WHERE asked.proposal_id = proposal.id AND asked.given_back_at IS NULL
    ) THEN
        RAISE EXCEPTION 'a % review is not what the proposal waits for', NEW.kind
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'review_in_order';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER review_given AFTER INSERT OR UPDATE OF given_at ON budgeting_review
    FOR EACH ROW EXECUTE FUNCTION budgeting_review_given();
"""
REVIEWS_UNDONE = """
DROP TRIGGER review_given ON budgeting_review;
DROP FUNCTION budgeting_review_given();
DROP TRIGGER review_kept ON budgeting_review;
DROP FUNCTION budgeting_review_kept();
"""

# Once it has passed, nobody moves the instant. Before the cycle opens nobody outside sees
# anything, so that then it may be at once.
INSTANT = """
CREATE FUNCTION budgeting_verdicts_ahead() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    announced boolean := (SELECT state <> 'draft' FROM budgeting_cycle WHERE id = NEW.cycle_id);
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.cycle_id, NEW.at, NEW.appeals_until)
            = (OLD.cycle_id, OLD.at, OLD.appeals_until) THEN
        RETURN NEW;
    END IF;
    IF announced AND NEW.at < clock_timestamp()
            OR TG_OP = 'UPDATE' AND OLD.at <= clock_timestamp() THEN
        RAISE EXCEPTION 'verdicts are published at an instant to come'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'verdicts_ahead';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER verdicts_ahead BEFORE INSERT OR UPDATE ON budgeting_verdictpublication
    FOR EACH ROW EXECUTE FUNCTION budgeting_verdicts_ahead();
"""
INSTANT_UNDONE = """
DROP TRIGGER verdicts_ahead ON budgeting_verdictpublication;
DROP FUNCTION budgeting_verdicts_ahead();
"""

# A verdict is public as the last review says, after the instant, and a no only by two reviewers.
MOVES = """
CREATE FUNCTION budgeting_proposal_moves() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said budgeting_review%ROWTYPE;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'submitted' THEN
            RAISE EXCEPTION 'a proposal starts as submitted'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'proposal_moves';
        END IF;
        RETURN NULL;
    END IF;
    IF NEW.state = OLD.state THEN
        RETURN NULL;
    END IF;
    IF (OLD.state, NEW.state) NOT IN (('submitted', 'feasible'), ('submitted', 'not_feasible'),
            ('not_feasible', 'feasible'), ('feasible', 'on_ballot'), ('on_ballot', 'selected'),
            ('on_ballot', 'not_selected')) THEN
        RAISE EXCEPTION 'no move leads a proposal from % to %', OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'proposal_moves';
    END IF;
    IF NEW.state NOT IN ('feasible', 'not_feasible') THEN
        RETURN NULL;
    END IF;
    IF NEW.published_with_id IS NOT DISTINCT FROM OLD.published_with_id OR NOT EXISTS (
        SELECT FROM budgeting_verdictpublication publication
        WHERE publication.id = NEW.published_with_id AND publication.cycle_id = NEW.cycle_id
            AND publication.at <= clock_timestamp()
    ) THEN
        RAISE EXCEPTION 'verdicts are published together, at their instant'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'verdicts_together';
    END IF;
    SELECT * INTO said FROM budgeting_review review
        WHERE review.proposal_id = NEW.id AND review.given_at IS NOT NULL
        ORDER BY review.given_at DESC, review.id DESC LIMIT 1;
    IF said.id IS NULL OR (said.feasible AND said.lawful) <> (NEW.state = 'feasible')
            OR said.reason <> NEW.reason
            OR OLD.state = 'not_feasible' AND said.kind <> 'appeal'
            OR EXISTS (SELECT FROM budgeting_review review
                WHERE review.proposal_id = NEW.id AND review.given_at IS NULL) THEN
        RAISE EXCEPTION 'a verdict is what the last review says'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'verdict_as_reviewed';
    END IF;
    IF NEW.state = 'not_feasible' AND said.kind = 'first' THEN
        RAISE EXCEPTION 'a no takes two reviewers'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'verdict_no_takes_two';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER proposal_moves AFTER INSERT OR UPDATE OF state ON budgeting_proposal
    FOR EACH ROW EXECUTE FUNCTION budgeting_proposal_moves();
"""
MOVES_UNDONE = """
DROP TRIGGER proposal_moves ON budgeting_proposal;
DROP FUNCTION budgeting_proposal_moves();
"""

# By the proposer, of a no that is public, and within the days given with it.
APPEALS = """
CREATE FUNCTION budgeting_appeal_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM budgeting_proposal proposal
            JOIN projects_project project ON project.id = proposal.project_id
            JOIN budgeting_verdictpublication publication
                ON publication.id = proposal.published_with_id
        WHERE proposal.id = NEW.proposal_id AND proposal.state = 'not_feasible'
            AND project.proposer_id = NEW.by_id AND clock_timestamp() < publication.appeals_until
    ) THEN
        RAISE EXCEPTION 'an appeal is made by the proposer, of a public no, in time'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'appeal_in_time';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER appeal_in_time BEFORE INSERT ON budgeting_appeal
    FOR EACH ROW EXECUTE FUNCTION budgeting_appeal_in_time();
"""
APPEALS_UNDONE = """
DROP TRIGGER appeal_in_time ON budgeting_appeal;
DROP FUNCTION budgeting_appeal_in_time();
"""

# Proposals that were waiting before there were reviews wait for their first one.
WAITING = """
INSERT INTO budgeting_review (proposal_id, kind, reason, notes)
SELECT proposal.id, 'first', '', '' FROM budgeting_proposal proposal
WHERE proposal.state = 'submitted' AND NOT EXISTS (
    SELECT FROM budgeting_review review WHERE review.proposal_id = proposal.id);
"""


class Migration(migrations.Migration):
    dependencies = [("budgeting", "0021_reviews"), ("projects", "0002_whole_points")]

    operations = [
        migrations.RunSQL(REVIEWS, REVIEWS_UNDONE),
        migrations.RunSQL(INSTANT, INSTANT_UNDONE),
        migrations.RunSQL(MOVES, MOVES_UNDONE),
        migrations.RunSQL(APPEALS, APPEALS_UNDONE),
        frozen_columns(
            "budgeting_changerequest",
            ["proposal_id", "asked_by_id", "asked_at", "words", "answer", "given_back_at"],
            once="OLD.given_back_at IS NOT NULL",
        ),
        migrations.RunSQL(WAITING, migrations.RunSQL.noop),
    ]
