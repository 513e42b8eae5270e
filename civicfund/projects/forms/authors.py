"""The form in which a proposer asks somebody to write with them."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class DoesForm(forms.Form):
    """What a co-author does in the project."""

    does = forms.CharField(
        label=_("What you do in this project"),
        required=False,
        max_length=120,
        help_text=_("Everybody reads it beside your name, on the project's campaign, too."),
    )


class InvitationForm(forms.Form):
    """Whom to ask."""

    address = forms.EmailField(
        label=_("Their e-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text=_(
            "Whoever has an account under it gets a mail. The link that appears here works only "
            "for this address, so you can also send it yourself."
        ),
    )
    takes_over = forms.BooleanField(
        label=_("They handed it in on paper, and may take it over"), required=False
    )


class OnPaperForm(forms.Form):
    """Whoever brought a project on paper."""

    handed_in_by = forms.CharField(label=_("Name, as everybody reads it"), max_length=120)


class JoinForm(forms.Form):
    """Why somebody would like to write a project with its authors."""

    words = forms.CharField(
        label=_("What you would do in it, and why"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Only those who write the project read it, with your name."),
    )
