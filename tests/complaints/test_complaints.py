"""Somebody complains, somebody else answers: the acts, and what the database refuses."""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPDataError

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend as LocalBackend
from django.db import DatabaseError, connection, transaction
from django.db.models import F

from civicfund.audit.models import Event
from civicfund.audit.services import db_now
from civicfund.complaints.domain import is_named_in
from civicfund.complaints.models import Complaint, Look, Named, Note
from civicfund.complaints.selectors import counts_of_the_year, queue_for, who_can_take
from civicfund.complaints.services import answering
from civicfund.complaints.services.errors import ComplaintError
from civicfund.complaints.services.filing import ask_again, complain, take_back
from civicfund.complaints.services.forgetting import forget, forget_due
from civicfund.complaints.tasks import tell_complaints, tell_of_late_complaints
from civicfund.notices.models import Message
from civicfund.notices.services import send_next
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.services import grant_role
from civicfund.people.services.erasure import erase
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db
ADDRESS = "quillon@example.org"
LATER = timedelta(days=400)
HOUR = timedelta(hours=1)


def officer(**said):
    person = UserFactory(**said)
    grant_role(person, Role.COMPLAINTS_OFFICER, by=None)
    return person


def complained(**said):
    return complain(**{"about": "staff", "words": "Nobody listened.", "answer_to": ADDRESS} | said)


def answered(complaint, by=None, words="We are sorry."):
    by = by or officer()
    answering.take(complaint, by=by)
    answering.answer(complaint, by=by, words=words)
    complaint.refresh_from_db()
    return by


def verbs(complaint):
    target = {"target_type": "complaints.complaint", "target_id": str(complaint.pk)}
    return list(Event.objects.filter(**target).order_by("pk").values_list("verb", flat=True))


def send_all():
    while send_next():
        pass


# --- complaining


def test_whoever_gave_an_address_is_written_to_and_no_act_says_who_it_was():
    complaint = complained()
    send_all()
    [sent] = mail.outbox
    assert sent.to == [ADDRESS]
    assert sent.subject == f"Your complaint, number {complaint.pk}"
    assert "Nobody listened." not in sent.body + sent.alternatives[0][0]
    assert complaint.complainant.is_guest
    assert not Event.objects.filter(target_id=str(complaint.pk)).exclude(actor=None).exists()
    assert verbs(complaint) == ["complaint.made"]


def test_it_is_due_after_so_many_days(settings):
    settings.COMPLAINT_DAYS = 12
    look = complained().looks.get()
    asked_for = Look.objects.annotate(days=F("due_at") - F("asked_at")).get().days
    assert abs(asked_for - timedelta(days=12)) < timedelta(minutes=1)
    settings.COMPLAINT_DAYS = 30
    assert Look.objects.get().due_at == look.due_at


@pytest.mark.parametrize(
    ("address", "whose"),
    [("own", "account"), ("OWN", "account"), (ADDRESS, "guest"), ("", "nobody")],
)
def test_it_is_an_accounts_only_where_its_own_address_was_given(address, whose):
    person = UserFactory(email="own@example.org")
    given = address if "@" in address or not address else f"{address}@example.org"
    complaint = complained(by=person, answer_to=given)
    found = complaint.complainant
    assert {
        "account": found == person,
        "guest": bool(found and found.is_guest),
        "nobody": not found,
    }[whose]


def test_without_an_address_nobody_is_written_to():
    complained(answer_to="")
    assert not Message.objects.exists()


# --- those who answer are told


def test_the_complaints_address_is_told_the_number_and_not_a_word(settings):
    settings.COMPLAINTS_ADDRESS = "ombudsman@example.org"
    officer()
    complaint = complained()
    tell_complaints()
    tell_complaints()
    [sent] = mail.outbox
    assert sent.to == ["ombudsman@example.org"]
    assert sent.subject == f"Complaint {complaint.pk} waits for an answer"
    assert "Nobody listened." not in sent.body
    assert ADDRESS not in sent.body
    assert "Nobody at the desk" not in sent.body


