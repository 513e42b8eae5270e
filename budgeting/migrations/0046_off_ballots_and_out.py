import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from civicfund.audit.constraints import append_only

STATES_BEFORE = [
    ("submitted", "Submitted"),
    ("feasible", "Feasible"),
    ("not_feasible", "Not feasible"),
    ("on_ballot", "On the ballot"),
    ("selected", "Selected"),
    ("not_selected", "Not selected"),
]
STATES = [*STATES_BEFORE, ("left", "Taken out by its authors")]

# As in 0040. What was on the ballot and has no line any more is feasible, as it was found; what is
# submitted can be taken out while proposals are taken, and come back.
MOVES = """
CREATE OR REPLACE FUNCTION budgeting_proposal_moves() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    said budgeting_review%ROWTYPE;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'submitted' THEN
            RAISE EXCEPTION 'a proposal starts as submitted'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'proposal_moves';
        END IF;
        RETURN NULL;
    END IF;
    IF NEW.state = OLD.state THEN
        RETURN NULL;
    END IF;
    IF OLD.state = 'feasible' AND NEW.state = 'submitted' THEN
        IF NEW.published_with_id IS NOT NULL OR NEW.reason <> ''
                OR budgeting_rewritten(NEW.id) IS NULL
                OR NOT EXISTS (SELECT FROM budgeting_review review
                    WHERE review.proposal_id = NEW.id AND review.given_at IS NULL) THEN
            RAISE EXCEPTION 'only what was rewritten since its review is reviewed again'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'reviewed_again_if_rewritten';
        END IF;
        RETURN NULL;
    END IF;
    -- before anything is final
    IF (OLD.state, NEW.state) NOT IN (('submitted', 'feasible'), ('submitted', 'not_feasible'),
            ('not_feasible', 'feasible'), ('feasible', 'on_ballot'), ('on_ballot', 'selected'),
            ('on_ballot', 'not_selected') -- and those before
            ) THEN
        RAISE EXCEPTION 'no move leads a proposal from % to %', OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'proposal_moves';
    END IF;
    IF NEW.state NOT IN ('feasible', 'not_feasible') THEN
        RETURN NULL;
    END IF;
    IF NEW.published_with_id IS NOT DISTINCT FROM OLD.published_with_id OR NOT EXISTS (
        SELECT FROM budgeting_verdictpublication publication
        WHERE publication.id = NEW.published_with_id AND publication.cycle_id = NEW.cycle_id
            AND publication.at <= clock_timestamp()
    ) THEN
        RAISE EXCEPTION 'verdicts are published together, at their instant'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'verdicts_together';
    END IF;
    SELECT * INTO said FROM budgeting_review review
        WHERE review.proposal_id = NEW.id AND review.given_at IS NOT NULL
        ORDER BY review.given_at DESC, review.id DESC LIMIT 1;
    IF said.id IS NULL OR (said.feasible AND said.lawful) <> (NEW.state = 'feasible')
            OR said.reason <> NEW.reason
            OR OLD.state = 'not_feasible' AND said.kind <> 'appeal'
            OR EXISTS (SELECT FROM budgeting_review review
                WHERE review.proposal_id = NEW.id AND review.given_at IS NULL) THEN
        RAISE EXCEPTION 'a verdict is what the last review says'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'verdict_as_reviewed';
    END IF;
    IF NEW.state = 'not_feasible' AND said.kind = 'first' THEN
        RAISE EXCEPTION 'a no takes two reviewers'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'verdict_no_takes_two';
    END IF;
    RETURN NULL;
END $$;
"""
TAKEN_OFF_OR_OUT = """IF (OLD.state, NEW.state) = ('on_ballot', 'feasible') THEN
        IF EXISTS (SELECT FROM budgeting_option option WHERE option.proposal_id = NEW.id)
                OR NEW.published_with_id IS DISTINCT FROM OLD.published_with_id
                OR NEW.reason <> OLD.reason THEN
            RAISE EXCEPTION 'a proposal with a line on the ballot stands on it'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'proposal_off_ballot';
        END IF;
        RETURN NULL;
    END IF;
    IF (OLD.state, NEW.state) = ('submitted', 'left')
            AND NOT budgeting_takes_proposals(NEW.cycle_id) THEN
        RAISE EXCEPTION 'a proposal is taken out while proposals are taken'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'proposal_leaves_in_time';
    END IF;
    """
MOVES_ON = MOVES.replace("-- before anything is final\n    ", TAKEN_OFF_OR_OUT).replace(
    "-- and those before\n            ", ", ('submitted', 'left'), ('left', 'submitted')"
)
MOVES_BEFORE = MOVES.replace("-- before anything is final\n    ", "").replace(
    " -- and those before\n            ", ""
)

# Which pot is asked changes while proposals are taken, or as a proposal comes back; not once its
# supports are counted, since whose count may depend on the pot.
TAKES = """
CREATE FUNCTION budgeting_takes_proposals(of_cycle bigint) RETURNS boolean
    LANGUAGE sql VOLATILE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM budgeting_cycle cycle JOIN budgeting_phase phase ON phase.cycle_id = cycle.id
        WHERE cycle.id = of_cycle AND cycle.state = 'open' AND phase.kind = 'proposing'
            AND phase.starts_at <= clock_timestamp() AND clock_timestamp() < phase.ends_at
    )
$$;
"""
POT = """
CREATE FUNCTION budgeting_proposal_pot() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.state <> 'submitted' OR OLD.state NOT IN ('submitted', 'left')
            OR OLD.state = 'submitted' AND NOT budgeting_takes_proposals(NEW.cycle_id)
            OR EXISTS (SELECT FROM budgeting_supportcount kept WHERE kept.proposal_id = NEW.id) THEN
        RAISE EXCEPTION 'which pot proposal % asks no longer changes', NEW.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'proposal_pot_in_time';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER proposal_pot_in_time BEFORE UPDATE OF pot_id ON budgeting_proposal
    FOR EACH ROW WHEN (NEW.pot_id <> OLD.pot_id) EXECUTE FUNCTION budgeting_proposal_pot();
"""
POT_UNDONE = """
DROP TRIGGER proposal_pot_in_time ON budgeting_proposal;
DROP FUNCTION budgeting_proposal_pot();
"""

