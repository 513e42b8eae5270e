from __future__ import annotations

import csv
import io

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgeting.models import Pot, Proposal
from budgeting.selectors.proposal_files import COLUMNS, proposal_rows
from budgeting.selectors.reviews import ready_for
from budgeting.services.errors import RefusedError
from budgeting.services.proposal_files import MOST_BYTES, import_proposals, look_through
from budgeting.services.proposals import submit_proposal
from budgeting.services.reviews import give_review
from civicfund.notices.models import Message
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.services import grant_role
from civicfund.places.enums import PlaceKind
from civicfund.projects.access import is_author
from civicfund.projects.enums import Category, ProjectState, Wrong
from civicfund.projects.models import CostLine, Project
from civicfund.projects.services import ProjectError
from civicfund.projects.services.merging import ask_to_merge, merge_as_moderator
from civicfund.projects.services.moderating import hide_project
from civicfund.projects.services.supporting import support_project
from civicfund.projects.services.writing import withdraw_project
from civicfund.words import seen
from tests.factories.budgeting import administrator, draft_cycle, running_cycle
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory, square
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import refused_publicly, reviewer, reviewing_cycle
from tests.signing_in import sign_in, sign_in_with_second_factor, verified

pytestmark = pytest.mark.django_db
HEADER = "title,summary,neighborhood,cost,category,pot\n"


def file_of(*lines, header=HEADER):
    return io.BytesIO((header + "\n".join(lines) + "\n").encode())


def uploaded(*lines):
    return SimpleUploadedFile("proposals.csv", file_of(*lines).getvalue(), "text/csv")


@pytest.fixture
def place():
    district = NeighborhoodFactory(kind=PlaceKind.DISTRICT)
    return NeighborhoodFactory(name="North", slug="north", parent=district)


def test_sound_lines_become_public_projects_that_wait_for_their_review(place):
    cycle, by = draft_cycle(costs_minor=()), administrator()
    lines = [
        "Bench,Sit down.,north,1200.50,play,",
        '"Tree, old",Shade.,NORTH,7,Green and parks,whole town',
    ]
    found = look_through(cycle, file_of(*lines))
    assert (len(found.lines), found.wrong) == (2, [])
    assert not Project.objects.exists()
    bench, tree = import_proposals(cycle, file_of(*lines), sha256=found.sha256, by=by)
    assert (bench.project.title, bench.pot, bench.state) == ("Bench", cycle.pots.get(), "submitted")
    assert bench.project.cost_lines.get().amount_minor == 120_050
    assert (bench.project.category, tree.project.category) == (Category.PLAY, Category.GREEN)
    assert bench.project.state == ProjectState.STUB
    assert bench.reviews.get().given_at is None
    assert (tree.project.title, tree.project.proposer) == ("Tree, old", by)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Bench,Sit.,north,5", "not as many cells"),
        (",Sit.,north,5,,", "has no title"),
        (f"Bench,{'x' * 281},north,5,,", "has no summary"),
        ("Bench,Sit.,nowhere,5,,", "names no neighborhood"),
        ("Bench,Sit.,north,-5,,", "has no cost"),
        ("Bench,Sit.,north,1e9999999,,", "has no cost"),
        ("Bench,Sit.,north,5.0010,,", "has no cost"),
        ("Bench,Sit.,north,5.001,,", "can be read in two ways: 5.001"),
        ("Bench,Sit.,north,5,dreams,", "names no kind"),
        ("Bench,Sit.,north,5,,South", "names no pot"),
        ("there already,Sit.,north,5,,", "already"),
        ("sound,Sit.,north,5,,", "already"),
    ],
)
def test_what_is_wrong_is_said_by_line_and_left_out(place, line, words):
    cycle, by = draft_cycle(costs_minor=()), administrator()
    there = ProjectFactory(title="There already", neighborhood=place)
    submit_proposal(there, cycle.pots.get(), by=by)
    found = look_through(cycle, file_of("Sound,Sit.,north,5,,", line))
    assert [each.title for each in found.lines] == ["Sound"]
    [(number, said)] = found.wrong
    assert (number, words in said) == (3, True)


