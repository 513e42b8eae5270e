"""What looks alike is shown before it is proposed twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from civicfund.projects.enums import ProjectState
from civicfund.projects.models import CoAuthor, Project, Support
from civicfund.projects.selectors import similar
from civicfund.projects.selectors.similar import (
    MOST_NAMED,
    SAME_PLACE,
    Idea,
    _alike,
    idea_of,
    look_alikes,
    similar_projects,
)
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.projects.test_moderating import hide
from tests.projects.test_pages import place, propose, proposer  # noqa: F401
from tests.projects.test_pages import typed as filled

pytestmark = pytest.mark.django_db


def known(title, **more):
    return ProjectFactory(**({"title": title, "summary": "", "story": ""} | more))


def named(title, **more):
    return [project.title for project in similar_projects(Idea(title, **more))]


def test_a_title_spelt_nearly_so_is_alike():
    known("A playground at the mill pond")
    known("Solar roof for the sports hall")
    assert named("Plaground at the mill pond") == ["A playground at the mill pond"]


def test_the_same_words_in_another_order_and_number_are_alike():
    known("New benches along the river path", summary="Places to rest for older people.")
    known("Open-air cinema", summary="Films in summer.")
    assert named("A place to rest", summary="Bench by the river for older people") == [
        "New benches along the river path"
    ]


def test_what_is_near_is_alike_sooner_and_a_place_alone_is_not():
    near = known("Trees and shade", latitude=53.0, longitude=-8.0)
    known("Cinema", latitude=53.0, longitude=-8.0)
    assert named("Shade for waiting people") == []
    assert named("Shade for waiting people", latitude=53.0005, longitude=-8.0) == [near.title]
    assert named("Shade for waiting people", latitude=53.1, longitude=-8.0) == []


def test_only_what_is_on_the_list_is_named_the_likest_first_and_not_too_many():
    for state in (ProjectState.DRAFT, ProjectState.WITHDRAWN):
        known("Warm room in the library", state=state)
    assert named("Warm room in the library") == []
    for number in range(MOST_NAMED + 1):
        known(f"Warm room in the library of district {number}")
    known("Warm room in the library")
    found = named("Warm room in the library")
    assert (len(found), found[0]) == (MOST_NAMED, "Warm room in the library")


def test_it_leaves_out_the_project_itself():
    project = known("Warm room in the library")
    assert similar_projects(Idea(project.title, besides=[project.pk])) == []


@pytest.mark.parametrize("typed", ["", "  ", "a", "' | ! & :* (", "\\", "%_%", "x" * 120])
def test_whatever_is_typed_is_answered(typed):
    known("Warm room")
    assert named(typed) == []


def test_it_asks_as_much_for_three_as_for_one():
    counts = []
    for rows in (1, 2):
        for _ in range(rows):
            known("Warm room in the library")
        with CaptureQueriesContext(connection) as queries:
            named("Warm room in the library")
        counts.append(len(queries))
    assert counts == [3, 3]


def test_the_fragment_names_them_as_one_types(client, proposer):  # noqa: F811
    known("Warm room in the <library>")
    address = reverse("similar_projects")
    page = client.post(address, {"title": "Warm room library", "latitude": "x"}).content.decode()
    assert "Warm room in the &lt;library&gt;" in page
    assert "Warm" not in client.post(address, {"title": "Cinema"}).content.decode()


def test_without_scripts_the_form_asks_once_and_then_saves(client, proposer, place):  # noqa: F811
    there = known("A bench at the mill pond")
    answer = propose(client, title="Bench at the mill pond", publish="yes")
    page = answer.content.decode()
    assert "These look alike" in page
    assert 'value="Bench at the mill pond"' in page
    assert f'name="different" value="{there.pk}"' in page
    assert Project.objects.count() == 1
    propose(client, title="Bench at the mill pond", publish="yes", different=there.pk)
    assert Project.objects.count() == 2


def test_what_was_shown_as_alike_says_nothing_of_a_later_title(client, proposer, place):  # noqa: F811
    draft, there = a_draft(proposer, neighborhood=place), known("A bench at the mill pond")
    page = client.get(reverse("project_edit", args=[draft.pk])).content.decode()
    assert f'name="different" value="{there.pk}"' in page
    other = known("Warm room in the library")
    given = {"title": "Warm room in the library", "publish": "yes", "different": [there.pk]}
    page = change(client, draft, **given).content.decode()
    assert "These look alike" in page
    assert [f'name="different" value="{pk}"' in page for pk in (there.pk, other.pk)] == [True] * 2
    draft.refresh_from_db()
    assert (draft.state, draft.title) == (ProjectState.DRAFT, "Bench at the mill pond")
    change(client, draft, **given | {"different": [there.pk, other.pk]})
    draft.refresh_from_db()
    assert draft.state == ProjectState.STUB


def test_one_supports_what_is_there_instead_and_keeps_what_was_typed(client, proposer, place):  # noqa: F811
    there = known("A bench at the mill pond")
    costs = (("Wood", "12"), ("Screws", "x"))
    given = {"title": "Bench at the mill pond", "story": "Typed.", "wanted": ["hands"]}
    answer = propose(client, *costs, **given, latitude="0.5", longitude="0.5", instead=there.pk)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "You support “A bench at the mill pond”. What you wrote is still here" in page
    for typed in ("Bench at the mill pond", "Wood", "Screws", "x", "0.5"):
        assert f'value="{typed}"' in page
    assert "Typed.</textarea>" in page
    assert answer.context["form"]["wanted"].value() == ["hands"]
    assert "You support it." in page
    assert "Support this instead" not in page
    assert list(Support.objects.values_list("person", "project")) == [(proposer.pk, there.pk)]
    assert list(Project.objects.all()) == [there]
    propose(client, **given, instead=there.pk)
    assert Support.objects.count() == 1


def test_what_cannot_be_supported_is_not_and_what_was_typed_stays(client, proposer):  # noqa: F811
    whole = known("A bench at the mill pond")
    gone = known("Mill bench", state=ProjectState.MERGED, merged_into=whole)
    page = propose(client, title="Bench at the mill pond", instead=gone.pk).content.decode()
    assert "This project cannot be supported." in page
    assert 'value="Bench at the mill pond"' in page
    hidden, withdrawn, draft = (
        known("Mill seat", state=state)
        for state in (ProjectState.READY, ProjectState.WITHDRAWN, ProjectState.DRAFT)
    )
    hide(hidden)
    for other in (hidden.pk, withdrawn.pk, draft.pk, 0, "x", "9" * 30):
        answer = propose(client, title="Bench at the mill pond", story="Typed.", instead=other)
        page = answer.content.decode()
        assert answer.status_code == 200
        assert "That project is not shown any more. What you wrote is still here." in page
        assert 'value="Bench at the mill pond"' in page
        assert "Typed.</textarea>" in page
        assert "Mill seat" not in page
    assert not Support.objects.exists()


def test_whoever_supports_a_part_supports_the_whole(client, proposer):  # noqa: F811
    whole = known("A bench at the mill pond")
    part = known("Mill bench", state=ProjectState.MERGED, merged_into=whole)
    Support.objects.create(project=part, person=proposer)
    answer = client.post(reverse("similar_projects"), {"title": "Bench at the mill pond"})
    assert "You support it." in answer.content.decode()
    assert "Support this instead" not in answer.content.decode()


def test_the_fragment_asks_as_much_for_three_as_for_one(client, proposer):  # noqa: F811
    counts = []
    for rows in (1, 2):
        for _ in range(rows):
            known("Warm room in the library")
        with CaptureQueriesContext(connection) as queries:
            client.post(reverse("similar_projects"), {"title": "Warm room in the library"})
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- drafts


def a_draft(proposer, title="Bench at the mill pond", **more):  # noqa: F811
    return known(title, state=ProjectState.DRAFT, proposer=proposer, **more)


def test_a_draft_is_compared_as_it_is_opened_and_before_it_is_published(client, proposer, place):  # noqa: F811
    draft = a_draft(proposer, neighborhood=place)
    edit = reverse("project_edit", args=[draft.pk])
    assert "These look alike" not in client.get(edit).content.decode()
    there = known("A bench at the mill pond")
    page = client.get(edit).content.decode()
    assert "These look alike" in page
    assert f'name="draft" value="{draft.pk}"' in page
    answer = change(client, draft, publish="yes")
    assert "press the button below once more" in answer.content.decode()
    draft.refresh_from_db()
    assert draft.state == ProjectState.DRAFT
    change(client, draft, save="yes", summary="Kept meanwhile.")
    change(client, draft, publish="yes", different=there.pk, summary="Kept meanwhile.")
    draft.refresh_from_db()
    assert (draft.state, draft.summary) == (ProjectState.STUB, "Kept meanwhile.")


def change(client, draft, **given):
    said = {"title": draft.title, "draft": draft.pk, "neighborhood": draft.neighborhood.slug}
    return client.post(reverse("project_edit", args=[draft.pk]), filled(**said | given))


def test_publishing_a_draft_from_its_page_leads_to_what_looks_alike(client, proposer):  # noqa: F811
    draft = a_draft(proposer)
    there = known("A bench at the mill pond")
    publish = reverse("project_publish", args=[draft.pk])
    answer = client.post(publish)
    assert answer.url == reverse("project_edit", args=[draft.pk])
    assert Project.objects.get(pk=draft.pk).state == ProjectState.DRAFT
    there.delete()
    client.post(publish)
    assert Project.objects.get(pk=draft.pk).state == ProjectState.STUB


def test_a_draft_becomes_the_support_of_another(client, proposer):  # noqa: F811
    draft = a_draft(proposer)
    there = known("A bench at the mill pond")
    answer = change(client, draft, instead=there.pk, story="Typed.")
    assert "Typed.</textarea>" in answer.content.decode()
    assert list(Support.objects.values_list("person", "project")) == [(proposer.pk, there.pk)]
    draft.refresh_from_db()
    assert (draft.story, draft.state) == ("", ProjectState.DRAFT)
    assert "and nobody else sees it" in answer.content.decode()


def test_who_writes_a_draft_together_is_not_told_that_nobody_else_sees_it(client, proposer):  # noqa: F811
    draft = a_draft(proposer)
    CoAuthor.objects.create(project=draft, user=UserFactory())
    answer = change(client, draft, instead=known("A bench at the mill pond").pk)
    assert "only you who write it see it." in answer.content.decode()
    assert "nobody else sees it" not in answer.content.decode()


def test_a_copy_is_compared_with_all_but_its_original(client, proposer):  # noqa: F811
    original = known("A bench at the mill pond")
    copy = a_draft(proposer, title=original.title, copied_from=original)
    assert similar_projects(idea_of(copy)) == []
    other = known("Bench at the mill pond")
    assert similar_projects(idea_of(copy)) == [other]
    page = client.post(reverse("similar_projects"), {"title": copy.title, "draft": copy.pk})
    assert [each.pk for each in page.context["similar"]] == [other.pk]
    # Of somebody else's draft nothing is said or left out.
    client.force_login(UserFactory())
    page = client.post(reverse("similar_projects"), {"title": copy.title, "draft": copy.pk})
    assert {each.pk for each in page.context["similar"]} == {original.pk, other.pk}


def test_the_same_neighborhood_adds_a_little_where_a_point_is_missing():
    near = known("Seats and shade by the water")
    idea = Idea("Seats in the shade", neighborhood=near.neighborhood_id)
    elsewhere = Idea("Seats in the shade", neighborhood=near.neighborhood_id + 1)
    assert _alike(idea, scored(idea, near)) - _alike(elsewhere, scored(idea, near)) == (
        pytest.approx(SAME_PLACE)
    )
    near.latitude = near.longitude = 0.5
    pointed = replace(idea, latitude=0.6, longitude=0.6)
    assert _alike(pointed, scored(idea, near)) == _alike(elsewhere, scored(idea, near))
    # A place alone is no likeness.
    assert similar_projects(replace(idea, title="Cinema")) == []


def scored(idea, project):
    project.likeness = 0.3
    return project


# --- what moderators are shown though nobody said so


def later(title, **more):
    return known(title, **({"published_at": now() - timedelta(days=1)} | more))


def before(title, **more):
    return known(title, **({"published_at": now() - timedelta(days=99)} | more))


def test_what_was_proposed_lately_and_looks_nearly_the_same_is_found_once():
    old, new = before("New benches at the mill pond"), later("New bench at the mill pond")
    again = later("New benches by the mill pond")
    later("Solar roof for the sports hall")
    assert set(look_alikes()) == {(new, old), (again, old), (again, new)}


def test_what_stands_there_for_long_is_not_and_neither_is_a_copy_or_what_is_off_the_list():
    old = before("New benches at the mill pond")
    before("New bench at the mill pond")
    later("New bench at the mill pond", copied_from=old)
    assert {two.published_at > now() - timedelta(days=2) for _one, two in look_alikes()} == {False}
    assert all(two != old for _one, two in look_alikes())
    Project.objects.exclude(pk=old.pk).update(state=ProjectState.WITHDRAWN)
    later("New bench at the mill pond", state=ProjectState.WITHDRAWN)
    assert look_alikes() == []
    cache.clear()
    assert look_alikes() == []


def test_look_alikes_are_compared_once_for_some_time_and_what_left_the_list_is_in_none():
    old, new = before("New benches at the mill pond"), later("New bench at the mill pond")
    gone = later("New benches by the mill pond")
    look_alikes()
    gone.state = ProjectState.WITHDRAWN
    gone.save()
    another = later("New benches at the old mill pond")
    assert look_alikes() == [(new, old)]
    cache.clear()
    assert (another, old) in look_alikes()


def test_what_is_alike_only_in_part_is_not_nearly_the_same():
    before("New benches at the mill pond")
    later("New lamps at the mill", latitude=54.0, longitude=-8.0)
    assert look_alikes() == []


def test_look_alikes_are_looked_for_among_the_newest_alone_with_as_many_questions(monkeypatch):
    asked = []
    for number in (2, 10):
        for _ in range(number):
            later("New benches at the mill pond")
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            look_alikes()
        asked.append(len(queries))
    assert asked == [4, 4]
    monkeypatch.setattr(similar, "MOST_NEW", 1)
    cache.clear()
    newest = Project.objects.order_by("-published_at", "-pk").first()
    assert look_alikes()
    assert {one for one, _two in look_alikes()} == {newest}
