"""Components that are written out say what their templates say, to the byte."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from django.template import Context, Engine
from django.utils.safestring import mark_safe

from civicfund.templatetags.written import WRITTEN, WrittenHere

TAGS = {
    "button": (
        "",
        'href="/projects/?a=1&b=2" variant="secondary"',
        'href="{{ path }}" variant="quiet" icon_name="plus" rel="next" wide="yes"',
        'href="{{ path }}" class="{{ words }}"',
        ':href="path" hx-get=\'/x/\' data-note="{{ words }}"',
        'type="button" disabled="{{ yes }}" name="stop" value="{{ words }}"',
        'variant="quiet" disabled data-menu',
        'href="" :wide="no" :class="no" data-empty=""',
    ),
    "page-header": (
        "",
        'title="Reviews & verdicts"',
        'title="{{ words }}" lead="{{ safe }}" kicker="{% if yes %}{{ words }}{% endif %}"',
        ':title="words" lead="{{ nothing }}" :kicker="safe"',
        ':title="number"',
        ':title="unknown"',
    ),
    "notice": (
        "",
        *(f'tone="{tone}" title="{{{{ words }}}}"' for tone in ("success", "warning", "error")),
        'tone="{{ words }}" role="status"',
    ),
    "empty": ("", 'title="{{ words }}"', 'title="a < b"'),
    "stat": ("", 'label="{{ words }}"', ':label="number"'),
    "countdown": (
        "",
        ':to="no"',
        *(f':to="{when}"' for when in ("at", "midnight")),
        ':to="at" variant="large" ended="{{ words }}" left="{{ words }}"',
        ':to="at" variant="" ended="" left=""',
    ),
}
# One is drawn after the other.
_NOW = re.compile(r'(?<=data-now=")[0-9:.T+-]+')
SLOTS = (
    "",
    "  \n",
    "{{ words }}",
    "<b>{{ safe }}</b>",
    '{% cotton button href="/" %}{{ words }}{% endcotton %}',
)


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_what_is_written_here_is_what_the_template_draws(name):
    for given in TAGS[name]:
        for slot in SLOTS:
            source = f"{{% cotton {name} {given} %}}{slot}{{% endcotton %}}"
            template = Engine.get_default().from_string(source)
            [node] = template.nodelist.get_nodes_by_type(WrittenHere)
            with _bound(template) as context:
                written, drawn = node.render(context), node.component.render(context)
            assert _NOW.sub("", written) == _NOW.sub("", drawn), source


def test_what_has_a_slot_of_its_own_is_drawn_by_its_template():
    source = "{% cotton notice %}{% cotton:slot title %}<b>!</b>{% endcotton:slot %}{% endcotton %}"
    template = Engine.get_default().from_string(source)
    assert not template.nodelist.get_nodes_by_type(WrittenHere)


@contextmanager
def _bound(template):
    context = Context(
        {
            "words": '<Tom & Jerry\'s "café">',
            "safe": mark_safe("<i>safe</i>"),
            "path": "/projects/?q=a&b",
            "nothing": "",
            "number": 1234,
            "yes": True,
            "no": False,
            "at": datetime(2026, 6, 14, 17, 0, tzinfo=UTC),
            "midnight": datetime(2026, 6, 14, 23, 0, tzinfo=UTC),
        }
    )
    with context.render_context.push_state(template), context.bind_template(template):
        yield context