WHOLE = (
    "title,summary,neighborhood,cost_lines,running_cost,lifetime_years,address,latitude,longitude\n"
)


def test_all_that_a_project_says_can_stand_in_a_line(place):
    cycle, by = draft_cycle(costs_minor=()), administrator()
    line = r"Bench,Sit.,north,1200.50 Wood\; oak; 300 Planting,20,15,At the gate,0.5,0.5"
    found = look_through(cycle, file_of(line, header=WHOLE))
    assert found.wrong == []
    [made] = import_proposals(cycle, file_of(line, header=WHOLE), sha256=found.sha256, by=by)
    project = made.project
    assert [(each.label, each.amount_minor) for each in project.cost_lines.all()] == [
        ("Wood; oak", 120_050),
        ("Planting", 30_000),
    ]
    assert (project.running_minor, project.lifetime_years) == (2_000, 15)
    assert (project.address, project.latitude, project.longitude) == ("At the gate", 0.5, 0.5)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ("5 Wood,-1,15,,,", "no running cost"),
        ("5 Wood,,0,,,", "no number of years"),
        ("5 Wood,,1.5,,,", "no number of years"),
        ("5 Wood,,,,0.5,", "no point"),
        ("5 Wood,,,,nan,0", "no point"),
        ("5 Wood,,,,91,0", "no point"),
        ("5 Wood,,,,9,9", "not in its neighborhood"),
        (f"5 Wood,,,{'x' * 201},,", "no address"),
        ("5,,,,,", "no cost_lines"),
        (";,,,,,", "no cost lines"),
        ("Wood 5,,,,,", "has no cost"),
    ],
)
def test_what_is_wrong_with_place_and_costs_is_said(place, cells, words):
    place.boundary = square(0, 0)
    place.save()
    cycle = draft_cycle(costs_minor=())
    [(_, said)] = look_through(cycle, file_of(f"Bench,Sit.,north,{cells}", header=WHOLE)).wrong
    assert words in said


def test_a_cost_is_the_sum_of_its_lines(place):
    header = "title,summary,neighborhood,cost,cost_lines\n"
    lines = ("Bench,Sit.,north,8,5 Wood; 3 Nails", "Hut,Sit.,north,9,5 Wood; 3 Nails")
    found = look_through(draft_cycle(costs_minor=()), file_of(*lines, header=header))
    assert [each.title for each in found.lines] == ["Bench"]
    assert "not the sum" in found.wrong[0][1]


@pytest.mark.parametrize(
    "swallowing",
    [
        ('"Bench,Sit.,north,5,,', "Hut,Shelter.,north,6,,", 'Tree",Shade.,north,7,,'),
        ('Bench,"Sit.,north,5,,', "Hut,Shelter.,north,6,,", 'Tree,Shade.",north,7,,'),
        ('Bench,Sit.,"north,5,,', "Hut,Shelter.,north,6,,", 'Tree,Shade.,north,7,,"'),
    ],
)
def test_a_quotation_mark_too_many_swallows_no_line_in_silence(place, swallowing):
    cycle = draft_cycle(costs_minor=())
    found = look_through(cycle, file_of(*swallowing, "Sound,Sit.,north,5,,"))
    assert [each.title for each in found.lines] == ["Sound"]
    assert [number for number, _ in found.wrong] == [2, 3, 4]


def test_a_story_goes_over_several_lines(place):
    file = file_of(
        'Bench,Sit.,north,5,"Once',
        "",
        'upon a time"',
        header="title,summary,neighborhood,cost,story\n",
    )
    [line] = look_through(draft_cycle(costs_minor=()), file).lines
    assert line.story == "Once\n\nupon a time"


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (file_of(header="title,summary\n"), "has to name"),
        (file_of(header="title,summary,neighborhood\n"), "cost or cost_lines"),
        (file_of(header="title,summary,neighborhood,cost,title\n"), "each once"),
        (file_of(header="title,summary,neighborhood,cost,dream\n"), "may name"),
        (io.BytesIO(b"\xff\xfe"), "not UTF-8"),
        (io.BytesIO(HEADER.encode() + b"a\0,b,c,1,,"), "not UTF-8"),
        (file_of('"Bench"x,Sit.,north,5,,'), "is no CSV"),
        (file_of(*["a,b,c,1,,"] * 2_001), "more than 2000 lines"),
    ],
)
def test_a_file_that_is_none_is_refused(file, words):
    with pytest.raises(RefusedError, match=words):
        look_through(draft_cycle(costs_minor=()), file)