def test_where_nobody_may_answer_the_mail_says_so():
    officer(display_name="Ann Quill")
    complained(whom="ann quill")
    tell_complaints()
    assert "Nobody at the desk may answer it" in mail.outbox[0].body


def made_late(about="vote", **said):
    """A complaint whose answer was due an hour ago."""
    complaint = Complaint.objects.create(about=about, **said)
    Look.objects.create(
        complaint=complaint, asked="Marmalade.", asked_at=db_now() - LATER, due_at=db_now() - HOUR
    )
    return complaint


def told_late():
    """To whom goes a mail about which complaint's being late."""
    letters = Message.objects.filter(kind="complaint_late").select_related("recipient")
    return sorted((each.context["number"], each.recipient.email) for each in letters)


def test_what_is_late_is_written_once_to_everybody_who_may_answer_it_and_says_nothing_of_it():
    one, two, other = (officer(display_name=name) for name in ("Bo Rae", "Cy Dunn", "Ann Quill"))
    complaint, in_time = made_late(whom="Ms Quill", complainant=two), complained()
    for _sweep in range(2):
        tell_of_late_complaints()
    assert told_late() == [(complaint.pk, one.email)]
    officer()
    tell_of_late_complaints()
    send_all()
    [sent] = [each for each in mail.outbox if "late" in each.subject]
    assert (sent.subject, sent.to) == (f"Complaint {complaint.pk} is late", [one.email])
    for words in (sent.body, sent.alternatives[0][0]):
        assert f"/desk/complaints/{complaint.pk}/" in words
        assert not [each for each in ("Marmalade", "Quill", "Dunn") if each in words]
    assert in_time.looks.get().late_told_at is None
    assert other.email not in [to for each in mail.outbox for to in each.to]


def test_a_second_look_that_is_late_is_written_of_for_itself():
    complaint, first = made_late(), officer()
    tell_of_late_complaints()
    answered(complaint, first)
    second = officer()
    Look.objects.create(
        complaint=complaint, number=2, asked="Hm.",
        asked_at=db_now() - LATER, due_at=db_now() - HOUR,
    )  # fmt: skip
    tell_of_late_complaints()
    assert told_late() == sorted([(complaint.pk, first.email), (complaint.pk, second.email)])


def test_what_nobody_may_answer_waits_until_somebody_may():
    complaint = made_late(whom="Ann Quill")
    officer(display_name="Ann Quill")
    tell_of_late_complaints()
    assert told_late() == []
    able = officer(display_name="Bo Rae")
    tell_of_late_complaints()
    assert told_late() == [(complaint.pk, able.email)]


def test_what_is_answered_or_taken_back_is_not_late_and_no_mail_of_it_stays():
    gone, done, by = made_late(), made_late(), officer()
    answered(done, by)
    tell_of_late_complaints()
    assert told_late() == [(gone.pk, by.email)]
    take_back(gone)
    tell_of_late_complaints()
    assert told_late() == []


class Choosy(LocalBackend):
    """A mail server that never takes one mail, and breaks off at another."""

    def send_messages(self, messages):
        if self.never in messages[0].subject:
            raise SMTPDataError(554, b"refused")
        if self.breaks in messages[0].subject:
            raise ValueError
        return super().send_messages(messages)


def test_a_mail_that_nobody_takes_holds_up_no_other(settings):
    settings.EMAIL_BACKEND = f"{__name__}.Choosy"
    never, breaks, told = (complained(answer_to="") for _ in range(3))
    Choosy.never, Choosy.breaks = (f"Complaint {each.pk} waits" for each in (never, breaks))
    tell_complaints()
    assert len(mail.outbox) == 1
    untold = Look.objects.filter(told_at=None).order_by("pk")
    assert [look.complaint for look in untold] == [never, breaks]
    assert told.looks.get().told_at


# --- answering


