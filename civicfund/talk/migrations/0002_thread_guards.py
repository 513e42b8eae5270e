"""Answers stay one level deep and within their thread; words stay once the minutes are over."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("talk", "0001_threads")]

    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION talk_comment_is_one_level() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NEW.parent_id IS NOT NULL AND NOT EXISTS (
                    SELECT FROM talk_comment above WHERE above.id = NEW.parent_id
                    AND above.parent_id IS NULL AND above.thread_id = NEW.thread_id
                ) THEN
                    RAISE EXCEPTION 'an answer hangs on a first comment of its own thread'
                        USING ERRCODE = 'restrict_violation',
                              CONSTRAINT = 'talk_comment_one_level';
                END IF;
                IF TG_OP = 'UPDATE' AND EXISTS (
                    SELECT FROM talk_comment below WHERE below.parent_id = NEW.id
                ) THEN
                    RAISE EXCEPTION 'what was answered stays where it is'
                        USING ERRCODE = 'restrict_violation',
                              CONSTRAINT = 'talk_comment_one_level';
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER talk_comment_new_place BEFORE INSERT ON talk_comment
                FOR EACH ROW EXECUTE FUNCTION talk_comment_is_one_level();
            CREATE TRIGGER talk_comment_other_place BEFORE UPDATE ON talk_comment FOR EACH ROW
                WHEN ((NEW.parent_id, NEW.thread_id) IS DISTINCT FROM (OLD.parent_id, OLD.thread_id))
                EXECUTE FUNCTION talk_comment_is_one_level();

            CREATE FUNCTION talk_comment_words_stay() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF OLD.body = '' OR clock_timestamp() > OLD.created_at + interval '15 minutes' THEN
                    RAISE EXCEPTION 'what was said % stays as it is', OLD.created_at
                        USING ERRCODE = 'restrict_violation',
                              CONSTRAINT = 'talk_comment_words_stay';
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER talk_comment_words_stay BEFORE UPDATE ON talk_comment FOR EACH ROW
                WHEN (NEW.body <> '' AND NEW.body IS DISTINCT FROM OLD.body)
                EXECUTE FUNCTION talk_comment_words_stay();
            """,
            """
            DROP TRIGGER talk_comment_new_place ON talk_comment;
            DROP TRIGGER talk_comment_other_place ON talk_comment;
            DROP FUNCTION talk_comment_is_one_level();
            DROP TRIGGER talk_comment_words_stay ON talk_comment;
            DROP FUNCTION talk_comment_words_stay();
            """,
        ),
    ]
