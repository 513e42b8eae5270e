import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from civicfund.audit.constraints import frozen_columns

# What was given before speaks of what the project said then: the last version of that time. One
# that was never changed has no version yet; what it says will be kept as the first.
BACKFILL = """
DROP TRIGGER review_kept ON budgeting_review;
UPDATE budgeting_review review SET version = coalesce((
    SELECT max(version.number) FROM projects_version version
        JOIN budgeting_proposal proposal ON proposal.project_id = version.project_id
    WHERE proposal.id = review.proposal_id AND version.at <= review.given_at
), 1) WHERE review.given_at IS NOT NULL;
CREATE TRIGGER review_kept BEFORE UPDATE OR DELETE ON budgeting_review
    FOR EACH ROW EXECUTE FUNCTION budgeting_review_kept();
"""

# A review speaks of a version, said or not.
VERSIONED = """
CREATE FUNCTION budgeting_review_version() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    NEW.version := coalesce((
        SELECT max(version.number) FROM projects_version version
            JOIN budgeting_proposal proposal ON proposal.project_id = version.project_id
        WHERE proposal.id = NEW.proposal_id
    ), 1);
    RETURN NEW;
END $$;
CREATE TRIGGER review_version BEFORE INSERT OR UPDATE ON budgeting_review
    FOR EACH ROW WHEN (NEW.given_at IS NOT NULL AND NEW.version IS NULL)
    EXECUTE FUNCTION budgeting_review_version();
"""
VERSIONED_UNDONE = """
DROP TRIGGER review_version ON budgeting_review;
DROP FUNCTION budgeting_review_version();
"""

# The version that the deciding review saw, where title, sentence, place or costs are others now;
# else null. Story and pictures may grow.
REWRITTEN = """
CREATE FUNCTION budgeting_rewritten(of_proposal bigint) RETURNS integer
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
SELECT said.version FROM (
    SELECT review.version, proposal.project_id FROM budgeting_review review
        JOIN budgeting_proposal proposal ON proposal.id = review.proposal_id
    WHERE proposal.id = of_proposal AND review.given_at IS NOT NULL
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

CREATE FUNCTION budgeting_option_reviewed() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF budgeting_rewritten(NEW.proposal_id) IS NOT NULL THEN
        RAISE EXCEPTION 'proposal % was rewritten since its review', NEW.proposal_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'option_reviewed_as_it_is';
    END IF;
    RETURN NEW;
END $$;
-- Its name comes after that of ``option_listed``, which holds the project.
CREATE TRIGGER option_reviewed BEFORE INSERT OR UPDATE OF proposal_id ON budgeting_option
    FOR EACH ROW WHEN (NEW.proposal_id IS NOT NULL) EXECUTE FUNCTION budgeting_option_reviewed();
"""
REWRITTEN_UNDONE = """
DROP TRIGGER option_reviewed ON budgeting_option;
DROP FUNCTION budgeting_option_reviewed();
DROP FUNCTION budgeting_rewritten(bigint);
"""

# As in 0022, but round by round.
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
                AND first.kind = 'first' AND first.given_at IS NOT NULL -- of the round
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
GIVEN_BY_ROUND = GIVEN.replace("-- of the round", "AND first.round = NEW.round")

# As in 0022, and a verdict on what was rewritten since is none any more once it is looked at again.
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
    -- of what was rewritten
    IF (OLD.state, NEW.state) NOT IN (('submitted', 'feasible'), ('submitted', 'not_feasible'),
            ('not_feasible', 'feasible'), ('feasible', 'on_ballot'), ('on_ballot', 'selected'),
            ('on_ballot', 'not_selected')) THEN
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
SENT_BACK = """IF OLD.state = 'feasible' AND NEW.state = 'submitted' THEN
        IF NEW.published_with_id IS NOT NULL OR NEW.reason <> ''
                OR budgeting_rewritten(NEW.id) IS NULL
                OR NOT EXISTS (SELECT FROM budgeting_review review
                    WHERE review.proposal_id = NEW.id AND review.given_at IS NULL) THEN
            RAISE EXCEPTION 'only what was rewritten since its review is reviewed again'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'reviewed_again_if_rewritten';
        END IF;
        RETURN NULL;
    END IF;"""
MOVES_BACK_TOO = MOVES.replace("-- of what was rewritten", SENT_BACK)

# What is over stays, with its day and who took it back.
ASKED = ["proposal_id", "asked_by_id", "asked_at", "words", "answer", "given_back_at"]
_BEFORE = frozen_columns("budgeting_changerequest", ASKED, once="OLD.given_back_at IS NOT NULL")
FROZEN, FROZEN_UNDONE = _BEFORE.sql, _BEFORE.reverse_sql


class Migration(migrations.Migration):
    dependencies = [
        ("budgeting", "0039_paper_by_two"),
        ("projects", "0021_hidden_by_moderators"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="review",
            name="round",
            field=models.PositiveSmallIntegerField(db_default=1, default=1, verbose_name="round"),
        ),
        migrations.AddField(
            model_name="review",
            name="version",
            field=models.PositiveIntegerField(null=True, verbose_name="version of the project"),
        ),
        migrations.RunSQL(BACKFILL, migrations.RunSQL.noop),
        migrations.RemoveConstraint(model_name="review", name="review_one_of_each_kind"),
        migrations.RemoveConstraint(model_name="review", name="review_by_another_person_each"),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.UniqueConstraint(
                fields=("proposal", "round", "kind"), name="review_one_of_each_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.UniqueConstraint(
                fields=("proposal", "round", "reviewer"), name="review_by_another_person_each"
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("given_at__isnull", True),
                    models.Q(("version__gte", 1), ("version__isnull", False)),
                    _connector="OR",
                ),
                name="review_given_of_a_version",
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(
                condition=models.Q(("round__gte", 1)), name="review_round_from_one"
            ),
        ),
        migrations.AddField(
            model_name="changerequest",
            name="due_at",
            field=models.DateTimeField(null=True, verbose_name="by when"),
        ),
        migrations.AddField(
            model_name="changerequest",
            name="taken_back_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="changerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("due_at__isnull", True),
                    ("due_at__gt", models.F("asked_at")),
                    _connector="OR",
                ),
                name="change_request_leaves_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="changerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("taken_back_by__isnull", True),
                    models.Q(("answer", ""), ("given_back_at__isnull", False)),
                    _connector="OR",
                ),
                name="change_request_taken_back_unanswered",
            ),
        ),
        migrations.RunSQL(FROZEN_UNDONE, FROZEN),
        frozen_columns(
            "budgeting_changerequest",
            [*ASKED, "due_at", "taken_back_by_id"],
            once="OLD.given_back_at IS NOT NULL",
        ),
        migrations.RunSQL(VERSIONED, VERSIONED_UNDONE),
        migrations.RunSQL(REWRITTEN, REWRITTEN_UNDONE),
        migrations.RunSQL(GIVEN_BY_ROUND, GIVEN),
        migrations.RunSQL(MOVES_BACK_TOO, MOVES),
    ]
