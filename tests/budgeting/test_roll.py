"""The voter roll: made by two people, from homes, from files and at the officers' desk."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from datetime import date

import pytest
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pypdf import PdfReader

from budgeting.enums import Channel, RollSource, VoterGroup
from budgeting.models import (
    Casting,
    Eligibility,
    OpenedBallot,
    Participation,
    PostedCode,
    RollBatch,
    RollEntry,
    SealedBallot,
)
from budgeting.services.ballots import Choice, cast
from budgeting.services.closing import close_cycle
from budgeting.services.codes import (
    claim_by_code,
    code_for,
    make_letters,
    plain_code,
    request_letters,
)
from budgeting.services.errors import NotOnRollError, RefusedError
from budgeting.services.roll import (
    add_person,
    digest_of_lines,
    request_file,
    request_person,
    roll_digest,
    set_eligibility,
)
from budgeting.services.roll_files import check_file, import_file
from budgeting.services.roll_homes import add_residents, request_residents
from civicfund.audit.models import ActRequest, Event
from civicfund.audit.services import ApprovalError, approve_act, db_now
from civicfund.notices.models import Message
from civicfund.notices.services import send_next
from civicfund.people.enums import Proof, Role
from civicfund.people.models import Residency
from civicfund.people.services import grant_role
from tests.factories.budgeting import (
    administrator,
    codes,
    draft_cycle,
    end_voting,
    fill_roll,
    in_urn,
    open_by_trustees,
    opened,
)
from tests.factories.people import ResidencyFactory, UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db

DAY = date(2026, 1, 1)
HEAD = "number,birth_date,neighborhood,name,street,postal_code,locality\n"


def a_file(*rows, head=HEAD):
    return io.BytesIO((head + "".join(f"{row}\n" for row in rows)).encode())


def person_row(number, place, born="1980-05-06"):
    return f"{number},{born},{place.name},Person {number},{number} Long Street,12345,Anytown"


@pytest.fixture
def place():
    return NeighborhoodFactory(name="Harbour")


@pytest.fixture
def cycle(place):
    made = draft_cycle(place=place)
    set_eligibility(
        made, minimum_age=16, age_on=DAY, groups=[VoterGroup.RESIDENT], by=administrator()
    )
    return made


def ask_for(cycle, file):
    report = check_file(cycle, file)
    file.seek(0)
    return request_file(
        cycle,
        sha256=report.sha256,
        lines=report.lines,
        left_out=report.left_out,
        eligibility=report.eligibility,
        by=administrator(),
    )


def imported(cycle, *rows):
    file = a_file(*rows)
    ask_for(cycle, file)
    return import_file(cycle, file, by=administrator())


# --- two people


def test_a_file_comes_on_the_roll_by_two_people_and_nothing_of_it_is_kept(cycle, place):
    rows = [person_row(1, place), person_row(2, place, born="2015-01-01"), person_row(3, place)]
    batch = imported(cycle, *rows)
    assert (batch.added, batch.left_out, batch.late) == (2, 1, False)
    entries = list(RollEntry.objects.values_list("person_key", "place_id"))
    assert batch.digest == digest_of_lines(entries) == roll_digest(cycle)
    assert {entry.place for entry in RollEntry.objects.all()} == {place}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(e::text, '') FROM budgeting_rollentry e"
            " UNION ALL SELECT string_agg(r::text, '') FROM audit_actrequest r"
            " UNION ALL SELECT string_agg(v::text, '') FROM audit_event v"
        )
        kept = "".join(text or "" for [text] in cursor.fetchall())
    assert "Long Street" not in kept
    assert "Person 1" not in kept
    assert "1980-05-06" not in kept


def test_looking_a_file_through_changes_nothing(cycle, place):
    report = check_file(cycle, a_file(person_row(1, place), "x,y"))
    assert (report.lines, report.left_out, report.new, report.on_roll) == (1, 1, 1, 0)
    assert report.wrong_lines == [(3, "has not as many cells as there are columns")]
    assert not RollEntry.objects.exists()
    assert not ActRequest.objects.exists()


def test_whoever_asked_cannot_agree_and_another_file_is_not_what_was_asked_for(cycle, place):
    file = a_file(person_row(1, place))
    asked = ask_for(cycle, file)
    with pytest.raises(ApprovalError):
        import_file(cycle, file, by=asked.requested_by)
    with pytest.raises(RefusedError, match="not what was asked"):
        import_file(cycle, a_file(person_row(2, place)), by=administrator())
    assert not RollEntry.objects.exists()
    assert not RollBatch.objects.exists()


def test_a_file_agreed_to_once_is_not_agreed_to_twice(cycle, place):
    file = a_file(person_row(1, place))
    ask_for(cycle, file)
    import_file(cycle, file, by=administrator())
    file.seek(0)
    with pytest.raises(RefusedError, match="has agreed to this already"):
        import_file(cycle, file, by=administrator())
    assert cycle.roll.count() == 1


def test_who_is_on_the_roll_stays_there_once(cycle, place):
    imported(cycle, person_row(1, place))
    batch = imported(cycle, person_row("1 ", place).replace("1 ,", "1,", 1), person_row(2, place))
    assert (batch.added, cycle.roll.count()) == (1, 2)


def test_a_file_needs_a_rule_of_who_may_vote(place):
    bare = draft_cycle(place=place)
    with pytest.raises(RefusedError, match="who may vote"):
        check_file(bare, a_file(person_row(1, place)))


def test_only_places_that_vote_are_taken(place):
    elsewhere = NeighborhoodFactory(name="Elsewhere")
    made = draft_cycle(place=place)
    set_eligibility(
        made, minimum_age=0, age_on=DAY, groups=[VoterGroup.RESIDENT], places=[place],
        by=administrator(),
    )  # fmt: skip
    report = check_file(made, a_file(person_row(1, place), person_row(2, elsewhere)))
    assert (report.lines, report.left_out) == (1, 1)


def test_one_person_is_added_by_two_officers_until_voting_ends(cycle, place):
    fill_roll(cycle)
    running = opened(cycle)
    officers = [UserFactory(), UserFactory()]
    for officer in officers:
        grant_role(officer, Role.POLL_OFFICER, by=None)
    request_person(running, number="AB 12", place=place, by=officers[0])
    with pytest.raises(ApprovalError):
        add_person(running, number="ab-12", place=place, by=officers[0])
    with pytest.raises(RefusedError, match="not what was asked"):
        add_person(running, number="ab-13", place=place, by=officers[1])
    batch = add_person(running, number="ab-12", place=place, by=officers[1])
    assert (batch.added, batch.late, batch.source) == (1, True, RollSource.PERSON)
    with pytest.raises(RefusedError, match="on the roll already"):
        request_person(running, number="AB12", place=place, by=officers[0])
    with pytest.raises(PermissionDenied):
        request_residents(cycle, day=DAY, by=officers[0])
    with pytest.raises(PermissionDenied):
        request_person(running, number="9", place=place, by=UserFactory())
    end_voting(running)
    with pytest.raises(RefusedError, match="can no longer change"):
        request_person(running, number="77", place=place, by=officers[0])


def test_who_may_vote_is_kept_in_versions_and_fixed_by_the_opening(cycle, place):
    set_eligibility(
        cycle, minimum_age=14, age_on=DAY, groups=[VoterGroup.RESIDENT, VoterGroup.WORKER],
        by=administrator(),
    )  # fmt: skip
    assert list(cycle.eligibilities.order_by("version").values_list("minimum_age", flat=True)) == [
        16, 14,
    ]  # fmt: skip
    fill_roll(cycle)
    running = opened(cycle)
    said = running.board.opened["opening"]
    assert said["eligibility"] == {
        "minimum_age": 14, "age_on": "2026-01-01", "groups": ["resident", "worker"],
        "places": [],
    }  # fmt: skip
    assert said["roll"] == {"lines": running.roll.count(), "sha256": roll_digest(running)}
    with pytest.raises(RefusedError, match="fixed"):
        set_eligibility(
            running, minimum_age=1, age_on=DAY, groups=[VoterGroup.WORKER], by=administrator()
        )
    with pytest.raises(DatabaseError, match="can no longer change"), transaction.atomic():
        Eligibility.objects.create(
            cycle=running, version=3, minimum_age=0, age_on=DAY, groups=["worker"],
            made_by=administrator(),
        )  # fmt: skip


def test_the_database_takes_no_line_that_two_people_did_not_agree_to(cycle, place):
    with pytest.raises(DatabaseError, match="two people"), transaction.atomic():
        RollEntry.objects.create(cycle=cycle, person_key="0" * 64, place=place)
    other = draft_cycle(place=NeighborhoodFactory())
    ResidencyFactory()
    batch = fill_roll(other)
    with pytest.raises(DatabaseError, match="batch_of_its_cycle"), transaction.atomic():
        RollEntry.objects.create(cycle=cycle, person_key="0" * 64, place=place, batch=batch)
    asked = request_residents(other, day=DAY, by=administrator())
    approval = approve_act(asked, approved_by=administrator())
    with pytest.raises(DatabaseError, match="two people"), transaction.atomic():
        RollBatch.objects.create(
            cycle=cycle, approval=approval, source="file", added=1, digest="0" * 64, late=False
        )
    assert not cycle.roll.exists()


@pytest.mark.parametrize("opens", [True, False])
def test_no_line_is_taken_away_or_changed(cycle, place, opens):
    imported(cycle, person_row(1, place))
    cycle = opened(cycle) if opens else cycle
    entry = cycle.roll.get()
    with pytest.raises(DatabaseError, match="stays as it came"), transaction.atomic():
        RollEntry.objects.filter(pk=entry.pk).update(person_key="1" * 64)
    with pytest.raises(DatabaseError, match="stays as it came"), transaction.atomic():
        entry.delete()
    assert roll_digest(cycle) == cycle.roll_batches.get().digest


# --- codes


def letters_to(cycle, *rows):
    file = a_file(*rows)
    report = check_file(cycle, file)
    file.seek(0)
    request_letters(cycle, sha256=report.sha256, lines=report.lines, by=administrator())
    return make_letters(cycle, file, by=administrator())


@pytest.fixture
def running(cycle, place):
    imported(cycle, *(person_row(n, place) for n in (1, 2, 3)))
    return opened(cycle)


def test_a_letter_goes_to_whoever_is_on_the_roll_and_the_code_is_nowhere(running, place):
    [letter] = letters_to(running, person_row(1, place), person_row(9, place))
    assert letter.name == "Person 1"
    assert re.fullmatch(r"[A-Z2-7]{4}(-[A-Z2-7]{4}){3}", letter.code)
    kept = PostedCode.objects.get()
    assert plain_code(letter.code) not in kept.code_hash
    assert code_for(running, letter.code.lower().replace("-", " "), 1980).entry == kept.entry
    for code, born in ((letter.code, 1981), ("A" * 16, 1980)):
        with pytest.raises(RefusedError, match="do not belong together"):
            code_for(running, code, born)


def test_a_new_letter_ends_the_earlier_one_and_a_code_is_never_unrevoked(running, place):
    [first] = letters_to(running, person_row(1, place))
    [second] = letters_to(running, person_row(1, place))
    with pytest.raises(RefusedError):
        code_for(running, first.code, 1980)
    assert code_for(running, second.code, 1980)
    with pytest.raises(DatabaseError, match="revoked once"), transaction.atomic():
        PostedCode.objects.filter(revoked_at__isnull=False).update(revoked_at=None)
    with pytest.raises(DatabaseError, match="revoked once"), transaction.atomic():
        PostedCode.objects.all().delete()


def test_letters_take_two_people_and_the_same_file(running, place):
    file = a_file(person_row(1, place))
    report = check_file(running, file)
    file.seek(0)
    by = administrator()
    request_letters(running, sha256=report.sha256, lines=1, by=by)
    with pytest.raises(ApprovalError):
        make_letters(running, file, by=by)
    with pytest.raises(RefusedError, match="not what was asked"):
        make_letters(running, a_file(person_row(2, place)), by=administrator())
    assert not PostedCode.objects.exists()


def test_an_account_and_a_code_of_one_person_are_one_voter(running, place):
    [letter] = letters_to(running, person_row(1, place))
    code = code_for(running, letter.code, 1980)
    pot = running.pots.get()
    cast(running, code.entry, {pot.pk: Choice([codes(pot)[0]])}, channel=Channel.CODE)
    home = ResidencyFactory(neighborhood=place, proof="", proved_at=None)
    claim_by_code(code, by=home.user)
    home.refresh_from_db()
    assert home.proof == Proof.POSTED_CODE
    told = cast(running, home.user, {pot.pk: Choice([codes(pot)[1]])})
    assert told.changed
    assert Participation.objects.get().channel == Channel.CODE
    assert Casting.objects.count() == 2
    assert in_urn(running)[-1][str(pot.pk)]["options"] == [1]


def test_a_code_is_claimed_by_one_account_and_an_account_votes_as_one_person(running, place):
    one, two = letters_to(running, person_row(1, place), person_row(2, place))
    person = UserFactory()
    claim_by_code(code_for(running, one.code, 1980), by=person)
    claim_by_code(code_for(running, one.code, 1980), by=person)
    with pytest.raises(RefusedError, match="Another account"):
        claim_by_code(code_for(running, one.code, 1980), by=UserFactory())
    with pytest.raises(RefusedError, match="somebody else"):
        claim_by_code(code_for(running, two.code, 1980), by=person)
    assert running.roll.exclude(claimed_by=None).count() == 1


def stolen(cycle, place, **home):
    """Somebody in the household typed the first person's code into an account, and voted."""
    [letter] = letters_to(cycle, person_row(1, place))
    living = {"neighborhood": place, "proof": "", "proved_at": None, "born_by": None}
    thief = ResidencyFactory(**living | home).user
    claim_by_code(code_for(cycle, letter.code, 1980), by=thief)
    choose(cycle, thief, 0)
    return thief


