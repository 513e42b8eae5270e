import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

# The trail knows who suspended what, and until when; the reason only of what is suspended now.
SUSPENDED_BEFORE = """
INSERT INTO pledges_suspension (
    campaign_id, words, suspended_by_id, suspended_at, appeal_words, outcome, answer,
    lifted_by_id, lifted_at)
SELECT c.id,
    CASE WHEN r.at IS NULL THEN coalesce(nullif(c.suspension_reason, ''), 'Not known any more.') ELSE '' END,
    s.actor_id, s.at, '', '', '', r.actor_id, r.at
FROM audit_event s
JOIN pledges_campaign c ON c.id = s.target_id::bigint
LEFT JOIN LATERAL (
    SELECT e.actor_id, e.at FROM audit_event e
    WHERE e.target_type = s.target_type AND e.target_id = s.target_id
        AND e.verb = 'campaign.live' AND e.id > s.id AND e.actor_id IS NOT NULL
    ORDER BY e.id LIMIT 1
) r ON true
WHERE s.target_type = 'pledges.campaign' AND s.verb = 'campaign.suspended'
    AND s.actor_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM pledges_suspension p WHERE p.campaign_id = c.id)
ORDER BY s.id;
"""

GUARDS = """
-- What was said, by whom and when is kept; what was decided is decided.
CREATE FUNCTION pledges_suspension_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.campaign_id, NEW.words, NEW.suspended_by_id, NEW.suspended_at)
            IS DISTINCT FROM (OLD.campaign_id, OLD.words, OLD.suspended_by_id, OLD.suspended_at)
        OR OLD.appealed_at IS NOT NULL AND NEW.appealed_at IS DISTINCT FROM OLD.appealed_at
        OR OLD.appealed_at IS NOT NULL AND NEW.appeal_words NOT IN ('', OLD.appeal_words)
        OR OLD.decided_at IS NOT NULL
            AND (NEW.outcome, NEW.answer, NEW.decided_by_id, NEW.decided_at)
            IS DISTINCT FROM (OLD.outcome, OLD.answer, OLD.decided_by_id, OLD.decided_at)
        OR OLD.lifted_at IS NOT NULL
            AND (NEW.lifted_by_id, NEW.lifted_at, NEW.appealed_at)
            IS DISTINCT FROM (OLD.lifted_by_id, OLD.lifted_at, OLD.appealed_at)
    THEN
        RAISE EXCEPTION 'suspension %: it is appealed once, and what was said stays', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'suspension_kept';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pledges_suspension_kept BEFORE UPDATE ON pledges_suspension
    FOR EACH ROW EXECUTE FUNCTION pledges_suspension_kept();

-- Asked of each as they act: who comes to its team later keeps nobody else from acting.
CREATE FUNCTION pledges_suspension_by_no_team() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    judge bigint;
BEGIN
    FOREACH judge IN ARRAY ARRAY[
        nullif(NEW.suspended_by_id, OLD.suspended_by_id),
        nullif(NEW.decided_by_id, OLD.decided_by_id),
        nullif(NEW.lifted_by_id, OLD.lifted_by_id)
    ] LOOP
        IF judge IS NOT NULL AND pledges_of_team(NEW.campaign_id, judge) THEN
            RAISE EXCEPTION 'nobody judges the campaign of their own team'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'suspension_by_no_team';
        END IF;
    END LOOP;
    RETURN NEW;
END $$;
CREATE TRIGGER pledges_suspension_by_no_team
    BEFORE INSERT OR UPDATE OF decided_by_id, lifted_by_id ON pledges_suspension
    FOR EACH ROW EXECUTE FUNCTION pledges_suspension_by_no_team();

-- A campaign is stopped where a suspension stands beside it, and goes on where none does: so
-- nothing goes past an appeal that waits.
CREATE FUNCTION pledges_suspended_with_its_row() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.state = 'suspended') <> EXISTS (
        SELECT FROM pledges_suspension s WHERE s.campaign_id = NEW.id AND s.lifted_at IS NULL
    ) THEN
        RAISE EXCEPTION 'campaign % is suspended where a suspension stands, and only there', NEW.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'campaign_suspended_with_its_row';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pledges_suspended_with_its_row BEFORE UPDATE OF state ON pledges_campaign
    FOR EACH ROW
    WHEN (OLD.state <> NEW.state AND 'suspended' IN (OLD.state, NEW.state)
        AND NEW.state <> 'cancelled')
    EXECUTE FUNCTION pledges_suspended_with_its_row();
"""
UNGUARDED = """
DROP TRIGGER pledges_suspended_with_its_row ON pledges_campaign;
DROP FUNCTION pledges_suspended_with_its_row();
DROP TRIGGER pledges_suspension_by_no_team ON pledges_suspension;
DROP FUNCTION pledges_suspension_by_no_team();
DROP TRIGGER pledges_suspension_kept ON pledges_suspension;
DROP FUNCTION pledges_suspension_kept();
"""


