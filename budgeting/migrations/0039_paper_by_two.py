from django.db import migrations, models

# Wherever sheets in a box, keyed sheets and people are not as many, two say why: whoever accounted
# for the place, and another person, who ends the keying. People whom an officer checked in, and of
# whom no sheet came, are asked about like sheets of which no person came.
EXPLAINED = r"""
CREATE OR REPLACE FUNCTION budgeting_keying_explained() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    place record;
BEGIN
    FOR place IN
        SELECT p.id, coalesce(t.cast, 0) AS in_box, t.made_by_id, t.reason,
            coalesce((NEW.by_place ->> p.id::text)::integer, 0) AS keyed,
            (SELECT count(*) FROM budgeting_checkin c WHERE c.place_id = p.id) AS people,
            NEW.explained -> p.id::text AS said
        FROM budgeting_pollingplace p LEFT JOIN budgeting_placetotals t ON t.place_id = p.id
            AND t.version = (SELECT max(version) FROM budgeting_placetotals n
                WHERE n.place_id = p.id)
        WHERE p.cycle_id = NEW.cycle_id
    LOOP
        CONTINUE WHEN place.in_box = place.keyed AND place.keyed = place.people;
        IF ((place.said ->> 'cast')::integer, (place.said ->> 'keyed')::integer,
                (place.said ->> 'people')::integer, place.said ->> 'reason' ~ '\S')
                IS DISTINCT FROM (place.in_box, place.keyed, place.people::integer, true)
        THEN
            RAISE EXCEPTION 'where sheets in a box, keyed sheets and people differ, somebody says why'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'keying_explained';
        END IF;
        IF place.in_box <> place.people AND coalesce(place.reason, '') !~ '\S' THEN
            RAISE EXCEPTION 'whoever accounts for other sheets in a box than people says why'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'totals_of_people';
        END IF;
        -- Nobody accounts for a place by ending the keying.
        IF coalesce(place.made_by_id, NEW.made_by_id) = NEW.made_by_id THEN
            RAISE EXCEPTION 'what differs at a place is explained by two people'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'differences_by_two';
        END IF;
    END LOOP;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION budgeting_totals_of_people() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.reason !~ '\S' AND NEW.cast <> (
        SELECT count(*) FROM budgeting_checkin c WHERE c.place_id = NEW.place_id
    ) THEN
        RAISE EXCEPTION 'where other sheets lie in a box than people were given one, somebody says why'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'totals_of_people';
    END IF;
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

CREATE OR REPLACE FUNCTION budgeting_totals_of_people() RETURNS trigger
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
"""