def choose(cycle, voter, position, channel=Channel.WEB):
    pot = cycle.pots.get()
    return cast(cycle, voter, {pot.pk: Choice([codes(pot)[position]])}, channel=channel)


def test_a_new_letter_ends_the_vote_of_the_account_that_used_the_earlier_one(running, place):
    thief = stolen(running, place)
    [letter] = letters_to(running, person_row(1, place))
    with pytest.raises(NotOnRollError):
        choose(running, thief, 1)
    assert not running.roll.exclude(claimed_by=None).exists()
    code = code_for(running, letter.code, 1980)
    assert choose(running, code.entry, 2, Channel.CODE).changed
    voter = UserFactory()
    claim_by_code(code, by=voter)
    assert choose(running, voter, 1).changed
    with pytest.raises(NotOnRollError):
        choose(running, thief, 0)
    assert Participation.objects.count() == 1
    assert Casting.objects.count() == SealedBallot.objects.count() == 3
    end_voting(running)
    open_by_trustees(close_cycle(running))
    assert OpenedBallot.objects.get().options == [1]


def test_what_was_cast_with_a_stolen_letter_counts_until_its_voter_casts(running, place):
    stolen(running, place)
    letters_to(running, person_row(1, place))
    end_voting(running)
    open_by_trustees(close_cycle(running))
    assert OpenedBallot.objects.get().options == [0]


