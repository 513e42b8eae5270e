from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from uuid import UUID

import pytest
from django import forms
from django.template import engines
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation
from django.utils.safestring import mark_safe

from budgeting.templatetags.rows import PotLine, ProposalRow
from civicfund.pledges.templatetags.campaign_cards import CampaignCard, CardPicture
from civicfund.projects.selectors.supports import Gathering
from civicfund.projects.templatetags.cards import HelpLinks, ProjectCard
from civicfund.talk.templatetags.talk import ReportedLine, Said
from civicfund.templatetags import drawn, ui

NASTY = '"><script>alert(1)</script>'
ESCAPED = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"


@pytest.fixture
def render(tmp_path, settings):
    """Render the source of a template as a file is rendered: through the loader of components."""
    settings.TEMPLATES = [
        settings.TEMPLATES[0] | {"DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}
    ]
    number = count()

    def act(source: str, **context) -> str:
        name = f"sample{next(number)}.html"
        (tmp_path / name).write_text(source)
        return render_to_string(name, context, request=RequestFactory().get("/"))

    yield act
    engines.__dict__.pop("templates", None)


@pytest.mark.parametrize(
    "source",
    [
        '<c-page-header title="{{ words }}" lead="{{ words }}" />',
        '<c-page-header :title="words" :kicker="words" />',
        '<c-button href="/x" :title="words" data-x="{{ words }}">Go</c-button>',
        '<c-button :value="words">{{ words }}</c-button>',
        '<c-card :title="words" href="/x">x</c-card>',
        '<c-card title="{{ words }}" href="{{ words }}">x</c-card>',
        '<c-state name="live">{{ words }}</c-state>',
        '<c-state :name="words">{{ words }}</c-state>',
        '<c-stat :label="words">x</c-stat>',
        '<c-progress :value="1" :max="2" :label="words" />',
        '<c-notice :title="words">{{ words }}</c-notice>',
        '<c-empty :title="words">x</c-empty>',
        '<c-chart.bars :rows="rows" :caption="words" />',
        '<c-chart.columns :rows="rows" :caption="words" />',
        '<c-chart.stack :rows="rows" :caption="words" />',
        '<c-map :points="points" :label="words" />',
        '<c-steps :steps="steps" :label="words" />',
    ],
)
def test_what_people_wrote_is_text(render, source):
    rows = [{"label": NASTY, "value": 1, "display": NASTY, "tone": "good"}]
    points = [{"latitude": 1, "longitude": 1, "name": NASTY, "url": "/x"}]
    steps = [{"label": NASTY, "when": NASTY, "state": "now"}]
    page = render(source, words=NASTY, rows=rows, points=points, steps=steps)
    assert "<script>" not in page
    assert "<c-" not in page
    assert ESCAPED in page or r"\u003Cscript\u003E" in page


def test_a_component_does_not_pick_up_what_the_page_happens_to_have(render):
    page = render(
        "<c-card><p>x</p></c-card><c-button>Go</c-button>", title="T", href="/away", kicker="K"
    )
    assert "/away" not in page
    assert "card-title" not in page
    assert "kicker" not in page


def test_a_message_is_text_and_said_politely(render):
    class Told:
        level_tag = "success"

        def __str__(self):
            return NASTY

    page = render('{% include "frame/messages.html" %}', messages=[Told()])
    assert ESCAPED in page
    assert 'role="status"' in page
    assert "notice-success" in page


class Sample(forms.Form):
    name = forms.CharField(help_text="As on the door.")
    rule = forms.ChoiceField(choices=[("a", "A")], widget=forms.RadioSelect, help_text="One.")


def test_hint_and_error_are_tied_to_the_control(render):
    page = render('<c-field :field="form.name" />', form=Sample({}))
    assert 'aria-describedby="id_name_helptext id_name_error"' in page
    assert 'aria-invalid="true"' in page
    assert page.count('id="id_name_helptext"') == 1
    assert page.count('id="id_name_error"') == 1


def test_choices_are_a_fieldset_tied_to_its_words(render):
    page = render('<c-field :field="form.rule" />', form=Sample({}))
    assert '<fieldset aria-describedby="id_rule_helptext id_rule_error">' in page
    assert "<legend>Rule" in page


def test_error_summary_leads_to_each_control(render):
    page = render('<c-error-summary :form="form" />', form=Sample({}))
    assert '<a href="#id_name">Fill in “Name”.</a>' in page
    assert '<a href="#id_rule_0">Choose something for “Rule”.</a>' in page


def test_a_question_keeps_its_mark():
    assert ui.colon("Name") == "Name:"
    assert ui.colon("Who decides?") == "Who decides?"


def test_error_summary_is_absent_where_nothing_is_wrong(render):
    assert render('<c-error-summary :form="form" />', form=Sample()).strip() == ""


def test_countdown_says_its_date_without_scripts(render):
    page = render('<c-countdown :to="end" />', end=datetime(2026, 6, 14, 17, 0, tzinfo=UTC))
    assert '<time datetime="2026-06-14T18:00:00+01:00">14 June 2026, 18:00</time>' in page


def test_progress_beyond_its_goal_says_so_and_without_a_goal_says_nothing_false(render):
    assert "150&nbsp;%" in render('<c-progress :value="3" :max="2" label="x" />')
    assert "0&nbsp;%" in render('<c-progress :value="0" :max="0" label="x" />')


def test_amounts_and_no_amount(render):
    assert render('<c-amount :minor="x" />', x=123450) == '<span class="amount">€1,234.50</span>'
    assert render('<c-amount :minor="x" />', x=None) == '<span class="amount">\u2013</span>'
    assert (
        render('<c-amount :minor="x" currency="JPY" />', x=500)
        == '<span class="amount">¥500</span>'
    )


def test_lengths_stay_within_the_chart():
    assert ui.percent_of(30, 80) == "37.5"
    assert ui.percent_of(90, 80) == "100"
    assert ui.percent_of(-1, 80) == "0"
    assert ui.percent_of(5, 0) == "0"
    assert ui.largest([]) == 0


def test_parts_lie_end_to_end():
    drawn = ui.parts([{"label": "a", "value": 1}, {"label": "b", "value": 3}])
    assert [(part["x"], part["width"]) for part in drawn] == [("0", "25"), ("25", "75")]
    assert drawn[0]["tone"] != drawn[1]["tone"]


def test_one_column_is_no_wall_and_many_keep_their_gaps():
    [alone] = ui.columns([{"label": "a", "value": 7}])
    assert (alone["x"], alone["width"]) == ("44", "12")
    many = ui.columns([{"label": str(n), "value": n} for n in range(20)])
    assert (many[1]["x"], many[1]["width"]) == ("5.5", "4")


def test_columns_of_nothing_and_of_zeros_are_flat():
    assert ui.columns([]) == []
    assert ui.columns([{"label": "a", "value": 0}])[0]["height"] == "0"


def test_a_state_that_nobody_knows_stays_neutral():
    assert ui.tone("live") == "live"
    assert ui.tone("whatever") == "neutral"


def test_what_is_remembered_differs_by_all_that_it_is_given(render):
    source = '<c-state :name="name">{{ words }}</c-state> <c-amount :minor="minor" />'
    first = render(source, name="live", words=NASTY, minor=1)
    assert ESCAPED in first
    assert render(source, name="live", words=NASTY, minor=1) == first
    assert "state-good" in render(source, name="funded", words=NASTY, minor=1)
    assert ESCAPED not in render(source, name="live", words="Live", minor=1)
    assert "€0.01" in first
    assert "€0.02" in render(source, name="live", words=NASTY, minor=2)
    # Equal for Python, and not the same on the page.
    assert "€1" not in render(source, name="live", words=NASTY, minor=None)


def test_markup_and_the_same_letters_as_text_are_not_taken_for_each_other(render):
    source = '<c-state :name="name">x</c-state>'
    as_markup = render(source, name=mark_safe("a&b"))
    assert render(source, name="a&b") == as_markup  # neither has a tone of its own
    source = '<c-amount :minor="minor" :currency="currency" />'
    assert render(source, minor=100, currency="") != render(source, minor=100, currency="JPY")


def test_another_language_and_another_currency_of_the_town_are_seen(render, settings):
    source = '<c-amount :minor="minor" />'
    assert "€1,234.50" in render(source, minor=123450)
    with translation.override("de"):
        assert "1.234,50" in render(source, minor=123450)
    settings.CURRENCY = "JPY"
    assert "¥123,450" in render(source, minor=123450)


def test_no_more_is_remembered_than_was_meant(render, monkeypatch):
    monkeypatch.setattr(drawn, "MOST", 3)
    shown = render('{% for n in many %}<c-amount :minor="n" />{% endfor %}', many=range(100))
    assert shown.count("amount") == 100
    assert len(drawn._drawn) <= 3


def test_a_thing_that_may_change_is_drawn_anew(render):
    class Thing:
        def __str__(self):
            return self.words

    thing = Thing()
    thing.words = "live"
    assert "state-live" in render('<c-state :name="thing">x</c-state>', thing=thing)
    thing.words = "funded"
    assert "state-good" in render('<c-state :name="thing">x</c-state>', thing=thing)


CARD = {
    "pk": 7, "title": NASTY, "summary": "s", "category": "green", "place": "Mill End",
    "cost_minor": 100, "support_count": 0, "state": "ready", "gathering": (),
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "seen"),
    [
        ({"pk": 8}, "/projects/8/"),
        ({"title": "Other"}, ">Other<"),
        ({"summary": "Said anew"}, "Said anew"),
        ({"category": "play"}, "category-play"),
        ({"place": "Harborside"}, "Harborside"),
        ({"cost_minor": 0}, "No costs yet"),
        ({"support_count": 1}, "1 supports it"),
        ({"state": "stub"}, "Stub"),
        ({"gathering": (Gathering("Budget", 7, 30),)}, "Budget: 7 of 30 supports, 23 to go."),
        ({"gathering": (Gathering("Budget", 8, 30),)}, "Budget: 8 of 30 supports, 22 to go."),
        ({"gathering": (Gathering("Budget", 8, 3),)}, "8 of 3 supports, as many as it needs."),
        ({"gathering": (Gathering("Budget", 8, 3, "some"),)}, "Counted: some, each once."),
    ],
)
def test_a_card_shows_whatever_has_changed(render, changed, seen):
    source = '<c-project-card :project="card" />'
    before = render(source, card=ProjectCard(**CARD))
    assert ESCAPED in before
    assert seen not in before
    assert seen in render(source, card=ProjectCard(**CARD | changed))


