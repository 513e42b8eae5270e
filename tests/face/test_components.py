from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

import pytest
from django import forms
from django.template import engines
from django.template.loader import render_to_string
from django.test import RequestFactory

from civicfund.templatetags import ui

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