def test_the_longest_waiting_comes_first_and_one_takes_it():
    first, second = complained(), complained()
    one, two = officer(), officer()
    assert [look.complaint for look in queue_for(one)] == [first, second]
    answering.take(first, by=one)
    with pytest.raises(ComplaintError, match="already"):
        answering.take(first, by=two)
    assert first.looks.get().taken_by == one


def test_the_answer_goes_by_mail_and_whoever_took_it_gives_it():
    complaint, by = complained(), officer()
    with pytest.raises(ComplaintError, match="Take it first"):
        answering.answer(complaint, by=by, words="No.")
    assert complaint.looks.get().answer == ""
    answered(complaint, by)
    send_all()
    sent = mail.outbox[-1]
    assert sent.subject == f"Your complaint, number {complaint.pk}, is answered"
    assert "We are sorry." in sent.body
    assert "We are sorry." in sent.alternatives[0][0]
    assert by.display_name not in sent.body + sent.alternatives[0][0]
    assert verbs(complaint) == ["complaint.made", "complaint.taken", "complaint.answered"]
    assert not queue_for(by).exists()


def test_a_colleague_puts_it_back_and_takes_it():
    complaint, one, two = complained(), officer(), officer()
    answering.take(complaint, by=one)
    answering.give_back(complaint, by=two)
    assert answered(complaint, two) == two
    with pytest.raises(ComplaintError, match="is answered"):
        answering.give_back(complaint, by=one)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.COMPLAINTS_OFFICER])
def test_no_other_role_answers(role):
    complaint, person = complained(), UserFactory()
    grant_role(person, role, by=None)
    for act in (
        lambda: answering.take(complaint, by=person),
        lambda: answering.give_back(complaint, by=person),
        lambda: answering.note(complaint, by=person, words="Hm."),
        lambda: answering.name(complaint, by=person, person=officer()),
        lambda: answering.answer(complaint, by=person, words="Hm."),
    ):
        with pytest.raises(ComplaintError, match="Only a complaints officer"):
            act()
    assert verbs(complaint) == ["complaint.made"]


# --- nobody answers what is about them


@pytest.mark.parametrize(
    ("whom", "is_kept_from"),
    [
        ("Ann Quill", True), ("the clerk ANN QUILL, room 3", True), ("Ms Quill", True),
        ("Ann", True), ("quíll (the clerk)", True), ("Joanna Quills", False), ("", False),
    ],
)  # fmt: skip
def test_an_officer_whom_it_names_neither_finds_nor_takes_it(whom, is_kept_from):
    named, other = officer(display_name="Ann Quill"), officer(display_name="Bo")
    complaint = complained(whom=whom)
    assert [look.complaint for look in queue_for(other)] == [complaint]
    assert queue_for(named).exists() is not is_kept_from
    if is_kept_from:
        with pytest.raises(ComplaintError, match="about you"):
            answering.take(complaint, by=named)
        assert who_can_take(complaint.looks.get()) == [other]


@pytest.mark.parametrize(
    ("name", "whom", "is_named"),
    [
        ("Jo van der Berg", "van and de went off", True),
        ("Jo de Vo", "the clerk de Boer, or Jo", False),
        ("Jo de Vo", "the clerk JO DE  VO", True),
        ("Straße", "Mr STRASSE", True),
        ("Wang Wei", "Wangari", False),
        ("Ann Qu\u00adill", "Quill", True),
        ("Quill", "Qu\u200bill", True),
        ("", "", False),
        ("", "somebody", False),
    ],
)
def test_a_word_of_three_letters_tells_who_it_is_and_shorter_names_stand_whole(
    name, whom, is_named
):
    assert is_named_in(name, whom) is is_named


def test_whoever_becomes_an_officer_later_does_not_see_it_either():
    complaint = complained(whom="Ann Quill")
    named = officer(display_name="Ann Quill")
    assert not queue_for(named).exists()
    with pytest.raises(ComplaintError, match="about you"):
        answering.take(complaint, by=named)


def test_nobody_answers_a_complaint_of_their_own():
    person = officer()
    complaint = complained(by=person, answer_to=person.email)
    assert not queue_for(person).exists()
    with pytest.raises(ComplaintError, match="your own"):
        answering.take(complaint, by=person)


