from __future__ import annotations

import pytest

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.face.urls")]


@pytest.mark.parametrize("status", [403, 404, 500])
def test_error_pages_pass_axe(
    page, phone, check_axe, screenshot, complaints_of_failed_pages, status
):
    for tab, width in ((page, 1280), (phone, 390)):
        tab.goto(f"/fails/{status}/")
        screenshot(tab, f"error-{status}-{width}")
        check_axe(tab)
