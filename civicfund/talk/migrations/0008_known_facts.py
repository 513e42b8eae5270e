"""What was announced becomes a fact, and its notices are of that fact."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("talk", "0007_facts")]

    operations = [
        migrations.RunSQL(
            """
            INSERT INTO talk_fact (thread_id, what, source, at)
            SELECT id, 'project', 'project:' || subject_id, announced_at
            FROM talk_thread WHERE kind = 'project' AND announced_at IS NOT NULL
            ON CONFLICT (source) DO NOTHING;
            UPDATE talk_news SET fact_id = talk_fact.id FROM talk_fact
            WHERE talk_news.kind = 'project' AND talk_fact.thread_id = talk_news.thread_id
                AND talk_fact.what = 'project';
            """,
            """
            UPDATE talk_thread SET announced_at = talk_fact.at FROM talk_fact
            WHERE talk_fact.thread_id = talk_thread.id AND talk_fact.what = 'project';
            DELETE FROM talk_news WHERE fact_id IS NOT NULL AND kind <> 'project';
            UPDATE talk_news SET fact_id = NULL;
            """,
        )
    ]