PICTURE, ANOTHER = UUID(int=3), UUID(int=4)
CAMPAIGN = {
    "pk": 7, "title": NASTY, "summary": "s", "place": "Mill End", "state": "live",
    "goal_minor": 1_000, "pledged_minor": 500, "collected_minor": 0, "is_being_collected": False,
    "picture": CardPicture(PICTURE, "A bench", 40, 30),
}  # fmt: skip
COLLECTED = {"state": "settled", "is_being_collected": True}


@pytest.mark.parametrize(
    ("changed", "seen"),
    [
        ({"pk": 8}, "/campaigns/8/"),
        ({"title": "Other"}, ">Other<"),
        ({"summary": "Said anew"}, "Said anew"),
        ({"place": "Harborside"}, "Harborside"),
        ({"state": "unfunded"}, "state-"),
        ({"goal_minor": 2_000}, "€5 pledged of €20"),
        ({"pledged_minor": 700}, "€7 pledged of €10"),
        (COLLECTED | {"collected_minor": 300}, "€3 collected so far"),
        (COLLECTED | {"collected_minor": 400}, "€4 collected so far"),
        ({"picture": CardPicture(ANOTHER, "A bench", 40, 30)}, f"/{ANOTHER}/"),
        ({"picture": CardPicture(PICTURE, NASTY, 40, 30)}, f'alt="{ESCAPED}"'),
        ({"picture": CardPicture(PICTURE, "A bench", 41, 30)}, 'width="41"'),
        ({"picture": CardPicture(PICTURE, "A bench", 40, 31)}, 'height="31"'),
    ],
)
def test_a_campaigns_card_shows_whatever_has_changed(render, changed, seen):
    source = '<c-campaign-card :campaign="card" />'
    before = render(source, card=CampaignCard(**CAMPAIGN))
    assert ESCAPED in before
    assert seen not in before
    assert seen in render(source, card=CampaignCard(**CAMPAIGN | changed))
    assert "<img" not in render(source, card=CampaignCard(**CAMPAIGN | {"picture": None}))


