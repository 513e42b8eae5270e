"""The trail of the town: who reads what of it, and nobody more than that."""

from __future__ import annotations

import ast
import csv
import io
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from urllib.parse import quote

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

import civicfund
from budgeting.enums import VERB_WORDS
from budgeting.selectors.said import ASKED_WORDS, said_in_words
from budgeting.services.cycles import request_cancelling
from civicfund.audit.models import Event
from civicfund.audit.services import record
from civicfund.complaints.services import answering
from civicfund.people.enums import Finding, Role
from civicfund.people.models import User
from civicfund.people.selectors import staff_names
from civicfund.people.services import ask_for_role, grant_role
from civicfund.people.services.erasure import erase
from civicfund.people.services.roles import revoke_role
from civicfund.places.services import Population, set_populations
from civicfund.pledges.enums import ATTEMPT_MOVES, CAMPAIGN_MOVES
from civicfund.projects.services.moderating import flag_project, hide_project
from civicfund.projects.services.supporting import support_project
from civicfund.talk.enums import Wrong
from civicfund.talk.services import answer_for_city, flag_comment, hide_comment
from civicfund.talk.services.moderating import restore_comment
from civicfund.town.enums import AREAS, PRIVATE, kinds_of
from civicfund.town.selectors import trail as selectors
from civicfund.town.views import trail as views
from tests.complaints.test_complaints import complained
from tests.factories.budgeting import administrator, draft_cycle
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import CommentFactory, subject_of
from tests.payouts.test_payouts import awarded
from tests.people.test_documents import found_by, officer, sent
from tests.pledges.test_moderating_desk import submitted
from tests.signing_in import sign_in_with_second_factor
from tests.town.test_waiting import bank, holder

pytestmark = pytest.mark.django_db

TRAIL = reverse("desk_trail")


def come(client, *roles, **fields):
    person = UserFactory(**fields)
    for role in roles:
        grant_role(person, role, by=None)
    person.refresh_from_db()
    client.logout()
    sign_in_with_second_factor(client, person)
    return person


def acts(client, **asked):
    return client.get(TRAIL, asked).context["acts"]


def kinds(client, **asked):
    return [act.what for act in acts(client, **asked)]


def a_little_of_everything():
    """Something that each role has to do with, done by others; and what is nobody's business."""
    moderator = holder(Role.MODERATOR)
    flag_project(project := ProjectFactory(), by=UserFactory(), reason=Wrong.ADVERT)
    hide_project(project, by=moderator, reason=Wrong.ADVERT, words="It sells cars.")
    submitted()
    bank(awarded(), holder(Role.TREASURER))
    found_by(sent(), officer(), Finding.OTHER_NAME)
    request_cancelling(draft_cycle(costs_minor=()), by=administrator(), reason="The flood.")
    root = UserFactory(is_superuser=True, is_staff=True)
    ask_for_role(UserFactory(), Role.CLERK, by=root)
    support_project(ProjectFactory(), by=moderator)
    return moderator


@pytest.mark.parametrize(
    ("role", "reads"),
    [
        (Role.MODERATOR, {"project.taken_down", "campaign.submitted"}),
        (Role.REVIEWER, {"campaign.submitted"}),
        (Role.TREASURER, {"payout.asked", "pay_out.asked"}),
        (Role.POLL_OFFICER, {"residence_document.read", "residence_document.decide.asked"}),
        (
            Role.BUDGET_ADMINISTRATOR,
            {"cycle.made", "cycle.cancel.asked"},
        ),
        (Role.SPOKESPERSON, set()),
        (Role.COMPLAINTS_OFFICER, set()),
    ],
)
def test_each_role_reads_what_it_is_about_and_no_more(client, role, reads):
    a_little_of_everything()
    come(client, role)
    found = set(kinds(client))
    if role == Role.BUDGET_ADMINISTRATOR:  # a draft is made in many steps
        assert {kind for kind in found if not kind.startswith("cycle.")} == set()
        found &= reads
    assert found == reads


def test_superusers_read_all_but_complaints_and_others_are_turned_away(client):
    a_little_of_everything()
    come(client, is_superuser=True, is_staff=True)
    found = set(kinds(client))
    assert {"role.give.asked", "payout.asked", "project.taken_down", "cycle.made"} <= found
    assert not {"project.supported", "project.flagged", "residence_document.sent"} & found
    assert not any(kind.startswith("complaint.") for kind in found)
    for roles in ([Role.CLERK], [Role.OBSERVER], []):
        come(client, *roles)
        assert client.get(TRAIL).status_code == 403