def test_only_the_file_that_was_looked_through_is_entered_all_of_it_or_nothing(place):
    cycle, by = draft_cycle(costs_minor=()), administrator()
    found = look_through(cycle, file_of("Bench,Sit.,north,5,,"))
    with pytest.raises(RefusedError, match="not the file"):
        import_proposals(cycle, file_of("Bench,Sit.,north,6,,"), sha256=found.sha256, by=by)
    with pytest.raises(PermissionDenied):
        import_proposals(cycle, file_of("Bench,Sit.,north,5,,"), sha256=found.sha256, by=reviewer())
    running, _ = running_cycle()
    late = look_through(running, file_of("Bench,Sit.,north,5,,"))
    with pytest.raises(RefusedError, match="Voting has begun"):
        import_proposals(running, file_of("Bench,Sit.,north,5,,"), sha256=late.sha256, by=by)
    assert not Project.objects.filter(title="Bench").exists()


def test_a_file_is_looked_through_and_entered_at_the_desk(client, place):
    cycle = draft_cycle(costs_minor=())
    sign_in_with_second_factor(client, administrator())
    page = reverse("proposal_file", args=[cycle.slug])
    lines = ("Bench,Sit.,north,5,,", "Tree,Shade.,south,5,,")
    answer = client.post(page, {"act": "look", "file": uploaded(*lines)})
    assert "1 line can be entered." in answer.content.decode()
    assert "names no neighborhood" in answer.content.decode()
    assert not Proposal.objects.exists()
    checked = answer.context["checked"].initial["checked"]
    other = {"act": "enter", "file": uploaded(lines[0]), "checked": checked}
    assert client.post(page, other).status_code == 400
    elsewhere = reverse("proposal_file", args=[draft_cycle(costs_minor=()).slug])
    sent = {"act": "enter", "file": uploaded(*lines), "checked": checked}
    assert client.post(elsewhere, sent).status_code == 400
    forged = {"act": "enter", "file": uploaded(*lines), "checked": checked + "x"}
    assert client.post(page, forged).status_code == 400
    assert not Proposal.objects.exists()
    again = {"act": "enter", "file": uploaded(*lines), "checked": checked}
    assert client.post(page, again).status_code == 302
    assert Proposal.objects.get().project.title == "Bench"


EVERY = (
    "title,summary,neighborhood,cost,cost_lines,category,pot,running_cost,lifetime_years,address,"
    "story\n"
)


@pytest.mark.parametrize(
    "line",
    [
        "Bench  by the\u00a0gate,Sit.,north,5,,,,,,,",  # blanks in a title
        "Bench,Sit  down\u2003here.,north,5,,,,,,At  the\u00a0gate,",
        "Bench,Sit.,north,5,,,,,,,",  # empty cells
        "Bench,Sit.,north,5,,green,,,,,",
        "Bench,Sit.,north,,5 Wood,,,,,,",
        "Bench,Sit.,The  old\u00a0mill,5,,Green  and parks,For  all\u00a0of us,,,,",
        "Bench,Sit.,north,1\u00a0200.5,1\u00a0200.50 Red  oak\u00a0wood,,,20.0,015,,Once.",
    ],
)
def test_a_file_that_was_entered_is_all_there_when_it_is_brought_again(place, line):
    cycle, by = draft_cycle(costs_minor=()), administrator()
    place.name = "The old\u00a0 mill"
    place.save()
    Pot.objects.filter(cycle=cycle).update(name="For all  of\u00a0us")
    file = (line, "Sound,Sit.,north,5,,,,,,,")
    found = look_through(cycle, file_of(*file, header=EVERY))
    import_proposals(cycle, file_of(*file, header=EVERY), sha256=found.sha256, by=by)
    again = look_through(cycle, file_of(*file, header=EVERY))
    assert (again.there, again.lines, again.wrong) == (2, [], [])
    with pytest.raises(RefusedError, match="Nothing is left to enter"):
        import_proposals(cycle, file_of(*file, header=EVERY), sha256=found.sha256, by=by)
    assert Project.objects.count() == 2
    for said in Project.objects.values_list("title", "summary", "address"):
        assert list(said) == [" ".join(each.split()) for each in said]


