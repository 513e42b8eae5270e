from django.db import migrations

# Whoever writes a project with its proposer may appeal as well.
APPEALS = """
CREATE OR REPLACE FUNCTION budgeting_appeal_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM budgeting_proposal proposal
            JOIN projects_project project ON project.id = proposal.project_id
            JOIN budgeting_verdictpublication publication
                ON publication.id = proposal.published_with_id
        WHERE proposal.id = NEW.proposal_id AND proposal.state = 'not_feasible'
            AND (project.proposer_id = NEW.by_id OR EXISTS (
                SELECT FROM projects_coauthor author
                WHERE author.project_id = project.id AND author.user_id = NEW.by_id))
            AND clock_timestamp() < publication.appeals_until
    ) THEN
        RAISE EXCEPTION 'an appeal is made by an author, of a public no, in time'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'appeal_in_time';
    END IF;
    RETURN NEW;
END $$;
"""
APPEALS_UNDONE = """
CREATE OR REPLACE FUNCTION budgeting_appeal_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""

# Nor do they review it.
REVIEWS = """
CREATE FUNCTION budgeting_review_by_no_author() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM projects_coauthor author
            JOIN budgeting_proposal proposal ON proposal.project_id = author.project_id
        WHERE proposal.id = NEW.proposal_id AND author.user_id = NEW.reviewer_id
    ) THEN
        RAISE EXCEPTION 'nobody reviews what they write'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'review_by_no_author';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER review_by_no_author AFTER INSERT OR UPDATE OF given_at ON budgeting_review
    FOR EACH ROW WHEN (NEW.given_at IS NOT NULL)
    EXECUTE FUNCTION budgeting_review_by_no_author();
"""
REVIEWS_UNDONE = """
DROP TRIGGER review_by_no_author ON budgeting_review;
DROP FUNCTION budgeting_review_by_no_author();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("budgeting", "0024_support_guards"),
        ("projects", "0004_co_authors"),
    ]

    operations = [
        migrations.RunSQL(APPEALS, APPEALS_UNDONE),
        migrations.RunSQL(REVIEWS, REVIEWS_UNDONE),
    ]
