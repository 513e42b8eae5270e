"""120 ways to run something in somebody else's browser, in every text that people can type.

The texts are found in the code (``typed``). A page is rendered with all of the strings in every
column of words at once: where a column is read, the reader gets them, however short the column is
and whatever the database would let in.
"""

from __future__ import annotations

import csv
import inspect
import io
import json
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from django.apps import apps
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.template import engines
from django.template.loader import get_template
from django.test import Client
from django.urls import get_resolver, reverse

from budgeting.selectors.options import _remembered
from civicfund.notices.enums import TOLD_WORDS
from civicfund.notices.services import compose
from civicfund.payments.models import Orphan
from civicfund.payments.services import note_orphan, review_orphan
from civicfund.payouts.enums import Method, Source
from civicfund.payouts.services.deciding import approve_payout, note_bank_payment
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.services import grant_role
from civicfund.pledges.enums import CampaignState
from civicfund.pledges.services.campaigns import request_changes
from civicfund.pledges.services.moderating import resume_campaign, suspend_campaign
from civicfund.projects.models import Project
from civicfund.spreadsheets import FORMULA
from tests.factories.payouts import new_treasurer
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory
from tests.factories.projects import ProjectFactory
from tests.payloads import PAYLOADS, chunks
from tests.payouts.test_payouts import ask, awarded
from tests.signing_in import sign_in_with_second_factor
from tests.town import typed
from tests.town.matrix import _asks_the_provider
from tests.town.more_words import Pages, more_words
from tests.town.people import ANONYMOUS, OWNER, SUPERUSER
from tests.town.rooms import READERS
from tests.town.routes import NEEDED, ROUTES
from tests.town.small_town import SmallTown
from tests.town.test_feeds import unfolded
from tests.town.test_matrix import quiet, town  # noqa: F401 -- fixtures
from tests.town.test_rooms import page_of
from tests.town.test_routes import walk_patterns

pytestmark = pytest.mark.django_db
typed.load()

# PostgreSQL keeps no NUL.
HOSTILE = "\n".join(payload.replace("\x00", "") for payload in PAYLOADS)
FORMULAS = [each for each in PAYLOADS if each.startswith(FORMULA)]
# What words may become where they are shown: paragraphs, links to the web, and what of Markdown.
PROSE = {
    "p", "br", "em", "strong", "ul", "ol", "li", "blockquote", "h3", "h4", "a", "code", "pre", "hr",
}  # fmt: skip
LEADS = {"href", "src", "action", "formaction", "data", "srcdoc", "xlink:href", "poster"}
SAFE = ("http://", "https://", "/", "#", "?", "mailto:", "data:image/")