def test_two_titles_that_differ_only_in_blanks_are_one(place):
    lines = ("Old  bench,Sit.,north,5,,", "Old\u00a0Bench,Sit.,north,5,,")
    found = look_through(draft_cycle(costs_minor=()), file_of(*lines))
    assert [each.title for each in found.lines] == ["Old bench"]
    assert "in the file already" in found.wrong[0][1]


def test_blanks_within_the_amount_of_a_cost_line_leave_it_as_it_is(place):
    line = "Bench,Sit.,north,1\u00a0200 Red  oak\u00a0wood,,,,,"
    [found] = look_through(draft_cycle(costs_minor=()), file_of(line, header=WHOLE)).lines
    assert found.cost_lines == [("Red oak wood", 120_000)]


HOSTILE = (
    "=1+1", "'=1+1", "''-2", "+49 1", "-5", "@SUM(A1)", "\t=1", 'Say "no", twice', "a,b;c", "; x",
    "back\\slash\\; end\\", "Straße 日本 🌳 \u202e", "It's 'so'", "'", "two\nlines",
)  # fmt: skip


@pytest.fixture
def exported(client, place):
    """A cycle full of hostile words, and the file of its proposals."""
    cycle, by = draft_cycle(costs_minor=()), administrator()
    for number, words in enumerate(HOSTILE):
        project = ProjectFactory(
            title=f"{words} {number}", summary=words, story=f"{words}\r\n\r\n{words}",
            address=words, neighborhood=place, running_minor=number * 50,
            lifetime_years=number or None, longitude=-0.1 - number / 7,
        )  # fmt: skip
        CostLine.objects.create(project=project, position=2, label=words, amount_minor=50)
        submit_proposal(project, cycle.pots.get(), by=by)
    bare = ProjectFactory(title="Bare", bare=True, neighborhood=place)
    bare.cost_lines.all().delete()
    submit_proposal(bare, cycle.pots.get(), by=by)
    sign_in_with_second_factor(client, by)
    answer = client.get(reverse("proposals_csv", args=[cycle.slug]))
    return cycle, b"".join(answer.streaming_content)


def with_cell(content, column, cell):
    """The file with another cell in a column of each line; ``cell`` is given the line."""
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys())
    writer.writeheader()
    writer.writerows(row | {column: cell(row)} for row in rows)
    return text.getvalue().encode()


