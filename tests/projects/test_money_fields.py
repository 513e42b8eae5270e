"""What stands in a field of money, in a language that writes amounts otherwise."""

from __future__ import annotations

import pytest
from django import forms
from django.utils import translation

from civicfund.projects.forms import MoneyField, amount_hint


class Form(forms.Form):
    amount = MoneyField()


@pytest.mark.parametrize(
    ("language", "shown", "unclear"),
    [
        ("en", "1234.50", "Is this 1,200.00 or 1.20? Write 1200 or 1.20."),
        ("de", "1234,50", "Is this 1.200,00 or 1,20? Write 1200 or 1,20."),
        ("fr", "1234,50", "Is this 1\u202f200,00 or 1,20? Write 1200 or 1,20."),
    ],
)
def test_each_language_shows_and_asks_as_it_writes_and_reads_what_it_shows(
    language, shown, unclear
):
    with translation.override(language):
        assert f'value="{shown}"' in str(Form(initial={"amount": 123_450})["amount"])
        read = Form({"amount": shown})
        assert read.is_valid()
        assert read.cleaned_data == {"amount": 123_450}
        asked = Form({"amount": "1.200"})
        assert asked.errors == {"amount": [unclear]}
        assert 'value="1.200"' in str(asked["amount"])
        assert shown in amount_hint()


@pytest.mark.parametrize("currency", ["EUR", "KWD", "JPY"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_what_a_field_shows_of_an_amount_is_read_as_that_amount(settings, currency, language):
    settings.CURRENCY = currency
    for amount_minor in (1, 999, 1_500, 123_456, 1_200_000):
        with translation.override(language):
            shown = Form()["amount"].field.prepare_value(amount_minor)
            assert Form({"amount": shown}).is_valid(), shown
            assert Form()["amount"].field.clean(shown) == amount_minor
