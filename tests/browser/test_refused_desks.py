"""What moderators and reviewers find at their desks, and find again where something is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from budgeting.services.proposals import leave_cycle
from civicfund.audit.services import db_now
from civicfund.people.enums import Role
from civicfund.projects.enums import SAME
from civicfund.projects.models import CoAuthor, Merge
from civicfund.projects.services.merging import ask_to_merge, decline_to_merge
from civicfund.projects.services.moderating import flag_project
from tests.browser.conftest import NARROW, WIDE
from tests.browser.test_desks import holding, ready
from tests.browser.test_treasury import come_in
from tests.budgeting.test_changing_pots import entered, two_pots
from tests.factories.budgeting import administrator
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import reviewer, reviewing_cycle

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def at_both_widths(page, name, check_axe, screenshot):
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        check_axe(page)
        screenshot(page, f"{name}-{size['width']}")


def test_moderators_see_what_may_be_one_project(page, check_axe, screenshot):
    named = (
        "Benches along the river {}",
        "Trees for the school yard of {}",
        "Lamps on the path of {}",
    )
    pairs = [[ProjectFactory(title=title.format(n)) for n in ("path", "paths")] for title in named]
    (bench, benches), (tree, trees), (lamp, lamps) = pairs
    for one, other in ((bench, benches), (benches, bench)):
        flag_project(one, by=UserFactory(), reason=SAME, other=other)
    ask_to_merge(tree, trees, reason="The same yard.", by=tree.proposer)
    Merge.objects.update(asked_at=db_now() - timedelta(days=9))
    no = ask_to_merge(lamp, tree, reason="The same lamps.", by=lamp.proposer)
    decline_to_merge(no, by=tree.proposer)
    come_in(page, *ready(holding(Role.MODERATOR)), reverse("merge_desk"))
    expect(page.get_by_role("link", name="the other way round, too")).to_be_visible()
    expect(page.get_by_text("have waited for more than 7 days")).to_be_visible()
    expect(page.get_by_text("declined in the last 6 weeks")).to_be_visible()
    at_both_widths(page, "merge-desk", check_axe, screenshot)
    alike = page.get_by_role("region", name="They look alike")
    alike.get_by_role("link", name="Fill in the form").first.click()
    page.wait_for_url("**#merge")
    assert set(page.url.partition("?")[2].removesuffix("#merge").split("&")) == {
        f"project={lamps.pk}", f"into={lamp.pk}",
    }  # fmt: skip


def test_what_a_reviewer_wrote_is_there_where_the_project_was_taken_out(
    page, check_axe, screenshot, refusals_are_expected
):
    proposal = entered(*two_pots())
    desk = reverse("review", args=[proposal.cycle.slug, proposal.pk])
    come_in(page, *ready(reviewer()), desk)
    form = page.locator("form", has=page.locator("input[name=act][value=give]"))
    form.locator("textarea[name=reason]").fill("The bank is too steep for benches.")
    for name, said in (("feasible", "no"), ("lawful", "yes")):
        form.locator(f"input[name={name}][value={said}]").check()
    leave_cycle(proposal, by=proposal.project.proposer)
    form.get_by_role("button", name="Give this review").click()
    expect(page.get_by_role("alert")).to_contain_text("its authors took it out of the cycle")
    expect(page.get_by_role("heading", name="What you wrote")).to_be_visible()
    expect(form.locator("input[name=feasible][value=no]")).to_be_checked()
    expect(form.locator("textarea[name=reason]")).to_have_value(
        "The bank is too steep for benches."
    )
    at_both_widths(page, "review-taken-out", check_axe, screenshot)


def test_the_board_of_reviews_keeps_what_was_ticked(
    page, check_axe, screenshot, refusals_are_expected
):
    cycle, (one, two) = reviewing_cycle(2)
    author = reviewer()
    CoAuthor.objects.create(project=one.project, user=author)
    come_in(page, *ready(administrator()), reverse("reviews", args=[cycle.slug]))
    page.get_by_label(f"Choose {one.project.title}").check()
    page.get_by_label("Give them to").select_option(str(author.pk))
    page.get_by_role("button", name="Give them out").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label(f"Choose {one.project.title}")).to_be_checked()
    expect(page.get_by_label(f"Choose {two.project.title}")).not_to_be_checked()
    at_both_widths(page, "reviews-refused", check_axe, screenshot)
