"""Print the accounts of the made-up town."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from civicfund.town.demo.accounts import PASSWORD, STAFF, address


class Command(BaseCommand):
    """What a visitor may sign in as."""

    help = __doc__

    def handle(self, **options: Any) -> None:
        """One line each, and where staff find their codes."""
        self.stdout.write(f"Sign in with any of these; the password is {PASSWORD}")
        self.stdout.write(f"  {address('resident-1'):34} votes, proposes, pledges")
        self.stdout.write(f"  {address('backer'):34} lives elsewhere: pledges, cannot vote")
        for name, (shown, _role) in STAFF.items():
            self.stdout.write(f"  {address(name):34} {shown.lower()} (needs a code)")
        self.stdout.write(f"Codes for staff: {settings.SITE_URL}/local/codes/")
        self.stdout.write(f"Mail that was sent: {settings.SITE_URL}/local/mail/")
