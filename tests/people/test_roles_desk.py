"""The desk where superusers ask for roles, agree to them and end them."""

from __future__ import annotations

import pytest
from django.urls import reverse

from civicfund.audit.models import Event, Withdrawal
from civicfund.people.enums import Role
from civicfund.people.forms.roles import AskForRoleForm
from civicfund.people.models import RoleGrant, RoleRequest, User
from civicfund.people.services import (
    agree_to_role,
    ask_for_role,
    find_people,
    grant_role,
    revoke_role,
)
from civicfund.people.services.errors import RoleError
from civicfund.people.services.roles import MOST_FOUND
from civicfund.people.views import roles
from tests.factories.people import UserFactory
from tests.signing_in import sign_in_with_second_factor, verified

pytestmark = pytest.mark.django_db
DESK = "/desk/roles/"


def new_superuser(**fields):
    return UserFactory(is_staff=True, is_superuser=True, **fields)


@pytest.fixture
def superuser(client):
    person = new_superuser()
    sign_in_with_second_factor(client, person)
    return person


@pytest.fixture
def ann():
    return verified(UserFactory(display_name="Ann Ferry"))


def find(client, who):
    return client.post(DESK, {"act": "find", "who": who})


def ask(client, who, *, by, role="clerk", **other):
    signed = AskForRoleForm.of([who], by=by).initial["found"]
    sent = {"act": "ask", "found": signed, "person": who.pk, "role": role}
    return client.post(DESK, sent | other)


def decide(client, act, row):
    return client.post(DESK, {"act": act, "row": row}, follow=True).content.decode()


def looks():
    return list(Event.objects.filter(verb="role.looked_up").values_list("target_id", flat=True))


def test_a_role_is_asked_for_agreed_to_and_ended_without_the_administration(client, superuser, ann):
    page = find(client, "ann")
    assert "Ann Ferry, " + ann.email in page.content.decode()
    form = page.context["form"]
    sent = {"act": "ask", "found": form.initial["found"], "person": ann.pk, "role": "reviewer"}
    told = client.post(DESK, sent, follow=True).content.decode()
    assert "Reviewer for Ann Ferry. Another superuser has to agree." in told
    assert not RoleGrant.objects.exists()
    asked = RoleRequest.objects.get()
    another = new_superuser()
    sign_in_with_second_factor(client, another)
    assert "Agree: give the role" in client.get(DESK).content.decode()
    assert "Given: Reviewer to Ann Ferry." in decide(client, "agree", asked.pk)
    grant = RoleGrant.objects.get()
    assert (grant.user, grant.role, grant.granted_by) == (ann, Role.REVIEWER, superuser)
    assert "Ended: Reviewer of Ann Ferry." in decide(client, "end", grant.pk)
    assert not RoleGrant.objects.exists()
    trail = Event.objects.filter(target_id=str(ann.pk)).order_by("id")
    assert [(event.verb, event.actor) for event in trail] == [
        ("role.looked_up", superuser),
        ("role.granted", another),
        ("role.revoked", another),
    ]
    page = client.get(DESK).content.decode()
    assert "Reviewer: given to Ann Ferry" in page
    assert "Reviewer: ended for Ann Ferry" in page


@pytest.mark.parametrize("who", ["Ferry", "ann ferry", "ferry ann", "Ann.Ferry@Example.org "])
def test_somebody_is_found_by_a_part_of_the_name_or_the_whole_address(client, superuser, ann, who):
    User.objects.filter(pk=ann.pk).update(email="ann.ferry@example.org")
    ann.emailaddress_set.update(email="ann.ferry@example.org")
    verified(UserFactory(display_name="Bob Ferrier Annex"))
    page = find(client, who)
    assert page.status_code == 200
    assert str(ann.pk) in looks()
    assert f'value="{ann.pk}"' in page.content.decode()


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("", "Fill in “Their name or e-mail address”."),
        ("x", "at least 2 characters"),
        ("nobody of this name", "Nobody with an account has this name."),
        ("ferry@", "Nobody has an account with this address."),
        ("%", "at least 2 characters"),
        ("%%", "Nobody with an account has this name."),
    ],
)
def test_who_is_not_found_is_said_and_what_was_typed_is_kept(client, superuser, ann, who, words):
    page = find(client, who)
    assert page.status_code == 400
    assert words in page.content.decode()
    assert page.context["form"]["who"].value() == who
    assert looks() == []