def test_a_home_that_a_stolen_letter_confirmed_is_confirmed_no_more(running, place):
    thief = stolen(running, place)
    assert thief.residencies.get().proof == Proof.POSTED_CODE
    letters_to(running, person_row(1, place))
    home = thief.residencies.get()
    assert (home.proof, home.proved_at, home.born_by) == ("", None, None)
    assert Event.objects.filter(verb="residency.proof_taken_back", target_id=home.pk).count() == 1
    other = draft_cycle(place=place)
    assert fill_roll(other).added == 0


@pytest.mark.parametrize("proof", [Proof.OFFICER, Proof.POSTED_CODE])
def test_a_home_that_was_confirmed_before_stays_confirmed(running, place, proof):
    thief = stolen(running, place, proof=proof, proved_at=db_now())
    before = Residency.objects.filter(user=thief).values().get()
    letters_to(running, person_row(1, place))
    assert not running.roll.exclude(claimed_by=None).exists()
    assert Residency.objects.filter(user=thief).values().get() == before


def test_only_those_lose_their_claim_who_are_sent_a_new_letter(running, place):
    thief, [letter] = stolen(running, place), letters_to(running, person_row(2, place))
    other = UserFactory()
    entry = claim_by_code(code_for(running, letter.code, 1980), by=other)
    letters_to(running, person_row(1, place), person_row(3, place))
    assert list(running.roll.exclude(claimed_by=None)) == [entry]
    told = Message.objects.get(kind="claim_ended")
    assert (told.recipient, told.context["home"]) == (thief, place.name)


