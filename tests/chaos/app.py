"""The site's Celery application under trial: quick to come back, and killed at its boundaries."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import django

django.setup()

from civicfund.audit import services  # noqa: E402 -- after the settings
from civicfund.celery import app  # noqa: E402
from civicfund.pledges.services import settlement, steps  # noqa: E402
from tests.chaos import boundaries, careless  # noqa: E402

__all__ = ["app"]

# Minutes of waiting are not what is tried.
settlement.LOOK_AGAIN = timedelta(seconds=3)
settlement.SLOW_DOWN = timedelta(seconds=1)
services.WOKEN = timedelta(seconds=6)
boundaries.install(Path(os.environ["CHAOS_HOME"]) / "boundaries")
if os.environ.get("CHAOS_CARELESS"):
    steps.settle_pledge = careless.settle_pledge