def test_staff_are_named_and_residents_are_not_and_no_word_of_theirs_is_there(client):
    moderator = a_little_of_everything()
    come(client, Role.MODERATOR)
    page = client.get(TRAIL)
    [hidden] = [act for act in page.context["acts"] if act.what == "project.taken_down"]
    assert (hidden.name, hidden.said_words) == (
        str(moderator), [("reports", "1"), ("reason", str(Wrong.ADVERT.label))],
    )  # fmt: skip
    [made] = [act for act in page.context["acts"] if act.what == "campaign.submitted"]
    assert (made.name, made.by_itself) == ("", False)
    assert "somebody who is not of the staff" in page.content.decode()
    assert "It sells cars." not in page.content.decode()


def test_who_was_of_the_staff_is_named_for_what_they_did_then_and_can_be_chosen(client):
    former, gone, root = holder(Role.MODERATOR), holder(Role.MODERATOR), UserFactory()
    for by in (former, gone):
        comment = CommentFactory()
        hide_comment(comment, subject_of(comment), by=by, reason=Wrong.ADVERT, words="Cars.")
        revoke_role(by, Role.MODERATOR, by=None)
    User.objects.filter(pk=former.pk).update(is_active=False)
    User.objects.filter(pk=root.pk).update(is_superuser=True)
    gone.refresh_from_db()
    erase(gone)
    come(client, Role.MODERATOR)
    page = client.get(TRAIL)
    names = [act.name for act in page.context["acts"]]
    assert names == ["Somebody who has left", str(former)]
    assert "somebody who is not of the staff" not in page.content.decode()
    for person, name in ((former, former), (gone, "Somebody who has left"), (root, root)):
        assert f'<option value="{person.pk}">{name}' in page.content.decode()
    assert len(acts(client, person=former.pk)) == 1


def test_the_staff_of_all_times_are_found_by_indexes():
    with CaptureQueriesContext(connection) as queries:
        staff_names()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {queries[0]['sql']}")
        plan = str(cursor.fetchall())
    assert "event_of_roles" in plan
    assert "user_superuser" in plan


def test_whom_superusers_looked_up_and_what_was_written_of_places_stands_there(client):
    grant_role(administrator := UserFactory(), Role.BUDGET_ADMINISTRATOR, by=None)
    place = NeighborhoodFactory(population=900)
    set_populations([Population(place.pk, 950, 900, "A count")], by=administrator)
    root = UserFactory(is_superuser=True, is_staff=True)
    record("role.looked_up", UserFactory(), actor=root)
    come(client, Role.BUDGET_ADMINISTRATOR)
    [written] = acts(client)
    assert (written.what, written.name, written.said_words) == (
        "neighborhood.population_set", str(administrator),
        [("before", "900"), ("people", "950"), ("source", "A count")],
    )  # fmt: skip
    come(client, is_superuser=True, is_staff=True)
    [looked] = acts(client, kind="role.looked_up")
    assert looked.name == str(root)


def test_what_an_officer_found_about_a_home_is_not_told(client):
    document = sent()
    one = officer()
    found_by(document, one, Finding.OTHER_NAME)
    come(client, Role.POLL_OFFICER)
    page = client.get(TRAIL)
    [asked] = [act for act in page.context["acts"] if act.what.endswith(".asked")]
    assert (asked.name, asked.said_words) == (str(one), [])
    assert "another person" not in page.content.decode()
    assert document.residency.user.display_name not in page.content.decode()


def test_the_trail_is_narrowed_by_kind_person_and_day(client):
    one, other = holder(Role.MODERATOR), holder(Role.MODERATOR)
    for by in (one, other):
        comment = CommentFactory()
        hide_comment(comment, subject_of(comment), by=by, reason=Wrong.ADVERT, words="Cars.")
    reader = come(client, Role.MODERATOR)
    assert kinds(client) == ["comment.hidden", "comment.hidden"]
    assert [act.name for act in acts(client, person=one.pk)] == [str(one)]
    assert kinds(client, person=reader.pk) == []
    assert kinds(client, kind="comment.restored") == []
    assert len(kinds(client, kind="comment.hidden", person=other.pk)) == 1
    today, day = timezone.localdate(), timedelta(days=1)
    assert kinds(client, until=today - day) == kinds(client, since=today + day) == []
    assert len(kinds(client, since=today, until=today)) == 2
    page = client.get(TRAIL).content.decode()
    assert f'<option value="{one.pk}">{one}' in page
    assert '<option value="comment.hidden">A comment was hidden' in page
    assert "payout" not in page
    for wrong in ({"kind": "payout.asked"}, {"person": "99999999"}, {"since": "yesterday"}):
        assert client.get(TRAIL, wrong).status_code == 400


