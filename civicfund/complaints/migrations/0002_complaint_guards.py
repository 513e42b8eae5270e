"""Who takes a look, what stays as it was said, and that nothing is left of what is forgotten."""

from django.db import migrations

from civicfund.audit.constraints import frozen_columns
from civicfund.people.constraints import by_nobody_erased


class Migration(migrations.Migration):
    dependencies = [("complaints", "0001_first_tables")]

    operations = [
        by_nobody_erased("complaints_complaint", "complainant_id"),
        # Until it is forgotten it stays as it was made; forgotten, it is not brought back.
        frozen_columns(
            "complaints_complaint",
            ["about", "page", "whom", "complainant_id", "made_at", "forgotten_at"],
            once="OLD.forgotten_at IS NOT NULL OR NEW.forgotten_at IS NULL",
        ),
        frozen_columns(
            "complaints_note", ["complaint_id", "by_id", "words", "written_at"], once="TRUE"
        ),
        migrations.RunSQL(
            """
            CREATE FUNCTION complaints_refuse(name text, words text) RETURNS void
            LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION '%', words
                    USING ERRCODE = 'restrict_violation', CONSTRAINT = name;
            END $$;

            CREATE FUNCTION complaints_look_guard() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE
                above complaints_complaint%ROWTYPE;
            BEGIN
                SELECT * INTO above FROM complaints_complaint
                    WHERE id = NEW.complaint_id FOR UPDATE;
                IF above.forgotten_at IS NOT NULL THEN
                    IF NEW.asked <> '' OR NEW.answer <> '' THEN
                        PERFORM complaints_refuse('look_of_forgotten_is_blank',
                            'nothing is said any more in what is forgotten');
                    END IF;
                    RETURN NEW;
                END IF;
                IF NEW.asked = '' THEN
                    PERFORM complaints_refuse('look_asks_something', 'a look has its words');
                END IF;
                IF (NEW.answer = '') <> (NEW.answered_at IS NULL) THEN
                    PERFORM complaints_refuse('look_answered_in_words',
                        'an answer has words and a time');
                END IF;
                IF TG_OP = 'UPDATE' AND (
                    (NEW.complaint_id, NEW.number, NEW.asked, NEW.asked_at, NEW.due_at)
                    IS DISTINCT FROM
                    (OLD.complaint_id, OLD.number, OLD.asked, OLD.asked_at, OLD.due_at)
                    OR OLD.answered_at IS NOT NULL
                    AND (NEW.answer, NEW.answered_at, NEW.taken_by_id, NEW.taken_at)
                    IS DISTINCT FROM
                    (OLD.answer, OLD.answered_at, OLD.taken_by_id, OLD.taken_at)
                ) THEN
                    PERFORM complaints_refuse('look_stays',
                        'what was asked and answered stays as it was');
                END IF;
                IF NEW.taken_by_id IS NULL THEN
                    RETURN NEW;
                END IF;
                IF NEW.taken_by_id = above.complainant_id OR EXISTS (
                    SELECT FROM complaints_named named
                    WHERE named.complaint_id = above.id AND named.person_id = NEW.taken_by_id
                ) THEN
                    PERFORM complaints_refuse('look_not_by_whom_it_is_about',
                        'nobody answers a complaint of their own, or about them');
                END IF;
                IF NEW.number = 2 AND EXISTS (
                    SELECT FROM complaints_look first WHERE first.complaint_id = above.id
                    AND first.number = 1 AND first.taken_by_id = NEW.taken_by_id
                ) THEN
                    PERFORM complaints_refuse('look_second_by_another',
                        'somebody else takes the second look');
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER complaints_look_guard BEFORE INSERT OR UPDATE ON complaints_look
                FOR EACH ROW EXECUTE FUNCTION complaints_look_guard();

            CREATE FUNCTION complaints_named_guard() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM FROM complaints_complaint WHERE id = NEW.complaint_id FOR UPDATE;
                IF EXISTS (
                    SELECT FROM complaints_look look WHERE look.complaint_id = NEW.complaint_id
                    AND look.taken_by_id = NEW.person_id AND look.answered_at IS NULL
                ) THEN
                    PERFORM complaints_refuse('named_holds_no_look',
                        'whoever is named gives the complaint back first');
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER complaints_named_guard BEFORE INSERT OR UPDATE ON complaints_named
                FOR EACH ROW EXECUTE FUNCTION complaints_named_guard();

            -- At the end of the transaction, so that the words may go in any order.
            CREATE FUNCTION complaints_forgotten_whole() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF EXISTS (SELECT FROM complaints_look look WHERE look.complaint_id = NEW.id
                           AND (look.asked <> '' OR look.answer <> ''))
                    OR EXISTS (SELECT FROM complaints_note note WHERE note.complaint_id = NEW.id)
                    OR EXISTS (SELECT FROM complaints_named n WHERE n.complaint_id = NEW.id)
                THEN
                    PERFORM complaints_refuse('complaint_forgotten_whole',
                        'nothing is left of a complaint that is forgotten');
                END IF;
                RETURN NULL;
            END $$;
            CREATE CONSTRAINT TRIGGER complaints_forgotten_whole
                AFTER UPDATE ON complaints_complaint DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW WHEN (NEW.forgotten_at IS NOT NULL)
                EXECUTE FUNCTION complaints_forgotten_whole();

            CREATE FUNCTION complaints_note_kept() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF EXISTS (SELECT FROM complaints_complaint above
                           WHERE above.id = OLD.complaint_id AND above.forgotten_at IS NULL) THEN
                    PERFORM complaints_refuse('note_goes_with_its_complaint',
                        'a note stays as long as its complaint');
                END IF;
                RETURN OLD;
            END $$;
            CREATE TRIGGER complaints_note_kept BEFORE DELETE ON complaints_note
                FOR EACH ROW EXECUTE FUNCTION complaints_note_kept();
            """,
            """
            DROP TRIGGER complaints_note_kept ON complaints_note;
            DROP FUNCTION complaints_note_kept();
            DROP TRIGGER complaints_forgotten_whole ON complaints_complaint;
            DROP FUNCTION complaints_forgotten_whole();
            DROP TRIGGER complaints_named_guard ON complaints_named;
            DROP FUNCTION complaints_named_guard();
            DROP TRIGGER complaints_look_guard ON complaints_look;
            DROP FUNCTION complaints_look_guard();
            DROP FUNCTION complaints_refuse(text, text);
            """,
        ),
    ]