ROW = {
    "project": 7, "title": NASTY, "withdrawn": False, "state": "submitted", "reason": "",
    "place": "Mill End", "cost_minor": None, "currency": "EUR", "low_minor": None,
    "high_minor": None, "yearly_minor": None, "needs_support": False, "people": None,
    "needed": None, "short": None, "why_off": "", "why_left": "", "hidden": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "seen"),
    [
        ({"project": 8}, "/projects/8/"),
        ({"title": "Other"}, ">Other<"),
        ({"withdrawn": True}, "has withdrawn it"),
        ({"hidden": True}, "Hidden by moderators"),
        ({"state": "feasible"}, "state-good"),
        ({"reason": "Too near the river"}, "Too near the river"),
        ({"why_left": "It floods"}, "Why it is not on the ballot: It floods"),
        ({"place": "Harborside"}, "Harborside"),
        ({"cost_minor": 500}, "€5"),
        ({"cost_minor": 500, "currency": "JPY"}, "¥500"),
        ({"low_minor": 100, "high_minor": 300}, "€1 to €3"),
        ({"yearly_minor": 900}, "€9 in each year"),
        ({"needs_support": True, "people": 31, "needed": 30, "short": 0}, "<td>31 of 30</td>"),
        ({"needs_support": True, "people": 31, "needed": 35, "short": 4}, "31 of 35, 4 short"),
        ({"pot": "Harbor pot"}, "Harbor pot"),
        ({"said_minor": 700}, "€7"),
        ({"has_supports": True}, "<td>None needed</td>"),
    ],
)
def test_a_proposals_line_shows_whatever_has_changed(render, changed, seen):
    source = '<table><c-proposal-row :row="row" /></table>'
    before = render(source, row=ProposalRow(**ROW))
    assert ESCAPED in before
    assert seen not in before
    assert seen in render(source, row=ProposalRow(**ROW | changed))