def person(**more: object) -> models.ForeignKey:
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
        **more,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("pledges", "0031_picture_in_front"),
        ("audit", "0007_approvals_of_now"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Suspension",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="suspensions",
                        to="pledges.campaign",
                    ),
                ),
                ("words", models.TextField(blank=True, verbose_name="why")),
                ("suspended_by", person()),
                (
                    "suspended_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        verbose_name="suspended",
                    ),
                ),
                (
                    "appeal_words",
                    models.CharField(
                        blank=True, max_length=1000, verbose_name="what its creator says"
                    ),
                ),
                (
                    "appealed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="appealed"),
                ),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[("upheld", "It stays suspended"), ("lifted", "It goes on")],
                        max_length=8,
                        verbose_name="decided",
                    ),
                ),
                ("answer", models.TextField(blank=True, verbose_name="why it was decided so")),
                ("decided_by", person(blank=True, null=True)),
                (
                    "decided_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="decided on"),
                ),
                ("lifted_by", person(blank=True, null=True)),
                (
                    "lifted_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="let go on"),
                ),
            ],
            options={
                "verbose_name": "suspension",
                "verbose_name_plural": "suspensions",
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(lifted_at__isnull=True),
                        fields=("campaign",),
                        name="suspension_one_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=~Q(words="") | Q(lifted_at__isnull=False),
                        name="suspension_for_a_reason",
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            outcome="", answer="", decided_by__isnull=True, decided_at__isnull=True
                        )
                        | Q(
                            outcome__in=["upheld", "lifted"],
                            decided_by__isnull=False,
                            decided_at__isnull=False,
                            appealed_at__isnull=False,
                        )
                        & ~Q(answer=""),
                        name="suspension_decided_after_an_appeal",
                    ),
                    models.CheckConstraint(
                        condition=Q(decided_by__isnull=True)
                        | ~Q(decided_by=F("suspended_by"))
                        | Q(outcome="lifted"),
                        name="suspension_decided_by_another",
                    ),
                    models.CheckConstraint(
                        condition=Q(lifted_by__isnull=True, lifted_at__isnull=True)
                        | Q(lifted_by__isnull=False, lifted_at__isnull=False),
                        name="suspension_lifted_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=Q(appealed_at__isnull=True)
                        | Q(lifted_at__isnull=True)
                        | Q(decided_at__isnull=False),
                        name="suspension_appealed_is_decided",
                    ),
                    models.CheckConstraint(
                        condition=~Q(outcome="lifted") | Q(lifted_at__isnull=False),
                        name="suspension_decided_is_done",
                    ),
                ],
            },
        ),
        # Before any constraint on the table is checked at the end: nothing is pending then.
        migrations.RunSQL(SUSPENDED_BEFORE, migrations.RunSQL.noop),
        migrations.RunSQL(GUARDS, UNGUARDED),
    ]