def test_nobody_is_found_who_cannot_be_given_a_role(client, superuser, ann):
    UserFactory(display_name="Ann unproved")
    verified(UserFactory(display_name="Ann closed", is_active=False))
    User.objects.create_guest("ann@example.org", display_name="Ann guest")
    find(client, "Ann")
    assert looks() == [str(ann.pk)]


def test_of_many_with_one_name_a_few_are_shown_and_it_is_said(client, superuser):
    people = [verified(UserFactory(display_name=f"Ann {n:02}")) for n in range(MOST_FOUND + 1)]
    page = find(client, "Ann")
    assert "More people are called so" in page.content.decode()
    assert page.content.decode().count('name="person"') == MOST_FOUND
    assert looks() == [str(person.pk) for person in people[:MOST_FOUND]]


@pytest.mark.parametrize("wrong", [{"role": ""}, {"role": "emperor"}, {"person": ""}])
def test_what_is_not_filled_in_asks_for_nothing_and_keeps_the_rest(client, superuser, ann, wrong):
    page = ask(client, ann, by=superuser, **wrong)
    assert page.status_code == 400
    assert "Ann Ferry, " in page.content.decode()
    assert not RoleRequest.objects.exists()


def test_a_role_that_is_held_or_asked_for_already_is_refused_in_words(client, superuser, ann):
    grant_role(ann, Role.CLERK, by=None)
    assert "holds the role already" in ask(client, ann, by=superuser).content.decode()
    ask(client, ann, by=superuser, role="observer")
    again = ask(client, ann, by=superuser, role="observer")
    assert again.status_code == 400
    assert "asked for already" in again.content.decode()
    assert RoleRequest.objects.count() == 1
    assert f"Ann Ferry, {ann.email} (Clerk)" in find(client, "Ann").content.decode()


def test_nobody_is_chosen_who_was_not_looked_up(client, superuser, ann, monkeypatch):
    """With a number, what another superuser has found, somebody else than was found, an old one."""
    mine = AskForRoleForm.of([ann], by=superuser).initial["found"]
    others = AskForRoleForm.of([ann], by=new_superuser()).initial["found"]
    for found in ("", str(ann.pk), others, f"x{mine}", f"{mine}x"):
        assert ask(client, ann, by=superuser, found=found).status_code == 400
    assert ask(client, ann, by=superuser, person=superuser.pk).status_code == 400
    monkeypatch.setattr("civicfund.people.forms.roles._FOUND_SECONDS", -1)
    assert ask(client, ann, by=superuser).status_code == 400
    assert not RoleRequest.objects.exists()
    monkeypatch.undo()
    assert ask(client, ann, by=superuser).status_code == 302  # the control


def test_whoever_asked_does_not_agree_and_can_take_it_back(client, superuser, ann):
    asked = ask_for_role(ann, Role.CLERK, by=superuser)
    page = client.get(DESK).content.decode()
    assert "You asked for it" in page
    assert "Agree: give the role" not in page
    assert "Somebody else than who asked" in decide(client, "agree", asked.pk)
    assert not RoleGrant.objects.exists()
    assert "Taken back." in decide(client, "take_back", asked.pk)
    assert Withdrawal.objects.get().request_id == asked.pk
    assert "Nothing waits" in client.get(DESK).content.decode()


def test_nobody_takes_back_what_another_asked_for(client, superuser, ann):
    asked = ask_for_role(ann, Role.CLERK, by=new_superuser())
    assert "Only the person who asked" in decide(client, "take_back", asked.pk)
    assert not Withdrawal.objects.exists()