def test_all_that_was_done_to_one_thing_is_a_step_away(client):
    by = holder(Role.MODERATOR)
    one, other = CommentFactory(), CommentFactory()
    for comment in (one, other):
        hide_comment(comment, subject_of(comment), by=by, reason=Wrong.ADVERT, words="Cars.")
    restore_comment(one, subject_of(one), by=by)
    come(client, Role.MODERATOR)
    about = f"talk.comment:{one.pk}"
    assert f'href="{TRAIL}?about={quote(about)}"' in client.get(TRAIL).content.decode()
    page = client.get(TRAIL, {"about": about})
    assert [act.what for act in page.context["acts"]] == ["comment.restored", "comment.hidden"]
    assert {act.about for act in page.context["acts"]} == {about}
    assert f"to one thing: comment {one.pk}." in page.content.decode()
    assert len(acts(client, about=about, kind="comment.hidden")) == 1
    assert acts(client, about=f"pledges.campaign:{one.pk}") == []
    for wrong in ("comment", "talk.dream:1", "talk.comment:", "talk.comment:1 OR 1", "x" * 200):
        assert client.get(TRAIL, {"about": wrong}).status_code == 400, wrong


def test_what_fits_is_a_file_with_what_the_page_says(client, monkeypatch):
    monkeypatch.setattr(selectors, "_AT_A_TIME", 2)
    by = holder(Role.MODERATOR)
    for _ in range(5):
        comment = CommentFactory()
        hide_comment(comment, subject_of(comment), by=by, reason=Wrong.ADVERT, words="Cars.")
    restore_comment(comment, subject_of(comment), by=by)
    come(client, Role.MODERATOR)
    shown = acts(client)
    answer = client.get(reverse("desk_trail_csv"))
    assert answer["Content-Disposition"] == 'attachment; filename="trail.csv"'
    rows = list(csv.reader(io.StringIO(b"".join(answer).decode())))
    assert rows[0] == ["when", "act", "what", "who", "of what", "said"]
    assert [(row[0], row[1], row[3], row[4]) for row in rows[1:]] == [
        (act.at.isoformat(), act.what, act.name, act.of) for act in shown
    ]
    some = client.get(reverse("desk_trail_csv"), {"kind": "comment.restored"})
    assert len(b"".join(some).decode().splitlines()) == 2
    assert client.get(reverse("desk_trail_csv"), {"kind": "payout.asked"}).status_code == 404


def test_pages_follow_each_other_and_leave_nothing_out(client, monkeypatch):
    monkeypatch.setattr(views, "ACTS_PER_PAGE", 3)
    first, second = holder(Role.TREASURER), holder(Role.TREASURER)
    for _ in range(4):
        bank(awarded(), first)
    come(client, Role.TREASURER)
    seen, before = [], {}
    while True:
        page = client.get(TRAIL, before)
        seen += [(act.what, act.of) for act in page.context["acts"]]
        if not page.context["older"]:
            break
        assert len(page.context["acts"]) == 3
        before = {"before": page.context["older"]}
        assert f"before={page.context['older']}" in page.content.decode()
    assert len(seen) == len(set(seen)) == 8
    assert kinds(client, person=second.pk) == []
    for wrong in ("x", "1-2", "-1-0-1", "9" * 40 + "-0-1", "1-0-" + "9" * 30):
        assert client.get(TRAIL, {"before": wrong}).status_code == 404, wrong


def test_the_trail_asks_as_much_for_many_acts_as_for_few(client):
    come(client, *Role, is_superuser=True, is_staff=True)
    counts = []
    for number in (1, 6):
        for _ in range(number):
            a_little_of_everything()
        with CaptureQueriesContext(connection) as queries:
            assert client.get(TRAIL).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_an_officer_reads_of_no_complaint_that_names_them(client):
    free, about_me = complained(), complained()
    reader = come(client, Role.COMPLAINTS_OFFICER)
    answering.take(about_me, by=(one := holder(Role.COMPLAINTS_OFFICER)))
    answering.name(about_me, by=one, person=reader)
    assert {act.of for act in acts(client)} == {f"complaint {free.pk}"}
    come(client, Role.COMPLAINTS_OFFICER)
    assert {act.of for act in acts(client)} == {f"complaint {each.pk}" for each in (free, about_me)}
    assert "complaint.named" not in kinds(client)


def test_spokespeople_read_what_was_answered(client):
    question = CommentFactory(asks_city=True)
    by = holder(Role.SPOKESPERSON)
    answer_for_city(question, subject_of(question), by=by, body="In May.")
    flag_comment(question, by=UserFactory(), reason=Wrong.ADVERT)
    come(client, Role.SPOKESPERSON)
    [answered] = acts(client)
    assert (answered.what, answered.name) == ("comment.answered_for_city", str(by))


