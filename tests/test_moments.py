from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils.timezone import override

from civicfund.moments import end, moment
from civicfund.pledges.domain import end_of_day


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (datetime(2026, 12, 18, 23, 0, tzinfo=UTC), "18 December 2026, 24:00"),
        (datetime(2026, 12, 18, 23, 0, 1, tzinfo=UTC), "19 December 2026, 00:00"),
        (datetime(2026, 12, 18, 22, 59, tzinfo=UTC), "18 December 2026, 23:59"),
        (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), "31 December 2026, 24:00"),
        (datetime(2026, 6, 18, 22, 0, tzinfo=UTC), "18 June 2026, 24:00"),
        (datetime(2026, 6, 18, 12, 30, tzinfo=UTC), "18 June 2026, 14:30"),
    ],
)
def test_what_ends_with_a_day_ends_at_its_24th_hour(at, said):
    with override(ZoneInfo("Europe/Berlin")):
        assert end(at) == said
        assert Template("{{ at|end }}").render(Context({"at": at})) == said


def test_the_last_day_that_a_creator_chose_is_the_day_that_is_read():
    last = datetime(2026, 12, 18, tzinfo=UTC).date()
    with override(ZoneInfo("Europe/Berlin")):
        assert end(end_of_day(last, "Europe/Berlin")) == "18 December 2026, 24:00"
        assert moment(end_of_day(last, "Europe/Berlin")) == "19 December 2026, 00:00"
