from __future__ import annotations

from datetime import date

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from civicfund.controls import Controls

NASTY = "\"><script>alert('1 & 2')</script>"
CHOICES = [
    ("", gettext_lazy("Anything")),
    (1, 12345),
    (NASTY, NASTY),
    ("safe", mark_safe("<b>bold</b>")),
    ("Group & co", [("a", "A"), (NASTY, "B")]),
    (None, None),
]


class Sample(forms.Form):
    one = forms.ChoiceField(choices=CHOICES, help_text="hint")
    several = forms.MultipleChoiceField(choices=CHOICES, required=False)
    words = forms.CharField(max_length=200)
    number = forms.IntegerField(min_value=0, max_value=12_345, localize=False)
    day = forms.DateField(widget=forms.DateInput(attrs={"type": "date", "data-x": NASTY}))
    mail = forms.EmailField(required=False)
    page = forms.URLField(required=False, assume_scheme="https")
    secret = forms.CharField(widget=forms.PasswordInput)
    hidden = forms.CharField(widget=forms.HiddenInput)
    yes = forms.BooleanField(required=False)
    story = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 6, "hidden": True, "lang": False, "title": 1234})
    )
    pick = forms.ChoiceField(choices=CHOICES, widget=forms.RadioSelect)


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        dict.fromkeys(Sample.base_fields, NASTY),
        {"one": "1", "several": ["1", "a", "safe"], "number": "12345", "day": "2026-11-29"},
        {"one": "b", "words": mark_safe("<i>x</i>"), "hidden": 0, "number": 12345},
    ],
)
def test_every_control_is_drawn_as_django_draws_it(data):
    ours, theirs = Sample(data, renderer=Controls()), Sample(data, renderer=DjangoTemplates())
    for mine, other in zip(ours, theirs, strict=True):
        assert str(mine) == str(other)


def test_a_value_that_is_no_text_is_drawn_as_django_draws_it():
    initial = {"number": 1234567, "day": date(2026, 11, 29), "one": 1, "words": 12.5}
    ours = Sample(initial=initial, renderer=Controls())
    theirs = Sample(initial=initial, renderer=DjangoTemplates())
    assert [str(each) for each in ours] == [str(each) for each in theirs]


def test_the_site_draws_its_controls_so(settings):
    assert isinstance(forms.Form().renderer, Controls)
