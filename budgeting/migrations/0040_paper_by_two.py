from django.db import migrations

# Wherever sheets in a box, keyed sheets and people differ, two say why: whoever accounted for the
# place, and another person, who ends the keying. Of a box that was not keyed, too.
EXPLAINED = r"""
CREATE OR REPLACE FUNCTION budgeting_keying_explained() RETURNS trigger
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
        CONTINUE WHEN place.in_box = place.keyed
            AND greatest(place.in_box, place.keyed) <= place.people;
        IF ((place.said ->> 'cast')::integer, (place.said ->> 'keyed')::integer,
                (place.said ->> 'people')::integer, place.said ->> 'reason' ~ '\S')
                IS DISTINCT FROM (place.in_box, place.keyed, place.people::integer, true)
        THEN
            RAISE EXCEPTION 'where sheets in a box, keyed sheets and people differ, somebody says why'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'keying_explained';
        END IF;
        -- Nobody accounts for a place by ending the keying.
        IF coalesce(place.made_by_id, NEW.made_by_id) = NEW.made_by_id THEN
            RAISE EXCEPTION 'what differs at a place is explained by two people'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'differences_by_two';
        END IF;
    END LOOP;
    RETURN NEW;
END $$;
"""
EXPLAINED_BEFORE = r"""
CREATE OR REPLACE FUNCTION budgeting_keying_explained() RETURNS trigger
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
"""


class Migration(migrations.Migration):
    dependencies = [("budgeting", "0036_as_asked_and_explained")]

    operations = [migrations.RunSQL(EXPLAINED, EXPLAINED_BEFORE)]
