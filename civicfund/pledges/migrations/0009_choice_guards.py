from django.db import migrations

# The optimum is frozen as the goal is, by the first pledge.
OPTIMUM_FROZEN = """
CREATE TRIGGER pledges_campaign_optimum_frozen BEFORE UPDATE ON pledges_campaign FOR EACH ROW
    WHEN (NEW.optimum_minor IS DISTINCT FROM OLD.optimum_minor)
    EXECUTE FUNCTION pledges_campaign_frozen();
"""
OPTIMUM_THAWED = "DROP TRIGGER pledges_campaign_optimum_frozen ON pledges_campaign;"

# What the goal pays for adds up to it before anybody reviews it, and stays so.
LINES_ARE_THE_GOAL = """
CREATE FUNCTION pledges_campaign_lines_are_the_goal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT coalesce(sum(amount_minor), 0) FROM pledges_goalline WHERE campaign_id = NEW.id)
       <> NEW.goal_minor THEN
        RAISE EXCEPTION 'campaign %: the parts of the goal are not the goal', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pledges_campaign_lines_are_the_goal';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pledges_campaign_lines_are_the_goal BEFORE UPDATE ON pledges_campaign FOR EACH ROW
    WHEN (NEW.state = 'submitted' AND OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION pledges_campaign_lines_are_the_goal();

CREATE FUNCTION pledges_goalline_editable() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    line pledges_goalline := coalesce(NEW, OLD);
BEGIN
    IF EXISTS (SELECT 1 FROM pledges_campaign c WHERE c.id = line.campaign_id
               AND c.state NOT IN ('draft', 'changes_requested')) THEN
        RAISE EXCEPTION 'campaign %: the parts of its goal stay as they were reviewed',
            line.campaign_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'pledges_goalline_editable';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pledges_goalline_editable BEFORE INSERT OR UPDATE OR DELETE ON pledges_goalline
    FOR EACH ROW EXECUTE FUNCTION pledges_goalline_editable();
"""
ANY_LINES = """
DROP TRIGGER pledges_goalline_editable ON pledges_goalline;
DROP FUNCTION pledges_goalline_editable();
DROP TRIGGER pledges_campaign_lines_are_the_goal ON pledges_campaign;
DROP FUNCTION pledges_campaign_lines_are_the_goal();
"""

