from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from playwright.sync_api import expect

from civicfund.urls import urlpatterns as site_urls

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]


def count_down(request, seconds):
    return render(
        request, "countdown_sample.html", {"end": timezone.now() + timedelta(seconds=seconds)}
    )


urlpatterns = [*site_urls, path("count/<int:seconds>/", count_down)]


@pytest.fixture(autouse=True)
def _sample(tmp_path, settings):
    source = '{% extends "base.html" %}{% block content %}<c-countdown :to="end" />{% endblock %}'
    (tmp_path / "countdown_sample.html").write_text(source)
    folders = [tmp_path, *settings.TEMPLATES[0]["DIRS"]]
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": folders}]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3 * 86400 + 3600 + 30, "3 days 1 hour left"),
        (2 * 3600 + 30, "2 hours left"),
        (3600 + 120 + 30, "1 hour 2 minutes left"),
    ],
)
def test_what_is_left_is_said_in_words(page, seconds, words):
    page.goto(f"/count/{seconds}/")
    expect(page.get_by_role("timer")).to_have_text(words)


def test_the_servers_clock_counts_not_the_visitors(page):
    page.clock.install(time="2001-01-01T00:00:00Z")
    page.goto("/count/7230/")
    expect(page.get_by_role("timer")).to_have_text("2 hours left")


def test_the_last_seconds_run_and_the_end_is_announced(page):
    page.goto("/count/6/")
    # Playwright looks once a second, and may miss a second that is shown for no longer.
    expect(page.get_by_role("timer")).to_have_text(re.compile("^[123] seconds? left$"))
    end = page.locator("[data-countdown-end]")
    expect(end).to_have_text("Time is up.")
    assert end.get_attribute("aria-live") == "polite"
    expect(page.get_by_role("timer")).to_be_hidden()


def test_who_wants_no_motion_sees_no_running_seconds(open_page):
    tab = open_page(reduced_motion="reduce")
    tab.goto("/count/150/")
    expect(tab.get_by_role("timer")).to_have_text("2 minutes left")
    tab.goto("/count/50/")
    expect(tab.get_by_role("timer")).to_contain_text("seconds left")
