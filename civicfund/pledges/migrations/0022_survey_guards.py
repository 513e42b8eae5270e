from django.db import migrations

# What backers were asked stays as it was sent; what is closed stays closed.
SURVEY_KEPT = """
CREATE FUNCTION pledges_survey_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'survey % stays as it was sent', OLD.id
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'pledges_survey_kept';
END $$;
CREATE TRIGGER pledges_survey_kept BEFORE UPDATE ON pledges_survey FOR EACH ROW
    WHEN (OLD.sent_at IS NOT NULL AND (
        (NEW.campaign_id, NEW.reward_id, NEW.intro, NEW.sent_at, NEW.forget_at)
        IS DISTINCT FROM
        (OLD.campaign_id, OLD.reward_id, OLD.intro, OLD.sent_at, OLD.forget_at)
        OR (OLD.closed_at IS NOT NULL AND NEW.closed_at IS DISTINCT FROM OLD.closed_at)
    )) EXECUTE FUNCTION pledges_survey_kept();
CREATE TRIGGER pledges_survey_not_deleted BEFORE DELETE ON pledges_survey FOR EACH ROW
    WHEN (OLD.sent_at IS NOT NULL) EXECUTE FUNCTION pledges_survey_kept();

CREATE FUNCTION pledges_surveyquestion_as_sent() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    theirs bigint[] := CASE TG_OP
        WHEN 'INSERT' THEN ARRAY[NEW.survey_id]
        WHEN 'DELETE' THEN ARRAY[OLD.survey_id]
        ELSE ARRAY[OLD.survey_id, NEW.survey_id] END;
BEGIN
    PERFORM FROM pledges_survey WHERE id = ANY(theirs) FOR SHARE;  -- waits for one being sent
    IF EXISTS (SELECT FROM pledges_survey WHERE id = ANY(theirs) AND sent_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the questions of a survey stay as they were sent'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'pledges_surveyquestion_as_sent';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER pledges_surveyquestion_as_sent
    BEFORE INSERT OR UPDATE OR DELETE ON pledges_surveyquestion
    FOR EACH ROW EXECUTE FUNCTION pledges_surveyquestion_as_sent();
"""
SURVEY_LOOSE = """
DROP TRIGGER pledges_survey_kept ON pledges_survey;
DROP TRIGGER pledges_survey_not_deleted ON pledges_survey;
DROP FUNCTION pledges_survey_kept();
DROP TRIGGER pledges_surveyquestion_as_sent ON pledges_surveyquestion;
DROP FUNCTION pledges_surveyquestion_as_sent();
"""

# Only backers who are asked answer, only what they are asked, and only while it is open.
ANSWERS_FIT = """
CREATE FUNCTION pledges_surveyanswer_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked pledges_survey;
BEGIN
    SELECT * INTO asked FROM pledges_survey WHERE id = NEW.survey_id FOR SHARE;
    IF asked.sent_at IS NULL OR asked.closed_at IS NOT NULL THEN
        RAISE EXCEPTION 'survey % is not open', NEW.survey_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'survey_answered_while_open';
    END IF;
    IF TG_OP = 'UPDATE' AND
        (NEW.survey_id, NEW.pledge_id) IS DISTINCT FROM (OLD.survey_id, OLD.pledge_id)
    OR NOT EXISTS (
        SELECT FROM pledges_pledge p WHERE p.id = NEW.pledge_id
        AND p.campaign_id = asked.campaign_id AND p.reward_id IS NOT DISTINCT FROM asked.reward_id
        AND p.state IN ('collected', 'disputed')
    ) THEN
        RAISE EXCEPTION 'pledge % is not asked by survey %', NEW.pledge_id, NEW.survey_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'survey_answered_by_who_is_asked';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pledges_surveyanswer_fits BEFORE INSERT OR UPDATE ON pledges_surveyanswer
    FOR EACH ROW EXECUTE FUNCTION pledges_surveyanswer_fits();

CREATE FUNCTION pledges_surveyreply_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked pledges_surveyquestion;
BEGIN
    PERFORM FROM pledges_surveyanswer a JOIN pledges_survey s ON s.id = a.survey_id
        WHERE a.id = NEW.answer_id AND s.closed_at IS NULL FOR SHARE OF s;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the survey is closed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'survey_answered_while_open';
    END IF;
    SELECT q.* INTO asked FROM pledges_surveyquestion q
        JOIN pledges_surveyanswer a ON a.survey_id = q.survey_id
        WHERE a.id = NEW.answer_id AND q.id = NEW.question_id;
    IF NOT FOUND
        OR asked.kind = 'choice' AND NOT NEW.words = ANY(asked.choices)
        OR asked.kind = 'yes_no' AND NEW.words NOT IN ('yes', 'no')
    THEN
        RAISE EXCEPTION 'this is no answer to question %', NEW.question_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'survey_reply_fits_its_question';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pledges_surveyreply_fits BEFORE INSERT OR UPDATE ON pledges_surveyreply
    FOR EACH ROW EXECUTE FUNCTION pledges_surveyreply_fits();
"""
ANSWERS_LOOSE = """
DROP TRIGGER pledges_surveyanswer_fits ON pledges_surveyanswer;
DROP FUNCTION pledges_surveyanswer_fits();
DROP TRIGGER pledges_surveyreply_fits ON pledges_surveyreply;
DROP FUNCTION pledges_surveyreply_fits();
"""

SAME_CAMPAIGN = """
ALTER TABLE pledges_survey ADD CONSTRAINT survey_reward_of_its_campaign
    FOREIGN KEY (reward_id, campaign_id) REFERENCES pledges_reward (id, campaign_id);
"""
ANY_CAMPAIGN = "ALTER TABLE pledges_survey DROP CONSTRAINT survey_reward_of_its_campaign;"


class Migration(migrations.Migration):
    dependencies = [("pledges", "0021_surveys")]

    operations = [
        migrations.RunSQL(SURVEY_KEPT, SURVEY_LOOSE),
        migrations.RunSQL(ANSWERS_FIT, ANSWERS_LOOSE),
        migrations.RunSQL(SAME_CAMPAIGN, ANY_CAMPAIGN),
    ]
