from django.db import migrations

from civicfund.audit.constraints import append_only, frozen_columns

# What backers promised money for stays as it was from the first pledge on.
CAMPAIGN_FROZEN = """
CREATE FUNCTION pledges_campaign_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM pledges_pledge WHERE campaign_id = OLD.id) THEN
        RAISE EXCEPTION 'campaign %: goal, dates and terms are frozen by its first pledge', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'pledges_campaign_frozen';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pledges_campaign_frozen BEFORE UPDATE ON pledges_campaign FOR EACH ROW
    WHEN (NEW.goal_minor IS DISTINCT FROM OLD.goal_minor
          OR NEW.deadline_at IS DISTINCT FROM OLD.deadline_at
          OR NEW.deadline_tz IS DISTINCT FROM OLD.deadline_tz
          OR NEW.short_policy IS DISTINCT FROM OLD.short_policy
          OR NEW.currency IS DISTINCT FROM OLD.currency
          OR NEW.project_id IS DISTINCT FROM OLD.project_id)
    EXECUTE FUNCTION pledges_campaign_frozen();
"""
CAMPAIGN_THAWED = """
DROP TRIGGER pledges_campaign_frozen ON pledges_campaign;
DROP FUNCTION pledges_campaign_frozen();
"""

# One pledge has one payment intent for ever: that is what makes it charged at most once.
INTENT_KEPT = """
CREATE FUNCTION pledges_pledge_intent_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'pledge % keeps its payment intent', OLD.id
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'pledges_pledge_intent_kept';
END $$;
CREATE TRIGGER pledges_pledge_intent_kept BEFORE UPDATE ON pledges_pledge FOR EACH ROW
    WHEN (OLD.payment_intent_id <> '' AND NEW.payment_intent_id <> OLD.payment_intent_id)
    EXECUTE FUNCTION pledges_pledge_intent_kept();
"""
INTENT_LOOSE = """
DROP TRIGGER pledges_pledge_intent_kept ON pledges_pledge;
DROP FUNCTION pledges_pledge_intent_kept();
"""

# Nobody is charged for a campaign that was not funded, whatever the code above says.
CHARGED_ONLY_WHEN_FUNDED = """
CREATE FUNCTION pledges_chargeattempt_funded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pledges_pledge p JOIN pledges_campaignoutcome o ON o.id = p.outcome_id
        WHERE p.id = NEW.pledge_id AND o.decision = 'funded'
    ) THEN
        RAISE EXCEPTION 'pledge % belongs to no funded campaign', NEW.pledge_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'pledges_chargeattempt_funded';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pledges_chargeattempt_funded BEFORE INSERT ON pledges_chargeattempt
    FOR EACH ROW EXECUTE FUNCTION pledges_chargeattempt_funded();
"""
CHARGED_FREELY = """
DROP TRIGGER pledges_chargeattempt_funded ON pledges_chargeattempt;
DROP FUNCTION pledges_chargeattempt_funded();
"""

# A pledge's currency, reward and outcome are those of its own campaign.
SAME_CAMPAIGN = """
ALTER TABLE pledges_pledge
    ADD CONSTRAINT pledge_in_its_campaigns_currency
        FOREIGN KEY (campaign_id, currency) REFERENCES pledges_campaign (id, currency),
    ADD CONSTRAINT pledge_reward_of_its_campaign
        FOREIGN KEY (reward_id, campaign_id) REFERENCES pledges_reward (id, campaign_id),
    ADD CONSTRAINT pledge_outcome_of_its_campaign
        FOREIGN KEY (outcome_id, campaign_id) REFERENCES pledges_campaignoutcome (id, campaign_id);
"""
ANY_CAMPAIGN = """
ALTER TABLE pledges_pledge
    DROP CONSTRAINT pledge_in_its_campaigns_currency,
    DROP CONSTRAINT pledge_reward_of_its_campaign,
    DROP CONSTRAINT pledge_outcome_of_its_campaign;
"""


class Migration(migrations.Migration):
    dependencies = [("pledges", "0001_first_tables")]

    operations = [
        append_only("pledges_campaignoutcome"),
        migrations.RunSQL(CAMPAIGN_FROZEN, CAMPAIGN_THAWED),
        frozen_columns(
            "pledges_pledge",
            ["amount_minor", "currency", "campaign_id", "backer_id", "reward_id"],
            once="OLD.state NOT IN ('draft', 'authorizing', 'active')",
        ),
        migrations.RunSQL(INTENT_KEPT, INTENT_LOOSE),
        migrations.RunSQL(CHARGED_ONLY_WHEN_FUNDED, CHARGED_FREELY),
        frozen_columns(
            "pledges_chargeattempt",
            ["pledge_id", "n", "kind", "idempotency_key", "parameters", "api_version"],
            once="TRUE",
        ),
        migrations.RunSQL(SAME_CAMPAIGN, ANY_CAMPAIGN),
    ]