def test_the_account_whose_claim_ended_reads_why(running, place, mailoutbox):
    stolen(running, place)
    letters_to(running, person_row(1, place))
    while send_next():
        pass
    [mail] = [each for each in mailoutbox if "newer letter" in each.subject]
    assert "the right of your account to vote there" in mail.body
    assert "is not confirmed any more" in mail.body


def test_a_letter_that_is_refused_ends_no_claim(running, place):
    thief = stolen(running, place)
    file = a_file(person_row(1, place))
    asked = request_letters(
        running, sha256=check_file(running, file).sha256, lines=1, by=administrator()
    )
    file.seek(0)
    with pytest.raises(ApprovalError):
        make_letters(running, file, by=asked.requested_by)
    assert running.roll.get(claimed_by=thief)
    assert thief.residencies.get().proof == Proof.POSTED_CODE


# --- pages


def page(name, cycle):
    return reverse(name, args=[cycle.slug])


def signed_in(client, *, role=Role.BUDGET_ADMINISTRATOR):
    person = UserFactory()
    grant_role(person, role, by=None)
    sign_in_with_second_factor(client, person)
    return person


def uploaded(*rows):
    return SimpleUploadedFile("roll.csv", a_file(*rows).read())


def test_two_administrators_put_a_file_on_the_roll_at_the_desk(client, cycle, place):
    cache.clear()
    rows = [person_row(1, place), person_row(1, place)]
    signed_in(client)
    desk = page("roll_desk", cycle)
    shown = client.post(desk, {"act": "check_file", "file": uploaded(*rows)}).content.decode()
    assert "has the number of line 2" in shown
    assert "Ask that 1 person come on the roll" in shown
    checked = re.search(r'name="checked" value="([^"]+)"', shown)[1]
    assert client.post(desk, {"act": "ask_file", "checked": checked + "x"}).status_code == 400
    assert client.post(desk, {"act": "ask_file", "checked": checked}).status_code == 302
    own = client.get(desk).content.decode()
    assert "Agree, and put them on the roll" not in own
    client.logout()
    signed_in(client)
    assert "Agree, and put them on the roll" in client.get(desk).content.decode()
    wrong = client.post(desk, {"act": "agree_file", "file": uploaded(person_row(5, place))})
    assert wrong.status_code == 400
    assert "not what was asked for" in wrong.content.decode()
    assert client.post(desk, {"act": "agree_file", "file": uploaded(*rows)}).status_code == 302
    assert cycle.roll.count() == 1


