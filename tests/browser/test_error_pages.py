from __future__ import annotations

import pytest

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.face.urls")]


@pytest.fixture
def complaints_of_failed_pages(complaints):
    """A browser notes the status of a failed page; that is no complaint about the page."""
    yield
    complaints[:] = [words for words in complaints if "Failed to load resource" not in words]


@pytest.mark.parametrize("status", [403, 404, 500])
def test_error_pages_pass_axe(
    page, phone, check_axe, screenshot, complaints_of_failed_pages, status
):
    for tab, width in ((page, 1280), (phone, 390)):
        tab.goto(f"/fails/{status}/")
        screenshot(tab, f"error-{status}-{width}")
        check_axe(tab)
