"""That somebody opened their ballot: enough to remind them, and nothing of what they chose."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from budgeting.models.cycles import Cycle


class StartedBallot(models.Model):
    """Somebody with an account opened their ballot and had not cast it. Gone once they were
    reminded, and at the latest when voting is over; without a time, since nobody needs one."""

    cycle = models.ForeignKey(Cycle, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cycle", "user"], name="started_ballot_once"),
        ]

    def __str__(self) -> str:
        return f"started ballot in cycle {self.cycle_id}"
