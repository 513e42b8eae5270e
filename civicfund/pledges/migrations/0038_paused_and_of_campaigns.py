from django.db import migrations

# Whoever is paused begins no campaign, sends none in, and adds no reward. Updates are owed to
# backers by whoever runs it, and by nobody else of the team.
SILENT = """
CREATE FUNCTION pledges_campaign_not_paused() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF talk_is_paused(NEW.creator_id) THEN
        RAISE EXCEPTION 'whoever is paused brings no campaign'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'campaign_while_paused';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER campaign_while_paused BEFORE INSERT ON pledges_campaign
    FOR EACH ROW EXECUTE FUNCTION pledges_campaign_not_paused();
CREATE TRIGGER campaign_sent_while_paused BEFORE UPDATE OF state ON pledges_campaign FOR EACH ROW
    WHEN (NEW.state = 'submitted' AND OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION pledges_campaign_not_paused();
CREATE FUNCTION pledges_reward_not_paused() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM pledges_campaign c WHERE c.id = NEW.campaign_id AND c.state = 'live'
               AND talk_is_paused(c.creator_id)) THEN
        RAISE EXCEPTION 'whoever is paused adds no reward'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'reward_while_paused';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER reward_while_paused BEFORE INSERT ON pledges_reward
    FOR EACH ROW EXECUTE FUNCTION pledges_reward_not_paused();
CREATE FUNCTION pledges_update_not_paused() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM talk_comment words, pledges_campaign c
               WHERE words.id = NEW.words_id AND c.id = NEW.campaign_id
               AND words.author_id <> c.creator_id AND talk_is_paused(words.author_id)) THEN
        RAISE EXCEPTION 'whoever is paused writes no update of what others run'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'update_while_paused';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER update_while_paused BEFORE INSERT ON pledges_campaignupdate
    FOR EACH ROW EXECUTE FUNCTION pledges_update_not_paused();
"""
UNDO = """
DROP TRIGGER update_while_paused ON pledges_campaignupdate;
DROP FUNCTION pledges_update_not_paused();
DROP TRIGGER reward_while_paused ON pledges_reward;
DROP FUNCTION pledges_reward_not_paused();
DROP TRIGGER campaign_sent_while_paused ON pledges_campaign;
DROP TRIGGER campaign_while_paused ON pledges_campaign;
DROP FUNCTION pledges_campaign_not_paused();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("pledges", "0037_corrected_by_its_team"),
        ("talk", "0027_paused_and_of_projects"),
    ]

    operations = [migrations.RunSQL(SILENT, UNDO)]