def wish(given=None, *, auto_id="id_%s", prefix=None, **said):
    class Wish(forms.Form):
        words = forms.CharField(**{"label": "Words", "required": False} | said)

    return Wish(given, auto_id=auto_id, prefix=prefix)


@pytest.mark.parametrize(
    ("changed", "seen"),
    [
        ({"label": "Other"}, ">Other"),
        ({"help_text": "In short."}, "In short."),
        ({"initial": "Benches"}, "Benches"),
        ({"required": True}, " required"),
        ({"disabled": True}, " disabled"),
        ({"max_length": 9}, 'maxlength="9"'),
        ({"widget": forms.Textarea}, "<textarea"),
        ({"widget": forms.CheckboxInput}, 'type="checkbox"'),
        ({"widget": forms.PasswordInput}, 'type="password"'),
        ({"widget": forms.TextInput(attrs={"size": 5})}, 'size="5"'),
        ({"auto_id": "find-%s"}, 'id="find-words"'),
        ({"prefix": "a"}, 'name="a-words"'),
        ({"given": {"words": "Trees"}}, "Trees"),
        ({"given": {}, "required": True}, "field-errors"),
    ],
)
def test_a_field_shows_whatever_has_changed(render, changed, seen):
    source = '<c-field :field="form.words" />'
    before = render(source, form=wish())
    assert render(source, form=wish()) == before
    assert seen not in before
    assert seen in render(source, form=wish(**changed))


@pytest.mark.parametrize(
    ("changed", "seen"),
    [
        ({"pk": 8}, "/projects/8/help/photo/"),
        ({"title": "Other"}, " Other<"),
        ({"wanted": ("photo", "hands")}, "/projects/7/help/hands/"),
    ],
)
def test_links_to_what_is_looked_for_show_whatever_has_changed(render, changed, seen):
    source = '<c-help-links :links="links" />'
    links = {"pk": 7, "title": NASTY, "wanted": ("photo",)}
    before = render(source, links=HelpLinks(**links))
    assert ESCAPED in before
    assert seen not in before
    assert seen in render(source, links=HelpLinks(**links | changed))


