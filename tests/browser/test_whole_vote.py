"""One vote from its roll to both verifiers, by people of every role, each in their own browser.

What nobody does by hand happens as it does in the town: the sweep closes, the sweep counts. The
trustees' program runs as they run it, by itself, and so does the verifier: in an empty folder,
without the project's settings or database.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

import budgeting.domain
from budgeting.enums import Channel, CycleState, VoterGroup
from budgeting.models import Cycle
from budgeting.selectors import people_by_channel
from budgeting.services.closing import close_cycle
from budgeting.services.counting import count_cycle
from budgeting.services.roll import set_eligibility
from civicfund.people.enums import Role
from tests.browser.test_roll import with_second_factor
from tests.browser.test_treasury import come_in
from tests.budgeting.test_roll import HEAD, person_row
from tests.factories.budgeting import administrator, draft_cycle, end_voting, named_trustees
from tests.factories.paper import holder
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
    pytest.mark.timeout(600),
    pytest.mark.journey,
]

CODE = re.compile(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4})+\b")
PART = re.compile(r"^(?:[a-z]+ ){32}[a-z]+$", re.MULTILINE)
NUMBERS = range(1, 6)


class Town:
    """Everybody's browsers, and the cycle that they are about."""

    def __init__(self, open_page, check_axe, screenshot) -> None:
        self.open_page, self.check_axe, self.screenshot = open_page, check_axe, screenshot
        place = NeighborhoodFactory(name="Harbour")
        self.cycle = draft_cycle(place=place)
        set_eligibility(
            self.cycle, minimum_age=16, age_on=date(2026, 1, 1), groups=[VoterGroup.RESIDENT],
            by=administrator(),
        )  # fmt: skip
        self.roll = HEAD + "".join(f"{person_row(n, place)}\n" for n in NUMBERS)

    def at(self, address: str) -> str:
        return f"/budget/{self.cycle.slug}/{address}"

    def seen(self, tab, name: str) -> None:
        self.check_axe(tab)
        self.screenshot(tab, f"whole-vote-{name}")

    def staff(self, *roles: Role, to: str):
        """Somebody of these roles, signed in with a second factor, at an address of the cycle."""
        tab = self.open_page()
        come_in(tab, *with_second_factor(holder(*roles)), self.at(to))
        return tab

    def two(self, role: Role, *, to: str):
        return self.staff(role, to=to), self.staff(role, to=to)


def upload(form, path: Path, button: str):
    form.get_by_label("The file").set_input_files(path)
    form.get_by_role("button", name=button).click()


def roll_imported_by_two(town, folder):
    file = folder / "roll.csv"
    file.write_text(town.roll)
    one, other = town.two(Role.BUDGET_ADMINISTRATOR, to="roll/desk/")
    upload(one, file, "Look it through")
    one.get_by_role("button", name="Ask that 5 people come on the roll").click()
    other.reload()
    town.seen(other, "roll")
    waiting = other.get_by_role("region", name="Waiting for a second person")
    upload(waiting, file, "Agree, and put them on the roll")
    expect(other.get_by_text("5 people came onto the roll.")).to_be_visible()


def program(folder, act, typed):
    """The trustees' one file, by itself; what it printed."""
    done = subprocess.run(
        [sys.executable, "trustee.py", act], cwd=folder, input=typed, text=True,
        capture_output=True, check=True, env={},
    )  # fmt: skip
    return done.stdout


def key_made_and_rehearsed(town, folder):
    """Give the parts of the three trustees, who wrote them down."""
    tab = town.staff(Role.BUDGET_ADMINISTRATOR, to="key/")
    with tab.expect_download() as download:
        tab.get_by_role("link", name="The program").click()
    shutil.copy(download.value.path(), folder / "trustee.py")
    shown = program(folder, "make", "\n" * 6)
    parts = PART.findall(shown)
    public = re.search(r"\b[0-9a-f]{64}\b", shown)[0]
    tab.get_by_label("Public key of the trustees").fill(public)
    known_by = re.search(r"(?:[0-9a-f]{4} ){7}[0-9a-f]{4}", shown)[0]
    for part, each in enumerate(named_trustees(), start=1):
        tab.get_by_label(f"Name of trustee {part}").fill(each.name)
        tab.get_by_label(f"Trustee {part} stands for").fill(each.stands_for)
    tab.get_by_role("button", name="Keep this key").click()
    expect(tab.get_by_text(known_by)).to_be_visible()
    for pair in ("1+2", "1+3", "2+3"):
        part = tab.get_by_role("region", name=re.compile("not opened yet")).first
        box = part.locator("code").inner_text()
        one, other = (parts[int(n) - 1] for n in pair.split("+"))
        told = program(folder, "open", f"{box}\n{one}\n{other}\n")
        part.get_by_label("What the box holds").fill(told.rsplit(maxsplit=1)[-1])
        part.get_by_role("button", name=f"Tell the answer of {pair}").click()
        expect(tab.get_by_text("Right: this pair can open the vote.")).to_be_visible()
    town.seen(tab, "key")
    return parts


