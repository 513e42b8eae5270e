import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

# Who, why, by whom and until when stay as they are; what came of it is written once. No row goes.
KEPT = """
CREATE FUNCTION talk_pause_kept() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE'
        OR (NEW.person_id, NEW.reason, NEW.words, NEW.paused_by_id, NEW.paused_at, NEW.until)
            IS DISTINCT FROM
            (OLD.person_id, OLD.reason, OLD.words, OLD.paused_by_id, OLD.paused_at, OLD.until)
        OR (OLD.appealed_at IS NOT NULL AND NEW.appealed_at IS DISTINCT FROM OLD.appealed_at)
        OR (OLD.decided_at IS NOT NULL AND (NEW.outcome, NEW.decided_by_id, NEW.decided_at)
            IS DISTINCT FROM (OLD.outcome, OLD.decided_by_id, OLD.decided_at))
        OR (OLD.lifted_at IS NOT NULL AND (NEW.lifted_by_id, NEW.lifted_at)
            IS DISTINCT FROM (OLD.lifted_by_id, OLD.lifted_at))
    THEN
        RAISE EXCEPTION 'a pause stays as it was: % refused', TG_OP
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'pause_kept';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pause_kept BEFORE UPDATE OR DELETE ON talk_pause
    FOR EACH ROW EXECUTE FUNCTION talk_pause_kept();
"""
# Nothing is said by whoever is paused; an update and its corrections are owed to backers.
SILENT = """
CREATE FUNCTION talk_comment_not_paused() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM talk_pause p WHERE p.person_id = NEW.author_id
            AND p.lifted_at IS NULL AND p.until > clock_timestamp()
    ) AND NOT EXISTS (
        SELECT FROM talk_thread t WHERE t.id = NEW.thread_id AND t.kind = 'update'
            AND (NEW.parent_id IS NULL OR NEW.is_official)
    ) THEN
        RAISE EXCEPTION 'whoever is paused says nothing'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'comment_while_paused';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER comment_while_paused BEFORE INSERT ON talk_comment FOR EACH ROW
    WHEN (NEW.author_id IS NOT NULL) EXECUTE FUNCTION talk_comment_not_paused();
CREATE TRIGGER comment_edited_while_paused BEFORE UPDATE OF body ON talk_comment FOR EACH ROW
    WHEN (NEW.author_id IS NOT NULL AND NEW.body <> '' AND NEW.body IS DISTINCT FROM OLD.body)
    EXECUTE FUNCTION talk_comment_not_paused();
"""
UNDO_SILENT = """
DROP TRIGGER comment_while_paused ON talk_comment;
DROP TRIGGER comment_edited_while_paused ON talk_comment;
DROP FUNCTION talk_comment_not_paused();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("talk", "0023_final_words_checked"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Pause",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("insult", "It insults or threatens people"),
                            ("private", "It tells private things about somebody"),
                            ("advert", "It advertises, or was posted in many places"),
                            ("off_topic", "It has nothing to do with this"),
                            ("illegal", "It seems to be illegal"),
                            ("other", "Something else"),
                        ],
                        max_length=16,
                        verbose_name="why",
                    ),
                ),
                ("words", models.CharField(blank=True, max_length=500, verbose_name="in words")),
                (
                    "paused_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="since"
                    ),
                ),
                ("until", models.DateTimeField(verbose_name="until")),
                (
                    "appeal_words",
                    models.CharField(blank=True, max_length=1000, verbose_name="what they say"),
                ),
                (
                    "appealed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="appealed"),
                ),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[("upheld", "The pause stays"), ("lifted", "The pause is over")],
                        max_length=8,
                        verbose_name="decided",
                    ),
                ),
                (
                    "decided_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="decided on"),
                ),
                ("lifted_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "lifted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "paused_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pauses",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "pause",
                "verbose_name_plural": "pauses",
                "indexes": [
                    models.Index(
                        condition=models.Q(("lifted_at__isnull", True)),
                        fields=["person", "until"],
                        name="pause_of_person",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "reason__in",
                                ["insult", "private", "advert", "off_topic", "illegal", "other"],
                            )
                        ),
                        name="pause_reason_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until__gt", models.F("paused_at"))),
                        name="pause_ends_after_it_began",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("person", models.F("paused_by")), _negated=True),
                        name="pause_of_somebody_else",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("decided_at__isnull", True),
                                ("decided_by__isnull", True),
                                ("outcome", ""),
                            ),
                            models.Q(
                                ("appealed_at__isnull", False),
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                                ("outcome__in", ["upheld", "lifted"]),
                            ),
                            _connector="OR",
                        ),
                        name="pause_decided_after_an_appeal",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by__isnull", True),
                            models.Q(
                                models.Q(("decided_by", models.F("paused_by")), _negated=True),
                                models.Q(("decided_by", models.F("person")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="pause_decided_by_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lifted_at__isnull", True), ("lifted_by__isnull", True)),
                            models.Q(
                                ("lifted_at__isnull", False),
                                ("lifted_by__isnull", False),
                                models.Q(("lifted_by", models.F("person")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="pause_lifted_by_somebody_else",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("appealed_at__isnull", True),
                            ("lifted_at__isnull", True),
                            ("outcome", "lifted"),
                            _connector="OR",
                        ),
                        name="pause_appealed_is_decided",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            KEPT, "DROP TRIGGER pause_kept ON talk_pause; DROP FUNCTION talk_pause_kept();"
        ),
        migrations.RunSQL(SILENT, UNDO_SILENT),
    ]