# A pledge pays for what it chose, all of it from its own campaign. Asked at the end of the
# transaction, when the pledge and its add-ons are written.
COVERS_CHOICE = """
ALTER TABLE pledges_pledge ADD CONSTRAINT pledge_sent_to_a_zone_of_its_campaign
    FOREIGN KEY (shipping_zone_id, campaign_id) REFERENCES pledges_shippingzone (id, campaign_id);

CREATE FUNCTION pledges_pledge_check_choice(pledge uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    row pledges_pledge;
    chosen bigint;
BEGIN
    SELECT * INTO row FROM pledges_pledge p WHERE p.id = pledge;
    IF NOT FOUND OR row.state = 'cancelled' THEN RETURN; END IF;
    IF EXISTS (SELECT 1 FROM pledges_chosenaddon a JOIN pledges_reward r ON r.id = a.add_on_id
               WHERE a.pledge_id = pledge
               AND (r.kind <> 'add_on' OR r.campaign_id <> row.campaign_id))
       OR EXISTS (SELECT 1 FROM pledges_reward r WHERE r.id = row.reward_id AND r.kind <> 'reward')
    THEN
        RAISE EXCEPTION 'pledge %: one reward and add-ons of its own campaign', pledge
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pledges_pledge_one_reward';
    END IF;
    SELECT row.shipping_minor
        + coalesce((SELECT r.amount_minor FROM pledges_reward r WHERE r.id = row.reward_id), 0)
        + coalesce((SELECT sum(a.quantity * a.price_minor) FROM pledges_chosenaddon a
                    WHERE a.pledge_id = pledge), 0)
        INTO chosen;
    IF row.amount_minor < chosen THEN
        RAISE EXCEPTION 'pledge %: % does not pay for what it chose (%)',
            pledge, row.amount_minor, chosen
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pledges_pledge_covers_choice';
    END IF;
END $$;
CREATE FUNCTION pledges_pledge_covers_choice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pledges_pledge_check_choice(NEW.id);
    RETURN NULL;
END $$;
CREATE FUNCTION pledges_chosenaddon_is_covered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pledges_pledge_check_choice(NEW.pledge_id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER pledges_pledge_choice_inserted AFTER INSERT ON pledges_pledge
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pledges_pledge_covers_choice();
CREATE CONSTRAINT TRIGGER pledges_pledge_covers_choice AFTER UPDATE ON pledges_pledge
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.amount_minor < OLD.amount_minor OR NEW.shipping_minor > OLD.shipping_minor
          OR NEW.reward_id IS DISTINCT FROM OLD.reward_id)
    EXECUTE FUNCTION pledges_pledge_covers_choice();
CREATE CONSTRAINT TRIGGER pledges_chosenaddon_is_covered
    AFTER INSERT OR UPDATE ON pledges_chosenaddon DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION pledges_chosenaddon_is_covered();
"""
COVERS_ANYTHING = """
DROP TRIGGER pledges_chosenaddon_is_covered ON pledges_chosenaddon;
DROP TRIGGER pledges_pledge_covers_choice ON pledges_pledge;
DROP TRIGGER pledges_pledge_choice_inserted ON pledges_pledge;
DROP FUNCTION pledges_chosenaddon_is_covered();
DROP FUNCTION pledges_pledge_covers_choice();
DROP FUNCTION pledges_pledge_check_choice(uuid);
ALTER TABLE pledges_pledge DROP CONSTRAINT pledge_sent_to_a_zone_of_its_campaign;
"""

# As the amount and the reward: what was chosen stays from the decision on.
CHOICE_FROZEN = """
CREATE TRIGGER pledges_pledge_shipping_frozen BEFORE UPDATE ON pledges_pledge FOR EACH ROW
    WHEN (OLD.state NOT IN ('draft', 'authorizing', 'active')
          AND (NEW.shipping_minor <> OLD.shipping_minor
               OR NEW.shipping_zone_id IS DISTINCT FROM OLD.shipping_zone_id))
    EXECUTE FUNCTION pledges_pledge_frozen();

CREATE FUNCTION pledges_chosenaddon_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    chosen pledges_chosenaddon := coalesce(NEW, OLD);
BEGIN
    IF EXISTS (SELECT 1 FROM pledges_pledge p WHERE p.id = chosen.pledge_id
               AND p.state NOT IN ('draft', 'authorizing', 'active')) THEN
        RAISE EXCEPTION 'pledge %: its add-ons can no longer change', chosen.pledge_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'pledges_chosenaddon_frozen';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pledges_chosenaddon_frozen BEFORE INSERT OR UPDATE OR DELETE ON pledges_chosenaddon
    FOR EACH ROW EXECUTE FUNCTION pledges_chosenaddon_frozen();
"""
CHOICE_LOOSE = """
DROP TRIGGER pledges_chosenaddon_frozen ON pledges_chosenaddon;
DROP FUNCTION pledges_chosenaddon_frozen();
DROP TRIGGER pledges_pledge_shipping_frozen ON pledges_pledge;
"""


class Migration(migrations.Migration):
    dependencies = [("pledges", "0008_add_ons_and_shipping")]

    operations = [
        migrations.RunSQL(OPTIMUM_FROZEN, OPTIMUM_THAWED),
        migrations.RunSQL(LINES_ARE_THE_GOAL, ANY_LINES),
        migrations.RunSQL(COVERS_CHOICE, COVERS_ANYTHING),
        migrations.RunSQL(CHOICE_FROZEN, CHOICE_LOOSE),
    ]