def paper_offered(town):
    tab = town.staff(Role.BUDGET_ADMINISTRATOR, to="paper/desk/")
    tab.get_by_role("button", name="Let people vote on paper").click()
    form = tab.get_by_role("region", name="Add a place")
    form.get_by_label("Name").fill("Town hall")
    form.get_by_label("Address").fill("Market Square 1")
    form.get_by_role("button", name="Add this place").click()
    return tab


def opened_by_two(town):
    one, other = town.two(Role.BUDGET_ADMINISTRATOR, to="desk/")
    one.get_by_role("button", name="Ask for the opening").click()
    other.reload()
    town.seen(other, "desk")
    other.get_by_role("button", name="I agree: open the cycle").click()
    expect(other.get_by_text("The cycle is open.")).to_be_visible()


def sheets_printed(tab, folder):
    """The numbers of the sheets, as they stand on paper."""
    tab.reload()
    form = tab.get_by_role("region", name="Print sheets")
    form.get_by_label("Place", exact=True).select_option("Town hall")
    form.get_by_label("With the pots of").select_option("Harbour")
    form.get_by_label("How many").fill("2")
    with tab.expect_download() as download:
        form.get_by_role("button", name="Make the sheets (PDF)").click()
    pages = PdfReader(download.value.path()).pages
    return [re.search(r"\b[A-Z2-9]{4}-[A-Z2-9]{4}\b", page.extract_text())[0] for page in pages]


def codes_sent(town, folder):
    """The letters' codes, in the order of the roll; two administrators have them printed."""
    file = folder / "roll.csv"
    one, other = town.two(Role.BUDGET_ADMINISTRATOR, to="roll/letters/")
    upload(one, file, "Look it through")
    one.get_by_role("button", name="Ask for letters to 5 people on the roll").click()
    other.reload()
    waiting = other.get_by_role("region", name=re.compile("asked for letters"))
    with other.expect_download() as download:
        upload(waiting, file, "Make the letters and download them")
    return [CODE.search(p.extract_text())[0] for p in PdfReader(download.value.path()).pages]


def choose(tab, option: int):
    tab.get_by_role("checkbox").nth(option).check()
    tab.get_by_role("button", name=re.compile("^Cast")).click()
    return tab.locator("[data-receipt]").inner_text()


def type_code(town, tab, code):
    tab.goto(town.at("code/"))
    tab.get_by_label("The code in your letter").fill(code)
    tab.get_by_label("Your year of birth").fill("1980")
    tab.get_by_role("button", name="To my ballot").click()


def voted_by_code(town, code):
    tab = town.open_page({"width": 390, "height": 844})
    type_code(town, tab, code)
    receipt = choose(tab, 0)
    town.seen(tab, "by-code-390")
    return receipt


def voted_with_an_account_and_changed(town, code, sign_in):
    """The code gives an account the right to vote; the ballot is cast, and cast again."""
    tab = town.open_page()
    sign_in(tab, UserFactory())
    type_code(town, tab, code)
    tab.goto(town.at("roll/"))
    tab.get_by_role("button", name="Vote with my account from now on").click()
    tab.goto(town.at("ballot/"))
    first = choose(tab, 1)
    tab.get_by_role("link", name="Change my ballot").click()
    expect(tab.get_by_text("Your ballot: cast at")).to_be_visible()
    second = choose(tab, 2)
    expect(tab.get_by_text("Your ballot: changed at")).to_be_visible()
    town.seen(tab, "changed")
    return first, second


def voted_at_a_kiosk(town, number):
    device = town.staff(Role.POLL_OFFICER, to="kiosks/")
    device.get_by_label("Where it stands").fill("Library")
    device.get_by_role("button", name="Make it a kiosk").click()
    desk = town.staff(Role.POLL_OFFICER, to="kiosks/")
    desk.get_by_label("The person's number").fill(str(number))
    desk.get_by_role("button", name="Unlock, and show the code").click()
    device.get_by_label("The officer's code").fill(desk.locator("[data-code]").inner_text())
    device.get_by_role("button", name="Open my ballot").click()
    receipt = choose(device, 0)
    town.seen(device, "kiosk")
    return receipt


def given_paper(town, number):
    tab = town.staff(Role.POLL_OFFICER, to="paper/check-in/")
    tab.get_by_label("Place").select_option("Town hall")
    tab.get_by_label("The person's number").fill(str(number))
    tab.get_by_role("button", name="Look for them on the roll").click()
    tab.get_by_role("button", name="Check in, and give a ballot").click()
    expect(tab.get_by_text("Checked in.")).to_be_visible()


def read_sheet(tab, sheet, first, last):
    tab.get_by_label("Number of the sheet").fill(sheet)
    tab.get_by_role("button", name=first).click()
    tab.get_by_role("checkbox").first.check()
    tab.get_by_role("button", name=last).click()


