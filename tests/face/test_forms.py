"""What every form says of answers that are missing, and that every page with a form says it."""

from __future__ import annotations

import re
from copy import deepcopy
from html import unescape
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest
from django import forms
from django.conf import settings

import budgeting
import civicfund
from tests.face.test_components import render  # noqa: F401 -- a fixture

pytestmark = pytest.mark.django_db

TEMPLATES = Path(settings.BASE_DIR) / "templates"
WHOLE = """
<c-error-summary :form="form" />{% for field in form %}<c-field :field="field" />{% endfor %}
"""
# Those who write below a page get its errors on the thread's own page, with its summary.
SENT_TO_ANOTHER_PAGE = {"talk/_section.html", "pledges/update.html"}


def own_forms():
    """Every form of the project that has fields of its own, as a class."""
    for package in (civicfund, budgeting):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if re.search(r"\.(forms|local_views)(\.|$)", module.name):
                import_module(module.name)
    found, left = set(), [forms.Form]
    while left:
        left.extend(left.pop().__subclasses__())
        found |= {each for each in left if each.__module__.startswith(("civicfund.", "budgeting."))}
    return sorted(found, key=lambda each: (each.__module__, each.__name__))


def sent_empty(fields):
    """A form of these fields that was sent with nothing in it."""
    return type("Sent", (forms.Form,), deepcopy(fields))({})


def test_every_form_asks_for_what_is_missing_by_its_label_and_leads_there(render):  # noqa: F811
    asked, seen = 0, own_forms()
    for each in seen:
        form = sent_empty(each.base_fields)
        page = render(WHOLE, form=form)
        summary = page.partition("</ul>")[0]
        missing = [form[name] for name in form.errors if not form[name].is_hidden]
        said = re.findall(r'<li><a href="#([^"]+)">(.*?)</a></li>', summary)
        assert len(said) == len(missing), each
        for field, (target, words) in zip(missing, said, strict=True):
            told = field.field.error_messages["required"]
            assert f"“{field.label}”." in unescape(words) or str(told) in unescape(words), each
            assert f'id="{target}"' in page, (each, field.name)
            asked += 1
        assert "This field is required" not in page, each
    assert len(seen) > 60
    assert asked > 60


def test_nobody_types_coordinates():
    typed = [
        (each.__name__, name)
        for each in own_forms()
        for name, field in each.base_fields.items()
        if name in ("latitude", "longitude") and not field.widget.is_hidden
    ]
    assert [name for name in typed if name[0] != "IdeaForm"] == []  # which no page shows


class Kinds(forms.Form):
    words = forms.CharField(label="Why?")
    yes = forms.BooleanField(label="I agree")
    one = forms.ChoiceField(choices=[("a", "A")])
    file = forms.FileField(label="A file")
    secret = forms.CharField(widget=forms.HiddenInput)
    said = forms.CharField(error_messages={"required": "Say why."}, label="Reason")


def test_each_kind_of_field_is_asked_for_in_its_own_words(render):  # noqa: F811
    page = render(WHOLE, form=sent_empty(Kinds.base_fields))
    assert re.findall(r"<li>(?:<a[^>]*>)?(.*?)(?:</a>)?</li>", page) == [
        "Fill in “Why?”.",
        "Tick “I agree”.",
        "Choose something for “One”.",
        "Choose a file for “A file”.",
        "Something is missing that the page sends by itself. Open the page again.",
        "Reason: Say why.",
    ]


def _users_of(name):
    included = re.compile(rf"include \"{re.escape(name)}\"")
    paths = [path for path in TEMPLATES.rglob("*.html") if included.search(path.read_text())]
    return [path.relative_to(TEMPLATES).as_posix() for path in paths]


def _says_nothing(name):
    """Pages that show this template's fields and no summary of what is wrong with them."""
    if "<c-error-summary" in (TEMPLATES / name).read_text() or name in SENT_TO_ANOTHER_PAGE:
        return []
    users = _users_of(name)
    return [page for user in users for page in _says_nothing(user)] if users else [name]


def test_every_page_with_fields_has_a_summary_of_what_is_wrong():
    forms_of = [
        path.relative_to(TEMPLATES).as_posix()
        for path in TEMPLATES.rglob("*.html")
        if "<c-field" in (words := path.read_text()) and 'method="post"' in words
    ]
    assert len(forms_of) > 40
    assert [page for name in forms_of for page in _says_nothing(name)] == []
