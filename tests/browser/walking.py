"""What every whole way through the site has: people with phones of their own, and pictures."""

from __future__ import annotations

from tests.browser.conftest import NARROW
from tests.browser.test_treasury import look


class Walk:
    """Opens phones, and looks at a page at both widths under the walk's name."""

    name = ""

    def __init__(self, open_page, sign_in, check_axe, screenshot) -> None:
        self.open_page, self.sign_in = open_page, sign_in
        self.check_axe, self.screenshot = check_axe, screenshot

    def phone(self, person, address: str):
        """A phone of this person's, or of a stranger's, at an address."""
        tab = self.open_page(NARROW)
        if person is not None:
            self.sign_in(tab, person)
        tab.goto(address)
        return tab

    def seen(self, tab, name: str) -> None:
        look(tab, f"{self.name}-{name}", self.check_axe, self.screenshot)
        tab.set_viewport_size(NARROW)