# A line of a proposal goes with a reason that everybody can read, and in the same transaction the
# proposal is not on the ballot any more and no place in the pot is left empty: ballots name options
# by their places.
REMOVAL = """
CREATE FUNCTION budgeting_removal_of_its_line() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM budgeting_option option
            WHERE option.id = NEW.line AND option.proposal_id = NEW.proposal_id) THEN
        RAISE EXCEPTION 'proposal % has no such line on a ballot', NEW.proposal_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'removal_of_its_line';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER removal_of_its_line BEFORE INSERT ON budgeting_ballotremoval
    FOR EACH ROW EXECUTE FUNCTION budgeting_removal_of_its_line();

CREATE FUNCTION budgeting_option_goes_with_a_reason() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM budgeting_ballotremoval removal WHERE removal.line = OLD.id
    ) THEN
        RAISE EXCEPTION 'what is taken off the ballot goes with a reason'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'option_goes_with_a_reason';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER option_goes_with_a_reason BEFORE DELETE ON budgeting_option
    FOR EACH ROW WHEN (OLD.proposal_id IS NOT NULL)
    EXECUTE FUNCTION budgeting_option_goes_with_a_reason();

CREATE FUNCTION budgeting_option_gone() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM budgeting_proposal proposal
        WHERE proposal.id = OLD.proposal_id AND proposal.state = 'on_ballot' AND NOT EXISTS (
            SELECT FROM budgeting_option option WHERE option.proposal_id = proposal.id)
    ) OR (
        SELECT max(option.position) >= count(*) FROM budgeting_option option
        WHERE option.pot_id = OLD.pot_id
    ) THEN
        RAISE EXCEPTION 'a line is gone, and its proposal or its place is still on the ballot'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'option_gone_whole';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER option_gone_whole AFTER DELETE ON budgeting_option
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION budgeting_option_gone();
"""
REMOVAL_UNDONE = """
DROP TRIGGER option_gone_whole ON budgeting_option;
DROP FUNCTION budgeting_option_gone();
DROP TRIGGER option_goes_with_a_reason ON budgeting_option;
DROP FUNCTION budgeting_option_goes_with_a_reason();
DROP TRIGGER removal_of_its_line ON budgeting_ballotremoval;
DROP FUNCTION budgeting_removal_of_its_line();
"""

# As in 0022, and notes may go but never say something else.
KEPT = """
CREATE OR REPLACE FUNCTION budgeting_review_kept() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.given_at IS NULL
            OR to_jsonb(NEW) - 'notes' = to_jsonb(OLD) - 'notes' -- whatever they say
            ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a review that was given is kept'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'review_kept';
END $$;
"""
KEPT_TO_THE_WORD = KEPT.replace("-- whatever they say", "AND NEW.notes IN (OLD.notes, '')")


def lose_none(apps, schema_editor):
    """The version before knows neither: its constraint would refuse the one, the other would go."""
    alias = schema_editor.connection.alias
    left = apps.get_model("budgeting", "Proposal").objects.using(alias).filter(state="left")
    if number := left.count():
        raise RuntimeError(
            f"Authors took projects out of a cycle ({number}), which the version before has no place"
            " for: there is no way back while they are out."
        )
    removals = apps.get_model("budgeting", "BallotRemoval").objects.using(alias)
    if number := removals.count():
        raise RuntimeError(
            f"Projects were taken off a ballot ({number}), each with a reason that is public and"
            " kept. The version before has no place for that: there is no way back."
        )


class Migration(migrations.Migration):
    dependencies = [
        ("budgeting", "0045_appropriations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="proposal",
            name="state",
            field=models.CharField(
                choices=STATES, default="submitted", max_length=16, verbose_name="state"
            ),
        ),
        migrations.RemoveConstraint(model_name="proposal", name="proposal_state_known"),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", [state for state, _name in STATES])),
                name="proposal_state_known",
            ),
        ),
        migrations.CreateModel(
            name="BallotRemoval",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("line", models.BigIntegerField(unique=True, verbose_name="line on the ballot")),
                ("reason", models.CharField(max_length=1000, verbose_name="reason")),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        verbose_name="taken off",
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
                        related_name="removals",
                        to="budgeting.proposal",
                    ),
                ),
            ],
            options={
                "verbose_name": "removal from a ballot",
                "verbose_name_plural": "removals from a ballot",
                "ordering": ["pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason__regex", "\\S")), name="removal_says_why"
                    )
                ],
            },
        ),
        append_only("budgeting_ballotremoval"),
        migrations.RunSQL(TAKES, "DROP FUNCTION budgeting_takes_proposals(bigint);"),
        migrations.RunSQL(MOVES_ON, MOVES_BEFORE),
        migrations.RunSQL(POT, POT_UNDONE),
        migrations.RunSQL(REMOVAL, REMOVAL_UNDONE),
        migrations.RunSQL(KEPT_TO_THE_WORD, KEPT),
        # Last here, and so the first on the way back.
        migrations.RunPython(migrations.RunPython.noop, lose_none),
    ]
