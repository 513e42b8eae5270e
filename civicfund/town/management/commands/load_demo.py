"""Load the made-up town into an empty database."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from civicfund.places.models import Neighborhood
from civicfund.town.demo.town import build


class Command(BaseCommand):
    """Does nothing where a town is there already, so that a second start keeps its data."""

    help = __doc__

    def handle(self, **options: Any) -> None:
        """All or nothing: a start that is interrupted here begins anew. Only with DEBUG on."""
        if not settings.DEBUG:
            raise CommandError("The made-up town is for a local try-out (DEBUG is off).")
        if Neighborhood.objects.exists():
            return
        build(say=lambda text: self.stdout.write(f"  {text}"))