def without(content, column):
    """The file without a column."""
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    text = io.StringIO()
    names = [name for name in rows[0] if name != column]
    writer = csv.DictWriter(text, names, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def test_the_file_of_all_proposals_looked_through_again_is_all_there(exported):
    cycle, content = exported
    for row in csv.DictReader(io.StringIO(content.decode())):
        words = [cell for name, cell in row.items() if name not in ("latitude", "longitude")]
        assert not [cell for cell in words if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    found = look_through(cycle, io.BytesIO(content))
    assert (found.wrong, found.lines, found.there) == ([], [], len(HOSTILE) + 1)
    assert found.ignored == ["state", "reason", "supports", "cost_on_ballot", "submitted"]
    with pytest.raises(RefusedError, match="Nothing is left to enter"):
        import_proposals(cycle, io.BytesIO(content), sha256=found.sha256, by=administrator())
    assert cycle.proposals.count() == len(HOSTILE) + 1


def test_the_file_entered_into_another_cycle_says_the_same_there(exported):
    cycle, content = exported
    content = with_cell(content, "id", lambda _row: "")  # numbers are this cycle's
    content = content.replace(b"Bare,", b",")  # what has no cost cannot be entered
    other, by = draft_cycle(costs_minor=()), administrator()
    Pot.objects.filter(cycle=other).update(name=cycle.pots.get().name)
    found = look_through(other, io.BytesIO(content))
    import_proposals(other, io.BytesIO(content), sha256=found.sha256, by=by)
    assert len(found.wrong) == 1
    again = look_through(other, io.BytesIO(content))
    assert (again.there, again.lines) == (len(HOSTILE), [])
    told, new = list(proposal_rows(cycle))[:-1], list(proposal_rows(other))
    kept = [name for name in COLUMNS if name not in ("story", "pot")]
    assert [[str(row[name]).strip() for name in kept] for row in new] == [
        [str(row[name]).strip() for name in kept] for row in told
    ]
    assert [row["story"] for row in new] == [seen(row["story"]) for row in told]


def test_what_a_spreadsheet_writes_otherwise_is_unchanged_and_another_cost_is_not(exported):
    cycle, content = exported
    rows = list(csv.reader(io.StringIO(content.decode())))
    cost = rows[0].index("cost")
    assert rows[1][cost] == "1000.50"
    for cell, there in (("1000.5", len(rows) - 1), ("1.000,50", len(rows) - 1), ("9", None)):
        rows[1][cost] = cell
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        found = look_through(cycle, io.BytesIO(text.getvalue().encode()))
        if there is not None:
            assert (found.wrong, found.there) == ([], there)
    # Its story goes over three lines.
    [said] = {words for _number, words in found.wrong}
    assert ("of a proposal that says something else as cost:" in said, len(found.wrong)) == (
        True,
        3,
    )
    assert found.there == len(rows) - 2


def test_who_looks_the_exported_file_through_reads_what_is_not_entered(client, exported):
    cycle, content = exported
    page = reverse("proposal_file", args=[cycle.slug])
    file = SimpleUploadedFile("proposals.csv", content, "text/csv")
    said = client.post(page, {"act": "look", "file": file}).content.decode()
    assert f"{len(HOSTILE) + 1} lines are in the cycle already, unchanged." in said
    assert "nothing of them is entered: state, reason, supports" in said


def _withdrawn(project):
    withdraw_project(project, by=project.proposer)


def _moderator():
    user = UserFactory()
    grant_role(user, Role.MODERATOR, by=None)
    return user


def _merged(project):
    whole = ProjectFactory(title="The whole")
    submit_proposal(whole, project.proposals.get().pot, by=administrator())
    merge_as_moderator(project, whole, reason="The same.", by=_moderator())


def _hidden(project):
    hide_project(project, by=_moderator(), reason=Wrong.ADVERT)


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("leave", [_withdrawn, _merged, _hidden])
def test_an_old_file_brings_nothing_back_that_has_left_the_cycle(client, leave, numbered):
    cycle, [proposal, _stays] = reviewing_cycle(2)
    Project.objects.filter(pk=proposal.project_id).update(title="Old  bench")
    by = administrator()
    sign_in_with_second_factor(client, by)
    answer = client.get(reverse("proposals_csv", args=[cycle.slug]))
    content = b"".join(answer.streaming_content)
    content = content if numbered else without(content, "id")
    proposal.project.refresh_from_db()
    leave(proposal.project)
    before = Project.objects.count()
    found = look_through(cycle, io.BytesIO(content))
    said = {words for _number, words in found.wrong}
    assert (found.there, found.lines, len(said)) == (1, [], 1)
    assert "has left the cycle" in said.pop()
    with pytest.raises(RefusedError, match="Nothing is left to enter"):
        import_proposals(cycle, io.BytesIO(content), sha256=found.sha256, by=by)
    assert Project.objects.count() == before


def test_what_was_refused_and_is_hidden_now_is_in_no_file():
    cycle, proposal, _ = refused_publicly()
    assert [row["title"] for row in proposal_rows(cycle)] == [proposal.project.title]
    _hidden(proposal.project)
    assert list(proposal_rows(cycle)) == []


def test_what_has_another_title_since_is_known_by_its_number(exported):
    cycle, content = exported
    Project.objects.filter(title="Bare").update(title="Renamed", summary="Said anew.")
    found = look_through(cycle, io.BytesIO(content))
    [(_line, said)] = found.wrong
    assert (found.lines, found.there) == ([], len(HOSTILE))
    assert "the id of a proposal that says something else as title, summary:" in said
    with pytest.raises(RefusedError, match="Nothing is left to enter"):
        import_proposals(cycle, io.BytesIO(content), sha256=found.sha256, by=administrator())
    assert cycle.proposals.count() == len(HOSTILE) + 1


def test_a_file_without_numbers_goes_by_titles(exported):
    cycle, content = exported
    content = without(content, "id")
    found = look_through(cycle, io.BytesIO(content))
    assert (found.wrong, found.lines, found.there) == ([], [], len(HOSTILE) + 1)
    Project.objects.filter(title=f"a,b;c {HOSTILE.index('a,b;c')}").update(title="Renamed")
    found = look_through(cycle, io.BytesIO(content))
    assert [line.title for line in found.lines] == [f"a,b;c {HOSTILE.index('a,b;c')}"]


@pytest.mark.parametrize("number", ["x", "0", "-1", "1.0", "\u0663", "9" * 18, "9" * 40, "theirs"])
def test_a_number_that_is_none_of_this_cycle_is_wrong_and_enters_nothing(place, number):
    cycle, by = draft_cycle(costs_minor=()), administrator()
    there = submit_proposal(ProjectFactory(neighborhood=place), cycle.pots.get(), by=by)
    theirs = submit_proposal(there.project, draft_cycle(costs_minor=()).pots.get(), by=by)
    number = str(theirs.pk) if number == "theirs" else number
    header = "id,title,summary,neighborhood,cost\n"
    lines = (f"{number},{there.project.title},Sit.,north,5", ",Sound,Sit.,north,5")
    found = look_through(cycle, file_of(*lines, header=header))
    assert [line.title for line in found.lines] == ["Sound"]
    [(at, said)] = found.wrong
    assert (at, "has an id that no proposal of this cycle has: leave the id empty" in said) == (
        2,
        True,
    )
    import_proposals(cycle, file_of(*lines, header=header), sha256=found.sha256, by=by)
    assert sorted(each.project.title for each in cycle.proposals.all()) == sorted(
        [there.project.title, "Sound"]
    )


def test_a_file_with_numbers_is_looked_through_in_as_many_queries_however_many_there_are(place):
    cycle, by = draft_cycle(costs_minor=()), administrator()
    needed = []
    for number in (2, 9):
        for _each in range(number):
            submit_proposal(ProjectFactory(neighborhood=place), cycle.pots.get(), by=by)
        lines = [f"{each.pk},,,," for each in cycle.proposals.all()]
        file = file_of(*lines, header="id,title,summary,neighborhood,cost\n")
        with CaptureQueriesContext(connection) as ran:
            assert look_through(cycle, file).there == len(lines)
        needed.append(len(ran))
    assert needed[0] == needed[1]


def test_a_title_that_left_and_stands_again_is_compared_with_what_stands(place):
    cycle, by = draft_cycle(costs_minor=()), administrator()
    gone, stands = (ProjectFactory(title="Bench", neighborhood=place) for _ in range(2))
    for project in (gone, stands):
        submit_proposal(project, cycle.pots.get(), by=by)
    _withdrawn(gone)
    line = f"bench,{stands.summary},north,,,"
    assert look_through(cycle, file_of(line)).there == 1


def test_a_file_that_is_looked_through_asks_for_nobodys_supports(place):
    cycle, by = draft_cycle(costs_minor=()), administrator()
    project = ProjectFactory(title="Bench", neighborhood=place)
    support_project(project, by=UserFactory())
    submit_proposal(project, cycle.pots.get(), by=by)
    file = file_of(f"Bench,{project.summary},north,1,,")
    asked = []
    for ask in (lambda: list(proposal_rows(cycle)), lambda: look_through(cycle, file)):
        with CaptureQueriesContext(connection) as ran:
            assert ask()
        asked.append(sum("support" in each["sql"].partition(" FROM ")[2] for each in ran))
    assert (asked[0] > 0, asked[1]) == (True, 0)


def test_the_page_says_how_much_a_file_holds_and_what_to_do_with_more(client):
    cycle = draft_cycle(costs_minor=())
    sign_in_with_second_factor(client, administrator())
    page = reverse("proposal_file", args=[cycle.slug])
    assert "at most 5 MB and 2,000 proposals; bring a larger one" in (
        client.get(page).content.decode().replace("\u00a0", " ")
    )
    large = SimpleUploadedFile("proposals.csv", b"x" * (MOST_BYTES + 1), "text/csv")
    said = client.post(page, {"act": "look", "file": large}).content.decode()
    assert "larger than 5 MB: bring it in parts" in said


def test_the_file_of_all_proposals_is_read_in_as_many_queries_however_many_there_are(place):
    cycle, by = draft_cycle(costs_minor=()), administrator()
    needed = []
    for number in (2, 9):
        for _each in range(number):
            submit_proposal(ProjectFactory(neighborhood=place), cycle.pots.get(), by=by)
        with CaptureQueriesContext(connection) as ran:
            list(proposal_rows(cycle))
        needed.append(len(ran))
    assert needed[0] == needed[1]


def test_the_file_of_all_proposals_holds_no_formula_and_no_review_before_its_time(client):
    cycle, [proposal] = reviewing_cycle(title="=1+1", cost_minor=120_050)
    give_review(proposal, feasible=False, reason="The bridge is listed.", by=reviewer())
    sign_in_with_second_factor(client, reviewer())
    answer = client.get(reverse("proposals_csv", args=[cycle.slug]))
    said = b"".join(answer.streaming_content).decode()
    [row] = csv.DictReader(io.StringIO(said))
    assert (row["title"], row["state"], row["cost"]) == ("'=1+1", "submitted", "1200.50")
    assert "listed" not in said


# --- handed in on paper

PAPER = "title,summary,neighborhood,cost,proposer_name,proposer_email\n"
ANNS = "Bench,Sit down.,north,5,Ann Quill,Ann@Example.org"


def entered(cycle, by, *lines):
    found = look_through(cycle, file_of(*lines, header=PAPER))
    assert found.wrong == []
    return import_proposals(cycle, file_of(*lines, header=PAPER), sha256=found.sha256, by=by)


def shown(client, address):
    return client.get(address).content.decode()


def test_an_idea_from_paper_is_credited_to_whoever_handed_it_in(client, place):
    by = administrator()
    User.objects.filter(pk=by.pk).update(display_name="Clark Clerk")
    [bench, tree] = entered(draft_cycle(costs_minor=()), by, ANNS, "Tree,Shade.,north,7,,")
    assert (bench.project.handed_in_by, bench.project.proposer) == ("Ann Quill", by)
    page = shown(client, bench.project.get_absolute_url())
    assert "Handed in by Ann Quill on paper" in page
    assert "Clark Clerk" not in page
    assert "ann@" not in page.lower()
    history = shown(client, reverse("project_history", args=[bench.project.pk]))
    assert "for Ann Quill, who handed it in on paper" in history
    said = client.get(f"/api/v1/projects/{bench.project.pk}/").json()
    assert said["proposer"] == "Ann Quill, on paper"
    assert "Proposed by Clark Clerk" in shown(client, tree.project.get_absolute_url())


def test_a_line_with_the_address_of_whoever_enters_it_is_named_and_keeps_no_other_out(place):
    by = administrator()
    User.objects.filter(pk=by.pk).update(email="ann@example.org")
    by.refresh_from_db()
    cycle, lines = draft_cycle(costs_minor=()), (ANNS, "Tree,Shade.,north,7,,")
    found = look_through(cycle, file_of(*lines, header=PAPER), by=by)
    assert [(number, said.partition(":")[0]) for number, said in found.wrong] == [
        (2, "has your own e-mail address")
    ]
    made = import_proposals(cycle, file_of(*lines, header=PAPER), sha256=found.sha256, by=by)
    assert [each.project.title for each in made] == ["Tree"]
    assert look_through(cycle, file_of(*lines, header=PAPER), by=administrator()).wrong == []


def test_whoever_has_the_address_is_asked_to_take_it_over_and_is_its_author(client, place):
    by, ann = administrator(), UserFactory(email="ann@example.org", display_name="Ann Q.")
    [bench] = entered(reviewing_cycle()[0], by, ANNS)
    project = bench.project
    invitation = project.invitations.get()
    assert (invitation.address, invitation.takes_over) == ("ann@example.org", True)
    letter = Message.objects.get(kind="project_invitation", recipient=ann)
    assert letter.context["takes_over"] is True
    sign_in(client, verified(ann))
    assert "Ann Quill handed this in on paper" in shown(client, invitation.get_absolute_url())
    client.post(invitation.get_absolute_url(), {"accept": "yes"})
    project.refresh_from_db()
    assert (project.proposer, project.handed_in_by) == (ann, "")
    assert not project.invitations.exists()
    assert [is_author(each, project) for each in (ann, by)] == [True, False]
    assert "Proposed by Ann Q." in shown(client, project.get_absolute_url())
    # The file brought again finds it unchanged.
    found = look_through(bench.cycle, file_of(ANNS, header=PAPER))
    assert (found.there, found.wrong) == (1, [])


def test_another_name_of_what_is_there_is_something_else(place):
    cycle = draft_cycle(costs_minor=())
    entered(cycle, administrator(), ANNS)
    found = look_through(cycle, file_of(ANNS.replace("Quill", "Kew"), header=PAPER))
    [(_number, said)] = found.wrong
    assert "with something else as proposer_name:" in said


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (",ann@example.org", "without the name"),
        ("Ann,ann@", "e-mail address that is none"),
        (f"Ann,{'x' * 250}@example.org", "e-mail address that is none"),
        (f"{'x' * 121},", "no proposer_name"),
        ("\u200b,", "no proposer_name"),
    ],
)
def test_what_is_wrong_with_who_handed_it_in_is_said(place, cells, words):
    found = look_through(
        draft_cycle(costs_minor=()), file_of(f"Bench,Sit.,north,5,{cells}", header=PAPER)
    )
    assert found.lines == []
    assert words in found.wrong[0][1]


