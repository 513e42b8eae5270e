from __future__ import annotations

from html.parser import HTMLParser

import pytest
from django.urls import reverse

from civicfund.templatetags.prose import prose
from tests.factories.projects import ProjectFactory

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt:alert(1))",
    "[click](java\tscript:alert(1))",
    "[click](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[click](vbscript:msgbox(1))",
    "![x](https://example.org/track.png)",
    '![x](x"onerror="alert(1))',
    '[a](https://example.org "onmouseover=alert(1)")',
    "<a href='https://example.org' onclick='alert(1)'>a</a>",
    '<https://example.org/"onmouseover=alert(1)>',
    "```<script>alert(1)</script>```",
    "<style>body{display:none}</style>",
    "<form action=https://example.org><input name=password></form>",
    "<math><mtext></mtext><script>alert(1)</script></math>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "# <h1 onclick=alert(1)>head</h1>",
    "<details open ontoggle=alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
]
ALLOWED = {
    "p", "br", "em", "strong", "ul", "ol", "li", "blockquote", "h3", "h4", "a", "code", "pre", "hr",
}  # fmt: skip


class Seen(HTMLParser):
    """Every tag and attribute that a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.extend(attrs)


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_somebody_writes_never_becomes_a_script(attack):
    seen = Seen(prose(attack))
    assert seen.tags <= ALLOWED
    assert {name for name, _value in seen.attributes} <= {"href", "rel", "title"}
    for name, value in seen.attributes:
        if name == "href":
            assert value.startswith(("https://", "http://", "mailto:"))


@pytest.mark.django_db
@pytest.mark.parametrize("attack", ATTACKS)
def test_no_field_of_a_project_is_a_way_into_a_page(client, attack):
    project = ProjectFactory(title=attack[:120], summary=attack, story=attack)
    client.force_login(project.proposer)
    for url in (
        reverse("projects"),
        project.get_absolute_url(),
        reverse("project_edit", args=[project.pk]),
    ):
        page = client.get(url).content.decode()
        assert "<script>alert" not in page
        seen = Seen(page)
        assert not [name for name, _value in seen.attributes if name.startswith("on")]
        assert not [
            value
            for name, value in seen.attributes
            if name in ("href", "src", "action") and (value or "").lower().startswith("javascript")
        ]


def test_plain_markdown_is_shown():
    assert prose("# Why\n\n*Because* it is [needed](https://example.org).") == (
        "<h3>Why</h3>\n<p><em>Because</em> it is "
        '<a href="https://example.org" rel="nofollow noopener noreferrer">needed</a>.</p>\n'
    )