def many_wrong(place, number=250):
    """A town's file: more lines with something wrong than a page shows, and one that is right."""
    return [person_row(1, place), *("x,y" for _ in range(number)), person_row(1, place)]


@pytest.mark.parametrize(("name", "opens"), [("roll_desk", False), ("letters_desk", True)])
def test_every_line_with_something_wrong_is_told_of_as_a_file(client, cycle, place, name, opens):
    cache.clear()
    cycle = opened(cycle) if opens else cycle
    signed_in(client)
    rows, desk = many_wrong(place), page(name, cycle)
    shown = client.post(desk, {"act": "check_file", "file": uploaded(*rows)}).content.decode()
    assert "250 lines, each of which has not as many cells as there are columns" in shown
    assert "1 line has the number of an earlier line" in shown
    assert "The first 200 of 251 are shown" in shown
    answer = client.post(desk, {"act": "wrong_lines", "file": uploaded(*rows)})
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines[:2] == ["line,it", "3,has not as many cells as there are columns"]
    assert (len(lines), lines[-1]) == (252, "253,has the number of line 2")
    assert not ActRequest.objects.filter(act="cycle.roll").exists()
    assert not cycle.roll.exists()


def test_without_a_file_no_lines_are_told_of(client, cycle):
    signed_in(client)
    answer = client.post(page("roll_desk", cycle), {"act": "wrong_lines"})
    assert answer.status_code == 400
    assert 'id="wrong_lines-file"' in answer.content.decode()
    assert 'id="wrong_lines-file"' not in client.get(page("roll_desk", cycle)).content.decode()


def test_agreeing_takes_a_recent_second_factor_and_asking_does_not(
    client, cycle, settings, monkeypatch
):
    signed_in(client)
    settings.SECOND_FACTOR_RECENT_SECONDS = -1
    desk = page("roll_desk", cycle)
    assert client.post(desk, {"act": "ask_residents", "day": "2026-01-01"}).status_code == 302
    asked = ActRequest.objects.get()
    answer = client.post(desk, {"act": "agree_residents", "asked": asked.pk})
    assert "reauthenticate" in answer["Location"]
    assert not RollBatch.objects.exists()


