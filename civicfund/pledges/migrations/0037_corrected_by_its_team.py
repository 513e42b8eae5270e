from django.db import migrations

# What is official below an update is its correction: by whoever runs the campaign, or wrote the
# update and still is of the team. Nor does anybody who left edit what they wrote just before.
BY_TEAM = """
CREATE FUNCTION pledges_correction_by_team() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM pledges_campaignupdate u
            JOIN pledges_campaign c ON c.id = u.campaign_id
            JOIN talk_comment words ON words.id = u.words_id
        WHERE u.words_id = NEW.parent_id AND c.creator_id <> NEW.author_id AND NOT (
            words.author_id IS NOT DISTINCT FROM NEW.author_id
            AND projects_written_by(c.project_id, NEW.author_id))
    ) THEN
        RAISE EXCEPTION 'an update is corrected by who wrote it and is of the team, or runs it all'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'correction_by_its_team';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER correction_by_its_team BEFORE INSERT ON talk_comment FOR EACH ROW
    WHEN (NEW.is_official AND NEW.author_id IS NOT NULL)
    EXECUTE FUNCTION pledges_correction_by_team();
CREATE FUNCTION pledges_update_edited_by_team() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM pledges_campaignupdate u
        WHERE u.words_id = CASE WHEN NEW.is_official THEN NEW.parent_id ELSE NEW.id END
            AND NOT pledges_of_team(u.campaign_id, NEW.author_id)
    ) THEN
        RAISE EXCEPTION 'an update is edited by who is of the team'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'update_edited_by_its_team';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER update_edited_by_its_team BEFORE UPDATE OF body ON talk_comment FOR EACH ROW
    WHEN (NEW.author_id IS NOT NULL AND NEW.body <> '' AND NEW.body IS DISTINCT FROM OLD.body)
    EXECUTE FUNCTION pledges_update_edited_by_team();
"""
UNDO = """
DROP TRIGGER update_edited_by_its_team ON talk_comment;
DROP FUNCTION pledges_update_edited_by_team();
DROP TRIGGER correction_by_its_team ON talk_comment;
DROP FUNCTION pledges_correction_by_team();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("pledges", "0036_rewards_stay"),
        ("projects", "0022_written_by"),
        ("talk", "0024_pauses"),
    ]

    operations = [migrations.RunSQL(BY_TEAM, UNDO)]
