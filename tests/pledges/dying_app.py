"""The site's Celery application whose processes die while they close a campaign.

One process dies before and one after each commit, for each campaign.
"""

from __future__ import annotations

import os
from pathlib import Path

import django

django.setup()

from civicfund.celery import app  # noqa: E402 -- after the settings
from tests.chaos.boundaries import Boundaries, around_commits, count_commits_of  # noqa: E402

__all__ = ["app"]

_boundaries = Boundaries(Path(os.environ["DEATHS"]), kills_at_each=1)
around_commits(_boundaries)
count_commits_of(_boundaries, "move_campaign", each=True)
