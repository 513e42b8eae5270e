"""How a trail is narrowed down."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.timezone import make_aware
from django.utils.translation import gettext_lazy as _

from civicfund.audit.selectors import named_thing
from civicfund.fields import DayField

# A kind of thing and which one: "pledges.campaign:17".
_THING = re.compile(r"(?P<of_type>[a-z]{1,30}\.[a-z]{1,40}):(?P<of_id>[\w-]{1,64})")


class TrailForm(forms.Form):
    """By kind of act, by person, by time and by what it was done to; all of it optional."""

    kind = forms.ChoiceField(label=_("Kind of act"), choices=[], required=False)
    person = forms.ChoiceField(label=_("Person"), choices=[], required=False)
    since = DayField(label=_("From the day"), required=False)
    until = DayField(label=_("To the day"), required=False)
    about = forms.CharField(required=False, max_length=140, widget=forms.HiddenInput)

    def __init__(
        self,
        kinds: Mapping[str, Promise | str],
        people: Iterable[tuple[int, str]],
        *given: Any,
        **options: Any,
    ) -> None:
        """``kinds`` are what may be chosen, with their words; ``people`` are keys with names."""
        super().__init__(*given, **options)
        named = sorted((str(words), kind) for kind, words in kinds.items())
        self.fields["kind"].choices = [  # type: ignore[attr-defined]  # as declared
            ("", _("every kind")),
            *((kind, words) for words, kind in named),
        ]
        self.fields["person"].choices = [  # type: ignore[attr-defined]  # as declared
            ("", _("everybody")),
            *sorted(people, key=lambda each: (each[1].casefold(), each[0])),
        ]

    def clean_about(self) -> str:
        """What it names is a kind of thing that there is."""
        said: str = self.cleaned_data["about"]
        if said and not _named(said):
            raise forms.ValidationError(_("There is no such thing. Choose it in the list again."))
        return said

    @property
    def thing(self) -> str:
        """What the acts are done to, as people call it; "" where they are done to anything."""
        return _named(self.cleaned_data.get("about", "")) if self.is_valid() else ""

    @property
    def narrowed(self) -> Q:
        """What was asked for of ``what``, ``who``, ``at``, ``of_type`` and ``of_id``; everything
        where nothing valid was.
        """
        said, found = self.cleaned_data if self.is_valid() else {}, Q()
        if said.get("kind"):
            found &= Q(what=said["kind"])
        if said.get("person"):
            found &= Q(who=int(said["person"]))
        if said.get("since"):
            found &= Q(at__gte=make_aware(datetime.combine(said["since"], time())))
        if said.get("until"):
            day_after = said["until"] + timedelta(days=1)
            found &= Q(at__lt=make_aware(datetime.combine(day_after, time())))
        if about := _THING.fullmatch(said.get("about", "")):
            found &= Q(**about.groupdict())
        return found


def _named(about: str) -> str:
    found = _THING.fullmatch(about)
    if found is None:
        return ""
    try:
        return named_thing(found["of_type"], found["of_id"])
    except LookupError:
        return ""
