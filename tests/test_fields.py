"""Days and instants in forms: within reach of a calendar, and as a browser takes them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django import forms

from civicfund.fields import DayField, MomentField


class Form(forms.Form):
    day = DayField(required=False)
    at = MomentField(required=False)


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("day", "9999-12-31"), ("day", "0001-01-01"), ("day", "1899-12-31"), ("day", "2200-01-01"),
        ("at", "9999-12-31T23:59"), ("at", "0001-01-01 00:00"), ("at", "2200-01-02T00:00"),
    ],
)  # fmt: skip
def test_what_is_beyond_every_calendar_is_refused_in_words(field, typed):
    assert Form({field: typed}).errors == {field: ["Choose a year from 1900 to 2199."]}


@pytest.mark.parametrize("typed", ["2027-03-01T08:00", "2027-03-01 08:00"])
def test_a_day_and_a_minute_are_taken_as_browsers_send_them_and_people_type_them(typed, settings):
    settings.TIME_ZONE = "UTC"
    form = Form({"day": "2027-03-01", "at": typed})
    assert form.is_valid()
    assert form.cleaned_data == {
        "day": date(2027, 3, 1),
        "at": datetime(2027, 3, 1, 8, tzinfo=UTC),
    }


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (datetime(2027, 3, 1, 8, 5, tzinfo=UTC), "2027-03-01T08:05"),
        (datetime(2027, 3, 1, 8, 0, 30, tzinfo=UTC), "2027-03-01T08:00:30"),
    ],
)
def test_an_instant_is_shown_as_the_browsers_calendar_takes_it_to_the_second(at, shown, settings):
    settings.TIME_ZONE = "UTC"
    form = Form(initial={"day": at.date(), "at": at})
    assert f'type="datetime-local" name="at" value="{shown}"' in str(form["at"])
    assert 'type="date" name="day" value="2027-03-01"' in str(form["day"])


def test_what_was_typed_wrongly_comes_back_as_it_was():
    assert 'value="soon"' in str(Form({"at": "soon"})["at"])
