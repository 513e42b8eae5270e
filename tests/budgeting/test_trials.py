"""What if: rules tried on past elections, by administrators alone."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse

from budgeting.domain.ballots import BallotKind
from budgeting.domain.rules import fitting_rules
from budgeting.enums import TrialState
from budgeting.forms.trials import USUALLY_TRIED
from budgeting.models import Cycle, Trial
from budgeting.services.cycles import create_cycle
from budgeting.services.errors import RefusedError
from budgeting.services.imports import import_election
from budgeting.services.trials import ask_for_trial, count_trial
from budgeting.tasks import count_trials
from civicfund.audit.services import db_now
from civicfund.people.models import User
from tests.factories.budgeting import administrator, draft_cycle
from tests.factories.people import UserFactory
from tests.signing_in import code_now, sign_in, verified, with_totp

pytestmark = pytest.mark.django_db

FILE = """META
key;value
description;Made up
country;Nowhere
unit;Dunmore
instance;2025
currency;EUR
num_projects;3
num_votes;7
budget;5000
rule;greedy
vote_type;approval
PROJECTS
project_id;cost;name
a;3000;A wall
b;2000;A well
c;1000;A bench
VOTES
voter_id;vote
1;a
2;a
3;a,b
4;a,b
5;a,b
6;c
7;c
"""
RULES = ["greedy", "equal_shares_cost_greedy"]


def as_file(tmp_path, text=FILE):
    path = tmp_path / "dunmore.pb"
    path.write_text(text)
    return path


def text(answer):
    return " ".join(answer.content.decode().split())


@pytest.fixture
def signed_in(client):
    """A budget administrator who has given a second factor."""
    person = verified(User.objects.get(pk=administrator().pk))
    person.set_password("correct horse battery")
    person.save()
    secret = with_totp(person)
    sign_in(client, person)
    client.post(reverse("mfa_authenticate"), {"code": code_now(secret)})
    assert Authenticator.objects.filter(user=person).exists()
    client.person = person
    return client


def test_a_file_is_tried_and_its_rules_stand_side_by_side(signed_in):
    upload = SimpleUploadedFile("dunmore.pb", FILE.encode())
    asked = signed_in.post(reverse("trials"), {"upload": upload, "rules": RULES})
    trial = Trial.objects.get()
    assert asked.url == reverse("trial", args=[trial.pk])
    assert "This page renews itself." in text(signed_in.get(asked.url))
    count_trials()
    trial.refresh_from_db()
    assert trial.state == TrialState.DONE
    assert {rule: found["selected"] for rule, found in trial.results.items()} == {
        "greedy": ["a", "b"],
        "equal_shares_cost_greedy": ["a", "c"],
    }
    page = text(signed_in.get(asked.url))
    for said in ("A wall", "A well", "A bench", "€5,000", "€4,000", "71 %", "100 %"):
        assert said in page
    assert "hx-get" not in page.partition("<main")[2]
    assert Cycle.objects.count() == 0


def test_an_imported_cycle_is_tried_with_another_amount(signed_in, tmp_path):
    cycle = import_election(as_file(tmp_path))
    given = {"pot": cycle.pots.get().pk, "rules": ["greedy"], "amount": "3000"}
    signed_in.post(reverse("trials"), given)
    count_trials()
    trial = Trial.objects.get()
    assert (trial.name, trial.amount_minor) == ("Dunmore 2025", 300_000)
    assert trial.results["greedy"]["selected"] == ["a"]
    assert cycle.pots.get().amount_minor == 500_000


def links_to_trials(page):
    found = re.findall(r'href="(/budget/what-if/[^"]*)"', page)
    return [html.unescape(address) for address in found]


def test_the_rules_and_the_desk_of_a_draft_lead_here_with_its_rule_chosen(signed_in, tmp_path):
    imported = import_election(as_file(tmp_path))
    cycle = draft_cycle(rule="phragmen", costs_minor=())
    address = reverse("trials") + "?rule=phragmen&ballot=approval"
    for page in ("cycle_rules", "cycle_desk"):
        opened = signed_in.get(reverse(page, args=[cycle.slug])).content.decode()
        assert links_to_trials(opened) == [address]
    shown = signed_in.get(address)
    chosen = {str(each) for each in shown.context["form"]["rules"].value()}
    assert chosen == {"phragmen", *USUALLY_TRIED}
    assert f'value="{imported.pots.get().pk}" selected' in shown.content.decode()
    assert "Chosen to begin with: the rule of your draft" in text(shown)
    given = {"pot": imported.pots.get().pk, "rules": ["phragmen"]}
    assert signed_in.post(address, given).status_code == 302
    assert list(Trial.objects.get().rules) == ["phragmen"]


def test_of_ballots_that_no_past_election_had_a_file_is_asked_for(signed_in, tmp_path):
    import_election(as_file(tmp_path))
    shown = signed_in.get(reverse("trials") + "?rule=greedy_points&ballot=cumulative")
    assert "No past election here has such ballots" in text(shown)
    chosen = shown.context["form"]["rules"].value()
    assert chosen[0] == "greedy_points"
    assert set(chosen) <= set(fitting_rules(BallotKind.CUMULATIVE))


@pytest.mark.parametrize("asked", ["", "?rule=monarchy&ballot=approval", "?rule=greedy&ballot=x"])
def test_what_is_not_known_chooses_nothing(signed_in, asked):
    shown = signed_in.get(reverse("trials") + asked)
    assert shown.context["form"]["rules"].value() == USUALLY_TRIED
    assert "Chosen to begin with" not in text(shown)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rules": RULES}, "Choose an election, or a file."),
        ({"upload": FILE}, "Choose something for “Rules to compare”."),
        ({"upload": FILE, "rules": ["monarchy"]}, "monarchy is not one of the available choices"),
        ({"upload": FILE, "rules": ["greedy_points"]}, "at least one rule that counts such"),
        ({"upload": FILE.replace("3;a,b", "3;a,x"), "rules": RULES}, "line 22"),
        ({"upload": "nonsense", "rules": RULES}, "line 1"),
        ({"upload": "\udcff\udcfe", "rules": RULES}, "UTF-8"),
        ({"upload": FILE, "rules": RULES, "amount": "-1"}, "above zero"),
        ({"pot": "999", "rules": RULES}, "not one of the available choices"),
    ],
)
def test_what_cannot_be_tried_is_said_and_nothing_is_kept(signed_in, given, said):
    if "upload" in given:
        raw = given["upload"].encode("utf-8", "surrogateescape")
        given = given | {"upload": SimpleUploadedFile("x.pb", raw)}
    answer = signed_in.post(reverse("trials"), given)
    assert answer.status_code == 400
    assert said in text(answer)
    assert Trial.objects.count() == 0


def test_a_cycle_held_here_cannot_be_tried():
    by = administrator()
    with pytest.raises(RefusedError, match="Only past elections"):
        ask_for_trial(by=by, pot=draft_cycle(by=by).pots.get(), rules=RULES)


@pytest.mark.parametrize("route", ["trials", "trial"])
def test_only_administrators_with_a_second_factor_come_in(client, tmp_path, route):
    trial = ask_for_trial(by=administrator(), upload=as_file(tmp_path), rules=RULES)
    page = reverse(route, args=[trial.pk] if route == "trial" else [])
    assert client.get(page).url.startswith("/accounts/login/")
    client.force_login(UserFactory())
    assert client.get(page).status_code == 403
    client.force_login(administrator())
    assert client.get(page).url.startswith("/admin/login/")
    assert client.post(page, {"rules": RULES}).status_code in (302, 405)
    assert Trial.objects.count() == 1


def test_a_trial_goes_on_where_a_worker_died(tmp_path):
    trial = ask_for_trial(by=administrator(), upload=as_file(tmp_path), rules=RULES)
    done = {"greedy": {"kept": True}}
    Trial.objects.filter(pk=trial.pk).update(state=TrialState.COUNTING, results=done)
    assert count_trial(trial)
    trial.refresh_from_db()
    assert trial.state == TrialState.DONE
    assert trial.results["greedy"] == {"kept": True}
    assert "equal_shares_cost_greedy" in trial.results


def test_trials_go_after_a_month(tmp_path):
    old = ask_for_trial(by=administrator(), upload=as_file(tmp_path), rules=RULES)
    Trial.objects.filter(pk=old.pk).update(made_at=db_now() - timedelta(days=31))
    new = ask_for_trial(by=administrator(), upload=as_file(tmp_path), rules=RULES)
    assert list(Trial.objects.all()) == [new]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("trial_state_known", {"state": "lost"}),
        ("trial_has_one_election", {"file": None}),
        ("trial_amount_is_none_or_more", {"amount_minor": -1}),
    ],
)
def test_the_database_refuses_a_trial_that_cannot_be(tmp_path, name, change):
    trial = ask_for_trial(by=administrator(), upload=as_file(tmp_path), rules=RULES)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Trial.objects.filter(pk=trial.pk).update(**change)


def test_no_cycle_takes_the_address_of_the_page(tmp_path):
    path = tmp_path / "what-if.pb"
    path.write_text(FILE)
    assert import_election(path).slug == "what-if-election"
    draft = draft_cycle()
    with pytest.raises(IntegrityError, match="cycle_address_is_its_own"), transaction.atomic():
        Cycle.objects.filter(pk=draft.pk).update(slug="what-if")
    with pytest.raises(RefusedError, match="address"):
        create_cycle(
            by=administrator(), slug="what-if", title="X", ballot_kind="approval", rule="greedy"
        )