def paper_keyed_and_compared(town, sheet):
    for clerk in town.two(Role.CLERK, to="paper/keying/"):
        read_sheet(clerk, sheet, "Key this sheet", "Keep this sheet")
        expect(clerk.get_by_text("Kept.")).to_be_visible()
    desk = town.staff(Role.BUDGET_ADMINISTRATOR, to="paper/desk/")
    form = desk.get_by_role("region", name="Account for a place")
    form.get_by_label("Place", exact=True).select_option("Town hall")
    for label, sheets in (
        ("Sheets in the box", 1), ("Spoiled, and replaced", 0), ("Returned unused", 1)
    ):  # fmt: skip
        form.get_by_label(label).fill(str(sheets))
    form.get_by_role("button", name="Account for this place").click()
    end = desk.get_by_role("region", name="End the keying")
    end.get_by_role("button", name="End the keying").click()
    for role in (Role.OBSERVER, Role.CLERK):
        reader = town.staff(role, to="paper/sample/")
        read_sheet(reader, sheet, "Read this sheet", "Keep what I read")
    expect(reader.get_by_text("as it was keyed")).to_be_visible()
    town.seen(reader, "sample")


def opened_by_trustees(town, parts):
    one, other = town.two(Role.BUDGET_ADMINISTRATOR, to="unsealing/")
    one.get_by_role("button", name="Ask that the ballots be opened").click()
    other.reload()
    other.get_by_role("button", name="I agree").click()
    other.get_by_label("Part of one trustee").fill(parts[0])
    other.get_by_label("Part of another trustee").fill(parts[2])
    other.get_by_role("button", name="Open the ballots").click()
    expect(other.get_by_text("The ballots are open.")).to_be_visible()
    town.seen(other, "opened")


def published_by_two(town):
    one, other = town.two(Role.CERTIFIER, to="desk/")
    one.get_by_role("button", name="The count is in order").click()
    other.reload()
    other.get_by_role("button", name="I agree: publish it").click()
    expect(other.get_by_text("The outcome is published.")).to_be_visible()


def noted_from_the_board(tab):
    """The root, as somebody writes it down who looks at the board."""
    return tab.get_by_role("row", name="Root").get_by_role("cell").inner_text()


def found_on_the_board(town, tab, receipt):
    tab.goto(town.at("board/"))
    tab.get_by_label("Your receipt").fill(receipt)
    tab.get_by_role("button", name="Look it up").click()
    expect(tab.get_by_text("Recorded, at place")).to_be_visible()


def verified_by_both(town, tab, receipts, root, folder):
    tab.goto(town.at("results/"))
    town.seen(tab, "results")
    with tab.expect_download() as download:
        tab.locator("a[href$='bundle.zip']").click()
    bundle = folder / "bundle.zip"
    shutil.copy(download.value.path(), bundle)
    tab.goto("/budget/verify/")
    tab.get_by_label("File of a vote").set_input_files(bundle)
    tab.get_by_label("Your receipts").fill("\n".join(receipts))
    tab.get_by_label("The root that you noted").fill(root)
    tab.get_by_role("button", name="Verify it").click()
    expect(tab.get_by_text("things that were looked at hold.")).to_be_visible()
    same_root = tab.get_by_role("row", name="the root is the one that you noted")
    expect(same_root.get_by_text("holds")).to_be_visible()
    town.seen(tab, "verified")
    elsewhere = folder / "elsewhere"
    shutil.copytree(Path(budgeting.domain.__file__).parent, elsewhere / "budgeting" / "domain")
    done = subprocess.run(
        [sys.executable, "-m", "budgeting.domain.verify", str(bundle), *receipts, "--root", root],
        cwd=elsewhere, env={}, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken\n" in done.stdout
    # Ballots of so few people are not published, so who won there cannot be counted again.
    [unseen] = [line for line in done.stdout.splitlines() if line.startswith("not looked at")]
    assert ": who won: " in unseen


def test_a_whole_vote_by_people_of_every_role(open_page, sign_in, check_axe, screenshot, tmp_path):
    town = Town(open_page, check_axe, screenshot)
    roll_imported_by_two(town, tmp_path)
    parts = key_made_and_rehearsed(town, tmp_path)
    paper_desk = paper_offered(town)
    opened_by_two(town)
    sheets = sheets_printed(paper_desk, tmp_path)
    codes = codes_sent(town, tmp_path)
    receipts = [
        voted_by_code(town, codes[0]),
        *voted_with_an_account_and_changed(town, codes[1], sign_in),
        voted_at_a_kiosk(town, 3),
    ]
    given_paper(town, 4)
    end_voting(town.cycle)
    close_cycle(town.cycle)
    paper_keyed_and_compared(town, sheets[0])
    opened_by_trustees(town, parts)
    count_cycle(Cycle.objects.get(pk=town.cycle.pk))
    published_by_two(town)
    anybody = open_page()
    for receipt in receipts:
        found_on_the_board(town, anybody, receipt)
    verified_by_both(town, anybody, receipts, noted_from_the_board(anybody), tmp_path)
    cycle = Cycle.objects.get(pk=town.cycle.pk)
    assert cycle.state == CycleState.PUBLISHED
    took_part = dict(zip(Channel, people_by_channel(cycle), strict=True))
    assert took_part == dict.fromkeys(Channel, 1)
