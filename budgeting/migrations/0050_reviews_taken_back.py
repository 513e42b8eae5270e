"""A review that is wrong can be taken back until it is public; what it says is kept."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from civicfund.audit.constraints import append_only

STANDS = """
CREATE FUNCTION budgeting_review_stands(of_review bigint) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM budgeting_reviewtakenback back WHERE back.review_id = of_review)
$$;
"""

# While it decides, and nothing of it is public: the cycle is held as it is by whoever publishes.
TAKEN_BACK = """
CREATE FUNCTION budgeting_review_taken_back() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    given budgeting_review%ROWTYPE;
    proposal budgeting_proposal%ROWTYPE;
    state_of_cycle text;
BEGIN
    SELECT * INTO given FROM budgeting_review WHERE id = NEW.review_id;
    SELECT state INTO state_of_cycle FROM budgeting_cycle WHERE id = (
        SELECT asked.cycle_id FROM budgeting_proposal asked WHERE asked.id = given.proposal_id
    ) FOR SHARE;
    SELECT * INTO proposal FROM budgeting_proposal WHERE id = given.proposal_id FOR UPDATE;
    NEW.at := clock_timestamp();
    IF state_of_cycle NOT IN ('draft', 'open') OR EXISTS (
        SELECT FROM budgeting_verdictpublication publication
        WHERE publication.cycle_id = proposal.cycle_id AND publication.done_at IS NULL
            AND publication.at <= NEW.at
    ) THEN
        RAISE EXCEPTION 'review % is published or its cycle is over', NEW.review_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'review_taken_back_in_time';
    END IF;
    IF NOT (
        given.kind <> 'appeal' AND proposal.state = 'submitted'
        OR given.kind = 'appeal' AND proposal.state = 'not_feasible' AND EXISTS (
            SELECT FROM budgeting_appeal appeal WHERE appeal.proposal_id = proposal.id
                AND appeal.published_with_id IS NULL)
    ) OR given.round < (
        SELECT max(review.round) FROM budgeting_review review
        WHERE review.proposal_id = proposal.id
    ) OR given.id IS DISTINCT FROM (
        SELECT review.id FROM budgeting_review review
        WHERE review.proposal_id = proposal.id AND review.given_at IS NOT NULL
            AND budgeting_review_stands(review.id)
        ORDER BY review.given_at DESC, review.id DESC LIMIT 1
    ) THEN
        RAISE EXCEPTION 'review % does not decide, or is public', NEW.review_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'review_taken_back_while_it_decides';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_taken_back BEFORE INSERT ON budgeting_reviewtakenback
    FOR EACH ROW EXECUTE FUNCTION budgeting_review_taken_back();

-- As the transaction ends, somebody is asked in its place.
CREATE FUNCTION budgeting_review_asked_anew() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM budgeting_review given JOIN budgeting_review review
            ON review.proposal_id = given.proposal_id
        WHERE given.id = NEW.review_id AND (review.given_at IS NULL OR review.given_at > NEW.at)
    ) THEN
        RAISE EXCEPTION 'nobody is asked in place of review %', NEW.review_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'review_taken_back_asked_anew';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER review_asked_anew AFTER INSERT ON budgeting_reviewtakenback
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION budgeting_review_asked_anew();

-- Of those that stand, in one round: one of each kind, each by another person. It is asked of the
-- one that waits: those that were given do not change any more.
CREATE FUNCTION budgeting_review_beside() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    same_kind boolean;
    same_person boolean;
BEGIN
    IF NOT budgeting_review_stands(NEW.id) THEN
        RETURN NULL;
    END IF;
    SELECT bool_or(other.kind = NEW.kind), bool_or(other.reviewer_id = NEW.reviewer_id)
        INTO same_kind, same_person
        FROM budgeting_review other
        WHERE other.proposal_id = NEW.proposal_id AND other.round = NEW.round
            AND other.id <> NEW.id AND budgeting_review_stands(other.id);
    IF same_kind THEN
        RAISE EXCEPTION 'a % review stands already', NEW.kind
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'review_anew_if_taken_back';
    END IF;
    IF same_person THEN
        RAISE EXCEPTION 'nobody looks twice at one proposal in a round'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'review_by_another_person_each';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER review_beside
    AFTER INSERT OR UPDATE OF proposal_id, kind, round, reviewer_id ON budgeting_review
    FOR EACH ROW EXECUTE FUNCTION budgeting_review_beside();
