from django.db import migrations

# A campaign's row does not say who reviewed or moderated it: the trail does, in the same
# transaction, and so refusing the event refuses the act.
CONCERNED = """
CREATE FUNCTION pledges_of_team(campaign bigint, person bigint) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM pledges_campaign c WHERE c.id = campaign
        AND (c.creator_id = person OR projects_written_by(c.project_id, person)))
$$;
CREATE FUNCTION pledges_campaign_by_no_team() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF pledges_of_team(
        CASE WHEN NEW.target_type = 'pledges.campaign' THEN NEW.target_id
             ELSE NEW.data ->> 'campaign' END::bigint,
        NEW.actor_id
    ) THEN
        RAISE EXCEPTION 'nobody judges the campaign of their own team'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'campaign_by_no_team';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER campaign_by_no_team AFTER INSERT ON audit_event FOR EACH ROW
    WHEN (NEW.actor_id IS NOT NULL AND NEW.verb IN (
        'campaign.approved', 'campaign.changes_requested', 'campaign.suspended', 'campaign.live',
        'campaign_report.handled'))
    EXECUTE FUNCTION pledges_campaign_by_no_team();
"""
NOT_CONCERNED = """
DROP TRIGGER campaign_by_no_team ON audit_event;
DROP FUNCTION pledges_campaign_by_no_team();
DROP FUNCTION pledges_of_team(bigint, bigint);
"""

# As of what is said of projects: of a campaign and its updates by nobody of its team.
SAID = """
CREATE FUNCTION pledges_hiding_by_no_team() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    judge bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        judge := NEW.hidden_by_id;
    ELSIF NEW.decided_by_id IS DISTINCT FROM OLD.decided_by_id THEN
        judge := NEW.decided_by_id;
    ELSIF NEW.lifted_by_id IS DISTINCT FROM OLD.lifted_by_id THEN
        judge := NEW.lifted_by_id;
    END IF;
    IF judge IS NOT NULL AND EXISTS (
        SELECT FROM talk_comment c JOIN talk_thread t ON t.id = c.thread_id
            LEFT JOIN pledges_campaignupdate u ON t.kind = 'update' AND u.id = t.subject_id
        WHERE c.id = NEW.comment_id AND t.kind IN ('campaign', 'update')
            AND pledges_of_team(coalesce(u.campaign_id, t.subject_id), judge)
    ) THEN
        RAISE EXCEPTION 'nobody judges what is said of the campaign of their own team'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'hiding_by_no_team';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER hiding_by_no_team AFTER INSERT OR UPDATE OF decided_by_id, lifted_by_id
    ON talk_hiding FOR EACH ROW EXECUTE FUNCTION pledges_hiding_by_no_team();
"""
NOT_SAID = """
DROP TRIGGER hiding_by_no_team ON talk_hiding;
DROP FUNCTION pledges_hiding_by_no_team();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("pledges", "0028_kept_for_backers"),
        ("audit", "0006_roles_lapse"),
        ("projects", "0022_written_by"),
        ("talk", "0016_judged_by_no_author"),
    ]

    operations = [
        migrations.RunSQL(CONCERNED, NOT_CONCERNED),
        migrations.RunSQL(SAID, NOT_SAID),
    ]
