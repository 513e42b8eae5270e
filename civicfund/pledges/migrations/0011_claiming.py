from django.db import migrations

# A pledge changes hands only from a guest to the account that verified the guest's address, at
# any time; all else is frozen from the decision on, as before.
CLAIMED = """
DROP TRIGGER pledges_pledge_frozen ON pledges_pledge;
CREATE TRIGGER pledges_pledge_frozen BEFORE UPDATE ON pledges_pledge FOR EACH ROW
    WHEN (OLD.state NOT IN ('draft', 'authorizing', 'active')
          AND (NEW.amount_minor <> OLD.amount_minor OR NEW.currency <> OLD.currency
               OR NEW.campaign_id <> OLD.campaign_id
               OR NEW.reward_id IS DISTINCT FROM OLD.reward_id))
    EXECUTE FUNCTION pledges_pledge_frozen();

CREATE FUNCTION pledges_pledge_claimed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM people_user guest
        JOIN account_emailaddress address ON lower(address.email) = guest.guest_email
        WHERE guest.id = OLD.backer_id AND guest.guest_email <> ''
              AND address.user_id = NEW.backer_id AND address.verified
    ) THEN
        RAISE EXCEPTION 'pledge %: only who verified its address can claim it', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pledges_pledge_claimed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pledges_pledge_claimed BEFORE UPDATE ON pledges_pledge FOR EACH ROW
    WHEN (NEW.backer_id <> OLD.backer_id) EXECUTE FUNCTION pledges_pledge_claimed();
"""
FROZEN = """
DROP TRIGGER pledges_pledge_claimed ON pledges_pledge;
DROP FUNCTION pledges_pledge_claimed();
DROP TRIGGER pledges_pledge_frozen ON pledges_pledge;
CREATE TRIGGER pledges_pledge_frozen BEFORE UPDATE ON pledges_pledge FOR EACH ROW
    WHEN (OLD.state NOT IN ('draft', 'authorizing', 'active')
          AND (NEW.amount_minor <> OLD.amount_minor OR NEW.currency <> OLD.currency
               OR NEW.campaign_id <> OLD.campaign_id OR NEW.backer_id <> OLD.backer_id
               OR NEW.reward_id IS DISTINCT FROM OLD.reward_id))
    EXECUTE FUNCTION pledges_pledge_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("pledges", "0010_no_payout_before_it_is_certain"),
        ("people", "0002_guests"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [migrations.RunSQL(CLAIMED, FROZEN)]