def proved(person, address):
    EmailAddress.objects.create(user=person, email=address, verified=True, primary=False)


@pytest.mark.parametrize("is_signed_in", [True, False])
def test_nor_one_that_they_made_with_an_address_of_theirs_that_is_not_the_accounts(is_signed_in):
    person, other = officer(), officer()
    proved(person, ADDRESS)
    complaint = complained(by=person if is_signed_in else None)
    look = complaint.looks.get()
    assert complaint.complainant != person
    assert not queue_for(person).exists()
    assert who_can_take(look) == [other]
    with pytest.raises(ComplaintError, match="your own"):
        answering.take(complaint, by=person)
    breaks("look_not_by_whom_it_is_about", lambda: give(look, person))


def test_an_address_that_is_not_proved_keeps_nobody_from_it():
    person = officer()
    EmailAddress.objects.create(user=person, email=ADDRESS, verified=False, primary=False)
    complaint = complained()
    assert answering.take(complaint, by=person).taken_by == person


def test_who_may_take_it_is_asked_at_once_and_both_ways_alike(django_assert_num_queries):
    first, named, said, own, rest = (
        officer(display_name=name) for name in ("Fi Rst", "Na Med", "Ms Said", "Ow N", "Re St")
    )
    proved(own, ADDRESS)
    complaint = complained(whom="Mr Said")
    answered(complaint, first)
    answering.name(complaint, by=first, person=named)
    ask_again(complaint, words="Why?")
    for number, can in ((1, [first, rest]), (2, [rest])):
        look = Look.objects.select_related("complaint__complainant").get(number=number)
        with django_assert_num_queries(1):
            assert who_can_take(look) == can
        both = Look.objects.filter(pk=look.pk)
        assert [
            each for each in (first, named, said, own, rest) if both.open_to(each).exists()
        ] == can


def test_where_the_last_who_could_take_it_is_named_the_address_is_told():
    one, two = officer(), officer()
    complaint = complained()
    tell_complaints()
    answering.name(complaint, by=one, person=two)
    tell_complaints()
    assert len(mail.outbox) == 1
    answering.name(complaint, by=one, person=one)
    tell_complaints()
    assert len(mail.outbox) == 2
    assert "Nobody at the desk may answer it" in mail.outbox[1].body


def test_complaints_that_are_late_or_that_the_desk_was_not_told_of_are_alarms(client):
    answered(complained())
    complaint = Complaint.objects.create(about="vote")
    told = Look.objects.create(complaint=complaint, asked="Hm.", due_at=db_now() + LATER)
    assert client.get("/health/work/").status_code == 200
    early = db_now() - LATER
    other = Complaint.objects.create(about="vote")
    Look.objects.create(complaint=other, asked="Hm.", asked_at=early, due_at=db_now() - HOUR)
    late = client.get("/health/work/")
    assert late.status_code == 503
    assert {name: number for name, number in late.json().items() if number} == {
        "complaints that the desk was not told of": 1,
        "complaints that wait longer for an answer than they may": 1,
    }
    tell_complaints()
    take_back(other)
    assert client.get("/health/work/").status_code == 200
    assert Look.objects.get(pk=told.pk).told_at


def test_whoever_is_named_later_loses_it():
    complaint, one, two = complained(), officer(), officer()
    answering.take(complaint, by=one)
    answering.name(complaint, by=one, person=one)
    assert complaint.looks.get().taken_by is None
    with pytest.raises(ComplaintError):
        answering.note(complaint, by=one, words="Hm.")
    assert answered(complaint, two) == two


def test_only_those_who_answer_can_be_kept_from_one():
    complaint = complained()
    with pytest.raises(ComplaintError, match="can be kept"):
        answering.name(complaint, by=officer(), person=UserFactory())
    assert not Named.objects.exists()


# --- once more