def test_requests_say_in_words_what_was_asked(client):
    by = administrator()
    cycle = draft_cycle(by=by, costs_minor=())
    request_cancelling(cycle, by=by, reason="The flood.")
    come(client, Role.BUDGET_ADMINISTRATOR)
    [asked] = acts(client, kind="cycle.cancel.asked")
    assert asked.said_words == [("reason", "The flood.")]
    page = client.get(reverse("trail", args=[cycle.slug]), {"kind": "cycle.cancel.asked"})
    [there] = page.context["acts"]
    assert there.said_words == [("reason", "The flood.")]
    bank(awarded(), holder(Role.TREASURER))
    come(client, Role.TREASURER)
    [asked] = acts(client, kind="pay_out.asked")
    assert [name for name, _value in asked.said_words] == ["amount", "project, number"]


def test_neither_keys_of_people_nor_digests_are_told_of_what_was_asked():
    secret = {"person_key": "abc", "place": 3, "sha256": "ff", "public_key": "k", "trustees": "t"}
    for act in [*ASKED_WORDS, "cycle.unseal", "cycle.publish"]:
        assert list(said_in_words(f"{act}.asked", secret)) == []


# --- that every act is on it, or private


def _verbs(module, function, value):
    """What a recorder may be given there; None for what is made from a name and a state.

    Those that the function is given itself come from its callers.
    """
    if isinstance(value, ast.Constant):
        return {value.value}
    if isinstance(value, ast.IfExp):
        return _verbs(module, function, value.body) | _verbs(module, function, value.orelse)
    if isinstance(value, ast.JoinedStr):
        return set()
    assert isinstance(value, ast.Name), ast.dump(value)
    if hasattr(import_module(module), value.id):
        return {getattr(import_module(module), value.id)}
    if value.id in [arg.arg for arg in function.args.args]:
        return set()
    [said] = [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and node.targets[0].id == value.id
    ]
    return _verbs(module, function, said)


def _recorders(tree):
    """The functions that write events, with the place of the verb among what they are given."""
    found = {"record": 0, "record_all": 0}
    for function in [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)]:
        given = [arg.arg for arg in function.args.args]
        for call in _calls(function, {"record": 0, "record_all": 0}):
            if isinstance(call.args[0], ast.Name) and call.args[0].id in given:
                found[function.name] = given.index(call.args[0].id)
    return found


def _calls(tree, recorders):
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in recorders
    ]


def _recorded():
    """The verbs that the apps record by name, not those that are made from a name and a state."""
    found = set()
    root = Path(civicfund.__file__).parent.parent
    for path in [*root.glob("civicfund/**/*.py"), *root.glob("budgeting/**/*.py")]:
        if {"sandbox", "migrations"} & set(path.parts) or path.match("audit/services.py"):
            continue
        tree, module = ast.parse(path.read_text()), _module(path.relative_to(root))
        recorders = _recorders(tree)
        for function in [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)]:
            for call in _calls(function, recorders):
                found |= _verbs(module, function, call.args[recorders[call.func.id]])
    return found


def _module(path):
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _of_the_admin():
    """What typing over a row in the admin records."""
    site = {type(each): each for each in admin.site._registry.values()}.values()
    return {f"{each.opts.model_name}.edited" for each in site if getattr(each, "editable", ())}


def test_every_act_that_is_recorded_by_name_is_on_the_trail_or_private():
    told = set(kinds_of(AREAS))
    found = _recorded() | _of_the_admin()
    assert {
        "role.looked_up", "neighborhood.population_set", "neighborhood.edited", "refund.asked",
        "milestone.not_reached", "review.assigned", "pledge.changed",
    } <= found  # fmt: skip
    assert len(found) > 150
    # A cycle's own trail tells more of it.
    assert found - told - PRIVATE - set(VERB_WORDS) == set()
    assert PRIVATE & told == set()
    assert {f"campaign.{to}" for tos in CAMPAIGN_MOVES.values() for to in tos} <= told
    assert not {f"chargeattempt.{to}" for tos in ATTEMPT_MOVES.values() for to in tos} & told


def test_every_kind_of_thing_on_the_trail_is_a_table_and_all_of_a_cycle_has_words():
    for area in AREAS:
        for label in (*area.happened, *area.asked):
            assert apps.get_model(label)._meta.label_lower == label
    told = set(kinds_of(AREAS))
    for verb in VERB_WORDS:
        if verb.split(".")[0] not in ("proposal", "review", "roll_entry"):
            assert verb in told, verb


def test_a_page_of_a_rare_kind_is_found_by_its_index():
    record("orphan.reviewed", UserFactory(), actor=None)
    rows = Event.objects.filter(target_type="payments.orphan").order_by("-at", "-pk")[:50]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        assert "event_of_kind_of_thing" in rows.explain()
