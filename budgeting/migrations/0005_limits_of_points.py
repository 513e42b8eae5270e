"""Limits on points: what a pot may set, and what a ballot has to keep to."""

from importlib import import_module

from django.db import migrations, models
from django.db.models import F, Q

# The three columns that a pot gained come last in the arguments and in the view.
BALLOT_FAULT = """
CREATE FUNCTION budgeting_ballot_fault(
    kind text, costs bigint[], amount bigint, at_least integer, at_most integer,
    options smallint[], points integer[], each_least integer, each_most integer, all_most integer
) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    named integer := cardinality(options);
    spent numeric := 0;
    given bigint := 0;
    previous integer := -1;
    chosen integer;
    point integer;
BEGIN
    IF named < at_least THEN RETURN 'too_few'; END IF;
    IF named > at_most OR kind = 'choose_one' AND named > 1 THEN RETURN 'too_many'; END IF;
    IF (kind IN ('cumulative', 'scoring')) <> (points IS NOT NULL)
            OR cardinality(points) <> named OR array_position(points, NULL) IS NOT NULL THEN
        RETURN 'points';
    END IF;
    IF points IS NOT NULL THEN
        FOREACH point IN ARRAY points LOOP
            IF point < greatest(each_least, 0) THEN RETURN 'points_too_low'; END IF;
            IF point > each_most THEN RETURN 'points_too_high'; END IF;
            given := given + point;
        END LOOP;
        IF given > all_most THEN RETURN 'points_sum_too_high'; END IF;
    END IF;
    FOREACH chosen IN ARRAY options LOOP
        IF chosen IS NULL OR chosen < 0 OR chosen >= cardinality(costs) THEN
            RETURN 'unknown_option';
        END IF;
        IF kind <> 'ranking' THEN
            IF chosen <= previous THEN RETURN 'repeated_or_unsorted'; END IF;
            previous := chosen;
        END IF;
        spent := spent + costs[chosen + 1];
    END LOOP;
    IF kind = 'ranking' AND named <> (SELECT count(DISTINCT o) FROM unnest(options) o) THEN
        RETURN 'repeated_or_unsorted';
    END IF;
    IF kind = 'knapsack' AND spent > amount THEN RETURN 'over_budget'; END IF;
    RETURN NULL;
END $$;
CREATE VIEW budgeting_potrules AS
    SELECT pot.id AS pot_id, pot.cycle_id, cycle.state, cycle.origin, cycle.ballot_kind,
        pot.amount_minor, pot.min_options, pot.max_options,
        ARRAY(SELECT option.cost_minor FROM budgeting_option option
            WHERE option.pot_id = pot.id ORDER BY option.position) AS costs,
        pot.min_points, pot.max_points, pot.max_sum_points
    FROM budgeting_pot pot JOIN budgeting_cycle cycle ON cycle.id = pot.cycle_id;
CREATE FUNCTION budgeting_opened_ballots_valid() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fault text;
BEGIN
    WITH rules AS MATERIALIZED (
        SELECT * FROM budgeting_potrules WHERE pot_id IN (SELECT DISTINCT pot_id FROM added)
    )
    SELECT CASE
            WHEN rules.cycle_id <> added.cycle_id THEN 'another_cycle'
            WHEN (rules.origin, rules.state) NOT IN (('run', 'closed'), ('imported', 'draft'))
                THEN 'wrong_time'
            ELSE budgeting_ballot_fault(rules.ballot_kind, rules.costs, rules.amount_minor,
                rules.min_options, rules.max_options, added.options, added.points,
            rules.min_points, rules.max_points, rules.max_sum_points)
        END INTO fault
    FROM added JOIN rules ON rules.pot_id = added.pot_id
    WHERE rules.cycle_id <> added.cycle_id
        OR (rules.origin, rules.state) NOT IN (('run', 'closed'), ('imported', 'draft'))
        OR budgeting_ballot_fault(rules.ballot_kind, rules.costs, rules.amount_minor,
            rules.min_options, rules.max_options, added.options, added.points,
            rules.min_points, rules.max_points, rules.max_sum_points) IS NOT NULL
    LIMIT 1;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'an opened ballot breaks the rules of its pot: %', fault
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'opened_ballot_valid';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER opened_ballot_valid AFTER INSERT ON budgeting_openedballot
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION budgeting_opened_ballots_valid();
"""
BALLOT_FAULT_UNDONE = """
DROP TRIGGER opened_ballot_valid ON budgeting_openedballot;
DROP FUNCTION budgeting_opened_ballots_valid();
DROP VIEW budgeting_potrules;
DROP FUNCTION budgeting_ballot_fault(text, bigint[], bigint, integer, integer, smallint[], integer[],
    integer, integer, integer);
"""

# A cycle opens only with pots that say of their ballots what its kind has to know.
POTS_FIT = """
CREATE FUNCTION budgeting_pots_fit_ballot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM budgeting_pot pot WHERE pot.cycle_id = NEW.id AND NOT (
            CASE NEW.ballot_kind
                WHEN 'cumulative' THEN pot.max_sum_points IS NOT NULL AND pot.min_points > 0
                WHEN 'scoring' THEN pot.max_points IS NOT NULL AND pot.max_sum_points IS NULL
                ELSE pot.max_points IS NULL AND pot.max_sum_points IS NULL AND pot.min_points = 0
            END
        )
    ) THEN
        RAISE EXCEPTION 'a pot has no limits of points that fit % ballots', NEW.ballot_kind
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'pots_fit_ballot';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pots_fit_ballot BEFORE UPDATE OF state ON budgeting_cycle
    FOR EACH ROW WHEN (OLD.state = 'draft' AND NEW.state = 'open')
    EXECUTE FUNCTION budgeting_pots_fit_ballot();
"""
POTS_FIT_UNDONE = """
DROP TRIGGER pots_fit_ballot ON budgeting_cycle;
DROP FUNCTION budgeting_pots_fit_ballot();
"""

before = import_module("budgeting.migrations.0002_guards")


class Migration(migrations.Migration):
    dependencies = [("budgeting", "0004_options_hold_their_projects")]

    operations = [
        migrations.AddField(
            "pot",
            "min_points",
            models.PositiveIntegerField(default=0, verbose_name="points, at least"),
        ),
        migrations.AddField(
            "pot",
            "max_points",
            models.PositiveIntegerField(blank=True, null=True, verbose_name="points, at most"),
        ),
        migrations.AddField(
            "pot",
            "max_sum_points",
            models.PositiveIntegerField(blank=True, null=True, verbose_name="points to give out"),
        ),
        migrations.AddConstraint(
            "pot",
            models.CheckConstraint(
                condition=Q(max_points__isnull=True)
                | Q(max_points__gte=F("min_points"), max_points__gt=0),
                name="pot_most_points_not_below_least",
            ),
        ),
        migrations.AddConstraint(
            "pot",
            models.CheckConstraint(
                condition=Q(max_sum_points__isnull=True)
                | (
                    Q(max_sum_points__gte=F("min_points"), max_sum_points__gt=0)
                    & (Q(max_points__isnull=True) | Q(max_points__lte=F("max_sum_points")))
                ),
                name="pot_points_to_give_suffice",
            ),
        ),
        migrations.RunSQL(before.BALLOT_FAULT_UNDONE, before.BALLOT_FAULT),
        migrations.RunSQL(BALLOT_FAULT, BALLOT_FAULT_UNDONE),
        migrations.RunSQL(POTS_FIT, POTS_FIT_UNDONE),
    ]
