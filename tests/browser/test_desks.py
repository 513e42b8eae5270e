"""The desks of a cycle's people, and a document about a home, in a browser on both widths."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from playwright.sync_api import expect

from budgeting.enums import CycleState
from budgeting.models import Cycle
from civicfund.people.enums import Proof, Role
from civicfund.people.models import Residency, RoleGrant, RoleRequest
from civicfund.people.services import ask_for_role, grant_role
from civicfund.people.services.documents import send_document
from civicfund.places.enums import PlaceKind
from tests.browser.test_budget import both
from tests.browser.test_treasury import come_in
from tests.budgeting.test_observing import counted, voted
from tests.factories.budgeting import administrator, certifier, draft_cycle, rehearsed, voters
from tests.factories.people import ResidencyFactory, UserFactory
from tests.factories.places import CityFactory, NeighborhoodFactory
from tests.signing_in import verified, with_totp

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    settings.RESIDENCE_DOCUMENTS = str(tmp_path / "documents")


def ready(user):
    """The person as the pages need them: an address, a second factor."""
    user.refresh_from_db()
    return user, with_totp(verified(user))


def holding(role):
    user = UserFactory()
    grant_role(user, role, by=None)
    return user


def test_a_cycle_is_led_from_its_draft_to_its_opening_at_its_desk(
    page, phone, check_axe, screenshot
):
    cycle = draft_cycle()
    desk = f"/budget/{cycle.slug}/desk/"
    come_in(page, *ready(administrator()), desk)
    expect(page.get_by_text("Once nothing is missing")).to_be_visible()
    check_axe(page)
    screenshot(page, "cycle-desk-missing-1280")
    voters(cycle, 2)
    rehearsed(cycle)
    page.reload()
    page.get_by_role("button", name="Ask for the opening").click()
    expect(page.get_by_text("You asked for it")).to_be_visible()
    check_axe(page)
    screenshot(page, "cycle-desk-asked-1280")
    come_in(phone, *ready(administrator()), desk)
    expect(phone.get_by_role("heading", name="Open the cycle")).to_be_visible()
    check_axe(phone)
    screenshot(phone, "cycle-desk-390")
    phone.get_by_role("button", name="I agree: open the cycle").click()
    expect(phone.get_by_text("The cycle is open.")).to_be_visible()
    assert Cycle.objects.get(pk=cycle.pk).state == CycleState.OPEN
    phone.goto("/desk/")
    check_axe(phone)
    screenshot(phone, "my-desks-390")


def test_a_count_is_certified_and_published_and_its_few_ballots_observed(
    page, phone, check_axe, screenshot
):
    cycle = counted(voted())
    desk = f"/budget/{cycle.slug}/desk/"
    come_in(page, *ready(certifier()), desk)
    expect(page.get_by_role("heading", name="What was counted")).to_be_visible()
    check_axe(page)
    screenshot(page, "certifying-1280")
    page.get_by_role("button", name="The count is in order").click()
    come_in(phone, *ready(certifier()), desk)
    check_axe(phone)
    screenshot(phone, "publishing-390")
    phone.get_by_role("button", name="I agree: publish it").click()
    expect(phone.get_by_text("The outcome is published.")).to_be_visible()
    for tab, width in both(page, phone):
        tab.context.clear_cookies()
        come_in(tab, *ready(holding(Role.OBSERVER)), f"/budget/{cycle.slug}/observing/")
        check_axe(tab)
        screenshot(tab, f"observing-{width}")
        tab.get_by_role("button", name="Show the ballots of Whole town").click()
        expect(tab.get_by_role("table")).to_contain_text("2")
        check_axe(tab)
        screenshot(tab, f"observed-ballots-{width}")
        tab.goto("/desk/")
        expect(tab.get_by_role("link", name="Observing")).to_be_visible()
        check_axe(tab)
        screenshot(tab, f"my-desks-{width}-observer")


def a_bill(tmp_path):
    drawn = io.BytesIO()
    Image.new("RGB", (300, 400), "white").save(drawn, "PNG")
    path = tmp_path / "bill.png"
    path.write_bytes(drawn.getvalue())
    return path


def test_a_resident_sends_a_document_and_is_told_what_is_wrong_with_another(
    phone, sign_in, check_axe, screenshot, refusals_are_expected, tmp_path
):
    home = ResidencyFactory(proof="", proved_at=None)
    sign_in(phone, home.user)
    phone.goto("/me/residency/")
    check_axe(phone)
    wrong = tmp_path / "bill.svg"
    wrong.write_text("<svg/>")
    phone.get_by_label("A picture or a PDF").set_input_files(wrong)
    phone.get_by_role("button", name="Send it").click()
    expect(phone.get_by_role("alert")).to_contain_text("JPEG or PNG")
    check_axe(phone)
    screenshot(phone, "document-refused-390")
    phone.get_by_label("A picture or a PDF").set_input_files(a_bill(tmp_path))
    phone.get_by_role("button", name="Send it").click()
    expect(phone.get_by_text("We hold the picture that you sent")).to_be_visible()
    check_axe(phone)
    screenshot(phone, "document-sent-390")
    phone.get_by_role("button", name="Take it back").click()
    expect(phone.get_by_text("Taken back and deleted.")).to_be_visible()


def test_two_officers_look_at_a_document_and_confirm_the_home(
    page, phone, check_axe, screenshot, tmp_path
):
    home = ResidencyFactory(proof="", proved_at=None)
    send_document(home.user, a_bill(tmp_path).read_bytes())
    for tab, width in both(page, phone):
        come_in(tab, *ready(holding(Role.POLL_OFFICER)), "/desk/residence/")
        check_axe(tab)
        screenshot(tab, f"documents-desk-{width}")
        tab.get_by_role("link", name=home.user.display_name).click()
        with tab.expect_popup() as opened:
            tab.get_by_role("button", name="Show the picture").click()
        expect(opened.value.locator("img")).to_be_visible()
        opened.value.close()
        check_axe(tab)
        screenshot(tab, f"document-{width}")
    page.get_by_label("It shows this person's home").check()
    page.get_by_role("button", name="This is what I see").click()
    expect(page.get_by_text("That was you")).to_be_visible()
    phone.reload()
    phone.get_by_role("button", name="I agree").click()
    expect(phone.get_by_text("Decided, and the document is deleted.")).to_be_visible()
    assert Residency.objects.get().proof == Proof.DOCUMENT


def test_an_officer_confirms_the_home_of_somebody_who_stands_there(
    page, phone, check_axe, screenshot, refusals_are_expected
):
    for tab, width in both(page, phone):
        home = ResidencyFactory(proof="", proved_at=None)
        verified(home.user)
        come_in(tab, *ready(holding(Role.POLL_OFFICER)), "/desk/homes/")
        check_axe(tab)
        tab.get_by_label("Their e-mail address").fill("nobody@example.org")
        tab.get_by_role("button", name="Find them").click()
        expect(tab.get_by_role("alert")).to_contain_text("Nobody has an account")
        check_axe(tab)
        screenshot(tab, f"homes-desk-{width}")
        tab.get_by_label("Their e-mail address").fill(home.user.email)
        tab.get_by_role("button", name="Find them").click()
        expect(tab.get_by_role("heading", name=home.user.display_name)).to_be_visible()
        check_axe(tab)
        tab.get_by_label("A card or passport that names this home").check()
        screenshot(tab, f"home-to-confirm-{width}")
        tab.get_by_role("button", name="Confirm this home").click()
        expect(tab.get_by_text("lives there")).to_be_visible()
        home.refresh_from_db()
        assert home.proof == Proof.OFFICER


def superuser(name):
    return UserFactory(display_name=name, is_superuser=True, is_staff=True)


def test_a_superuser_finds_somebody_and_asks_for_a_role(
    page, phone, check_axe, screenshot, refusals_are_expected
):
    for tab, width in both(page, phone):
        person = verified(UserFactory(display_name=f"Ann Ferry {width}"))
        grant_role(person, Role.REVIEWER, by=None)
        come_in(tab, *ready(superuser(f"Ruth Moss {width}")), "/desk/roles/")
        check_axe(tab)
        tab.get_by_label("Their name or e-mail address").fill("nobody of this name")
        tab.get_by_role("button", name="Find them").click()
        expect(tab.get_by_role("alert")).to_contain_text("Nobody with an account has this name")
        check_axe(tab)
        screenshot(tab, f"roles-desk-refused-{width}")
        tab.get_by_label("Their name or e-mail address").fill(f"ferry {width}")
        tab.get_by_role("button", name="Find them").click()
        expect(tab.get_by_label(f"Ann Ferry {width}")).to_be_checked()
        check_axe(tab)
        tab.get_by_label("Role", exact=True).select_option("Clerk")
        screenshot(tab, f"roles-desk-ask-{width}")
        tab.get_by_role("button", name="Ask for this role").click()
        expect(tab.get_by_text("You asked for it")).to_be_visible()
    assert RoleRequest.objects.waiting().count() == 2


def test_another_superuser_agrees_and_ends_a_role(page, phone, check_axe, screenshot):
    asker = superuser("Ruth Moss")
    for tab, width in both(page, phone):
        name = f"Ann Ferry {width}"
        ask_for_role(verified(UserFactory(display_name=name)), Role.CLERK, by=asker)
        come_in(tab, *ready(superuser("Otto Lind")), "/desk/roles/")
        check_axe(tab)
        tab.get_by_role("button", name="Agree: give the role").click()
        expect(tab.get_by_text(f"Given: Clerk to {name}.")).to_be_visible()
        tab.locator("summary", has_text="End it").click()
        check_axe(tab)
        screenshot(tab, f"roles-desk-{width}")
        tab.get_by_role("button", name="End this role").click()
        expect(tab.get_by_text(f"Ended: Clerk of {name}.")).to_be_visible()
        check_axe(tab)
    assert not RoleGrant.objects.exists()


def test_an_administrator_writes_how_many_people_live_where(
    page, phone, check_axe, screenshot, refusals_are_expected
):
    CityFactory(population=2_000)
    district = NeighborhoodFactory(kind=PlaceKind.DISTRICT, name="South", population=1_900)
    docks = NeighborhoodFactory(name="Docks and warehouses", parent=district, population=900)
    NeighborhoodFactory(name="Millside", parent=district, population=1_100)
    for tab, width in both(page, phone):
        come_in(tab, *ready(administrator()), "/desk/population/")
        check_axe(tab)
        screenshot(tab, f"population-desk-{width}")
        tab.get_by_label("Docks and warehouses").fill("-5")
        tab.get_by_label("Millside").fill(str(1_100 + width))
        tab.get_by_role("button", name="Save").click()
        expect(tab.get_by_role("alert")).to_contain_text("Write a whole number from 0 on.")
        expect(tab.get_by_label("Millside")).to_have_value(str(1_100 + width))
        check_axe(tab)
        screenshot(tab, f"population-desk-refused-{width}")
        expect(tab.get_by_role("alert")).to_contain_text("Say where these numbers come from")
        tab.get_by_label("Where what you write here comes from").fill("Register, 1 January 2026")
        tab.get_by_label("Docks and warehouses").fill(str(800 + width))
        tab.get_by_role("button", name="Save").click()
        expect(tab.get_by_text("Saved for 2 places.")).to_be_visible()
        docks.refresh_from_db()
        assert docks.population == 800 + width
        tab.goto(docks.get_absolute_url())
        expect(tab.get_by_text("Register, 1 January 2026")).to_be_visible()
        check_axe(tab)
        screenshot(tab, f"place-with-source-{width}")
