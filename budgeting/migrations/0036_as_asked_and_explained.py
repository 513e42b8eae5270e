from django.db import migrations, models

# A cycle is called off as two people agreed: in the state that it was in when one of them asked,
# and for that reason. Whoever would drop a draft has not said that ballots shall be dropped.
CANCELLED_AS_ASKED = """
CREATE FUNCTION budgeting_cancelled_as_asked() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM audit_approval a JOIN audit_actrequest r ON r.id = a.request_id
        WHERE r.act = 'cycle.cancel' AND r.target_type = 'budgeting.cycle'
            AND r.target_id = NEW.id::text
            AND r.parameters ->> 'state' = OLD.state
            AND r.parameters ->> 'reason' = NEW.cancel_reason
    ) THEN
        RAISE EXCEPTION 'a cycle is cancelled as it was when that was asked for, for that reason'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'cycle_cancelled_as_asked';
    END IF;
    RETURN NEW;
END $$;
-- Its name comes after that of the moves, which are looked at first.
CREATE TRIGGER cycle_cancelled_as_asked BEFORE UPDATE OF state ON budgeting_cycle
    FOR EACH ROW WHEN (NEW.state = 'cancelled' AND OLD.state <> 'cancelled')
    EXECUTE FUNCTION budgeting_cancelled_as_asked();
"""
CANCELLED_AS_ASKED_UNDONE = """
DROP TRIGGER cycle_cancelled_as_asked ON budgeting_cycle;
DROP FUNCTION budgeting_cancelled_as_asked();
"""

# Paper in a box that nobody keyed, keyed sheets that lay in no box, and more sheets than people
# were given one: keying ends once somebody has said why, of just these numbers. Of more sheets than
# people two say it: whoever accounted for the place, and another person, who ends the keying.
EXPLAINED = r"""
CREATE FUNCTION budgeting_keying_explained() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    place record;
BEGIN
    FOR place IN
        SELECT p.id, coalesce(t.cast, 0) AS in_box, t.made_by_id,
            coalesce((NEW.by_place ->> p.id::text)::integer, 0) AS keyed,
            (SELECT count(*) FROM budgeting_checkin c WHERE c.place_id = p.id) AS people,
            NEW.explained -> p.id::text AS said
        FROM budgeting_pollingplace p LEFT JOIN budgeting_placetotals t ON t.place_id = p.id
            AND t.version = (SELECT max(version) FROM budgeting_placetotals n
                WHERE n.place_id = p.id)
        WHERE p.cycle_id = NEW.cycle_id
    LOOP
        IF (place.in_box <> place.keyed OR greatest(place.in_box, place.keyed) > place.people)
            AND ((place.said ->> 'cast')::integer, (place.said ->> 'keyed')::integer,
                (place.said ->> 'people')::integer, place.said ->> 'reason' ~ '\S')
                IS DISTINCT FROM (place.in_box, place.keyed, place.people::integer, true)
        THEN
            RAISE EXCEPTION 'where sheets in a box, keyed sheets and people differ, somebody says why'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'keying_explained';
        END IF;
        IF greatest(place.in_box, place.keyed) > place.people
            AND place.made_by_id = NEW.made_by_id
        THEN
            RAISE EXCEPTION 'more sheets than people are explained by two people'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'surplus_by_two';
        END IF;
    END LOOP;
    RETURN NEW;
END $$;
-- Its name comes after that of the sums, which are looked at first.
CREATE TRIGGER keying_explained BEFORE INSERT ON budgeting_keyingend
    FOR EACH ROW EXECUTE FUNCTION budgeting_keying_explained();

CREATE FUNCTION budgeting_totals_of_people() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.reason !~ '\S' AND NEW.cast > (
        SELECT count(*) FROM budgeting_checkin c WHERE c.place_id = NEW.place_id
    ) THEN
        RAISE EXCEPTION 'where more sheets lie in a box than people were given one, somebody says why'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'totals_of_people';
    END IF;
    RETURN NEW;
END $$;
-- Its name comes after that of the sums, which are looked at first.
CREATE TRIGGER totals_of_people BEFORE INSERT ON budgeting_placetotals
    FOR EACH ROW EXECUTE FUNCTION budgeting_totals_of_people();
"""
EXPLAINED_UNDONE = """
DROP TRIGGER totals_of_people ON budgeting_placetotals;
DROP FUNCTION budgeting_totals_of_people();
DROP TRIGGER keying_explained ON budgeting_keyingend;
DROP FUNCTION budgeting_keying_explained();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0005_withdrawals"),
        ("budgeting", "0035_options_on_board"),
    ]

    operations = [
        migrations.RunSQL(CANCELLED_AS_ASKED, CANCELLED_AS_ASKED_UNDONE),
        migrations.AddField(
            model_name="keyingend", name="explained", field=models.JSONField(default=dict)
        ),
        migrations.RunSQL(EXPLAINED, EXPLAINED_UNDONE),
    ]
