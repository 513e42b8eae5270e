from __future__ import annotations

import csv
import io

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from budgeting.models import Proposal
from budgeting.services.errors import RefusedError
from budgeting.services.proposal_files import import_proposals, look_through
from budgeting.services.proposals import submit_proposal
from budgeting.services.reviews import give_review
from civicfund.places.enums import PlaceKind
from civicfund.projects.enums import Category, ProjectState
from civicfund.projects.models import Project
from tests.factories.budgeting import administrator, draft_cycle, running_cycle
from tests.factories.places import NeighborhoodFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import reviewer, reviewing_cycle
from tests.signing_in import sign_in_with_second_factor

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


def test_the_file_of_all_proposals_holds_no_formula_and_no_review_before_its_time(client):
    cycle, [proposal] = reviewing_cycle(title="=1+1", cost_minor=120_050)
    give_review(proposal, feasible=False, reason="The bridge is listed.", by=reviewer())
    sign_in_with_second_factor(client, reviewer())
    answer = client.get(reverse("proposals_csv", args=[cycle.slug]))
    said = b"".join(answer.streaming_content).decode()
    [row] = csv.DictReader(io.StringIO(said))
    assert (row["title"], row["state"], row["cost"]) == ("'=1+1", "submitted", "1200.50")
    assert "listed" not in said
