"""What somebody offered goes with them; versions keep what was looked for."""

import django.contrib.postgres.fields
from django.db import migrations, models

from civicfund.people.constraints import by_nobody_erased

_FROZEN = """
DROP TRIGGER projects_offer_frozen ON projects_offer;
{before}
CREATE TRIGGER projects_offer_frozen BEFORE UPDATE ON projects_offer FOR EACH ROW
    WHEN (OLD.state <> 'waiting' AND (
        (NEW.state, NEW.project_id, NEW.part, NEW.by_id)
            IS DISTINCT FROM (OLD.state, OLD.project_id, OLD.part, OLD.by_id)
        OR (NEW.words, NEW.latitude, NEW.longitude, NEW.cost_lines)
            IS DISTINCT FROM (OLD.words, OLD.latitude, OLD.longitude, OLD.cost_lines)
        {unless}
    )) EXECUTE FUNCTION projects_offer_frozen();
"""
# An answer stands. What it was about can only be blanked, when its person leaves.
MAY_BE_BLANKED = _FROZEN.format(before="", unless="AND NEW.words <> ''")
NEVER_BLANKED = _FROZEN.format(
    before="UPDATE projects_offer SET words = '-' WHERE words = '';", unless=""
)

# Of those who have left already, and of projects that are gone: what goes with them from now on.
# May be run again.
FORGET = """
DELETE FROM projects_offer o USING people_user u
    WHERE u.id = o.by_id AND u.erased_at IS NOT NULL AND o.state <> 'accepted';
UPDATE projects_offer o SET words = '', latitude = NULL, longitude = NULL, cost_lines = '[]'
    FROM people_user u
    WHERE u.id = o.by_id AND u.erased_at IS NOT NULL AND o.words <> '';
DELETE FROM projects_invitation i USING projects_project p JOIN people_user u
    ON u.id = p.proposer_id
    WHERE p.id = i.project_id AND (p.state = 'withdrawn' OR u.erased_at IS NOT NULL);
WITH joined AS (
    SELECT DISTINCT ON (c.project_id) c.id FROM projects_coauthor c
        JOIN projects_project p ON p.id = c.project_id
        JOIN people_user u ON u.id = p.proposer_id
        WHERE p.state = 'draft' AND u.erased_at IS NOT NULL
        ORDER BY c.project_id, c.since, c.id
), leads AS (
    DELETE FROM projects_coauthor c USING joined
        WHERE c.id = joined.id RETURNING c.project_id, c.user_id
)
UPDATE projects_project p SET proposer_id = leads.user_id FROM leads WHERE p.id = leads.project_id;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0008_erased_people"),
        ("projects", "0018_wholes_and_who_judges_them"),
    ]

    operations = [
        migrations.AddField(
            model_name="version",
            name="wanted",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("story", "a story: what is to be done, and why"),
                        ("place", "a place on the map"),
                        ("cost", "what it costs"),
                        ("owner", "somebody who looks after it once it is there"),
                        ("photo", "a photograph of the place"),
                        ("permit", "a permit, or somebody who knows how to get it"),
                        ("hands", "hands that help to do it"),
                    ],
                    max_length=16,
                ),
                null=True,
                size=None,
            ),
        ),
        migrations.RemoveConstraint(model_name="offer", name="offer_has_words"),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("words", ""), _negated=True),
                    models.Q(
                        ("cost_lines", []),
                        ("latitude__isnull", True),
                        ("longitude__isnull", True),
                        ("state", "accepted"),
                    ),
                    _connector="OR",
                ),
                name="offer_has_words",
            ),
        ),
        migrations.RunSQL(MAY_BE_BLANKED, NEVER_BLANKED),
        by_nobody_erased("projects_offer", "by_id"),
        by_nobody_erased("projects_coauthor", "user_id"),
        migrations.RunSQL(FORGET, migrations.RunSQL.noop),
    ]
