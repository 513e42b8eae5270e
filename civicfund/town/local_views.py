"""Pages of a local try-out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone


class SampleForm(forms.Form):
    """Every kind of control that the site uses."""

    title = forms.CharField(label="Title", max_length=120, help_text="Say it in a few words.")
    goal = forms.IntegerField(label="Goal", min_value=1)
    story = forms.CharField(label="Story", widget=forms.Textarea, required=False)
    category = forms.ChoiceField(label="About", choices=[("", "Choose one"), ("a", "Green")])
    ends_on = forms.DateField(label="Ends on", widget=forms.DateInput(attrs={"type": "date"}))
    picture = forms.FileField(label="Picture", required=False)
    rule = forms.ChoiceField(
        label="Who decides?",
        choices=[("all", "Every resident"), ("near", "Residents of this neighborhood")],
        widget=forms.RadioSelect,
        help_text="It cannot be changed later.",
    )
    needs = forms.MultipleChoiceField(
        label="What it needs",
        choices=[("hands", "Hands"), ("tools", "Tools"), ("money", "Money")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    agree = forms.BooleanField(label="I live in this town")


def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in its states, and one message of each kind."""
    for level in (messages.INFO, messages.SUCCESS, messages.WARNING, messages.ERROR):
        messages.add_message(request, level, "A message says what has just happened.")
    return render(request, "town/styleguide.html", _samples())


def _samples() -> dict[str, Any]:
    """What the components show on the style guide."""
    now = timezone.now()
    return {
        "form": SampleForm(),
        "refused_form": SampleForm({"refused-goal": "0"}, prefix="refused"),
        "soon": now + timedelta(minutes=4),
        "later": now + timedelta(days=12, hours=5),
        "past": now - timedelta(days=1),
        "steps": _steps(),
        "rows": _rows(),
        "columns": [{"label": str(h), "value": (h * 37) % 90, "tone": "good"} for h in range(24)],
        "shapes": _shapes(),
        "points": [{"latitude": 53.41, "longitude": -7.93, "name": "A bench", "url": "#maps"}],
        "page": Paginator(range(100), 10).page(4),
        "tones": ["draft", "submitted", "live", "funded", "declined", "cancelled"],
    }


def _steps() -> list[dict[str, str]]:
    return [
        {"label": "Ideas", "when": "1 to 30 April", "state": "done"},
        {"label": "Review", "when": "1 to 20 May", "state": "done"},
        {"label": "Vote", "when": "until 14 June, 18:00", "state": "now"},
        {"label": "Count", "when": "15 June", "state": "next"},
        {"label": "Results", "when": "20 June", "state": "next"},
    ]


def _rows() -> list[dict[str, Any]]:
    return [
        {"label": "Trees for Mill Lane", "value": 412, "display": "412 votes", "tone": "good"},
        {"label": "A warm room in the library", "value": 305, "display": "305 votes"},
        {
            "label": "Safe crossing at the school, with a longer name than fits in one line",
            "value": 118,
            "display": "118 votes",
            "tone": "muted",
        },
        {"label": "Fountain", "value": 0, "display": "no votes", "tone": "bad"},
    ]


def _shapes() -> dict[str, Any]:
    rings = {
        "Northbank": [[-7.96, 53.42], [-7.93, 53.435], [-7.92, 53.418], [-7.94, 53.41]],
        "Millside": [[-7.96, 53.42], [-7.94, 53.41], [-7.945, 53.395], [-7.97, 53.4]],
        "Harbor": [[-7.94, 53.41], [-7.92, 53.418], [-7.905, 53.4], [-7.945, 53.395]],
    }
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
            "properties": {"name": name, "url": f"#{name}"},
        }
        for name, ring in rings.items()
    ]
    return {"type": "FeatureCollection", "features": features}
