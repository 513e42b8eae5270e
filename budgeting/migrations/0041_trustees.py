import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

_ONE_LINE = "^[^[:space:][:cntrl:]][^[:cntrl:]]*$"

# Who the trustees are is fixed with their key.
WHILE_DRAFT = """
CREATE FUNCTION budgeting_trustee_while_draft() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    state text;
BEGIN
    FOR state IN
        SELECT c.state FROM budgeting_cycle c
            JOIN budgeting_trusteekey k ON k.cycle_id = c.id
        WHERE TG_OP <> 'INSERT' AND k.id = OLD.key_id OR TG_OP <> 'DELETE' AND k.id = NEW.key_id
        FOR SHARE OF c
    LOOP
        IF state <> 'draft' THEN
            RAISE EXCEPTION 'who the trustees are is fixed when the cycle opens'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'trustee_while_draft';
        END IF;
    END LOOP;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER trustee_while_draft BEFORE INSERT OR UPDATE OR DELETE ON budgeting_trustee
    FOR EACH ROW EXECUTE FUNCTION budgeting_trustee_while_draft();
"""
WHILE_DRAFT_UNDONE = """
DROP TRIGGER trustee_while_draft ON budgeting_trustee;
DROP FUNCTION budgeting_trustee_while_draft();
"""

# A cycle opens with three trustees by name, whom the board begins with, and whom, with their key,
# two people agreed to.
NAMED = r"""
CREATE FUNCTION budgeting_trustees_named() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    named jsonb;
    digest text;
    board budgeting_board%ROWTYPE;
BEGIN
    SELECT jsonb_agg(jsonb_build_object('name', t.name, 'stands_for', t.stands_for)
                ORDER BY t.part),
            encode(sha256(convert_to(string_agg(t.name || E'\n' || t.stands_for, E'\n'
                ORDER BY t.part), 'UTF8')), 'hex')
        INTO named, digest
        FROM budgeting_trustee t JOIN budgeting_trusteekey k ON k.id = t.key_id
        WHERE k.cycle_id = NEW.id;
    SELECT * INTO board FROM budgeting_board b WHERE b.cycle_id = NEW.id;
    IF jsonb_array_length(named) IS DISTINCT FROM 3
        OR named IS DISTINCT FROM board.opened #> '{opening,trustees}'
    THEN
        RAISE EXCEPTION 'a cycle opens with three trustees by name, and its board with them'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'cycle_trustees_named';
    END IF;
    IF NOT EXISTS (
        SELECT FROM audit_approval a JOIN audit_actrequest r ON r.id = a.request_id
        WHERE r.act = 'cycle.open' AND r.target_type = 'budgeting.cycle'
            AND r.target_id = NEW.id::text
            AND r.parameters ->> 'public_key' = board.public_key
            AND r.parameters ->> 'trustees' = digest
    ) THEN
        RAISE EXCEPTION 'a cycle opens with the trustees and the key that two people agreed to'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'cycle_opened_as_asked';
    END IF;
    RETURN NEW;
END $$;
-- Its name comes after that of the moves and of the key, which are looked at first.
CREATE TRIGGER cycle_trustees_named BEFORE UPDATE OF state ON budgeting_cycle
    FOR EACH ROW WHEN (NEW.state = 'open' AND OLD.state <> 'open')
    EXECUTE FUNCTION budgeting_trustees_named();
"""
NAMED_UNDONE = """
DROP TRIGGER cycle_trustees_named ON budgeting_cycle;
DROP FUNCTION budgeting_trustees_named();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0005_withdrawals"),
        ("budgeting", "0040_reviewed_as_it_was"),
    ]

    operations = [
        migrations.CreateModel(
            name="Trustee",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("part", models.PositiveSmallIntegerField(verbose_name="part")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("stands_for", models.CharField(max_length=120, verbose_name="stands for")),
                (
                    "key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="trustees",
                        to="budgeting.trusteekey",
                    ),
                ),
            ],
            options={
                "verbose_name": "trustee",
                "verbose_name_plural": "trustees",
                "ordering": ["part"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("key", "part"), name="trustee_one_for_each_part"
                    ),
                    models.UniqueConstraint(
                        models.F("key"),
                        django.db.models.functions.text.Lower("name"),
                        name="trustee_another_person_each",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("part__gte", 1), ("part__lte", 3)),
                        name="trustee_part_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("name__regex", _ONE_LINE), ("stands_for__regex", _ONE_LINE)
                        ),
                        name="trustee_is_named",
                    ),
                ],
            },
        ),
        migrations.RunSQL(WHILE_DRAFT, WHILE_DRAFT_UNDONE),
        migrations.RunSQL(NAMED, NAMED_UNDONE),
    ]
