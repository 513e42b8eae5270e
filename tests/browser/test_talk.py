"""People talk about a project, in a browser on both widths."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from civicfund.people.enums import Role
from civicfund.talk.enums import Wrong
from civicfund.talk.models import Comment
from civicfund.talk.services import flag_comment
from civicfund.talk.services.news import gather_comments
from tests.browser.test_desks import holding, ready
from tests.browser.test_treasury import come_in
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import CommentFactory, ThreadFactory

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_a_resident_says_something_and_another_answers(page, phone, sign_in, check_axe, screenshot):
    project = ProjectFactory(title="Trees for Mill Lane")
    first = CommentFactory(
        thread=ThreadFactory(subject_id=project.pk),
        body="Who waters them in summer?\n\nSee https://example.org/lindens for what lindens need.",
    )
    sign_in(page, UserFactory(display_name="Nell Byrne"))
    page.goto(project.get_absolute_url())
    page.get_by_label("Your comment").fill("The school would like to help.")
    page.get_by_role("button", name="Say it").dblclick()
    expect(page.get_by_text("The school would like to help.")).to_be_visible()
    assert Comment.objects.filter(body="The school would like to help.").count() == 1
    check_axe(page)
    screenshot(page, "talk-1280")
    sign_in(phone, UserFactory(display_name="Tom Hall"))
    phone.goto(first.get_absolute_url())
    phone.get_by_label("Your answer").fill("We do, with a can each.")
    phone.get_by_role("button", name="Say it").click()
    expect(phone.get_by_text("with a can each")).to_be_visible()
    check_axe(phone)
    screenshot(phone, "talk-answer-390")
    phone.goto(project.get_absolute_url())
    check_axe(phone)
    screenshot(phone, "talk-390")
    page.goto(project.neighborhood.get_absolute_url())
    check_axe(page)
    screenshot(page, "place-1280")


def test_a_resident_follows_something_and_opens_what_is_new(phone, sign_in, check_axe, screenshot):
    project = ProjectFactory(title="Trees for Mill Lane")
    sign_in(phone, UserFactory())
    phone.goto(project.get_absolute_url())
    phone.get_by_role("button", name="Follow this").click()
    CommentFactory(thread=ThreadFactory(subject_id=project.pk), body="A meeting would help.")
    gather_comments()
    phone.goto("/me/notices/")
    expect(phone.get_by_text("A meeting would help.")).to_be_visible()
    check_axe(phone)
    screenshot(phone, "notices-390")
    phone.set_viewport_size({"width": 1280, "height": 900})
    screenshot(phone, "notices-1280")
    phone.set_viewport_size({"width": 390, "height": 844})
    phone.get_by_role("link", name="A new comment: Trees for Mill Lane").click()
    expect(phone.get_by_text("A meeting would help.")).to_be_visible()
    phone.goto("/me/notices/")
    expect(phone.get_by_text("Nothing is new")).to_be_visible()
    phone.get_by_role("button", name="Follow this no more (Trees for Mill Lane)").click()
    expect(phone.get_by_text("Nothing yet.")).to_be_visible()


def test_a_moderator_hides_what_was_reported_and_the_place_says_why(
    page, phone, check_axe, screenshot
):
    comment = CommentFactory(body="You are all fools.")
    flag_comment(comment, by=UserFactory(), reason=Wrong.INSULT, words="Rude to everybody.")
    come_in(phone, *ready(holding(Role.MODERATOR)), "/desk/comments/")
    check_axe(phone)
    screenshot(phone, "moderators-390")
    phone.get_by_role("link", name="You are all fools.").click()
    phone.get_by_label("It insults or threatens people").check()
    phone.get_by_label("In words").fill("We talk as neighbors here.")
    check_axe(phone)
    screenshot(phone, "judging-390")
    phone.get_by_role("button", name="Hide it").click()
    expect(phone.get_by_text("Nothing waits")).to_be_visible()
    page.goto(comment.get_absolute_url())
    expect(page.get_by_text("Hidden by a moderator")).to_be_visible()
    check_axe(page)
    screenshot(page, "tombstone-1280")
    page.goto("/moderation/")
    check_axe(page)
    screenshot(page, "moderation-1280")


def test_a_moderator_hides_a_wave_at_once(phone, check_axe, screenshot, refusals_are_expected):
    for number in range(3):
        comment = CommentFactory(body=f"Buy at shop {number}, it is cheap.")
        flag_comment(comment, by=UserFactory(), reason=Wrong.ADVERT)
    come_in(phone, *ready(holding(Role.MODERATOR)), "/desk/comments/")
    phone.get_by_label("Tick: Buy at shop 0").check()
    phone.get_by_label("Tick: Buy at shop 2").check()
    phone.get_by_text("Judge all that are ticked at once").click()
    check_axe(phone)
    screenshot(phone, "wave-390")
    phone.get_by_role("button", name="Hide those ticked").click()
    expect(phone.get_by_role("alert")).to_be_visible()
    expect(phone.get_by_label("Tick: Buy at shop 2")).to_be_checked()
    check_axe(phone)
    screenshot(phone, "wave-refused-390")
    phone.set_viewport_size({"width": 1280, "height": 900})
    screenshot(phone, "wave-refused-1280")
    phone.get_by_label("It advertises").check()
    phone.get_by_role("button", name="Hide those ticked").click()
    expect(phone.get_by_text("2 comments are hidden")).to_be_visible()
    expect(phone.get_by_role("link", name="Buy at shop 1")).to_be_visible()


def test_a_moderator_finds_what_was_hidden_and_all_that_its_author_wrote(
    page, phone, check_axe, screenshot
):
    author = UserFactory(display_name="Moss Trader")
    for number in range(3):
        CommentFactory(author=author, body=f"Buy at shop {number}, it is cheap.")
    comment = CommentFactory(author=author, body="Come to my shop in Mill Lane.")
    ProjectFactory(proposer=author, title="A sign for my shop")
    for tab, width in ((phone, 390), (page, 1280)):
        tab.context.clear_cookies()
        come_in(tab, *ready(holding(Role.MODERATOR)), "/desk/comments/")
        tab.goto(comment.get_absolute_url())
        screenshot(tab, f"judge-link-{width}")
        tab.get_by_role("link", name="Judge Moss Trader").click()
        tab.get_by_role("link", name="Everything by this author").click()
        expect(tab.get_by_role("heading", name="Everything by Moss Trader")).to_be_visible()
        number = 0 if tab is phone else 1
        tab.get_by_label(f"Tick: Buy at shop {number}").check()
        tab.get_by_label("It advertises").check()
        tab.get_by_label("In words").fill("No advertisements, please.")
        check_axe(tab)
        screenshot(tab, f"by-one-author-{width}")
        tab.get_by_role("button", name="Hide those ticked").click()
        tab.get_by_role("status").get_by_role("link", name="What was hidden").click()
        expect(tab.get_by_role("link", name=f"Buy at shop {number}")).to_be_visible()
        check_axe(tab)
        screenshot(tab, f"what-was-hidden-{width}")
        tab.goto("/desk/comments/")
        check_axe(tab)
        screenshot(tab, f"moderators-desk-{width}")


def test_a_moderator_pauses_somebody_who_reads_why_and_appeals(
    page, phone, sign_in, check_axe, screenshot, refusals_are_expected
):
    comment = CommentFactory(author=UserFactory(display_name="Moss Trader"))
    address = f"/desk/comments/by/{comment.author_id}/pause/"
    come_in(page, *ready(holding(Role.MODERATOR)), address)
    screenshot(page, "pausing-1280")
    page.get_by_label("7 days").check()
    page.get_by_label("It advertises").check()
    page.get_by_label("In words").fill("No shops here, please.")
    page.get_by_role("button", name="Pause their writing").click()
    expect(page.get_by_role("button", name="Let them write again")).to_be_visible()
    check_axe(page)
    screenshot(page, "paused-1280")
    page.set_viewport_size({"width": 390, "height": 844})
    screenshot(page, "paused-390")
    sign_in(phone, comment.author)
    phone.goto(comment.get_absolute_url())
    phone.get_by_label("Your answer").fill("Come to my shop.")
    phone.get_by_role("button", name="Say it").click()
    expect(phone.get_by_role("alert")).to_contain_text("has paused your writing until")
    expect(phone.get_by_label("Your answer")).to_have_value("Come to my shop.")
    phone.goto("/me/pause/")
    phone.get_by_label("Why should you be let write again?").fill("It is a flower shop.")
    check_axe(phone)
    screenshot(phone, "my-pause-390")
    phone.set_viewport_size({"width": 1280, "height": 900})
    screenshot(phone, "my-pause-1280")
    phone.get_by_role("button", name="Send").click()
    expect(phone.get_by_text("Another moderator looks at your appeal.")).to_be_visible()


def test_a_spokesperson_answers_for_the_city(phone, page, check_axe, screenshot):
    question = CommentFactory(body="Who waters the trees?", asks_city=True)
    come_in(phone, *ready(holding(Role.SPOKESPERSON)), "/desk/questions/")
    check_axe(phone)
    screenshot(phone, "questions-390")
    phone.get_by_role("link", name="Who waters the trees?").click()
    phone.get_by_label("The city's answer").fill("We do, twice a week from May on.")
    check_axe(phone)
    screenshot(phone, "answering-390")
    phone.get_by_role("button", name="Answer for the city").click()
    expect(phone.get_by_text("No question is open")).to_be_visible()
    page.goto(question.get_absolute_url())
    expect(page.get_by_text("Answer of the city")).to_be_visible()
    check_axe(page)
    screenshot(page, "answered-1280")
