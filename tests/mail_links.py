"""Links out of mails, as whoever reads them has them."""

from __future__ import annotations

import re

from civicfund.notices.services import StopLink


def stop_link_in(text: str) -> tuple[str, StopLink]:
    """The one address in a mail that ends mail of its kind, and what it ends.

    It is signed with the second in which the mail is written: an address that a test makes for
    itself is now and then a second younger, and so another one.
    """
    [address] = set(re.findall(r"/mail/stop/[^\s\"<]+/", text))
    return address, StopLink.read(address.split("/")[-2])