class Page(HTMLParser):
    """What a page consists of, and whatever in it could run something or lead astray."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.parts: Counter[tuple[str, ...]] = Counter()
        self.wrong: list[str] = []
        # What stands where a browser reads code; JSON that a script reads is data.
        self.code: list[str] = []
        self.within = ""
        self.feed(text)
        self.close()

    def handle_data(self, data):
        if self.within in ("script", "style"):
            self.code.append(data)

    def handle_endtag(self, tag):
        self.within = ""

    def handle_starttag(self, tag, attrs):
        self.within = "" if ("type", "application/json") in attrs else tag
        names = tuple(sorted(name for name, _value in attrs))
        if tag not in PROSE or not set(names) <= {"href", "rel", "class"}:
            self.parts[tag, *names] += 1
        for name, value in attrs:
            leads = name in LEADS and not str(value or "#").startswith(SAFE)
            if name.startswith(("on", "hx-on")) or leads:
                self.wrong.append(f"<{tag} {name}={value!r}>")


def faults_of_page(text: str, like: str) -> list[str]:
    """What is in a page that is not in the one with harmless words, or that could run."""
    found, wanted = Page(text), Page(like)
    more = [f"{part}: {n}" for part, n in (found.parts - wanted.parts).items()]
    less = [f"{part}: {n} less" for part, n in (wanted.parts - found.parts).items()]
    code = [] if found.code == wanted.code else ["words where a browser reads code"]
    return found.wrong + more + less + code


def harmless(words: str) -> str:
    """As many lines and letters, and nothing in them but the words."""
    rest = re.sub(r"[^\n ]", "x", HOSTILE)
    return f"{words} {rest[len(words) + 1 :]}"


Change = Callable[[str], str]


@pytest.fixture
def reading(monkeypatch):
    """``reading(say)``: whoever reads a column of words is given what ``say`` makes of its name."""

    def begin(say: Change) -> None:
        for column in typed.WRITTEN:
            monkeypatch.setattr(_field(column), "from_db_value", _says(say(column)), raising=False)
        for column, reword in typed.WRITTEN_WITHIN.items():
            field = _field(column)
            own = getattr(field, "from_db_value", None)
            put = _says_within(own, reword, say(column))
            monkeypatch.setattr(field, "from_db_value", put, raising=False)
        cache.clear()
        _remembered.cache_clear()

    # Over what was put there before, not within it.
    yield begin
    monkeypatch.undo()


def _field(column: str):
    model, _dot, name = column.rpartition(".")
    return apps.get_model(model)._meta.get_field(name)


def _says(words: str):
    return lambda value, _expression, _connection: None if value is None else words


def _says_within(own, reword: typed.Reword, words: str):
    def read(value, expression, connection):
        kept = own(value, expression, connection) if own else value
        return reword(kept, words) if kept else kept

    return read


# --- what is declared


def test_every_column_of_words_is_declared():
    known = typed.WRITTEN | typed.NO_WORDS
    found = set(typed.columns())
    undeclared = {each for each in found - known if each.rpartition(".")[2] not in typed.CODES}
    assert undeclared == set()
    assert known - found == set()


def test_every_text_input_of_a_form_is_declared_with_where_its_words_are_kept():
    found = {name for name, field in typed.inputs() if not isinstance(field, typed.NARROW)}
    assert found == set(typed.INPUTS)
    assert set(typed.INPUTS.values()) <= KEPT


def test_every_text_that_the_api_takes_is_declared():
    narrow = typed.NARROW_SERIALIZED
    found = {name for name, field in typed.serialized() if not isinstance(field, narrow)}
    assert found == set(typed.SERIALIZED)
    assert set(typed.SERIALIZED.values()) <= KEPT


KEPT = typed.WRITTEN | set(typed.WRITTEN_WITHIN) | {typed.COMPARED}
BARE = re.compile(
    r"""(POST|GET)(?:\.get\(|\.getlist\(|\[)\s*["']([\w-]+)["']|said_in\(\w+, ["'](\w+)"""
)
MADE = re.compile(r"self\.fields\[.*\] = (?:forms\.CharField|_field_of)\(")


def sources() -> Iterator[tuple[str, str]]:
    for top in typed.OURS:
        for path in Path(top).rglob("*.py"):
            if "/bench/" not in str(path) and "/sandbox/" not in str(path):
                yield str(path), path.read_text()


def test_every_text_that_a_view_takes_without_a_form_is_declared():
    found = [(path, *names) for path, text in sources() for names in BARE.findall(text)]
    sent = {(path, name) for path, kind, name, _said in found if kind == "POST"}
    assert {each for each in sent if each[1] not in typed.NAMES_OF_CHOICES} == set(
        typed.BARE_INPUTS
    )
    assert set(typed.BARE_INPUTS.values()) <= KEPT
    asked = {name or said for _path, kind, name, said in found if kind != "POST"}
    assert asked == typed.IN_ADDRESSES


def test_every_text_input_that_a_form_makes_as_it_goes_is_declared():
    found = {path for path, text in sources() if MADE.search(text)}
    assert found == set(typed.MADE_INPUTS)
    assert set(typed.MADE_INPUTS.values()) <= KEPT


def test_a_narrow_input_lets_no_payload_through():
    narrow = [(name, each) for name, each in typed.inputs() if isinstance(each, typed.NARROW)]
    assert len(narrow) > 20
    for name, field in narrow:
        for payload in PAYLOADS:
            try:
                kept = str(field.clean(payload))
            except ValidationError:
                continue
            assert not re.search(r"[<>\"'{}\n\x00]|script:", kept), (name, payload)


# --- what is shown


def reader(town: SmallTown, route: str) -> Client:  # noqa: F811
    readers = ROUTES[route].reads
    return town.clients[OWNER if OWNER in readers else min(readers)]


def addresses(town: SmallTown) -> Pages:  # noqa: F811
    """Each route with who reads it, and every list of the administration with a row."""
    found = {
        route: (reader(town, route), town.address(route) + NEEDED.get(route, ""))
        for route, declared in ROUTES.items()
        if declared.reads
    }
    for model in READERS:
        found[f"admin/{model}/"] = (town.clients[SUPERUSER], f"/admin/{model}/")
        row = page_of(model).model._default_manager.first()
        if row is not None:
            address = f"/admin/{model}/{row.pk}/change/"
            found[f"admin/{model}/change/"] = (town.clients[SUPERUSER], address)
    return found


def taken(pages: Pages) -> dict[str, HttpResponse]:
    """Every answer, with what it holds in ``body``; what is said once to a visitor is said."""
    for client in {id(client): client for client, _address in pages.values()}.values():
        client.get("/policies/terms/")
    found = {}
    for name, (client, address) in pages.items():
        answer = client.get(address, follow=True)
        answer.body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        found[name] = answer
    return found


def faults(answer: HttpResponse, like: HttpResponse) -> list[str]:
    if (answer.status_code, answer["Content-Type"]) != (like.status_code, like["Content-Type"]):
        error = answer.exc_info and repr(answer.exc_info[1])
        return [f"{answer.status_code} {answer['Content-Type']}, not {like.status_code}: {error}"]
    return LOOKS.get(_kind(answer), _other)(answer.body, like.body)


def _page(body: bytes, like: bytes) -> list[str]:
    return faults_of_page(body.decode(), like.decode())


def _json(body: bytes, _like: bytes) -> list[str]:
    json.loads(body)
    return []


def _csv(body: bytes, like: bytes) -> list[str]:
    """As many cells in each line, and none of them a formula."""
    rows, wanted = (list(csv.reader(io.StringIO(each.decode()))) for each in (body, like))
    cells = [cell for row in rows for cell in row if cell.startswith(FORMULA)]
    wrong = [cell for cell in cells if not re.fullmatch(r"-?[\d.]+", cell)]
    return wrong + (["cells"] if [*map(len, rows)] != [*map(len, wanted)] else [])


def _calendar(body: bytes, like: bytes) -> list[str]:
    found, wanted = (
        [re.split("[;:]", line)[0] for line in unfolded(each)] for each in (body, like)
    )
    return [] if found == wanted else [f"lines: {found}"]


def _feed(body: bytes, like: bytes) -> list[str]:
    found, wanted = (ET.fromstring(each) for each in (body, like))  # noqa: S314 -- our own
    shapes = [Counter(part.tag for part in each.iter()) for each in (found, wanted)]
    wrong = [] if shapes[0] == shapes[1] else ["elements"]
    for part in found.iter("{http://www.w3.org/2005/Atom}summary"):
        inner = Page(part.text or "")
        wrong += inner.wrong + [str(each) for each in inner.parts]
    return wrong


ACTIVE = re.compile(rb"/(?:JavaScript|JS|Launch|OpenAction|URI|SubmitForm|EmbeddedFile|ObjStm)\b")
# Letters and fonts, packed: bytes among which a short name stands by chance. What acts is named
# outside of them, unless objects are packed, too (ObjStm).
PACKED = re.compile(rb"\bstream\r?\n.*?\bendstream\b", re.DOTALL)


def _pdf(body: bytes, like: bytes) -> list[str]:
    """Nothing that runs or leads away, but for what the harmless one does as it opens."""
    found, wanted = (Counter(ACTIVE.findall(PACKED.sub(b"", each))) for each in (body, like))
    return [] if body.startswith(b"%PDF-") and found == wanted else [f"runs: {found}"]


def _zip(body: bytes, _like: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(body)) as whole:
        for name in whole.namelist():
            if name.endswith(".json"):
                json.loads(whole.read(name))
        return [name for name in whole.namelist() if "<" in name or ".." in name]


def _other(_body: bytes, _like: bytes) -> list[str]:
    return []


LOOKS: dict[str, Callable[[bytes, bytes], list[str]]] = {
    "text/html": _page,
    "application/json": _json,
    "text/csv": _csv,
    "text/calendar": _calendar,
    "application/atom+xml": _feed,
    "application/pdf": _pdf,
    "application/zip": _zip,
}


def _kind(answer: HttpResponse) -> str:
    return answer["Content-Type"].partition(";")[0]


@pytest.mark.turns(day=1)
@pytest.mark.long
@pytest.mark.timeout(300)
def test_whatever_people_type_is_nowhere_more_than_words(town, reading):  # noqa: F811
    pages = more_words(town) | addresses(town)
    papers = {name: pages.pop(name) for name in list(pages) if pages[name][1].endswith(".pdf")}
    columns = sorted(typed.WRITTEN | set(typed.WRITTEN_WITHIN))
    marks = {column: f"zq{number}q" for number, column in enumerate(columns)}
    reading(lambda column: harmless(marks[column]))
    like = taken(pages)
    assert [name for name, answer in like.items() if _is_broken(answer)] == []
    # An answer is none of the choices, or it would be the one that is ticked.
    reading(lambda column: f"{HOSTILE}x" if column.endswith(".choices") else HOSTILE)
    hostile = taken(pages)
    wrong = [f"{name}: {each}" for name in pages for each in faults(hostile[name], like[name])]
    files = {name: pages[name] for name in pages if _kind(like[name]) == "text/csv"}
    for formula in FORMULAS:
        reading(lambda _column, formula=formula: formula)
        again = taken(files)
        wrong += [f"{name}: {each}" for name in files for each in faults(again[name], like[name])]
    wrong += wrong_on_paper(papers, reading)
    assert len(files) > 7
    if wrong:
        pytest.fail("\n".join(wrong))
    shown = b"".join(answer.body for answer in like.values()).decode("utf-8", "replace")
    # The control: each of the columns is read on one of the pages.
    unseen = [column for column, mark in marks.items() if mark not in shown]
    assert " ".join(unseen) == REFERENCE


def _is_broken(answer: HttpResponse) -> bool:
    return answer.status_code == 500 and not _asks_the_provider(answer)


def wrong_on_paper(papers: Pages, reading) -> list[str]:
    """A PDF is set line by line: with texts as long as a title may be, one after the other."""
    reading(lambda _column: "Hello")
    like, wrong = taken(papers), []
    assert {_kind(answer) for answer in like.values()} == {"application/pdf"}
    for words in chunks(110, HOSTILE.split("\n")):
        reading(lambda _column, words=words: words)
        found = taken(papers)
        wrong += [f"{name}: {each}" for name in papers for each in faults(found[name], like[name])]
    return wrong


# The small town's books do not add up, so nothing is paid out there.
REFERENCE = "payouts.payout.bank_reference"


def test_the_reference_of_a_bank_payment_is_no_more_than_words(client, reading):
    project, treasurer = awarded(), new_treasurer()
    payout = ask(project, treasurer, 20_000, Source.AWARD, Method.BANK)
    note_bank_payment(approve_payout(payout, by=new_treasurer()), by=treasurer, reference="x")
    sign_in_with_second_factor(client, treasurer)
    pages = {"payouts": (client, reverse("project_payouts", args=[project.pk]))}
    reading(lambda column: harmless("zq1q" if column == REFERENCE else "Hello"))
    like = taken(pages)["payouts"]
    reading(lambda _column: HOSTILE)
    assert b"zq1q" in like.body
    assert faults(taken(pages)["payouts"], like) == []


def test_what_is_taken_without_a_form_is_kept_without_what_cannot_be_seen():
    """A NUL, which the database refuses, and a letter that turns the reading direction round."""
    typed_words = "a\x00b\u202ec"
    staff = UserFactory()
    for role in (Role.TREASURER, Role.MODERATOR, Role.REVIEWER):
        grant_role(staff, role, by=None)
    note_orphan("re_by_hand", "refund_made_elsewhere")
    live, submitted = CampaignFactory(), CampaignFactory(state=CampaignState.SUBMITTED)
    project, treasurer = awarded(), new_treasurer()
    payout = ask(project, treasurer, 20_000, Source.AWARD, Method.BANK)
    approve_payout(payout, by=new_treasurer())
    kept = [
        review_orphan(Orphan.objects.get(), by=staff, words=typed_words).words,
        suspend_campaign(live, by=staff, reason=typed_words).suspension_reason,
        resume_campaign(live, by=staff, reason=typed_words).resumption_reason,
        request_changes(submitted, by=staff, reason=typed_words).review_note,
        note_bank_payment(payout, by=treasurer, reference=typed_words).bank_reference,
    ]
    assert kept == ["abc"] * 5


# --- what is said back


# What no page of ours holds by itself.
SAID = b"onerror"
DOORS = ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/")


# Pages that are searched by a form of their own.
SEARCHED = {"budget/<slug:slug>/reviews/", "campaigns/", "projects/", "projects/help/"}


def names_read() -> dict[str, set[str]]:
    """What each page's module reads from an address, by the page's route."""
    found = {}
    for route, pattern in walk_patterns(get_resolver()):
        source = inspect.getsource(sys.modules[pattern.callback.__module__])
        read = BARE.findall(source)
        found[route] = {name or said for kind, name, said in read if kind != "POST"}
        found[route] |= {"q"} if route in SEARCHED else set()
    return found


def said_by(client: Client, address: str, name: str, words: str) -> HttpResponse:
    answer = client.get(address.partition("?")[0], {name: words})
    answer.body = b"" if answer.streaming else answer.content
    return answer


@pytest.mark.turns(day=2)
@pytest.mark.timeout(120)
def test_what_an_address_says_is_shown_as_words(town):  # noqa: F811
    taken({name: (client, "/") for name, client in town.clients.items()})
    wrong, asked, shown, read = [], 0, 0, names_read()
    pages = addresses(town) | {door[1:]: (town.clients[ANONYMOUS], door) for door in DOORS}
    for route, (client, address) in pages.items():
        for name in sorted({"q"} if "admin" in route else {"next", *read.get(route, ())}):
            hostile = said_by(client, address, name, HOSTILE)
            asked += 1
            if hostile.status_code in (301, 302):
                client.get("/policies/terms/")  # what was said on the way is said
                assert hostile.url.startswith(("/", "http://testserver/")), address
            elif hostile.status_code >= 500 or SAID in hostile.body:
                shown += 1
                like = said_by(client, address, name, harmless("Hello"))
                wrong += [f"{address} {name}: {each}" for each in faults(hostile, like)]
    if wrong:
        pytest.fail("\n".join(wrong))
    assert asked > 250
    assert shown > 0


# --- mails


TAGS = re.compile(r"{[{%](.*?)[%}]}", re.DOTALL)
# What a mail is given besides words of people: addresses of our own, sums, days, how many.
OWN = re.compile(r"(^|_)(url|link|address|id)$")
SUMS = re.compile(r"_minor$|^(number|lines|count|days|hours|tries|percent|people|more)$|_days$|^n$")


def sources_of(name: str) -> Iterator[str]:
    """A template and those that it stands in."""
    source = get_template(name).template.source
    yield source
    for whole in re.findall(r'{% extends "(emails/[^"]+)" %}', source):
        yield from sources_of(whole)


def given_to(kind: str, words: str) -> dict[str, str | int]:
    """A value for every name that the templates of a mail use."""
    sources = [each for end in ("txt", "html") for each in sources_of(f"emails/{kind}.{end}")]
    tags = " ".join(tag for source in sources for tag in TAGS.findall(source))
    given: dict[str, str | int] = dict.fromkeys(re.findall(r"\b[a-z_]+\b", tags), words)
    for name in given:
        if OWN.search(name) or SUMS.search(name):
            given[name] = "/x/" if OWN.search(name) else 7
    return given


def mail_of(kind: str, words: str):
    recipient = User(pk=1, email="ann@example.org", display_name=words)
    return compose(kind, recipient, given_to(kind, words), topic="following")


@pytest.mark.turns(day=2)
@pytest.mark.parametrize("kind", sorted(set(TOLD_WORDS) - {"news"}))  # in test_injection
def test_no_mail_holds_more_than_words(kind):
    hostile, like = mail_of(kind, HOSTILE), mail_of(kind, harmless("Hello"))
    found, wanted = hostile.message(), like.message()
    assert sorted(found.keys()) == sorted(wanted.keys())
    assert not any("\n" in str(found[name]).replace("\n ", "") for name in found)
    assert hostile.recipients() == ["ann@example.org"]
    assert faults_of_page(hostile.alternatives[0][0], like.alternatives[0][0]) == []
    assert "Hello" in like.alternatives[0][0]


# --- the controls


@pytest.mark.parametrize(
    "shown",
    [
        "<p>{{ project.title|safe }}</p>",
        "{% autoescape off %}<p>{{ project.title }}</p>{% endautoescape %}",
        "<p title={{ project.title }}>x</p>",
        "<script>{{ project.title }}</script>",
        '<a href="{{ project.title }}">x</a>',
        "<textarea>{{ project.title|safe }}</textarea>",
    ],
)
def test_a_page_that_shows_words_as_they_are_is_caught(reading, shown):
    """The control: columns are read with the payloads in them, and the watch sees them."""
    ProjectFactory()
    pages = []
    for words in (harmless("Hello"), HOSTILE):
        reading(lambda _column, words=words: words)
        template = engines["django"].from_string(shown)
        pages.append(template.render({"project": Project.objects.get()}))
    assert faults_of_page(pages[1], pages[0]) != []


def test_a_file_with_a_formula_is_caught():
    like = b"a,b\r\nx,1\r\n"
    assert _csv(b"a,b\r\n'=1+1,-1\r\n", like) == []
    for wrong in (b"a,b\r\n=1+1,1\r\n", b"a,b\r\n@SUM(1),1\r\n", b"a,b\r\nx,1,2\r\n"):
        assert _csv(wrong, like) != []


def test_a_paper_that_runs_something_is_caught():
    like = b"%PDF-1.3\n<< >>\nstream\nab\nendstream\n"
    assert _pdf(like.replace(b"ab", b"packed by chance as /JS "), like) == []
    for wrong in (b"<< /JS (x) >>", b"<< /Type /ObjStm >>"):
        assert _pdf(like.replace(b"<< >>", wrong), like) != []


def test_there_are_a_hundred_and_twenty_payloads():
    assert len(set(PAYLOADS)) >= 120