@pytest.mark.parametrize("name", ["roll_desk", "letters_desk", "officers_desk"])
def test_the_desks_are_for_their_roles(client, cycle, name):
    assert client.get(page(name, cycle)).status_code == 302
    client.force_login(UserFactory())
    assert client.get(page(name, cycle)).status_code == 403
    role = Role.POLL_OFFICER if name != "officers_desk" else Role.BUDGET_ADMINISTRATOR
    client.logout()
    signed_in(client, role=role)
    assert client.get(page(name, cycle)).status_code in (403, 404)


def test_the_public_page_counts_additions_and_names_nobody(client, cycle, place):
    imported(cycle, person_row(1, place))
    running = opened(cycle)
    imported(running, person_row(2, place))
    shown = client.get(page("roll", running)).content.decode()
    assert "2 people are on it" in shown
    assert shown.count("after the opening") == 1
    assert "16 years old or older on 1 January 2026" in shown
    for batch in RollBatch.objects.all():
        assert batch.digest in shown
    for key in RollEntry.objects.values_list("person_key", flat=True):
        assert key not in shown


def test_the_page_says_whether_i_may_vote_and_why_not(client, running, place):
    roll = page("roll", running)
    assert "sign in, or use a code" in client.get(roll).content.decode()
    person = UserFactory()
    client.force_login(person)
    assert "not told us where you live" in client.get(roll).content.decode()
    home = ResidencyFactory(user=person, neighborhood=place, proof="", proved_at=None)
    assert "Your home in Harbour is not confirmed" in client.get(roll).content.decode()
    home.delete()
    ResidencyFactory(user=person, neighborhood=place)
    assert "confirmed, but you are not on the roll" in client.get(roll).content.decode()
    RollEntry.objects.filter(pk=running.roll.first().pk).update(claimed_by=person)
    assert "Yes, you may" in client.get(roll).content.decode()


def test_somebody_without_an_account_votes_with_a_letter(client, running, place):
    cache.clear()
    [letter] = letters_to(running, person_row(1, place))
    ballot = page("ballot", running)
    pot = running.pots.get()
    assert client.post(ballot, {f"pot-{pot.pk}": codes(pot)[0]}).status_code == 403
    wrong = client.post(page("voting_code", running), {"code": letter.code, "born": "1979"})
    assert wrong.status_code == 400
    assert "do not belong together" in wrong.content.decode()
    answer = client.post(page("voting_code", running), {"code": letter.code, "born": "1980"})
    assert answer["Location"] == ballot
    shown = client.get(ballot).content.decode()
    assert letter.code not in shown
    assert 'data-draft-in="tab"' in shown
    assert page("leave_code", running) in shown
    told = client.post(ballot, {f"pot-{pot.pk}": codes(pot)[0]})
    assert "data-receipt" in told.content.decode()
    assert Participation.objects.get().channel == Channel.CODE
    client.post(page("leave_code", running))
    assert client.post(ballot, {f"pot-{pot.pk}": codes(pot)[0]}).status_code == 403
    assert Casting.objects.count() == 1


def test_a_newer_letter_ends_the_right_of_a_browser_that_typed_the_earlier_code(
    client, running, place
):
    cache.clear()
    [letter] = letters_to(running, person_row(1, place))
    client.post(page("voting_code", running), {"code": letter.code, "born": "1980"})
    letters_to(running, person_row(1, place))
    pot = running.pots.get()
    assert client.post(page("ballot", running), {f"pot-{pot.pk}": codes(pot)[0]}).status_code == 403
    assert not Participation.objects.exists()


def test_codes_are_not_tried_without_end(client, running):
    cache.clear()
    tries = [
        client.post(page("voting_code", running), {"code": "A" * 16, "born": "1980"}).status_code
        for _ in range(11)
    ]
    assert tries == [400] * 10 + [429]


def test_only_wrong_codes_count_since_many_share_an_address(client, running, place, settings):
    cache.clear()
    settings.ACCOUNT_RATE_LIMITS = {"voting_code": "2/h/ip"}
    [letter] = letters_to(running, person_row(1, place))
    came = [
        client.post(page("voting_code", running), {"code": letter.code, "born": born}).status_code
        for born in ("1980", "1980", "1980", "1979", "1979", "1980")
    ]
    assert came == [302, 302, 302, 400, 400, 429]


