"""How the trail of a cycle is narrowed down."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.timezone import make_aware
from django.utils.translation import gettext_lazy as _

from budgeting.enums import VERB_WORDS
from civicfund.fields import DayField


class TrailForm(forms.Form):
    """By kind of act, by person and by time; all of it optional."""

    kind = forms.ChoiceField(label=_("Kind of act"), choices=[], required=False)
    person = forms.IntegerField(
        label=_("Person"),
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        help_text=_("The number beside a name."),
    )
    since = DayField(label=_("From the day"), required=False)
    until = DayField(label=_("To the day"), required=False)

    def __init__(self, kinds: Iterable[str], *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        named = sorted((str(VERB_WORDS.get(kind, kind)), kind) for kind in kinds)
        self.fields["kind"].choices = [  # type: ignore[attr-defined]  # as declared
            ("", _("every kind")),
            *((kind, words) for words, kind in named),
        ]

    @property
    def narrowed(self) -> Q:
        """What was asked for; everything where nothing valid was."""
        said, found = self.cleaned_data if self.is_valid() else {}, Q()
        if said.get("kind"):
            found &= Q(what=said["kind"])
        if said.get("person"):
            found &= Q(who=said["person"])
        if said.get("since"):
            found &= Q(at__gte=make_aware(datetime.combine(said["since"], time())))
        if said.get("until"):
            day_after = said["until"] + timedelta(days=1)
            found &= Q(at__lt=make_aware(datetime.combine(day_after, time())))
        return found