"""
TAKEN_BACK_UNDONE = """
DROP TRIGGER review_beside ON budgeting_review;
DROP FUNCTION budgeting_review_beside();
DROP TRIGGER review_asked_anew ON budgeting_reviewtakenback;
DROP FUNCTION budgeting_review_asked_anew();
DROP TRIGGER review_taken_back ON budgeting_reviewtakenback;
DROP FUNCTION budgeting_review_taken_back();
"""

# As in 0040 and 0046, of reviews that stand.
GIVEN = """
CREATE OR REPLACE FUNCTION budgeting_review_given() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    proposal budgeting_proposal%ROWTYPE;
BEGIN
    IF NEW.given_at IS NULL OR TG_OP = 'UPDATE' AND OLD.given_at IS NOT NULL THEN
        RETURN NULL;
    END IF;
    SELECT * INTO proposal FROM budgeting_proposal WHERE id = NEW.proposal_id;
    IF NEW.reviewer_id = (
        SELECT project.proposer_id FROM projects_project project WHERE project.id = proposal.project_id
    ) THEN
        RAISE EXCEPTION 'nobody reviews their own project'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'review_by_somebody_else';
    END IF;
    IF NOT (
        NEW.kind = 'first' AND proposal.state = 'submitted'
        OR NEW.kind = 'second' AND proposal.state = 'submitted' AND EXISTS (
            SELECT FROM budgeting_review first WHERE first.proposal_id = proposal.id
                AND first.kind = 'first' AND first.given_at IS NOT NULL AND first.round = NEW.round -- and stands
        )
        OR NEW.kind = 'appeal' AND proposal.state = 'not_feasible' AND EXISTS (
            SELECT FROM budgeting_appeal appeal WHERE appeal.proposal_id = proposal.id
                AND appeal.published_with_id IS NULL)
    ) OR EXISTS (
        SELECT FROM budgeting_changerequest asked
            WHERE asked.proposal_id = proposal.id AND asked.given_back_at IS NULL
    ) THEN
        RAISE EXCEPTION 'a % review is not what the proposal waits for', NEW.kind
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'review_in_order';
    END IF;
    RETURN NULL;
END $$;
"""
REWRITTEN = """
CREATE OR REPLACE FUNCTION budgeting_rewritten(of_proposal bigint) RETURNS integer
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
SELECT said.version FROM (
    SELECT review.version, proposal.project_id FROM budgeting_review review
        JOIN budgeting_proposal proposal ON proposal.id = review.proposal_id
    WHERE proposal.id = of_proposal AND review.given_at IS NOT NULL -- and stands
    ORDER BY review.given_at DESC, review.id DESC LIMIT 1
) said
    JOIN projects_version seen
        ON seen.project_id = said.project_id AND seen.number = said.version
    JOIN projects_project project ON project.id = said.project_id
WHERE (seen.title, seen.summary, seen.neighborhood_id, seen.latitude, seen.longitude,
        seen.address, seen.running_minor)
    IS DISTINCT FROM (project.title, project.summary, project.neighborhood_id, project.latitude,
        project.longitude, project.address, project.running_minor)
    OR seen.cost_lines <> (
        SELECT coalesce(jsonb_agg(jsonb_build_array(line.label, line.amount_minor)
            ORDER BY line.position), '[]'::jsonb)
        FROM projects_costline line WHERE line.project_id = project.id)
$$;
"""
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
    IF (OLD.state, NEW.state) = ('on_ballot', 'feasible') THEN
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
    IF (OLD.state, NEW.state) NOT IN (('submitted', 'feasible'), ('submitted', 'not_feasible'),
            ('not_feasible', 'feasible'), ('feasible', 'on_ballot'), ('on_ballot', 'selected'),
            ('on_ballot', 'not_selected') , ('submitted', 'left'), ('left', 'submitted')) THEN
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
        WHERE review.proposal_id = NEW.id AND review.given_at IS NOT NULL -- and stands
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
_MARK = " -- and stands"
GIVEN_STANDING = GIVEN.replace(_MARK, " AND budgeting_review_stands(first.id)")
REWRITTEN_STANDING = REWRITTEN.replace(_MARK, " AND budgeting_review_stands(review.id)")
MOVES_STANDING = MOVES.replace(_MARK, " AND budgeting_review_stands(review.id)")


def lose_none(apps, schema_editor):
    """The version before would count them, and has no place for who took them back and why."""
    alias = schema_editor.connection.alias
    taken = apps.get_model("budgeting", "ReviewTakenBack").objects.using(alias)
    if number := taken.count():
        raise RuntimeError(
            f"Reviews were taken back ({number}), each with a reason that is kept. The version"
            " before would count them: there is no way back."
        )


class Migration(migrations.Migration):
    dependencies = [
        ("budgeting", "0049_explained_by_older_processes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="review",
            name="attempt",
            field=models.PositiveSmallIntegerField(db_default=1, default=1, verbose_name="attempt"),
        ),
        migrations.RemoveConstraint(model_name="review", name="review_one_of_each_kind"),
        migrations.RemoveConstraint(model_name="review", name="review_by_another_person_each"),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.UniqueConstraint(
                fields=("proposal", "round", "kind", "attempt"), name="review_one_of_each_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(
                condition=models.Q(("attempt__gte", 1)), name="review_attempt_from_one"
            ),
        ),
        migrations.CreateModel(
            name="ReviewTakenBack",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        verbose_name="taken back",
                    ),
                ),
                ("reason", models.CharField(max_length=1000, verbose_name="reason")),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "review",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="taken_back",
                        to="budgeting.review",
                    ),
                ),
            ],
            options={
                "verbose_name": "review that was taken back",
                "verbose_name_plural": "reviews that were taken back",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason__regex", "\\S")),
                        name="review_taken_back_says_why",
                    )
                ],
            },
        ),
        append_only("budgeting_reviewtakenback"),
        migrations.RunSQL(STANDS, "DROP FUNCTION budgeting_review_stands(bigint);"),
        migrations.RunSQL(TAKEN_BACK, TAKEN_BACK_UNDONE),
        migrations.RunSQL(GIVEN_STANDING, GIVEN),
        migrations.RunSQL(REWRITTEN_STANDING, REWRITTEN),
        migrations.RunSQL(MOVES_STANDING, MOVES),
        # Last here, and so the first on the way back.
        migrations.RunPython(migrations.RunPython.noop, lose_none),
    ]