def test_what_is_not_there_any_more_is_said(client, superuser, ann):
    asker = new_superuser()
    asked = ask_for_role(ann, Role.CLERK, by=asker)
    grant = agree_to_role(asked, by=superuser)
    revoke_role(ann, Role.CLERK, by=asker)
    before = Event.objects.count()
    assert "agreed to or taken back already" in decide(client, "agree", asked.pk)
    assert "does not hold the role" in decide(client, "end", grant.pk)
    for row in ("", "x", "0", "9" * 18):
        assert "Nobody asked for this." in decide(client, "agree", row)
    assert Event.objects.count() == before


@pytest.mark.parametrize("act", roles.GRAVE_ACTS)
def test_grave_acts_take_a_second_factor_given_just_now(client, superuser, ann, settings, act):
    grant_role(ann, Role.CLERK, by=None)
    asked = ask_for_role(ann, Role.OBSERVER, by=new_superuser())
    row = asked.pk if act == "agree" else RoleGrant.objects.get().pk
    before = Event.objects.count()
    settings.SECOND_FACTOR_RECENT_SECONDS = -1
    sent = {"act": act, "row": row, "who": "Ann", "person": ann.pk, "role": "reviewer"}
    answer = client.post(DESK, sent)
    assert answer.url.startswith(reverse("mfa_reauthenticate"))
    assert list(RoleGrant.objects.values_list("role", flat=True)) == ["clerk"]
    assert RoleRequest.objects.count() == 1
    assert Event.objects.count() == before


def test_without_a_second_factor_it_opens_to_no_superuser(client):
    client.force_login(new_superuser())
    assert client.get(DESK)["Location"].startswith("/admin/login/")


def test_whoever_holds_every_role_and_is_no_superuser_is_turned_away(client, ann):
    grant_role(ann, Role.CLERK, by=None)
    person = UserFactory(is_staff=True)
    for role in Role:
        grant_role(person, role, by=None)
    sign_in_with_second_factor(client, person)
    assert client.get(DESK).status_code == 403
    before = Event.objects.count()
    for act in roles.ROLE_ACTS:
        row = RoleGrant.objects.get(user=ann).pk
        assert client.post(DESK, {"act": act, "row": row, "who": "Ann"}).status_code == 403
    with pytest.raises(RoleError):
        find_people("Ann", by=person)
    assert RoleGrant.objects.filter(user=ann).exists()
    assert Event.objects.count() == before


def test_a_superuser_who_looks_up_everybody_is_stopped(client, superuser, ann, settings):
    settings.ACCOUNT_RATE_LIMITS = {"find_person": "2/h/user"}
    assert [find(client, "Ann").status_code for _ in range(3)] == [200, 200, 429]


def test_a_lone_superuser_is_told_that_nobody_can_agree(client, superuser):
    assert "You are the only superuser" in client.get(DESK).content.decode()
    new_superuser()
    assert "You are the only superuser" not in client.get(DESK).content.decode()


def test_roles_are_shown_page_by_page(client, superuser, monkeypatch):
    monkeypatch.setattr(roles, "PER_PAGE", 2)
    for number in range(3):
        grant_role(UserFactory(display_name=f"Clerk {number}"), Role.CLERK, by=None)
    shown = [grant.user.display_name for grant in client.get(DESK).context["grants"]]
    assert shown == ["Clerk 0", "Clerk 1"]
    second = client.get(DESK, {"page": "2"})
    assert [grant.user.display_name for grant in second.context["grants"]] == ["Clerk 2"]
    assert client.get(DESK, {"page": "3"}).status_code == 404


def test_it_is_among_the_desks_of_superusers_alone(client, superuser, ann):
    assert f'href="{DESK}"' in client.get(reverse("my_desks")).content.decode()
    assert reverse("my_desks") in client.get(reverse("my_page")).content.decode()
    grant_role(ann, Role.BUDGET_ADMINISTRATOR, by=None)
    sign_in_with_second_factor(client, UserFactory())
    assert f'href="{DESK}"' not in client.get(reverse("my_desks")).content.decode()