def test_behind_a_proxy_wrong_codes_count_for_whoever_typed_them(client, running, settings):
    cache.clear()
    settings.ACCOUNT_RATE_LIMITS = {"voting_code": "1/h/ip"}
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1

    def typed(heard_from):
        return client.post(
            page("voting_code", running), {"code": "A" * 16, "born": "1980"},
            headers={"X-Forwarded-For": heard_from},
        ).status_code  # fmt: skip

    assert [typed("203.0.113.1"), typed("203.0.113.1"), typed("203.0.113.2")] == [400, 429, 400]
    assert typed("198.51.100.9, 203.0.113.1") == 429, "what a visitor says is not believed"


def test_letters_are_downloaded_once_as_pdf_with_each_code(client, running, place):
    cache.clear()
    signed_in(client)
    desk = page("letters_desk", running)
    rows = [person_row(1, place), person_row(2, place)]
    shown = client.post(desk, {"act": "check_file", "file": uploaded(*rows)}).content.decode()
    checked = re.search(r'name="checked" value="([^"]+)"', shown)[1]
    assert client.post(desk, {"act": "ask_letters", "checked": checked}).status_code == 302
    client.logout()
    signed_in(client)
    answer = client.post(desk, {"act": "agree_letters", "file": uploaded(*rows)})
    bundle = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    [name] = bundle.namelist()
    pages = [each.extract_text() for each in PdfReader(io.BytesIO(bundle.read(name))).pages]
    assert len(pages) == 2
    for text in pages:
        code = re.search(r"[A-Z2-7]{4}(-[A-Z2-7]{4}){3}", text)[0]
        assert code_for(running, code, 1980)
        assert "Long Street" in text
        assert page("voting_code", running) in text
    assert client.post(desk, {"act": "agree_letters", "file": uploaded(*rows)}).status_code == 400


def asked_for_letters(running, *rows):
    report = check_file(running, a_file(*rows))
    return request_letters(running, sha256=report.sha256, lines=report.lines, by=administrator())


def test_letters_are_downloaded_with_a_second_factor_given_just_now_and_kept_by_no_cache(
    client, running, place, settings
):
    cache.clear()
    row = person_row(1, place)
    asked_for_letters(running, row)
    signed_in(client)
    desk = page("letters_desk", running)
    settings.SECOND_FACTOR_RECENT_SECONDS = -1
    answer = client.post(desk, {"act": "agree_letters", "file": uploaded(row)})
    assert "reauthenticate" in answer["Location"]
    assert not PostedCode.objects.exists()
    assert not Event.objects.filter(verb="cycle.letters_made").exists()
    settings.SECOND_FACTOR_RECENT_SECONDS = 300
    answer = client.post(desk, {"act": "agree_letters", "file": uploaded(row)})
    assert b"".join(answer.streaming_content)
    assert "no-store" in answer["Cache-Control"]
    assert PostedCode.objects.count() == 1


def test_the_desk_says_when_and_by_whom_letters_were_downloaded_before(client, running, place):
    cache.clear()
    signed_in(client)
    desk, row = page("letters_desk", running), person_row(1, place)
    assert "Downloaded before" not in client.get(desk).content.decode()
    by = []
    for _ in range(2):
        asked = asked_for_letters(running, row)
        client.logout()
        by.append(signed_in(client))
        client.post(desk, {"act": "agree_letters", "file": uploaded(row)})
    events = Event.objects.filter(verb="cycle.letters_made").order_by("pk")
    assert [each.actor for each in events] == by
    assert events.last().data == {"letters": 1, "request": asked.pk}
    shown = client.get(desk).content.decode()
    assert "Downloaded before" in shown
    assert all(str(person) in shown for person in by)
    link = f"{page('trail', running)}?kind=cycle.letters_made"
    assert link in shown
    told = client.get(link).content.decode()
    assert told.count("Letters with codes were made and downloaded") >= 2


def test_the_desk_asks_as_much_for_many_downloads_as_for_few(client, running, place):
    cache.clear()
    signed_in(client)
    counts = []
    for times in (1, 2):
        for _ in range(times):
            letters_to(running, person_row(1, place))
        with CaptureQueriesContext(connection) as queries:
            client.get(page("letters_desk", running))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_residents_of_two_requests_come_on_the_roll_once(cycle):
    ResidencyFactory()
    first = request_residents(cycle, day=DAY, by=administrator())
    second = request_residents(cycle, day=date(2026, 1, 2), by=administrator())
    assert add_residents(cycle, first.pk, by=administrator()).added == 1
    assert add_residents(cycle, second.pk, by=administrator()).added == 0
    assert hashlib.sha256(b"").hexdigest() == cycle.roll_batches.last().digest
