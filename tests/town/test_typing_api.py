"""The same strings as a program sends them: kept as words or refused, and told as JSON."""

from __future__ import annotations

from itertools import cycle, islice

import pytest
from django.urls import reverse

from civicfund.talk.models.threads import LONGEST
from civicfund.words import one_line, seen
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import CommentFactory, ThreadFactory
from tests.payloads import chunks
from tests.town import typed
from tests.town.filling_in import CLEAN, HOSTILE
from tests.town.test_typed import faults_of_page
from tests.town.watching import watching

pytestmark = pytest.mark.django_db
PROJECTS = "/api/v1/projects/"
# Several inputs at once: as many calls as the shortest one needs.
LONGEST_OF = {"title": 120, "summary": 280, "address": 200, "label": 120}


@pytest.fixture
def calling(client, monkeypatch):
    """``calling(method, address, given)``: what it answers, which is JSON and nothing else."""
    watch = watching(monkeypatch)

    def call(method, address, given):
        watch.begin(set(_strings(given)))
        answer = getattr(client, method)(address, given, content_type="application/json")
        assert answer["Content-Type"] == "application/json"
        assert answer["X-Content-Type-Options"] == "nosniff"
        return answer.status_code, answer.json()

    call.watch = watch
    return call


def _strings(given):
    for each in given.values():
        yield from (each[0].values() if isinstance(each, list) else [each])


def texts(longest):
    """All of the strings; without the first one, which stands empty before one that is cut."""
    return [each for each in chunks(longest, CLEAN) if each]


def ideas():
    """All the strings as title, summary, place and label, and together as a story."""
    parts = {
        name: list(filter(None, chunks(longest, CLEAN))) for name, longest in LONGEST_OF.items()
    }
    most = max(map(len, parts.values()))
    for row in zip(*(islice(cycle(each), most) for each in parts.values()), strict=True):
        said = dict(zip(parts, row, strict=True))
        lines = [{"label": said.pop("label"), "amount_minor": 100}]
        yield {**said, "story": HOSTILE, "cost_lines": lines}


def as_seen(idea):
    """What is kept of it: names are of one line, and nothing hides in any of it."""
    return {
        name: seen(said) if name == "story" else one_line(said) if isinstance(said, str) else said
        for name, said in idea.items()
    }


def write_projects(client, call):
    """One is made, and written anew again and again; its page holds what another would."""
    client.force_login(UserFactory())
    first, *others = ideas()
    code, made = call("post", PROJECTS, first | {"neighborhood": NeighborhoodFactory().slug})
    assert (code, {name: made[name] for name in first}) == (201, as_seen(first))
    like = client.get(made["page"]).content.decode()
    for idea in others:
        code, told = call("patch", f"{PROJECTS}{made['id']}/", idea)
        assert (code, {name: told[name] for name in idea}) == (200, as_seen(idea))
        assert faults_of_page(client.get(made["page"]).content.decode(), like) == []


def write_comments(client, call):
    thread = ThreadFactory()
    own = CommentFactory(thread=thread)
    client.force_login(own.author)
    for words in texts(LONGEST):
        for method, address in (
            ("post", reverse("api_thread", args=["project", thread.subject_id])),
            ("patch", reverse("api_comment", args=[own.pk])),
        ):
            code, told = call(method, address, {"body": words})
            assert (code, told["body"]) == (201 if method == "post" else 200, seen(words))


def agree_to_other_words(client, call):
    """What somebody agrees to is compared: each of the strings is refused, and not said back."""
    pledge, campaign = PledgeFactory(), CampaignFactory()
    client.force_login(pledge.backer)
    calls = cycle(
        [
            ("post", reverse("api_pledge", args=[campaign.pk])),
            ("patch", reverse("api_pledge_detail", args=[pledge.pk])),
            ("post", reverse("api_pledge_card", args=[pledge.pk])),
        ]
    )
    for words, (method, address) in zip(texts(16), calls, strict=False):
        given = {"amount_minor": 2500, "consent_version": words}
        code, told = call(method, address, given)
        assert (code, list(told), words in str(told)) == (400, ["consent_version"], False)


def test_what_the_api_takes_is_kept_and_told_as_words(client, calling):
    write_projects(client, calling)
    write_comments(client, calling)
    agree_to_other_words(client, calling)
    # The control: nothing that it takes was left out.
    assert calling.watch.typed_into == set(typed.SERIALIZED)


@pytest.mark.parametrize("name", ["title", "summary", "story", "address"])
def test_a_nul_is_refused_with_its_field(client, calling, name):
    project = ProjectFactory()
    client.force_login(project.proposer)
    code, told = calling("patch", f"{PROJECTS}{project.pk}/", {name: "<script\x00>1</script>"})
    assert (code, list(told)) == (400, [name])
    before = getattr(project, name)
    project.refresh_from_db()
    assert getattr(project, name) == before