# A sheet is keyed until two clerks agree: a third who reads something else again decides nothing.
# So the last keying of a sheet that is done is always one of those two.
AGREED = """
ALTER TABLE budgeting_keying DROP CONSTRAINT budgeting_keying_turn_check;
ALTER TABLE budgeting_keying ADD CONSTRAINT keying_turn_positive CHECK (turn >= 1);

CREATE OR REPLACE FUNCTION budgeting_keying_in_time() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    state text;
    before integer;
    different integer;
    sealed_length integer;
BEGIN
    SELECT c.state INTO state FROM budgeting_cycle c WHERE c.id = NEW.cycle_id FOR SHARE;
    IF state IS DISTINCT FROM 'closed'
            OR NOT EXISTS (SELECT FROM budgeting_papervote p WHERE p.cycle_id = NEW.cycle_id)
            OR EXISTS (SELECT FROM budgeting_keyingend e WHERE e.cycle_id = NEW.cycle_id) THEN
        RAISE EXCEPTION 'sheets are keyed between the close and the end of keying'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'keying_in_time';
    END IF;
    SELECT count(*), count(DISTINCT k.digest) INTO before, different FROM budgeting_keying k
        WHERE k.cycle_id = NEW.cycle_id AND k.slot = NEW.slot;
    IF NEW.turn <> before + 1 OR before > different THEN
        RAISE EXCEPTION 'a sheet is keyed by two clerks, and by others while no two agree'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'keying_turns';
    END IF;
    SELECT padded_bytes + 48 INTO sealed_length FROM budgeting_board WHERE cycle_id = NEW.cycle_id;
    IF octet_length(NEW.ciphertext) <> sealed_length THEN
        RAISE EXCEPTION 'all sealed ballots of a cycle are equally long'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'sealed_length';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION budgeting_keying_ends() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF (SELECT c.state FROM budgeting_cycle c WHERE c.id = NEW.cycle_id FOR UPDATE)
            IS DISTINCT FROM 'closed' OR EXISTS (
        SELECT FROM budgeting_keyedsheets s WHERE s.cycle_id = NEW.cycle_id AND s.keyings = s.readings
    ) THEN
        RAISE EXCEPTION 'keying ends when two clerks agree on each sheet'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'keying_unfinished';
    END IF;
    IF EXISTS (
        SELECT FROM budgeting_sheetbatch b WHERE b.cycle_id = NEW.cycle_id
            AND NOT EXISTS (SELECT FROM budgeting_placetotals t WHERE t.place_id = b.place_id)
    ) THEN
        RAISE EXCEPTION 'keying ends when every place is accounted for'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'places_accounted_for';
    END IF;
    IF (NEW.sheets, NEW.decided, NEW.beyond_three, NEW.void) <> (
        SELECT count(*)::integer, count(*) FILTER (WHERE s.keyings > 2)::integer,
            count(*) FILTER (WHERE s.keyings > 3)::integer,
            count(*) FILTER (WHERE k.void <> '')::integer
        FROM budgeting_keyedsheets s JOIN budgeting_keying k
            ON k.id = s.decisive AND k.cycle_id = s.cycle_id
        WHERE s.cycle_id = NEW.cycle_id
    ) OR NEW.sheets <> (
        SELECT coalesce(sum(value::integer), 0) FROM jsonb_each_text(NEW.by_place)
    ) OR NEW.void <> (
        SELECT coalesce(sum(value::integer), 0) FROM jsonb_each_text(NEW.voids)
    ) THEN
        RAISE EXCEPTION 'the sums of keying are those of what was keyed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'keying_sums';
    END IF;
    RETURN NEW;
END $$;
"""
AGREED_BEFORE = """
ALTER TABLE budgeting_keying DROP CONSTRAINT keying_turn_positive;
ALTER TABLE budgeting_keying ADD CONSTRAINT budgeting_keying_turn_check
    CHECK (turn BETWEEN 1 AND 3);

CREATE OR REPLACE FUNCTION budgeting_keying_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    state text;
    before integer;
    different integer;
    sealed_length integer;
BEGIN
    SELECT c.state INTO state FROM budgeting_cycle c WHERE c.id = NEW.cycle_id FOR SHARE;
    IF state IS DISTINCT FROM 'closed'
            OR NOT EXISTS (SELECT FROM budgeting_papervote p WHERE p.cycle_id = NEW.cycle_id)
            OR EXISTS (SELECT FROM budgeting_keyingend e WHERE e.cycle_id = NEW.cycle_id) THEN
        RAISE EXCEPTION 'sheets are keyed between the close and the end of keying'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'keying_in_time';
    END IF;
    SELECT count(*), count(DISTINCT k.digest) INTO before, different FROM budgeting_keying k
        WHERE k.cycle_id = NEW.cycle_id AND k.slot = NEW.slot;
    IF NEW.turn <> before + 1 OR before > 2 OR before = 2 AND different = 1 THEN
        RAISE EXCEPTION 'a sheet is keyed twice, and a third time where these two differ'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'keying_turns';
    END IF;
    SELECT padded_bytes + 48 INTO sealed_length FROM budgeting_board WHERE cycle_id = NEW.cycle_id;
    IF octet_length(NEW.ciphertext) <> sealed_length THEN
        RAISE EXCEPTION 'all sealed ballots of a cycle are equally long'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'sealed_length';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION budgeting_keying_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT c.state FROM budgeting_cycle c WHERE c.id = NEW.cycle_id FOR UPDATE)
            IS DISTINCT FROM 'closed' OR EXISTS (
        SELECT FROM budgeting_keyedsheets s WHERE s.cycle_id = NEW.cycle_id
            AND (s.keyings = 1 OR s.keyings = 2 AND s.readings = 2)
    ) THEN
        RAISE EXCEPTION 'keying ends when two clerks agree on each sheet, or a third has decided'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'keying_unfinished';
    END IF;
    IF EXISTS (
        SELECT FROM budgeting_sheetbatch b WHERE b.cycle_id = NEW.cycle_id
            AND NOT EXISTS (SELECT FROM budgeting_placetotals t WHERE t.place_id = b.place_id)
    ) THEN
        RAISE EXCEPTION 'keying ends when every place is accounted for'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'places_accounted_for';
    END IF;
    IF (NEW.sheets, NEW.decided, NEW.void) <> (
        SELECT count(*)::integer, count(*) FILTER (WHERE s.keyings = 3)::integer,
            count(*) FILTER (WHERE k.void <> '')::integer
        FROM budgeting_keyedsheets s JOIN budgeting_keying k
            ON k.id = s.decisive AND k.cycle_id = s.cycle_id
        WHERE s.cycle_id = NEW.cycle_id
    ) OR NEW.sheets <> (
        SELECT coalesce(sum(value::integer), 0) FROM jsonb_each_text(NEW.by_place)
    ) OR NEW.void <> (
        SELECT coalesce(sum(value::integer), 0) FROM jsonb_each_text(NEW.voids)
    ) THEN
        RAISE EXCEPTION 'the sums of keying are those of what was keyed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'keying_sums';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("budgeting", "0038_roll_no_more_than_agreed")]

    operations = [
        migrations.RunSQL(EXPLAINED, EXPLAINED_BEFORE),
        migrations.RemoveConstraint(model_name="keyingend", name="keying_end_sums"),
        migrations.AddField(
            model_name="keyingend",
            name="beyond_three",
            field=models.PositiveIntegerField(
                db_default=0, default=0, verbose_name="three clerks differed"
            ),
        ),
        migrations.AlterField(
            model_name="keyingend",
            name="decided",
            field=models.PositiveIntegerField(verbose_name="two clerks differed"),
        ),
        migrations.AddConstraint(
            model_name="keyingend",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("beyond_three__lte", models.F("decided")),
                    ("decided__lte", models.F("sheets")),
                    ("void__lte", models.F("sheets")),
                ),
                name="keying_end_sums",
            ),
        ),
        migrations.RunSQL(AGREED, AGREED_BEFORE),
    ]