POT = {
    "pk": 7, "name": NASTY, "amount_minor": 100, "currency": "EUR", "needed": 0, "counted": "",
    "elsewhere": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "seen"),
    [
        ({"pk": 8}, 'id="pot-8"'),
        ({"name": "Other"}, ">Other: "),
        ({"amount_minor": 500}, "€5"),
        ({"currency": "JPY"}, "¥100"),
        ({"needed": 1, "counted": "all"}, "1 person has to support a project"),
        ({"needed": 2, "counted": "all"}, "2 people have to support a project"),
        ({"needed": 2, "counted": "some"}, "Counted: some, each once."),
        ({"elsewhere": 1}, "1 proposal, on another page"),
        ({"elsewhere": 3}, '<a href="?page=2#pot-7">3 proposals, on other pages'),
    ],
)
def test_what_stands_above_a_pots_proposals_shows_whatever_has_changed(render, changed, seen):
    source = '<c-pot-line :line="line" address="?page=2" />'
    before = render(source, line=PotLine(**POT))
    assert ESCAPED in before
    assert seen not in before
    assert seen in render(source, line=PotLine(**POT | changed))


REPORTED = {
    "pk": 7, "body": NASTY, "title": "Benches", "waiting": 1, "ticked": False,
    "since": datetime(2026, 6, 14, 17, 0, tzinfo=UTC),
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "seen"),
    [
        ({"pk": 8}, 'value="8"'),
        ({"body": "Other"}, "Tick: Other"),
        ({"title": "Trees"}, "Trees, "),
        ({"waiting": 2}, "2 reports since"),
        ({"since": datetime(2026, 6, 15, 17, 0, tzinfo=UTC)}, "15 June 2026"),
        ({"ticked": True}, " checked"),
    ],
)
def test_a_reported_comments_line_shows_whatever_has_changed(render, changed, seen):
    source = '<c-reported-line :line="line" />'
    before = render(source, line=ReportedLine(**REPORTED))
    assert ESCAPED in before
    assert seen not in before
    assert seen in render(source, line=ReportedLine(**REPORTED | changed))


SAID = {
    "pk": 7, "author": "Ada", "of_owner": False, "about_project": True, "speaks_as": "", "asks": "",
    "answered": False, "at": datetime(2026, 6, 14, 17, 0, tzinfo=UTC), "is_edited": False,
    "is_deleted": False, "is_hidden": False, "hidden_for": "", "hidden_words": "", "outcome": "",
    "body": NASTY, "is_mine": False, "may_answer": False, "may_edit": False, "may_delete": False,
    "may_appeal": False, "may_report": False, "may_judge": False,
}  # fmt: skip
HIDDEN = {"is_hidden": True, "hidden_for": "Insults", "body": ""}


@pytest.mark.parametrize(
    ("changed", "seen"),
    [
        ({"pk": 8}, 'id="comment-8"'),
        ({"author": ""}, "Somebody who has left"),
        ({"of_owner": True}, "Proposed this"),
        ({"of_owner": True, "about_project": False}, "Started this"),
        ({"speaks_as": "city"}, "Answer of the city"),
        ({"speaks_as": "creator"}, "Answer of the creator"),
        ({"speaks_as": "correction"}, "Correction"),
        ({"asks": "city"}, "Question to the city: open"),
        ({"asks": "creator", "answered": True}, "Question to the creator: answered"),
        ({"at": datetime(2026, 6, 15, 17, 0, tzinfo=UTC)}, "15 June 2026, 18:00"),
        ({"is_edited": True}, "edited"),
        ({"is_deleted": True, "body": ""}, "Deleted by the person"),
        (HIDDEN, "Hidden by a moderator: Insults."),
        (HIDDEN | {"hidden_words": "No names"}, "“No names”"),
        (HIDDEN | {"body": "Mine"}, "Only you see what you wrote:"),
        (HIDDEN | {"is_mine": True, "may_appeal": True}, "/appeal/"),
        (HIDDEN | {"is_mine": True, "outcome": "Stays hidden"}, "Stays hidden"),
        (HIDDEN | {"is_mine": True}, "Another moderator looks at your appeal."),
        ({"may_answer": True}, "#answer"),
        ({"may_edit": True}, ">Edit<"),
        ({"may_delete": True}, ">Delete<"),
        ({"may_report": True}, ">Report<"),
        ({"may_judge": True}, ">Judge<"),
    ],
)
def test_a_comment_shows_whatever_has_changed(render, changed, seen):
    source = '<c-comment :said="said" />'
    before = render(source, said=Said(**SAID))
    assert "<script>" not in before
    assert seen not in before
    assert seen in render(source, said=Said(**SAID | changed))
