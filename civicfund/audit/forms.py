"""How a trail is narrowed down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.timezone import make_aware
from django.utils.translation import gettext_lazy as _

from civicfund.fields import DayField


class TrailForm(forms.Form):
    """By kind of act, by person and by time; all of it optional."""

    kind = forms.ChoiceField(label=_("Kind of act"), choices=[], required=False)
    person = forms.ChoiceField(label=_("Person"), choices=[], required=False)
    since = DayField(label=_("From the day"), required=False)
    until = DayField(label=_("To the day"), required=False)

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

    @property
    def narrowed(self) -> Q:
        """What was asked for of ``what``, ``who``, ``at``; everything where nothing valid was."""
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
        return found
