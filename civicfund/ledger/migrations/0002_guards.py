from django.db import migrations

from civicfund.audit.constraints import append_only

# An entry is judged when its transaction commits: it has the postings it was booked with, they
# sum to zero in each currency, and promises stay apart from money.
BALANCED = """
CREATE FUNCTION ledger_entry_is_sound(entry bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    booked smallint;
    found bigint;
    memos bigint;
BEGIN
    SELECT legs INTO booked FROM ledger_entry WHERE id = entry;
    SELECT count(*), count(*) FILTER (WHERE a.kind = 'memo') INTO found, memos
        FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id
        WHERE p.entry_id = entry;
    IF found <> booked THEN
        RAISE EXCEPTION 'entry % has % postings and was booked with %', entry, found, booked
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_is_complete';
    END IF;
    IF memos NOT IN (0, found) THEN
        RAISE EXCEPTION 'entry % mixes promises with money', entry
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_memo_apart';
    END IF;
    IF EXISTS (SELECT 1 FROM ledger_posting WHERE entry_id = entry
               GROUP BY currency HAVING sum(amount_minor) <> 0) THEN
        RAISE EXCEPTION 'entry % does not sum to zero', entry
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_sums_to_zero';
    END IF;
END $$;
CREATE FUNCTION ledger_entry_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger_entry_is_sound(NEW.id);
    RETURN NULL;
END $$;
CREATE FUNCTION ledger_posting_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger_entry_is_sound(NEW.entry_id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_entry_balanced AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_entry_check();
CREATE CONSTRAINT TRIGGER ledger_posting_balanced AFTER INSERT ON ledger_posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_posting_check();
"""
UNGUARDED = """
DROP TRIGGER ledger_posting_balanced ON ledger_posting;
DROP TRIGGER ledger_entry_balanced ON ledger_entry;
DROP FUNCTION ledger_posting_check();
DROP FUNCTION ledger_entry_check();
DROP FUNCTION ledger_entry_is_sound(bigint);
"""

TABLES = ("ledger_account", "ledger_entry", "ledger_posting")


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_first_tables")]

    operations = [
        *(append_only(table) for table in TABLES),
        migrations.RunSQL(
            """
            ALTER TABLE ledger_posting ADD CONSTRAINT posting_in_its_accounts_currency
                FOREIGN KEY (account_id, currency) REFERENCES ledger_account (id, currency);
            """,
            "ALTER TABLE ledger_posting DROP CONSTRAINT posting_in_its_accounts_currency;",
        ),
        migrations.RunSQL(BALANCED, UNGUARDED),
    ]