def test_a_second_look_is_somebody_elses_and_there_is_no_third():
    complaint = complained()
    with pytest.raises(ComplaintError, match="not answered yet"):
        ask_again(complaint, words="Why?")
    first = answered(complaint)
    assert complaint.forget_at
    ask_again(complaint, words="You missed the point.")
    complaint.refresh_from_db()
    assert complaint.forget_at is None
    assert not queue_for(first).exists()
    with pytest.raises(ComplaintError, match="the first time"):
        answering.take(complaint, by=first)
    with pytest.raises(ComplaintError, match="not answered yet"):
        ask_again(complaint, words="And?")
    answered(complaint, words="You are right.")
    with pytest.raises(ComplaintError, match="Two people"):
        ask_again(complaint, words="And?")
    send_all()
    subjects = [sent.subject for sent in mail.outbox]
    number = complaint.pk
    assert sorted(subjects) == sorted(
        [f"Your complaint, number {number}", f"Your complaint, number {number}, is answered"] * 2
    )


# --- forgetting


def traces(words):
    """The tables of complaints and mail that hold the words."""
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith(("complaints_", "notices_message", "people_user", "audit_")):
                sought = f'SELECT count(*) FROM "{table}" AS row WHERE row::text ILIKE %s'  # noqa: S608
                cursor.execute(sought, [f"%{words}%"])
                if cursor.fetchone()[0]:
                    found.add(table)
    return found


def full_complaint(**said):
    """Each column that holds words holds these."""
    complaint = complained(words="marmalade", page="marmalade", whom="marmalade", **said)
    answering.note(complaint, by=officer(), words="marmalade")
    answering.name(complaint, by=officer(), person=officer())
    answered(complaint, words="marmalade")
    return complaint


def test_on_its_day_nothing_is_left_but_the_counts(settings):
    complaint = full_complaint()
    assert traces("marmalade") == {
        "complaints_complaint", "complaints_look", "complaints_note", "notices_message",
    }  # fmt: skip
    assert traces(ADDRESS) == {"people_user"}
    before = counts_of_the_year()
    assert forget_due() == 0
    Complaint.objects.update(forget_at=db_now())
    assert forget_due() == 1
    assert traces("marmalade") == traces(ADDRESS) == set()
    assert (Note.objects.count(), Named.objects.count()) == (0, 0)
    assert counts_of_the_year() == before
    assert [each.answered for each in before] == [1]
    assert "complaint.forgotten" in verbs(complaint)
    assert not forget(complaint)


def test_it_is_kept_so_many_days_after_the_answer(settings):
    settings.COMPLAINT_KEPT_DAYS = 9
    complaint = complained()
    answered(complaint)
    assert complaint.forget_at == complaint.looks.get().answered_at + timedelta(days=9)


def test_whoever_complained_takes_it_back_before_it_is_answered():
    complaint, by = complained(words="marmalade"), officer()
    answering.take(complaint, by=by)
    take_back(complaint)
    assert traces("marmalade") == traces(ADDRESS) == set()
    assert not queue_for(by).exists()
    with pytest.raises(ComplaintError, match="taken this back"):
        answering.answer(complaint, by=by, words="Hm.")
    tell_complaints()
    assert mail.outbox == []


def test_it_goes_with_the_account_and_one_of_somebody_else_stays():
    person = UserFactory(email="own@example.org")
    mine = full_complaint(by=person, answer_to=person.email)
    other = complained(words="Another one.")
    erase(person)
    mine.refresh_from_db()
    assert mine.forgotten_at
    assert traces("marmalade") == set()
    assert other.looks.get().asked == "Another one."


# --- what the database refuses


def give(look, person, **more):
    taken = {"taken_by": person, "taken_at": db_now()} | more
    Look.objects.filter(pk=look.pk).update(**taken)


def constraint_of(error):
    return error.__cause__.diag.constraint_name


def breaks(name, act):
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        to_the_end(act)
    assert constraint_of(caught.value) == name


def to_the_end(act):
    """With what is asked at the end of a transaction."""
    act()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


