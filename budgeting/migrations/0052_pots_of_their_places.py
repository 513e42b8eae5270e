import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from civicfund.audit.constraints import append_only

# The tree of places has three levels. A pot of no place, as in an election from elsewhere, is for
# projects of any.
LIES_IN = """
CREATE FUNCTION budgeting_lies_in_pot(of_project bigint, of_pot bigint) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM projects_project project
            JOIN budgeting_pot pot ON pot.id = of_pot
            JOIN places_neighborhood place ON place.id = project.neighborhood_id
            LEFT JOIN places_neighborhood above ON above.id = place.parent_id
        WHERE project.id = of_project AND (
            pot.place_id IS NULL OR pot.place_id IN (place.id, place.parent_id, above.parent_id))
    )
$$;
"""

# Its name comes after that of ``option_listed``, which holds the project: whoever moves it to
# another place at the same moment waits, and is refused then (``budgeting_holds``).
PLACED = """
CREATE FUNCTION budgeting_option_placed() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM budgeting_proposal proposal
        WHERE proposal.id = NEW.proposal_id AND proposal.pot_id = NEW.pot_id
            AND budgeting_lies_in_pot(proposal.project_id, NEW.pot_id)
    ) THEN
        RAISE EXCEPTION 'proposal % asks another pot, or lies outside of the place of this one',
            NEW.proposal_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'option_placed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER option_placed BEFORE INSERT OR UPDATE OF proposal_id, pot_id ON budgeting_option
    FOR EACH ROW WHEN (NEW.proposal_id IS NOT NULL) EXECUTE FUNCTION budgeting_option_placed();
"""
PLACED_UNDONE = """
DROP TRIGGER option_placed ON budgeting_option;
DROP FUNCTION budgeting_option_placed();
"""

# Before voting, into a pot whose money goes where the project is. A verdict that is public is left
# alone, but for that of a project which its pot keeps from every ballot.
CHANGES = """
CREATE FUNCTION budgeting_pot_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    proposal budgeting_proposal%ROWTYPE;
BEGIN
    NEW.at := clock_timestamp();
    SELECT * INTO proposal FROM budgeting_proposal held WHERE held.id = NEW.proposal_id FOR UPDATE;
    IF proposal.pot_id IS DISTINCT FROM NEW.pot_before OR NOT EXISTS (
        SELECT FROM budgeting_pot pot WHERE pot.id = NEW.pot AND pot.cycle_id = proposal.cycle_id
    ) THEN
        RAISE EXCEPTION 'proposal % does not go from pot % to pot %',
            NEW.proposal_id, NEW.pot_before, NEW.pot
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'pot_change_in_its_cycle';
    END IF;
    IF NOT budgeting_lies_in_pot(proposal.project_id, NEW.pot) THEN
        RAISE EXCEPTION 'the project of proposal % lies outside of the place of pot %',
            NEW.proposal_id, NEW.pot
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'pot_change_placed';
    END IF;
    IF NOT EXISTS (
        SELECT FROM budgeting_cycle cycle
            LEFT JOIN budgeting_phase voting
                ON voting.cycle_id = cycle.id AND voting.kind = 'balloting'
        WHERE cycle.id = proposal.cycle_id AND (cycle.state = 'draft'
            OR cycle.state = 'open' AND clock_timestamp() < voting.starts_at)
    ) OR NOT (proposal.state = 'submitted' OR proposal.state = 'feasible'
            AND NOT budgeting_lies_in_pot(proposal.project_id, proposal.pot_id)) THEN
        RAISE EXCEPTION 'which pot proposal % asks no longer changes', NEW.proposal_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'pot_change_in_time';
    END IF;
    IF EXISTS (
        SELECT FROM budgeting_supportcount kept, budgeting_cycle cycle, budgeting_pot pot
        WHERE kept.proposal_id = NEW.proposal_id AND cycle.id = proposal.cycle_id
            AND cycle.supports_from = 'pot' AND pot.id = NEW.pot AND pot.supports_needed > 0
    ) THEN
        RAISE EXCEPTION 'supports of proposal % were counted where its pot is', NEW.proposal_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'pot_change_as_counted';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pot_change BEFORE INSERT ON budgeting_potchange
    FOR EACH ROW EXECUTE FUNCTION budgeting_pot_change();
"""
CHANGES_UNDONE = """
DROP TRIGGER pot_change ON budgeting_potchange;
DROP FUNCTION budgeting_pot_change();
"""

# As in 0046, or as somebody of the staff has just written down, with the reason.
POT = """
CREATE OR REPLACE FUNCTION budgeting_proposal_pot() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    -- by the staff
    IF NEW.state <> 'submitted' OR OLD.state NOT IN ('submitted', 'left')
            OR OLD.state = 'submitted' AND NOT budgeting_takes_proposals(NEW.cycle_id)
            OR EXISTS (SELECT FROM budgeting_supportcount kept WHERE kept.proposal_id = NEW.id) THEN
        RAISE EXCEPTION 'which pot proposal % asks no longer changes', NEW.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'proposal_pot_in_time';
    END IF;
    RETURN NEW;
END $$;
"""
BY_STAFF = """IF NEW.state = OLD.state AND EXISTS (
        SELECT FROM (
            SELECT * FROM budgeting_potchange change WHERE change.proposal_id = NEW.id
            ORDER BY change.id DESC LIMIT 1
        ) last
        WHERE last.pot_before = OLD.pot_id AND last.pot = NEW.pot_id
            AND last.at >= transaction_timestamp()
    ) THEN
        RETURN NEW;
    END IF;
    """
POT_BY_STAFF = POT.replace("-- by the staff\n    ", BY_STAFF)
POT_BEFORE = POT.replace("-- by the staff\n    ", "")


def lose_none(apps, schema_editor):
    """The version before has no place for the reasons, which are kept."""
    alias = schema_editor.connection.alias
    changes = apps.get_model("budgeting", "PotChange").objects.using(alias)
    if number := changes.count():
        raise RuntimeError(
            f"Proposals were given another pot ({number}), each with a reason that is kept. The"
            " version before has no place for that: there is no way back."
        )


class Migration(migrations.Migration):
    dependencies = [
        ("budgeting", "0051_left_off_ballots"),
        ("places", "0002_population_sources"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PotChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("pot_before", models.BigIntegerField(verbose_name="pot before")),
                ("pot", models.BigIntegerField(verbose_name="pot")),
                ("reason", models.CharField(max_length=1000, verbose_name="reason")),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        verbose_name="changed",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pot_changes",
                        to="budgeting.proposal",
                    ),
                ),
            ],
            options={
                "verbose_name": "change of a pot",
                "verbose_name_plural": "changes of pots",
                "ordering": ["pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason__regex", "\\S")), name="pot_change_says_why"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("pot", models.F("pot_before")), _negated=True),
                        name="pot_change_to_another",
                    ),
                ],
            },
        ),
        append_only("budgeting_potchange"),
        migrations.RunSQL(LIES_IN, "DROP FUNCTION budgeting_lies_in_pot(bigint, bigint);"),
        migrations.RunSQL(PLACED, PLACED_UNDONE),
        migrations.RunSQL(CHANGES, CHANGES_UNDONE),
        migrations.RunSQL(POT_BY_STAFF, POT_BEFORE),
        # Last here, and so the first on the way back.
        migrations.RunPython(migrations.RunPython.noop, lose_none),
    ]
