"""What people write."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from civicfund.talk.models import LONGEST


class CommentForm(forms.Form):
    """Words, in paragraphs."""

    body = forms.CharField(
        label=_("Your comment"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_(
            "Plain words; an address becomes a link. Everybody reads this, beside your name."
        ),
    )
