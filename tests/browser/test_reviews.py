"""The review desk in a browser: an administrator, a reviewer and a proposer, on both widths."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from budgeting.models import Review
from budgeting.services.review_news import tell_of_reviews
from budgeting.services.reviewers import add_rule, assign, set_publication
from budgeting.services.reviews import Estimate, give_review, request_changes
from civicfund.audit.services import db_now
from tests.browser.conftest import NARROW, WIDE
from tests.browser.test_desks import ready
from tests.browser.test_treasury import come_in, look
from tests.factories.budgeting import administrator, publish_now
from tests.factories.reviews import NO, reviewer, reviewing_cycle

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_a_week_of_reviews(page, phone, check_axe, screenshot):
    cycle, (late, refused, changed, yes) = reviewing_cycle(4)
    by, mine, other = administrator(), reviewer(), reviewer()
    now = db_now()
    add_rule(cycle, mine, by=by)
    assign(cycle, [late.reviews.get()], None, due_at=now - timedelta(days=3), by=by)
    give_review(refused, **NO, notes="Ask the archive.", by=mine)
    give_review(yes, feasible=True, by=mine)
    request_changes(changed, words="Say how wide it is.", by=mine)
    until = now + timedelta(hours=20)
    set_publication(cycle, at=now + timedelta(hours=9), appeals_until=until, by=by)
    desk = f"/budget/{cycle.slug}/reviews/"
    come_in(page, *ready(by), desk)
    expect(page.get_by_text("3 days late")).to_be_visible()
    look(page, "reviews", check_axe, screenshot)
    page.get_by_label(f"Choose {refused.project.title}").check()
    page.get_by_label("Give them to").select_option(str(other.pk))
    page.get_by_role("button", name="Give them out").click()
    expect(page.get_by_text("1 review was given out.")).to_be_visible()

    come_in(phone, *ready(other), f"{desk}{refused.pk}/")
    expect(phone.get_by_text("Ask the archive.")).to_be_visible()
    look(phone, "review", check_axe, screenshot)
    phone.get_by_label("No", exact=True).first.check()
    phone.get_by_label("Yes", exact=True).last.check()
    phone.get_by_label("Why, for everybody to read").fill("The bridge is listed since May.")
    phone.get_by_role("button", name="Give this review").click()
    expect(phone.get_by_text("Your review is kept.")).to_be_visible()
    assert refused.reviews.get(kind="second").reason == "The bridge is listed since May."


def test_a_review_that_is_wrong_is_taken_back(page, phone, check_axe, screenshot):
    cycle, [proposal] = reviewing_cycle()
    mine, cost = reviewer(), Estimate(120_000_00, 120_000_00, 120_000_00)
    give_review(proposal, feasible=True, cost=cost, by=mine)
    desk = f"/budget/{cycle.slug}/reviews/"
    for width, whose in ((page, mine), (phone, administrator())):
        come_in(width, *ready(whose), desk)
        look(width, "reviews-decided", check_axe, screenshot)
        width.get_by_role("link", name="Take it back").click()
        width.locator("#take-back summary").click()
        look(width, "taking-back", check_axe, screenshot)
    phone.get_by_label("What is wrong with it").fill("It is 12,000, not 120,000.")
    phone.get_by_role("button", name="Take the review back").click()
    expect(phone.get_by_text("It is taken back and decides nothing.")).to_be_visible()
    page.reload()
    for width in (page, phone):
        expect(width.get_by_text("It is 12,000, not 120,000.")).to_be_visible()
        look(width, "taken-back", check_axe, screenshot)
    page.get_by_label("Yes", exact=True).first.check()
    page.get_by_label("Yes", exact=True).last.check()
    page.get_by_label("Likely cost").fill("12000")
    page.get_by_role("button", name="Give this review").click()
    expect(page.get_by_text("Your review is kept.")).to_be_visible()
    assert Review.objects.given().get(proposal=proposal).cost_likely_minor == 12_000_00


def test_a_proposer_is_asked_and_appeals(client, page, check_axe, screenshot, live_server):
    cycle, (changed, refused) = reviewing_cycle(2)
    proposer = refused.project.proposer
    request_changes(changed, words="Say how wide it is.", by=reviewer())
    for _ in range(2):
        give_review(refused, **NO, by=reviewer())
    publish_now(cycle, by=administrator())
    client.force_login(proposer)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    page.context.add_cookies([cookie | {"url": live_server.url}])
    page.goto(f"/budget/{cycle.slug}/proposals/{refused.pk}/")
    look(page, "my-proposal-refused", check_axe, screenshot)
    page.get_by_label("Why somebody else should").fill("It is another bridge.")
    page.get_by_role("button", name="Appeal").click()
    expect(page.get_by_text("You appealed")).to_be_visible()
    check_axe(page)


def test_what_reviewers_and_authors_are_told(open_page, sign_in, check_axe, screenshot):
    cycle, (waiting, yes, changed) = reviewing_cycle(3)
    mine, author = reviewer(), yes.project.proposer
    give_review(yes, feasible=True, by=mine)
    publish_now(cycle, by=administrator())
    assign(cycle, [waiting.reviews.get()], mine, by=administrator())
    tell_of_reviews()
    request_changes(changed, words="Say how wide it is.", by=mine)
    pages = {
        "notices-of-a-reviewer": (mine, "/me/notices/", "It is yours to review"),
        "edit-found-feasible": (
            author,
            f"/projects/{yes.project_id}/edit/",
            "Before you change it",
        ),
        "next-step": (changed.project.proposer, "/me/", "See what they ask for"),
    }
    for width, size in {"1280": WIDE, "390": NARROW}.items():
        for name, (person, address, words) in pages.items():
            page = open_page(size)
            sign_in(page, person)
            page.goto(address)
            expect(page.get_by_text(words).first).to_be_visible()
            screenshot(page, f"{name}-{width}")
            check_axe(page)
