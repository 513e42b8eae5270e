"""The same 120 ways to run something, typed into every form of the site as people type them.

``test_typed`` puts the strings where columns are read. Here each form is found on the pages on
which it stands, filled in with them, and sent by whoever the page is for. First with something
that nothing takes: it comes back with what was typed. Then so that it is taken: what was typed is
kept as words, and every page on which it stands and every mail holds no more than with harmless
words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from django import forms
from django.apps import apps
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.http import HttpResponse
from nacl.public import PrivateKey

from budgeting.domain.sealing import public_key_of
from civicfund.notices.services import send_next
from civicfund.town.bench.visitors import session_of
from tests.factories.projects import ProjectFactory
from tests.signing_in import PASSWORD
from tests.town import typed
from tests.town.errands import SENT_ALONG, Errand, errands_of
from tests.town.filling_in import Papers, Turns
from tests.town.matrix import ASKING, _asks_the_provider
from tests.town.more_forms import to_be_paid
from tests.town.more_words import Pages
from tests.town.people import ROLES, SUPERUSER
from tests.town.small_town import SmallTown
from tests.town.test_matrix import quiet, town  # noqa: F401 -- fixtures
from tests.town.test_typed import addresses, faults, faults_of_page, taken
from tests.town.watching import Watch, filled, send, watching

pytestmark = pytest.mark.django_db
Words = dict[str, str]
Errands = dict[str, Errand]
Say = Callable[[str], str]

# Every input that is declared, and where its words are kept.
INPUTS = (
    typed.INPUTS
    | typed.MADE_INPUTS
    | {f"{file} {name}": kept for (file, name), kept in typed.BARE_INPUTS.items()}
)
# Where nothing was typed, and why.
UNTYPED = {
    # Pages of a local try-out, which are not found anywhere else.
    "civicfund.town.local_views.SampleForm.story",
    "civicfund.town.local_views.SampleForm.title",
    # Not on the page: people have no user names here.
    "civicfund.people.forms.accounts.SignupForm.username",
    # Compared before the form is looked at.
    "civicfund.people.forms.ConfirmHomeForm.found",
    "civicfund.people.forms.roles.AskForRoleForm.found",
    # It stands in the address: test_typed asks for that.
    "budgeting.forms.finding.ProposalFilter.q",
    "budgeting.forms.reviews.BoardFilter.q",
    # Stands hidden beside the choices of a trail; what names no thing is refused: see test_trail.
    "civicfund.audit.forms.TrailForm.about",
    # Hidden on the page that follows the choice of a sum; typed as the API takes it.
    "civicfund.pledges.forms.pledge.PledgeForm.consent_version",
}
# Into these it was typed and came back, but nothing was kept, and why.
UNKEPT = {
    # Looked for among the projects, and not kept.
    "civicfund.projects.forms.similar.IdeaForm.summary",
    "civicfund.projects.forms.similar.IdeaForm.title",
    # Refused here for what else the form says, or not kept as it was typed: still to be reached.
    "budgeting.forms.cycles.PotForm.name",
    "civicfund.pledges.forms.pledge.PledgeForm.guest_name",
    "civicfund.pledges.forms.surveys.QuestionForm.choices",
    "civicfund.projects.forms.authors.JoinForm.words",
    # Kept with a number that is written, and only then.
    "civicfund.town.forms.PopulationForm.source",
}
# A form says so at each of its errors, of which it may have more.
AT_AN_ERROR = b'<span class="sr-only">Error:</span>'
# What a mark begins with: the end of all that is kept, by which it is found again.
MARK = "zq"
# Where something else is asked for than words, and is told from them by nobody.
GIVEN: Words = {"public_key": public_key_of(bytes(PrivateKey.generate())), "password1": PASSWORD}


def harmless(words: str) -> str:
    """As many lines and letters, and nothing in them; the mark stands where it stood."""
    rest, begin, mark = words.rpartition(MARK) if MARK in words else (words, "", "")
    return re.sub(r"[^\n\r \x00]", "x", rest) + begin + mark


# --- what comes back


def come_back(errand: Errand, watch: Watch, turns: Turns) -> list[str]:
    """What is wrong where a form is sent with a NUL in every input, which nothing takes."""
    texts = errand.paper.texts
    words = {name: f"{turns.next(text.leaving(1))}\x00" for name, text in texts.items()}
    cache.clear()  # of what is counted for each hour
    hostile, like = (sent(errand, words, say, watch) for say in (str, harmless))
    for answer in (hostile, like):
        answer.body = answer.body.replace(AT_AN_ERROR, b"")
    return faults(hostile, like) + broken(hostile) + lost(hostile, errand, words)


def sent(errand: Errand, words: Words, say: Say, watch: Watch, keep: bool = False) -> HttpResponse:
    paper = errand.paper
    said = {name: say(each) for name, each in words.items()}
    given = filled(paper, errand.fields, GIVEN) if keep else dict(paper.values)
    watch.begin(set(said.values()))
    answer = send(errand.client, paper.action, given | said, keep=keep)
    watch.end(paper)
    errand.fields, errand.takers = watch.fields | errand.fields, watch.takers
    answer.is_taken = not watch.refused and is_done(answer)
    return answer


def is_done(answer: HttpResponse) -> bool:
    ends = [address for address, _code in answer.redirect_chain][-1:]
    signed_out = ("/accounts/login/", *ASKING)
    return answer.status_code < 400 and bool(ends) and not ends[0].startswith(signed_out)


def broken(answer: HttpResponse) -> list[str]:
    is_wrong = answer.status_code == 429 or answer.status_code >= 500
    wrong = is_wrong and not _asks_the_provider(answer)
    return [f"{answer.status_code} {answer.exc_info}"] if wrong else []


def lost(answer: HttpResponse, errand: Errand, words: Words) -> list[str]:
    """What was typed, and does not stand in the form that comes back."""
    texts, page = errand.paper.texts, answer.body.decode("utf-8", "replace")
    is_part = "<html" not in page  # of a page on which all stays as it is
    if answer.is_taken or is_part or texts.keys() <= SENT_ALONG or _asks_the_provider(answer):
        return []
    shown = {name: [said] for name, said in words.items() if not texts[name].secret}
    found = Papers(page, "").found
    back = [each.values for each in found if each.texts.keys() >= shown.keys()]
    lacking = [
        [f"lost {name}: {each.get(name)}" for name, said in shown.items() if each.get(name) != said]
        for each in back
    ]
    return min(lacking, key=len, default=[f"does not come back: {answer.status_code}"])


# --- what is kept


def words_to_keep(errands: Errands, turns: Turns) -> dict[str, Words]:
    """What to type into each form, with a mark of its own at the end of every text."""
    return {
        key: {
            name: _allowed(
                f"{turns.next(text.leaving(10))} {MARK}{n}q{i}q", errand.takers.get(name)
            )
            for i, (name, text) in enumerate(errand.paper.texts.items())
            if name not in GIVEN and _takes_words(errand.fields.get(name))
        }
        for n, (key, errand) in enumerate(errands.items())
    }


def _allowed(words: str, takers: set[str] | None) -> str:
    """Who trustees are is refused with a letter in it that nobody sees."""
    is_of_a_trustee = "budgeting/forms/keys.py" in (takers or ())
    return "".join(filter(str.isprintable, words)) if is_of_a_trustee else words


def _takes_words(each: forms.Field | None) -> bool:
    is_text = isinstance(each, forms.CharField) and not isinstance(each, typed.NARROW)
    return each is None or is_text


@dataclass
class Walk:
    """What came of typing one kind of words into all of the forms."""

    answers: dict[str, HttpResponse]
    columns: dict[str, set[str]]
    read: dict[str, HttpResponse]
    mails: list[EmailMultiAlternatives] = field(default_factory=list)


def walk(
    town: SmallTown,  # noqa: F811
    errands: Errands,
    words: dict[str, Words],
    say: Say,
    watch: Watch,
    pages: Pages,
) -> Walk:
    """All forms one after the other; then the pages are read and the mails sent, and nothing is
    left of it.
    """
    block = transaction.atomic()
    block._from_testcase = True
    cache.clear()
    mail.outbox.clear()
    with block:
        _sign_in_again(town)
        answers = {
            key: sent(errand, words[key], say, watch, keep=True) for key, errand in errands.items()
        }
        done = Walk(answers, in_columns(), {})
        _sign_in_again(town)
        done.read = taken(pages)
        while send_next():
            pass
        done.mails = list(mail.outbox)
        transaction.set_rollback(True)
    return done


def in_columns() -> dict[str, set[str]]:
    """All that stands in columns of words, with the column, told by what is seen of it."""
    found: dict[str, set[str]] = {}
    for column in typed.WRITTEN | set(typed.WRITTEN_WITHIN):
        model, _dot, name = column.rpartition(".")
        for row in apps.get_model(model)._default_manager.values_list(name, flat=True):
            for words in _texts(row):
                found.setdefault(letters(words), set()).add(column)
    return found


def _texts(kept: object) -> Iterator[str]:
    if isinstance(kept, str):
        yield kept
    elif isinstance(kept, dict | list | tuple):
        for each in kept.values() if isinstance(kept, dict) else kept:
            yield from _texts(each)


def letters(words: str) -> str:
    """Without gaps and what cannot be seen: services leave out some of it."""
    return "".join(each for each in words if each.isprintable() and not each.isspace())


def _sign_in_again(town: SmallTown) -> None:  # noqa: F811
    """Whoever closed an account or made a browser a kiosk was signed out."""
    for name, person in town.people.items():
        session = session_of(person, second_factor=name in (*ROLES, SUPERUSER))
        town.clients[name].cookies[settings.SESSION_COOKIE_NAME] = session


def kept_inputs(errands: Errands, words: dict[str, Words], done: Walk) -> set[str]:
    """Inputs of which all that was typed stands in a column of words."""
    return {
        taker
        for key, errand in errands.items()
        if done.answers[key].is_taken
        for name, said in words[key].items()
        for taker in errand.takers.get(name, ())
        if all(letters(each) in done.columns for each in _parts(said, taker))
    }


def _parts(said: str, taker: str) -> list[str]:
    """Choices are kept line by line."""
    lines = [each for each in said.splitlines() if letters(each)]
    return lines if taker.endswith("QuestionForm.choices") else [said]


def faults_of_mail(found: EmailMultiAlternatives, like: EmailMultiAlternatives) -> list[str]:
    """Lines and people that it should not have, and elements."""
    sent_as, wanted = found.message(), like.message()
    heads = [name for name in sent_as if "\n" in str(sent_as[name]).replace("\n ", "")]
    same = (found.recipients(), sorted(sent_as)) == (like.recipients(), sorted(wanted))
    html = faults_of_page(str(found.alternatives[0][0]), str(like.alternatives[0][0]))
    return heads + ([] if same else ["headers"]) + html


def faults_of(hostile: Walk, like: Walk) -> Iterator[str]:
    """What is in the answers, pages and mails that is not in those with harmless words."""
    for key, answer in hostile.answers.items():
        if answer.is_taken != like.answers[key].is_taken:
            yield f"{key}: taken or not by what is typed"
        for each in broken(answer) or faults(answer, like.answers[key]):
            yield f"{key}: {each}"
    for name, answer in hostile.read.items():
        for each in faults(answer, like.read[name]):
            yield f"{name}: {each}"
    if len(hostile.mails) != len(like.mails):
        yield "mails: not as many"
    for found, wanted in zip(hostile.mails, like.mails, strict=False):
        for each in faults_of_mail(found, wanted):
            yield f"{wanted.subject}: {each}"


def with_a_mark(done: Walk) -> set[str]:
    """The pages on which something stands that was typed; a file may hide it."""
    return {
        name
        for name, answer in done.read.items()
        if MARK.encode() in answer.body or not answer["Content-Type"].startswith("text/")
    }


@pytest.fixture
def paid():
    return to_be_paid()


@pytest.mark.turns(day=0)
@pytest.mark.long
@pytest.mark.timeout(300)
def test_what_is_typed_into_a_form_comes_back_or_is_kept_and_is_no_more_than_words(
    paid,
    town,  # noqa: F811
    monkeypatch,
):
    errands, watch, turns = errands_of(town, paid), watching(monkeypatch), Turns()
    GIVEN.update({"into": str(town.things.funded_project.pk), "project": str(ProjectFactory().pk)})
    wrong = [
        f"{key}: {each}"
        for key, errand in errands.items()
        for each in come_back(errand, watch, turns)
    ]
    words = words_to_keep(errands, turns)
    pages = {name: each for name, each in addresses(town).items() if not each[1].endswith(".pdf")}
    like = walk(town, errands, words, harmless, watch, pages)
    marked = {name: pages[name] for name in with_a_mark(like)}
    hostile = walk(town, errands, words, str, watch, marked)
    kept = kept_inputs(errands, words, hostile)
    wrong += faults_of(hostile, like)
    if wrong:
        pytest.fail("\n".join(wrong))
    # The controls: all that is declared was typed into, and is kept where it is to be.
    assert set(INPUTS) - watch.typed_into == UNTYPED
    assert {name for name in INPUTS if INPUTS[name] != typed.COMPARED} - kept - UNTYPED == UNKEPT
    assert min(turns.typed.values()) > 30
    assert len(marked) > 30