BREAKING = {
    "complaint_about_known": lambda c, look, _o: Complaint.objects.create(about="x"),
    "complaint_forgotten_is_nobodys": lambda c, look, _o: Complaint.objects.filter(
        pk=c.pk
    ).update(forgotten_at=db_now()),
    "complaints_complaint_frozen": lambda c, look, _o: Complaint.objects.filter(pk=c.pk).update(
        about="vote"
    ),
    "complaint_forgotten_whole": lambda c, look, _o: Complaint.objects.filter(pk=c.pk).update(
        forgotten_at=db_now(), complainant=None
    ),
    "look_numbered": lambda c, look, _o: Look.objects.create(
        complaint=c, number=1, asked="Hm.", due_at=db_now() + LATER
    ),
    "look_two_at_most": lambda c, look, _o: Look.objects.create(
        complaint=c, number=3, asked="Hm.", due_at=db_now() + LATER
    ),
    "look_one_at_a_time": lambda c, look, _o: Look.objects.create(
        complaint=c, number=2, asked="Hm.", due_at=db_now() + LATER
    ),
    "look_has_its_day": lambda c, look, _o: Look.objects.create(
        complaint=Complaint.objects.create(about="vote"), asked="Hm.", due_at=db_now() - LATER
    ),
    "look_asks_something": lambda c, look, _o: Look.objects.create(
        complaint=Complaint.objects.create(about="vote"), due_at=db_now() + LATER
    ),
    "look_taken_by_somebody": lambda c, look, _o: give(look, None),
    "look_answered_by_who_took_it": lambda c, look, _o: give(
        look, None, taken_at=None, answer="Hm.", answered_at=db_now()
    ),
    "look_answered_in_words": lambda c, look, o: give(look, o, answered_at=db_now()),
    "look_stays": lambda c, look, _o: Look.objects.filter(pk=look.pk).update(asked="Other."),
    "look_not_by_whom_it_is_about": lambda c, look, _o: give(look, c.complainant),
    "named_holds_no_look": lambda c, look, o: (
        give(look, o), Named.objects.create(complaint=c, person=o),
    ),
    "complaint_named_once": lambda c, look, o: Named.objects.bulk_create(
        [Named(complaint=c, person=o), Named(complaint=c, person=o)]
    ),
    "note_has_words": lambda c, look, o: Note.objects.create(complaint=c, by=o, words=""),
    "note_goes_with_its_complaint": lambda c, look, o: Note.objects.create(
        complaint=c, by=o, words="Hm."
    ).delete(),
    "complaints_note_frozen": lambda c, look, o: (
        Note.objects.create(complaint=c, by=o, words="Hm."), Note.objects.update(words="Ha."),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKING)
def test_the_database_refuses(name):
    complaint, by = complained(), officer()
    look = complaint.looks.get()
    breaks(name, lambda: BREAKING[name](complaint, look, by))
    look.refresh_from_db()
    assert (look.asked, look.answer, look.taken_by) == ("Nobody listened.", "", None)


def test_the_database_refuses_whom_it_names_and_a_second_look_by_the_first():
    complaint, named = complained(), officer()
    answering.name(complaint, by=officer(), person=named)
    breaks("look_not_by_whom_it_is_about", lambda: give(complaint.looks.get(), named))
    first = answered(complaint)
    second = ask_again(complaint, words="Why?")
    breaks("look_second_by_another", lambda: give(second, first))


def test_the_database_keeps_an_answer_and_what_is_forgotten():
    complaint = complained()
    answered(complaint)
    breaks("look_stays", lambda: Look.objects.update(answer="Something else."))
    forget(complaint)
    breaks("look_of_forgotten_is_blank", lambda: Look.objects.update(asked="Back again."))
    breaks("complaints_complaint_frozen", lambda: Complaint.objects.update(forgotten_at=None))


def test_somebody_erased_complains_of_nothing():
    person = UserFactory(email="own@example.org")
    erase(person)
    gone = User.objects.get(pk=person.pk)
    breaks(
        "complaints_complaint_by_somebody",
        lambda: Complaint.objects.create(about="vote", complainant=gone),
    )