def test_the_file_of_all_proposals_has_the_name_and_never_the_address(client, place):
    cycle, by = draft_cycle(costs_minor=()), administrator()
    entered(cycle, by, ANNS)
    sign_in_with_second_factor(client, by)
    answer = client.get(reverse("proposals_csv", args=[cycle.slug]))
    file = b"".join(answer.streaming_content).decode()
    [row] = csv.DictReader(io.StringIO(file))
    assert row["proposer_name"] == "Ann Quill"
    assert "proposer_email" not in row
    assert "ann@" not in file.lower()
    found = look_through(cycle, io.BytesIO(file.encode()))
    assert (found.there, found.wrong) == (1, [])


def test_whoever_entered_it_reads_its_reviews_and_gives_none(client, place):
    by = administrator()
    cycle, [own] = reviewing_cycle(proposer=by)
    [bench] = entered(cycle, by, ANNS)
    give_review(bench, by=reviewer(), feasible=True, lawful=True, reason="", notes="It is fine.")
    sign_in_with_second_factor(client, by)
    assert "It is fine." in shown(client, reverse("review", args=[cycle.slug, bench.pk]))
    assert bench.pk in [each.proposal_id for each in ready_for(cycle, by)]
    assert client.get(reverse("review", args=[cycle.slug, own.pk])).status_code == 404
    [tree] = entered(cycle, by, "Tree,Shade.,north,7,Bea,")
    with pytest.raises(RefusedError, match="own project"):
        give_review(tree, by=by, feasible=True, lawful=True)
    assert not tree.reviews.given().exists()
    page = client.get(reverse("review", args=[cycle.slug, tree.pk]))
    assert page.context["may_review"] is False


def test_two_ideas_of_others_are_not_made_one_in_silence(place):
    by = administrator()
    made = entered(draft_cycle(costs_minor=()), by, ANNS, "Seat,Sit.,north,5,Bea,")
    bench, seat = (each.project for each in made)
    with pytest.raises(ProjectError, match="ask a moderator"):
        ask_to_merge(bench, seat, reason="The same.", by=by)
    seat.refresh_from_db()
    assert (bench.merges.count(), seat.state) == (0, ProjectState.STUB)
